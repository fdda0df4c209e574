"""The ring in pure Python: the oracle that the compiled ring is tested against, slot by slot and record by record.

Same object, same protocol, same surface as ext/ring.pyx, written for reading and not for speed. An aligned 8-byte
store through a memoryview is one machine store, and on x86 stores and loads of this kind keep their order;
elsewhere this twin is for one process only. It has no futex: `wait` looks once a millisecond, which is all that a
test needs.
"""

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from shm import doorbell, header, instruments, objects, readers
from shm.errors import RingBusyError, RingOwnershipError
from shm.header import BUSY, HEADER_FIELDS, ROW_BYTES, Clock, Geometry, Pace
from shm.layout import ALL_INSTRUMENTS, RECORD_WORDS, Kind
from shm.sink import Instrument

_WORD_BYTES: Final = 8
_POLL_INTERVAL_S: Final = 0.001
_ROW_WORDS: Final = ROW_BYTES // _WORD_BYTES
_LIMITS: Final = {"kind": 8, "flags": 8, "instrument": 16, "aux": 32}


class _Words:
    """The object as 64-bit words, with the offsets that the protocol needs, counted in words."""

    def __init__(self, ring_object: objects.RingObject) -> None:
        shape = ring_object.shape
        self.word: Any = ring_object.memory.cast("Q")
        self.slot_mask = shape.capacity - 1
        self.row_mask = shape.instruments - 1
        self.rows = header.ROWS_OFFSET // _WORD_BYTES
        self.latest = shape.latest_offset // _WORD_BYTES
        self.slots = shape.slots_offset // _WORD_BYTES
        self.field = {name: offset // _WORD_BYTES for name, (offset, _) in HEADER_FIELDS.items()}

    def slot(self, seq: int) -> int:
        return self.slots + (seq & self.slot_mask) * RECORD_WORDS

    def latest_slot(self, instrument: int) -> int:
        return self.latest + (instrument & self.row_mask) * RECORD_WORDS

    def row(self, index: int) -> int:
        return self.rows + (index & self.row_mask) * _ROW_WORDS

    def get(self, name: str) -> int:
        return int(self.word[self.field[name]])

    def put(self, name: str, value: int) -> None:
        self.word[self.field[name]] = value

    def store(self, at: int, seq: int, payload: Sequence[int]) -> None:
        self.word[at] = BUSY | seq
        for offset, value in enumerate(payload, start=1):
            self.word[at + offset] = value
        self.word[at] = seq

    def load(self, at: int, seq: int) -> tuple[int, ...] | None:
        words = tuple(int(self.word[at + offset]) for offset in range(1, RECORD_WORDS))
        return (seq, *words) if self.word[at] == seq else None

    def close(self) -> None:
        self.word.release()


def _unsigned(value: int, bits: int, name: str) -> int:
    if not 0 <= value < 1 << bits:
        raise OverflowError(f"{name} must fit {bits} bits, was {value}")
    return value


def _signed(value: int, name: str) -> int:
    if not -(1 << 63) <= value < 1 << 63:
        raise OverflowError(f"{name} must fit 64 bits, was {value}")
    return value & (1 << 64) - 1


class ReferenceRecord:
    """One record copied out of the ring; the attributes of ext.ring.Record."""

    def __init__(self) -> None:
        self.words: tuple[int, ...] = (0,) * RECORD_WORDS

    seq = property(lambda self: self.words[0])
    kind = property(lambda self: self.words[1] & 0xFF)
    flags = property(lambda self: self.words[1] >> 8 & 0xFF)
    instrument = property(lambda self: self.words[1] >> 16 & 0xFFFF)
    aux = property(lambda self: self.words[1] >> 32)
    w2 = property(lambda self: self.words[2])
    w3 = property(lambda self: self.words[3])
    w4 = property(lambda self: self.words[4])
    w5 = property(lambda self: self.words[5])
    venue_ts_ns = property(lambda self: _as_signed(self.words[6]))
    recv_ts_ns = property(lambda self: _as_signed(self.words[7]))


def _as_signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


class ReferenceWriter:
    """The twin of ext.ring.RingWriter."""

    def __init__(self, name: str, *, capacity: int = 65536, instruments: int = 1024) -> None:
        shape: Geometry = header.geometry(capacity, instruments)
        self._object = objects.open_for_writing(name, shape)
        self._words = _Words(self._object)
        self._bells = doorbell.BellRinger(self._object)
        self._open = True
        self.name = self._object.name
        self.capacity = capacity
        self._instruments = 0
        wall_ns, mono_ns = time.time_ns(), time.monotonic_ns()
        self.epoch = objects.prepare_epoch(self._object, Clock(0, 0, wall_ns, mono_ns))
        self._begin_epoch()
        self._store_pace(0, 0, 0)
        self.publish(Kind.RESET, 0, ALL_INSTRUMENTS, 0, self.epoch, 0, 0, 0, 0, wall_ns)

    def _begin_epoch(self) -> None:
        words = self._words
        self._next_seq = words.get("cursor") + 1
        while words.word[words.slot(self._next_seq)] == self._next_seq:
            self._next_seq += 1
        words.put("epoch_first_seq", self._next_seq)
        words.put("epoch", self.epoch)
        words.put("instruments_count", 0)
        for row in range(words.row_mask + 1):
            words.word[words.latest_slot(row)] = 0
        header.put_waiters(self._object.readers_page, header.WAITER_FUTEX | header.WAITER_BELL)

    def publish_tob(
        self,
        instrument: int,
        flags: int,
        bid1: int,
        ask1: int,
        bid2: int,
        ask2: int,
        venue_ts_ns: int,
        recv_ts_ns: int,
        tick_e4: int = 0,
        /,
    ) -> None:
        """Publish one top of book."""
        self.publish(Kind.TOB, flags, instrument, tick_e4, bid1, ask1, bid2, ask2, venue_ts_ns, recv_ts_ns)

    def publish(
        self,
        kind: int,
        flags: int,
        instrument: int,
        aux: int,
        w2: int,
        w3: int,
        w4: int,
        w5: int,
        venue_ts_ns: int,
        recv_ts_ns: int,
        /,
    ) -> None:
        """Publish one record of any kind."""
        self._check_open()
        head = (kind, flags, instrument, aux)
        for (name, bits), value in zip(_LIMITS.items(), head, strict=True):
            _unsigned(value, bits, name)
        times = (_signed(venue_ts_ns, "venue_ts_ns"), _signed(recv_ts_ns, "recv_ts_ns"))
        words = [_unsigned(word, 64, f"w{number}") for number, word in enumerate((w2, w3, w4, w5), start=2)]
        if kind == 0:
            raise ValueError("kind must not be 0: zeroed memory is not a record")
        if kind == Kind.TOB and instrument >= self._instruments:
            raise ValueError(f"instrument must be below {self._instruments}, was {instrument}")
        self._commit(kind, instrument, (kind | flags << 8 | instrument << 16 | aux << 32, *words, *times))

    def _commit(self, kind: int, instrument: int, payload: tuple[int, ...]) -> None:
        words, seq = self._words, self._next_seq
        self._next_seq += 1
        words.store(words.slot(seq), seq, payload)
        if kind == Kind.TOB and instrument + words.row_mask + 1 >= self._instruments:
            words.store(words.latest_slot(instrument), seq, payload)
        words.put("cursor", seq)
        self._notify()

    def _notify(self) -> None:
        page = self._object.readers_page
        waiters = header.waiters(page)
        if waiters:
            header.put_waiters(page, 0)
            if waiters & header.WAITER_FUTEX:
                header.count_wake(page)
            if waiters & header.WAITER_BELL:
                self._bells.ring()

    def add_instrument(self, instrument: Instrument, /) -> int:
        """Write an instrument into the table and return its index."""
        self._check_open()
        index = self._instruments
        if index >= ALL_INSTRUMENTS:
            raise ValueError(f"an epoch has {ALL_INSTRUMENTS} instruments, all were used: restart the writer")
        row = memoryview(instruments.pack_row(index, self.epoch, instrument)).cast("Q")
        words, at = self._words, self._words.row(index)
        count = words.word[at] | 1
        words.word[at] = count
        for offset in range(1, _ROW_WORDS):
            words.word[at + offset] = row[offset]
        words.word[at] = count + 1
        self._instruments = index + 1
        words.put("instruments_count", index + 1)
        return index

    def heartbeat(self, now_ns: int, /) -> None:
        """Say in the header that the writer lives."""
        self._check_open()
        self._words.put("heartbeat_ns", now_ns)

    def set_pace(self, wall_start_ns: int, recording_start_ns: int, rate_milli: int, /) -> None:
        """Say that a recording is being played."""
        self._check_open()
        self._store_pace(wall_start_ns, recording_start_ns, rate_milli)

    def _store_pace(self, wall_start_ns: int, recording_start_ns: int, rate_milli: int) -> None:
        words = self._words
        count = words.get("pace_count") | 1
        words.put("pace_count", count)
        words.put("pace_wall_start_ns", wall_start_ns)
        words.put("pace_recording_start_ns", recording_start_ns)
        words.put("pace_rate_milli", rate_milli)
        words.put("pace_count", count + 1)

    def slowest_gating_position(self) -> int | None:
        """Return the lowest sequence that a living gating reader still wants."""
        self._check_open()
        return readers.slowest_gating_position(self._object)

    @property
    def cursor(self) -> int:
        """The newest sequence published."""
        return self._next_seq - 1

    def _check_open(self) -> None:
        if not self._open:
            raise RingOwnershipError("this writer was closed")

    def close(self, *, unlink: bool = False) -> None:
        """Leave the ring; `unlink` also removes it."""
        if not self._open:
            return
        self._open = False
        if unlink and self._object.is_current():
            objects.unlink(self.name)
        self._bells.close()
        self._words.close()
        self._object.close()


class ReferenceReader:
    """The twin of ext.ring.RingReader."""

    def __init__(self, name: str, *, start: str = "newest", gating: bool = False) -> None:
        if start not in ("newest", "oldest"):
            raise ValueError(f"start must be 'newest' or 'oldest', was {start!r}")
        self._object = objects.attach(name)
        self._words = _Words(self._object)
        self._open = True
        self._slot: int | None = None
        self._bell_file: int | None = None
        self.name = self._object.name
        self.lost = 0
        self.position = 1
        self.epoch = 0
        self.seek_newest() if start == "newest" else self.seek_oldest()
        self._slot = readers.claim(self._object, self.position, gating=gating)
        if self._slot is None and gating:
            self.close()
            raise RingBusyError(f"ring {name} has {header.READER_SLOTS} registered readers: no slot for a gating one")

    def _take(self) -> tuple[int, ...] | None:
        words = self._words
        for _ in range(8):
            at = words.slot(self.position)
            seq = words.word[at]
            if seq == self.position and (record := words.load(at, seq)) is not None:
                self.position += 1
                if record[1] & 0xFF == Kind.RESET:
                    self.epoch = record[2]
                return record
            if seq & ~BUSY < self.position or seq == BUSY | self.position:
                return None
            newest = words.get("cursor")
            if newest <= self.position:
                return None
            self.lost += newest - self.position
            self.position = newest
            self.epoch = words.get("epoch")
        return None

    def _report_position(self) -> None:
        if self._slot is not None:
            readers.put(self._object, self._slot, "lost", self.lost)
            readers.put(self._object, self._slot, "position", self.position)

    def poll_into(self, record: ReferenceRecord, /) -> bool:
        """Copy the next record and return True, or return False when there is none."""
        self._check_open()
        words = self._take()
        if words is None:
            return False
        record.words = words
        self._report_position()
        return True

    def drain(self, array: "np.ndarray[Any, Any]", /) -> int:
        """Fill a numpy array of shm.layout.RECORD_DTYPE; return how many records were copied."""
        self._check_open()
        if array.itemsize != RECORD_WORDS * _WORD_BYTES:
            raise ValueError(f"the array's records must have 64 bytes, was {array.itemsize}")
        target = array.view(np.uint64).reshape(-1, RECORD_WORDS)
        count = 0
        while count < len(target) and (words := self._take()) is not None:
            target[count] = words
            count += 1
        self._report_position()
        return count

    def latest_into(self, instrument: int, record: ReferenceRecord, /) -> bool:
        """Copy the newest top of book of an instrument of this reader's epoch."""
        self._check_open()
        words = self._words
        at = words.latest_slot(instrument)
        seq = words.word[at]
        if seq == 0 or seq & BUSY or (found := words.load(at, seq)) is None:
            return False
        if words.get("epoch") != self.epoch or found[1] >> 16 & 0xFFFF != instrument:
            return False
        record.words = found
        return True

    def instrument(self, index: int, /) -> Instrument:
        """Return the instrument of an index of this reader's epoch. Raises KeyError when there is none."""
        self._check_open()
        at = self._words.row(index)
        if not self._words.word[at] & 1:
            found, epoch, row = instruments.unpack_row(bytes(self._words.word[at : at + _ROW_WORDS]))
            if found == index and epoch == self.epoch:
                return row
        raise KeyError(f"ring {self.name} has no instrument {index} in epoch {self.epoch}")

    def wait(self, timeout_s: float, mode: str = "futex") -> bool:
        """Look once a millisecond for something to read."""
        self._check_open()
        if mode not in ("futex", "spin"):
            raise ValueError(f"mode must be 'futex' or 'spin', was {mode!r}")
        deadline_s = time.monotonic() + timeout_s
        while not self._ready():
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(_POLL_INTERVAL_S)
        return True

    def _ready(self) -> bool:
        seq = self._words.word[self._words.slot(self.position)]
        return bool(seq == self.position or seq & ~BUSY > self.position)

    @property
    def doorbell_path(self) -> str:
        """Where this reader's doorbell lies."""
        return str(objects.bell_path(self.name, self._require_slot()))

    def open_doorbell(self) -> int:
        """Return the read end of this reader's doorbell."""
        self._check_open()
        if self._bell_file is None:
            self._bell_file = doorbell.open_bell(self._object, self._require_slot())
        return self._bell_file

    def arm_doorbell(self) -> bool:
        """Ask for the next ring; False when there is something to read."""
        doorbell.silence(self.open_doorbell())
        readers.put(self._object, self._require_slot(), "bell_armed", 1)
        page = self._object.readers_page
        header.put_waiters(page, header.waiters(page) | header.WAITER_BELL)
        return not self._ready()

    def _require_slot(self) -> int:
        if self._slot is None:
            raise RingBusyError(f"ring {self.name} has no reader slot left: this reader cannot have a doorbell")
        return self._slot

    def seek_newest(self) -> None:
        """Go on with the next record to be published."""
        self._check_open()
        self.epoch = self._words.get("epoch")
        self.position = self._words.get("cursor") + 1
        self._report_position()

    def seek_oldest(self) -> None:
        """Go back to the oldest record of this epoch, with a sixteenth of the ring as a start."""
        self._check_open()
        capacity = self._words.slot_mask + 1
        cursor, first = self._words.get("cursor"), self._words.get("epoch_first_seq")
        self.epoch = self._words.get("epoch")
        if cursor >= capacity:
            first = max(first, cursor - capacity + 1 + capacity // 16)
        self.position = min(first, cursor + 1)
        self._report_position()

    @property
    def cursor(self) -> int:
        """The newest sequence in the ring."""
        self._check_open()
        return self._words.get("cursor")

    @property
    def heartbeat_ns(self) -> int:
        """When the writer last said that it lives."""
        self._check_open()
        return self._words.get("heartbeat_ns")

    @property
    def instruments_count(self) -> int:
        """How many instruments this epoch has had."""
        self._check_open()
        return self._words.get("instruments_count")

    @property
    def pace(self) -> Pace | None:
        """How a recording is being played, None when the feed is live."""
        self._check_open()
        pace = Pace(*(self._words.get(f"pace_{name}") for name in Pace._fields))
        return pace if pace.wall_start_ns else None

    def writer_alive(self) -> bool:
        """Return whether the writer's lock is held by the process that the header names."""
        self._check_open()
        return self._object.writer_alive()

    def is_current(self) -> bool:
        """Return whether the name still leads to this object."""
        self._check_open()
        return self._object.is_current()

    def _check_open(self) -> None:
        if not self._open:
            raise RingOwnershipError("this reader was closed")

    def close(self) -> None:
        """Leave the ring and free the reader slot."""
        if not self._open:
            return
        self._open = False
        if self._slot is not None:
            if self._bell_file is not None:
                doorbell.close_bell(self._object, self._slot, self._bell_file)
            readers.release(self._object, self._slot)
        self._words.close()
        self._object.close()
