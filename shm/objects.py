"""Open, lock, map and remove the shared-memory object behind a ring: what happens once and not per record.

The rule of removal: the object outlives its writer, so that readers can finish and a restarted writer can go on. It
is removed by a writer that closes with `unlink=True`, and by shm/registry.py when no writer and no reader lives;
the kernel frees the memory when the last mapping goes.
"""

import mmap
import os
import stat
import weakref
from pathlib import Path
from typing import Final

import posix_ipc

from shm import header, locks, process
from shm.errors import (
    RingBusyError,
    RingForeignError,
    RingIncompatibleError,
    RingMissingError,
    RingNotReadyError,
    RingSpaceError,
)
from shm.header import Clock, Geometry

SHM_DIRECTORY: Final = Path("/dev/shm")
DEFAULT_NAME: Final = "poly_tob_shm"
NAME_LIMIT: Final = 200  # NAME_MAX is 255; the doorbells' names are longer than the ring's
BELL_INFIX: Final = ".bell."
_OPEN_ATTEMPTS: Final = 16
_OPENED: "weakref.WeakSet[RingObject]" = weakref.WeakSet()


def posix_name(name: str) -> str:
    """Return the object's POSIX name, with one leading slash. Raises ValueError for one that cannot be a file name."""
    bare = name.removeprefix("/")
    if not bare or "/" in bare or bare in (".", "..") or "\0" in bare or len(bare.encode()) > NAME_LIMIT:
        raise ValueError(f"a ring's name must be a plain name of 1..{NAME_LIMIT} bytes, was {name!r}")
    return f"/{bare}"


def bell_path(name: str, reader_slot: int) -> Path:
    """Return where the doorbell FIFO of a reader slot lies: beside the object, so that it dies with the machine too."""
    return SHM_DIRECTORY / f"{posix_name(name)[1:]}{BELL_INFIX}{reader_slot}"


class RingObject:
    """One process's hold on a ring object: a file for the locks, the mapping, and the readers' page.

    `memory` is read-only for readers; `readers_page` is the one page that they may write.
    """

    def __init__(self, name: str, file: int, shape: Geometry, *, writable: bool) -> None:
        self.name = posix_name(name)[1:]
        self.file = file
        self.shape = shape
        self._inode = os.fstat(file).st_ino
        # A file of its own for the mapping: mmap keeps a duplicate, which must not keep the locks alive in a child.
        mapped = os.open(f"/proc/self/fd/{file}", os.O_RDWR | os.O_CLOEXEC)
        try:
            protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
            flags = mmap.MAP_SHARED | mmap.MAP_POPULATE  # the first lap must not pay for page faults
            self.mapping = mmap.mmap(mapped, shape.total_bytes, flags=flags, prot=protection)
            self.readers_mapping = mmap.mmap(
                mapped,
                header.PAGE_BYTES,
                flags=flags,
                prot=mmap.PROT_READ | mmap.PROT_WRITE,
                offset=header.READERS_OFFSET,
            )
        finally:
            os.close(mapped)
        self.memory = memoryview(self.mapping)
        self.readers_page = memoryview(self.readers_mapping)
        _OPENED.add(self)

    def is_current(self) -> bool:
        """Return whether the name still leads to this object: False once it was removed or replaced."""
        return _inode(self.name) == self._inode

    def writer_alive(self) -> bool:
        """Return whether the writer's lock is held and its pid is still the process that took it."""
        pid, ticks = header.get(self.memory, "writer_pid"), header.get(self.memory, "writer_start_ticks")
        if pid == os.getpid() and self._is_own_writer():
            return True
        return locks.is_held(self.file, locks.WRITER_BYTE) and process.is_alive(pid, ticks)

    def _is_own_writer(self) -> bool:
        return not self.memory.readonly and self.file >= 0

    def close(self) -> None:
        """Unmap and give the locks back; buffers handed out must have been released."""
        for view in (self.memory, self.readers_page):
            view.release()
        self.mapping.close()
        self.readers_mapping.close()
        self.drop_locks()

    def drop_locks(self) -> None:
        """Close the file that holds the locks; in a forked child this leaves them to the parent."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def _drop_locks_in_child() -> None:
    for ring_object in list(_OPENED):
        ring_object.drop_locks()


os.register_at_fork(after_in_child=_drop_locks_in_child)


def open_for_writing(name: str, shape: Geometry) -> RingObject:
    """Create the object, take over a dead writer's, or replace one of another shape; be its one writer.

    Raises RingBusyError while another writer lives, RingForeignError, RingSpaceError, RingMissingError.
    """
    for _ in range(_OPEN_ATTEMPTS):
        file = _open(name, create=True)
        try:
            taken = _take(name, file, shape)
        except BaseException:
            os.close(file)
            raise
        if taken:
            return RingObject(name, file, shape, writable=True)
        os.close(file)
    raise RingBusyError(f"ring {name} is being created and removed by others: tried {_OPEN_ATTEMPTS} times")


def _take(name: str, file: int, shape: Geometry) -> bool:
    """Lock the object and see that it has the shape; False = it went away meanwhile, or was removed to be replaced."""
    _check_owner(name, file)
    if not locks.try_exclusive(file):
        raise RingBusyError(f"ring {name} already has a writer (pid {_writer_pid(file)})")
    if _inode(name) != os.fstat(file).st_ino:
        return False
    size = os.fstat(file).st_size
    if size not in (0, shape.total_bytes) or (size and _found_shape(name, file, size) not in (None, shape)):
        unlink(name)
        return False
    if not size:
        _allocate(name, file, shape)
    if not locks.try_byte(file, locks.WRITER_BYTE):
        raise RingBusyError(f"ring {name}: the writer's lock is held by a process that does not hold the object's")
    return True


def prepare_epoch(ring_object: RingObject, clock: Clock) -> int:
    """Write what a new epoch's header says about its writer, formatting a new object first; return its number.

    The protocol's own fields (epoch, cursor, tables) are the writer's to set, atomically.
    """
    memory = ring_object.memory
    if header.get(memory, "magic") == 0:
        header.format_object(memory, ring_object.shape, clock.wall_base_ns)
    pid, ticks = process.identity()
    values = {"writer_pid": pid, "writer_start_ticks": ticks, "heartbeat_ns": clock.wall_base_ns}
    for name, value in (values | clock._asdict()).items():
        header.put(memory, name, value)
    return header.get(memory, "epoch") + 1


def _found_shape(name: str, file: int, size: int) -> Geometry | None:
    """Return a finished object's shape, None for an unfinished one, and an impossible one for another layout."""
    with mmap.mmap(file, size, prot=mmap.PROT_READ) as mapping, memoryview(mapping) as memory:
        try:
            return header.check(memory, f"ring {name}")
        except RingNotReadyError:
            return None
        except RingIncompatibleError:
            return Geometry(0, 0)


def _allocate(name: str, file: int, shape: Geometry) -> None:
    """Reserve the memory now: a write into a full file system would be a SIGBUS in the middle of a record."""
    try:
        os.posix_fallocate(file, 0, shape.total_bytes)
    except OSError as error:
        free = os.statvfs(SHM_DIRECTORY)
        unlink(name)
        raise RingSpaceError(
            f"ring {name} needs {shape.total_bytes} bytes in {SHM_DIRECTORY}, free were "
            f"{free.f_bavail * free.f_frsize} ({error.strerror}): enlarge it (docker: --shm-size) or lower the capacity"
        ) from error


def attach(name: str) -> RingObject:
    """Open a ring as a reader.

    Raises RingMissingError, RingNotReadyError, RingForeignError or RingIncompatibleError, each saying what was found.
    """
    file = _open(name, create=False)
    try:
        _check_owner(name, file)
        size = os.fstat(file).st_size
        if size < header.ROWS_OFFSET:
            raise RingNotReadyError(f"ring {name} is not finished: its size was {size} bytes")
        with mmap.mmap(file, size, prot=mmap.PROT_READ) as mapping, memoryview(mapping) as memory:
            shape = header.check(memory, f"ring {name}")
        return RingObject(name, file, shape, writable=False)
    except BaseException:
        os.close(file)
        raise


def _open(name: str, *, create: bool) -> int:
    """Open the object by posix_ipc and return its file descriptor, translating what may go wrong."""
    try:
        opened = posix_ipc.SharedMemory(posix_name(name), posix_ipc.O_CREAT if create else 0, mode=0o600, size=0)
    except posix_ipc.PermissionsError as error:
        raise RingForeignError(
            f"ring {name} belongs to another user (uid {_uid(name)}; this process runs as {os.geteuid()}): "
            "stop that user's feeder or use another name"
        ) from error
    except (posix_ipc.ExistentialError, OSError) as error:
        if not SHM_DIRECTORY.is_dir():
            raise RingMissingError(f"this machine has no POSIX shared memory: {SHM_DIRECTORY} is missing") from error
        if isinstance(error, posix_ipc.ExistentialError):
            raise RingMissingError(f"there is no ring {name}: is the feeder running?") from error
        raise
    return int(opened.fd)


def _check_owner(name: str, file: int) -> None:
    status = os.fstat(file)
    if status.st_uid != os.geteuid():
        raise RingForeignError(
            f"ring {name} must belong to uid {os.geteuid()}, was uid {status.st_uid}: "
            "stop that user's feeder or use another name"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise RingForeignError(f"ring {name} must have mode 0600, was {mode:04o}: other users could write records")


def _writer_pid(file: int) -> int | str:
    recorded = os.pread(file, 8, header.HEADER_FIELDS["writer_pid"][0])
    return int.from_bytes(recorded, "little") if len(recorded) == 8 else "unknown"


def _inode(name: str) -> int | None:
    try:
        return (SHM_DIRECTORY / posix_name(name)[1:]).stat().st_ino
    except FileNotFoundError:
        return None


def _uid(name: str) -> int | str:
    try:
        return (SHM_DIRECTORY / posix_name(name)[1:]).stat().st_uid
    except OSError:
        return "unknown"


def unlink(name: str) -> bool:
    """Remove the object's name and its doorbells; return whether there was one. Mappings stay valid until closed."""
    for slot in range(header.READER_SLOTS):
        bell_path(name, slot).unlink(missing_ok=True)
    try:
        posix_ipc.unlink_shared_memory(posix_name(name))
    except posix_ipc.ExistentialError:
        return False
    return True
