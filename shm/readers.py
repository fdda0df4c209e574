"""The readers' page: sixteen slots in which readers register, say how far they are, and hang up a doorbell.

A reader owns a slot while it holds the slot's file lock (shm/locks.py), so a crashed reader frees it by dying. A
*gating* reader asks a played recording to wait for it; the ring's writer itself never looks at any of this.
"""

import struct
from typing import Final, NamedTuple

from shm import header, locks, process
from shm.objects import RingObject

_WORD: Final = struct.Struct("<Q")


class ReaderStatus(NamedTuple):
    """A registered, living reader: which process, the sequence it wants next, and what it lost."""

    slot: int
    pid: int
    position: int
    lost: int
    gating: bool


def field_offset(slot: int, name: str) -> int:
    """Return where a slot's field lies, relative to the readers' page."""
    base = header.READER_SLOTS_OFFSET - header.READERS_OFFSET
    return base + slot * header.READER_SLOT_BYTES + header.READER_FIELDS[name]


def get(ring_object: RingObject, slot: int, name: str) -> int:
    """Return one word of a reader slot."""
    return int(_WORD.unpack_from(ring_object.readers_page, field_offset(slot, name))[0])


def put(ring_object: RingObject, slot: int, name: str, value: int) -> None:
    """Set one word of a reader slot."""
    _WORD.pack_into(ring_object.readers_page, field_offset(slot, name), value)


def claim(ring_object: RingObject, position: int, *, gating: bool) -> int | None:
    """Take a free slot for a reader that wants `position` next; None when all sixteen are taken."""
    for slot in range(header.READER_SLOTS):
        if locks.try_byte(ring_object.file, locks.READER_BYTE_FIRST + slot):
            pid, ticks = process.identity()
            put(ring_object, slot, "flags", 0)
            put(ring_object, slot, "position", position)
            put(ring_object, slot, "lost", 0)
            put(ring_object, slot, "bell_armed", 0)
            put(ring_object, slot, "pid", pid)
            put(ring_object, slot, "start_ticks", ticks)
            put(ring_object, slot, "flags", header.READER_GATING if gating else 0)
            return slot
    return None


def release(ring_object: RingObject, slot: int) -> None:
    """Give the slot back."""
    put(ring_object, slot, "flags", 0)
    put(ring_object, slot, "pid", 0)
    if ring_object.file >= 0:
        locks.release_byte(ring_object.file, locks.READER_BYTE_FIRST + slot)


def living(ring_object: RingObject, *, gating_only: bool = False) -> list[ReaderStatus]:
    """Return the registered readers of other openings that are alive; costs a system call per registered reader."""
    found = []
    for slot in range(header.READER_SLOTS):
        flags = get(ring_object, slot, "flags")
        gating = bool(flags & header.READER_GATING)
        if get(ring_object, slot, "pid") == 0 or (gating_only and not gating):
            continue
        if locks.is_held(ring_object.file, locks.READER_BYTE_FIRST + slot):
            pid, position, lost = (get(ring_object, slot, name) for name in ("pid", "position", "lost"))
            found.append(ReaderStatus(slot, pid, position, lost, gating))
    return found


def slowest_gating_position(ring_object: RingObject) -> int | None:
    """Return the lowest sequence that a living gating reader still wants, None when nobody gates."""
    return min((status.position for status in living(ring_object, gating_only=True)), default=None)
