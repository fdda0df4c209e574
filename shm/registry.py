"""Which rings there are on this machine, who uses them, and the removal of those that nobody uses any more.

Start and stop scripts call `remove_orphans`; `bucketmm ring stat` prints `status`. Only rings of this user are
looked at.
"""

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from shm import header, objects, readers
from shm.errors import RingError
from shm.header import MAGIC, Clock
from shm.objects import BELL_INFIX, SHM_DIRECTORY, RingObject
from shm.readers import ReaderStatus


class RingStatus(NamedTuple):
    """One ring as `bucketmm ring stat` shows it; ages in nanoseconds."""

    name: str
    bytes: int
    capacity: int
    instruments: int
    instruments_count: int
    epoch: int
    epoch_first_seq: int
    cursor: int
    writer_pid: int
    writer_alive: bool
    heartbeat_age_ns: int
    created_ns: int
    clock: Clock
    readers: tuple[ReaderStatus, ...]


def names() -> list[str]:
    """Return the names of this user's ring objects, finished or not compatible as they may be."""
    return sorted(name for name in _own_files() if _has_magic(name))


def _own_files() -> Iterator[str]:
    if not SHM_DIRECTORY.is_dir():
        return
    for path in SHM_DIRECTORY.iterdir():
        try:
            if path.is_file() and path.stat().st_uid == os.geteuid():
                yield path.name
        except FileNotFoundError:
            continue  # removed while we looked


def _has_magic(name: str) -> bool:
    try:
        with (SHM_DIRECTORY / name).open("rb") as file:
            return file.read(8) == MAGIC.to_bytes(8, "little")
    except (FileNotFoundError, PermissionError):
        return False


def status(name: str, now_ns: int | None = None) -> RingStatus:
    """Return a ring's state without registering as a reader. Raises RingError as shm.objects.attach does."""
    ring_object = objects.attach(name)
    try:
        return _status(ring_object, time.time_ns() if now_ns is None else now_ns)
    finally:
        ring_object.close()


def _status(ring_object: RingObject, now_ns: int) -> RingStatus:
    memory, shape = ring_object.memory, ring_object.shape
    return RingStatus(
        name=ring_object.name,
        bytes=shape.total_bytes,
        capacity=shape.capacity,
        instruments=shape.instruments,
        instruments_count=header.get(memory, "instruments_count"),
        epoch=header.get(memory, "epoch"),
        epoch_first_seq=header.get(memory, "epoch_first_seq"),
        cursor=header.get(memory, "cursor"),
        writer_pid=header.get(memory, "writer_pid"),
        writer_alive=ring_object.writer_alive(),
        heartbeat_age_ns=now_ns - header.get(memory, "heartbeat_ns"),
        created_ns=header.get(memory, "created_ns"),
        clock=header.clock(memory),
        readers=tuple(readers.living(ring_object)),
    )


def is_orphan(name: str) -> bool:
    """Return whether neither a writer nor a registered reader of the ring lives; an unreadable ring is no orphan."""
    try:
        found = status(name)
    except RingError:
        return False
    return not found.writer_alive and not found.readers


def remove_orphans(prefix: str = "") -> list[str]:
    """Remove this user's rings, and doorbells without a ring, that nobody uses; return what was removed."""
    removed = [name for name in names() if name.startswith(prefix) and is_orphan(name) and objects.unlink(name)]
    return removed + _remove_stray_bells(prefix)


def _remove_stray_bells(prefix: str) -> list[str]:
    removed = []
    for path in SHM_DIRECTORY.glob(f"{prefix}*{BELL_INFIX}*"):
        ring_name = path.name.rpartition(BELL_INFIX)[0]
        if path.is_fifo() and not (SHM_DIRECTORY / ring_name).exists():
            path.unlink(missing_ok=True)
            removed.append(path.name)
    return removed
