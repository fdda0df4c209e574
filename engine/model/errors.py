"""The exceptions that a user can meet, each with its exit status; everything else that is raised is a bug.

BucketmmError
 ├── InputError      2  a config, file, argument or environment is wrong
 ├── ResourceError   3  a needed process, file or shared memory is missing or is not ours
 └── InternalError   1  an invariant does not hold: stop the round safely and report
"""


class BucketmmError(Exception):
    """Base of all errors that end a command with a message instead of a traceback."""

    exit_status = 1


class InputError(BucketmmError):
    """What was given is wrong; the message says what was expected, what was found and where."""

    exit_status = 2


class ResourceError(BucketmmError):
    """Something that must exist does not, or belongs to somebody else."""

    exit_status = 3


class InternalError(BucketmmError):
    """A transition outside the table or a broken invariant: a bug."""
