"""The ring object's header in Python: where each field lies, how a new object is formatted, and what a reader refuses.

The C side is `ext/ring_core.h`; tests/unit/ext compares the two offset by offset. Page 0 is the writer's, page 1
the readers' (they map the rest read-only); then come the instrument rows, the latest table and, on a page of their
own, the slots.
Source: spec ring.md, "Layout".
"""

import struct
from typing import Final, NamedTuple

from shm.errors import RingIncompatibleError, RingNotReadyError
from shm.layout import RECORD_BYTES

MAGIC: Final = int.from_bytes(b"BMTRING1", "little")
LAYOUT_VERSION: Final = 1
BYTE_ORDER_MARK: Final = 0x01020304
BUSY: Final = 1 << 63
PAGE_BYTES: Final = 4096
ROW_BYTES: Final = 384
READER_SLOTS: Final = 16
READER_SLOT_BYTES: Final = 128
READERS_OFFSET: Final = PAGE_BYTES
READER_SLOTS_OFFSET: Final = READERS_OFFSET + 128
ROWS_OFFSET: Final = 2 * PAGE_BYTES
CAPACITY_MAX: Final = 1 << 26
INSTRUMENTS_MAX: Final = 1 << 15

# name -> (offset, struct format)
HEADER_FIELDS: Final = {
    "magic": (0, "<Q"),
    "layout_version": (8, "<I"),
    "byte_order_mark": (12, "<I"),
    "record_bytes": (16, "<I"),
    "row_bytes": (20, "<I"),
    "capacity": (24, "<Q"),
    "instruments": (32, "<Q"),
    "total_bytes": (40, "<Q"),
    "created_ns": (48, "<Q"),
    "writer_pid": (56, "<Q"),
    "writer_start_ticks": (64, "<Q"),
    "epoch": (72, "<Q"),
    "epoch_first_seq": (80, "<Q"),
    "tsc_hz": (128, "<Q"),
    "tsc_base": (136, "<Q"),
    "wall_base_ns": (144, "<Q"),
    "mono_base_ns": (152, "<Q"),
    "pace_count": (256, "<Q"),
    "pace_wall_start_ns": (264, "<Q"),
    "pace_recording_start_ns": (272, "<Q"),
    "pace_rate_milli": (280, "<Q"),
    "heartbeat_ns": (384, "<Q"),
    "instruments_count": (512, "<Q"),
    "cursor": (640, "<Q"),
    "waiters": (READERS_OFFSET, "<I"),
    "wakes": (READERS_OFFSET + 4, "<I"),
}

# A reader slot's words, relative to the slot.
READER_FIELDS: Final = {
    "position": 0,
    "pid": 8,
    "start_ticks": 16,
    "flags": 24,
    "lost": 32,
    "bell_generation": 40,
    "bell_armed": 48,
}
READER_GATING: Final = 1  # bits of `flags`
READER_BELL: Final = 2
WAITER_FUTEX: Final = 1  # bits of `waiters`
WAITER_BELL: Final = 2


class Geometry(NamedTuple):
    """How large a ring is: record slots and instrument rows, both powers of two."""

    capacity: int
    instruments: int

    @property
    def latest_offset(self) -> int:
        """Return where the latest table begins."""
        return ROWS_OFFSET + self.instruments * ROW_BYTES

    @property
    def slots_offset(self) -> int:
        """Return where the slots begin: the first page behind the latest table."""
        end = self.latest_offset + self.instruments * RECORD_BYTES
        return -(-end // PAGE_BYTES) * PAGE_BYTES

    @property
    def total_bytes(self) -> int:
        """Return the object's size."""
        return self.slots_offset + self.capacity * RECORD_BYTES


class Clock(NamedTuple):
    """The clocks read together at the writer's start; tsc_hz 0 = the time stamp counter is not usable."""

    tsc_hz: int
    tsc_base: int
    wall_base_ns: int
    mono_base_ns: int


class Pace(NamedTuple):
    """How a recording is being played: Unix ns of the start on both clocks, rate in thousandths (0 = unpaced)."""

    wall_start_ns: int
    recording_start_ns: int
    rate_milli: int


def geometry(capacity: int, instruments: int) -> Geometry:
    """Return a checked geometry. Raises ValueError unless both are powers of two within their limits."""
    for name, value, limit in (
        ("capacity", capacity, CAPACITY_MAX),
        ("instruments", instruments, INSTRUMENTS_MAX),
    ):
        if not 2 <= value <= limit or value & (value - 1):
            raise ValueError(f"{name} must be a power of two in 2..{limit}, was {value}")
    return Geometry(capacity, instruments)


def get(memory: memoryview, name: str) -> int:
    """Return one header field."""
    offset, form = HEADER_FIELDS[name]
    return int(struct.unpack_from(form, memory, offset)[0])


def put(memory: memoryview, name: str, value: int) -> None:
    """Set one header field; for fields that no reader's protocol depends on."""
    offset, form = HEADER_FIELDS[name]
    struct.pack_into(form, memory, offset, value)


def format_object(memory: memoryview, shape: Geometry, created_ns: int) -> None:
    """Write a new object's constants; the magic comes last, so that half a header is never taken for one."""
    put(memory, "layout_version", LAYOUT_VERSION)
    put(memory, "byte_order_mark", BYTE_ORDER_MARK)
    put(memory, "record_bytes", RECORD_BYTES)
    put(memory, "row_bytes", ROW_BYTES)
    put(memory, "capacity", shape.capacity)
    put(memory, "instruments", shape.instruments)
    put(memory, "total_bytes", shape.total_bytes)
    put(memory, "created_ns", created_ns)
    put(memory, "magic", MAGIC)


def check(memory: memoryview, where: str) -> Geometry:
    """Return the geometry of a formatted object.

    Raises RingNotReadyError for an unfinished one and RingIncompatibleError for another layout, with what was found.
    """
    if len(memory) < ROWS_OFFSET or get(memory, "magic") == 0:
        raise RingNotReadyError(f"{where} is not finished: its writer is still creating it, or died doing so")
    expected = {
        "magic": MAGIC,
        "byte_order_mark": BYTE_ORDER_MARK,
        "layout_version": LAYOUT_VERSION,
        "record_bytes": RECORD_BYTES,
        "row_bytes": ROW_BYTES,
    }
    for name, value in expected.items():
        found = get(memory, name)
        if found != value:
            raise RingIncompatibleError(f"{where}: {name} must be {value:#x}, was {found:#x}")
    try:
        shape = geometry(get(memory, "capacity"), get(memory, "instruments"))
    except ValueError as error:
        raise RingIncompatibleError(f"{where}: {error}") from error
    if not shape.total_bytes == get(memory, "total_bytes") == len(memory):
        raise RingIncompatibleError(f"{where}: size must be {shape.total_bytes} bytes, was {len(memory)}")
    return shape


def clock(memory: memoryview) -> Clock:
    """Return the clock calibration made at the writer's start."""
    return Clock(*(get(memory, name) for name in Clock._fields))


def waiters(readers_page: memoryview) -> int:
    """Return the waiters flag: WAITER_FUTEX, WAITER_BELL."""
    return int(struct.unpack_from("<I", readers_page, 0)[0])


def put_waiters(readers_page: memoryview, bits: int) -> None:
    """Set the waiters flag."""
    struct.pack_into("<I", readers_page, 0, bits)


def count_wake(readers_page: memoryview) -> None:
    """Step the futex word, as the writer does before it wakes."""
    (wakes,) = struct.unpack_from("<I", readers_page, 4)
    struct.pack_into("<I", readers_page, 4, wakes + 1 & 0xFFFF_FFFF)
