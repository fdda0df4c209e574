"""How a command ends when something is wrong: the message on stderr, and the documented exit status."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from engine.model.errors import BucketmmError, ResourceError
from feeder.recording.errors import RecordingError


@contextmanager
def clean_exit() -> Iterator[None]:
    """Turn our errors into a message and their exit status, what the system refuses into 3, and Ctrl-C into 130."""
    try:
        yield
    except BucketmmError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except RecordingError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        raise  # whoever read our output has gone: click ends quietly
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(ResourceError.exit_status)
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        sys.exit(130)
