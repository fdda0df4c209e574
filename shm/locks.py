"""Who holds the ring, told by the kernel: locks die with their holder, so nothing has to be cleaned up after a crash.

A `flock` on the object allows one writer. Open-file-description locks on single bytes say who is alive without
taking anything: byte 0 is the writer's, byte 1 + i reader slot i's. `F_OFD_GETLK` asks about them. Facts: an OFD
lock belongs to the open file description and not to the process (fcntl_locking(2), Linux 3.15), hence two openings
in one process conflict as two processes do, and a forked child must close its copy (shm/objects.py does).
"""

import errno
import fcntl
import struct
from typing import Final

WRITER_BYTE: Final = 0
READER_BYTE_FIRST: Final = 1
_FLOCK: Final = struct.Struct("hhqqi4x")  # l_type, l_whence, l_start, l_len, l_pid of struct flock, 64-bit Linux


def try_exclusive(file: int) -> bool:
    """Take the object's flock; return False when somebody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def try_byte(file: int, byte: int) -> bool:
    """Take one byte's lock for this opening; return False when another opening has it."""
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, 0, byte, 1, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def release_byte(file: int, byte: int) -> None:
    """Give one byte's lock back."""
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, 0, byte, 1, 0))


def is_held(file: int, byte: int) -> bool:
    """Return whether another opening than `file` holds the byte's lock."""
    answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _FLOCK.pack(fcntl.F_WRLCK, 0, byte, 1, 0))
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
