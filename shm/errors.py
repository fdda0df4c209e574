"""What can go wrong between the processes and their ring, as one family of exceptions.

RingError
    RingMissingError        there is no such object (or no shared memory at all)
    RingNotReadyError       the object exists, its writer has not finished creating it
    RingBusyError           another writer, or sixteen registered readers, hold it already
    RingForeignError        the object belongs to another user, or others may write to it
    RingIncompatibleError   another layout version, record size, byte order or geometry
    RingSpaceError          the shared memory's file system is too small
    RingOwnershipError      used from another thread or process than the one that opened it: a bug of the caller
"""


class RingError(Exception):
    """Base of everything that the ring raises by itself."""


class RingMissingError(RingError):
    """There is no such shared-memory object, or no POSIX shared memory on this machine."""


class RingNotReadyError(RingError):
    """The object exists and its writer has not finished creating it: try again."""


class RingBusyError(RingError):
    """Somebody else holds what can be held once."""


class RingForeignError(RingError):
    """The object belongs to another user or may be written by others."""


class RingIncompatibleError(RingError):
    """The object has another layout than this program's."""


class RingSpaceError(RingError):
    """The shared memory's file system has not enough room."""


class RingOwnershipError(RingError):
    """A writer or reader was used outside the thread and process that opened it, or after it was closed."""
