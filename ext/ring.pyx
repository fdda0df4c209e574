"""The ring's writer and reader: thin, checked wrappers of ring_core.h over a mapping that shm/objects.py opened.

One thread of one process owns a RingWriter or a RingReader; every call checks it. Nothing here allocates per
record, and nothing makes a system call per record unless a reader sleeps. Its story is in docs/ring.md.
"""

import os
import threading
import time

cimport cython
from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memcpy, memset

from ext.ring_record cimport Record as CRecord
from ext.ring_record import Record

from shm import doorbell, header, instruments, objects, readers
from shm.errors import RingBusyError, RingOwnershipError

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() nogil

cdef enum:
    KIND_RESET = 7
    INDEX_LIMIT = 0xFFFF  # ALL_INSTRUMENTS is not an index
    CALIBRATION_NS = 5_000_000
    SPIN_BEFORE_SLEEP_NS = 5_000
    SPIN_SLICE_NS = 10_000_000  # between two looks at pending signals
    SPIN_CORES_MIN = 4
    SEQLOCK_RETRIES = 8

cdef uint64_t _forks = 0


def _count_fork():
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_count_fork)


def ticks() -> int:
    """Return the time stamp counter (CLOCK_MONOTONIC in ns where there is none that all cores share)."""
    return ring_ticks()


def calibrate(length_ns: int = CALIBRATION_NS) -> header.Clock:
    """Measure the rate of `ticks` for `length_ns` and read the clocks together."""
    cdef uint64_t measured[3]
    ring_calibrate_ticks(length_ns, measured)
    return header.Clock(measured[0], measured[1], time.time_ns(), measured[2])


cdef inline int require_owner(bint is_open, unsigned long thread, unsigned long forks, str what) except -1:
    if is_open and thread == PyThread_get_thread_ident() and forks == _forks:
        return 0
    if not is_open:
        raise RingOwnershipError(f"this {what} was closed")
    if forks != _forks:
        raise RingOwnershipError(f"this {what} was opened before a fork: the child must open its own")
    raise RingOwnershipError(
        f"this {what} belongs to thread {thread}, was used by thread {threading.get_ident()}"
    )


@cython.final
cdef class RingWriter:
    """The ring's one writer; a shm.sink.RecordSink. Starting it begins a new epoch with a RESET record.

    `capacity` records and `instruments` table rows, both powers of two. RingBusyError while another writer lives,
    RingForeignError, RingSpaceError, RingMissingError, and ValueError for a bad name or size.
    """

    def __init__(self, name: str, *, capacity: int = 65536, instruments: int = 1024) -> None:
        if self.is_open:
            raise RingOwnershipError("this writer was opened already")
        shape = header.geometry(capacity, instruments)
        self.ring_object = objects.open_for_writing(name, shape)
        PyObject_GetBuffer(self.ring_object.mapping, &self.buffer, PyBUF_SIMPLE)
        ring_writer_map(&self.core, self.buffer.buf, shape.capacity, shape.instruments)
        self.bells = doorbell.BellRinger(self.ring_object)
        self.thread = PyThread_get_thread_ident()
        self.forks = _forks
        self.is_open = True
        self.epoch_number = objects.prepare_epoch(self.ring_object, calibrate())
        ring_writer_begin_epoch(&self.core, self.epoch_number)
        ring_pace_store(self.core.header, 0, 0, 0)
        self.publish(KIND_RESET, 0, INDEX_LIMIT, 0, self.epoch_number, 0, 0, 0, 0, time.time_ns())

    cdef int check_owner(self) except -1:
        return require_owner(self.is_open, self.thread, self.forks, "writer")

    cdef int send(self, ring_record *record) except -1:
        ring_publish(&self.core, record)
        if ring_notify(self.core.readers) & RING_WAITER_BELL:
            self.bells.ring()
        return 0

    def publish_tob(
        self,
        uint16_t instrument,
        uint8_t flags,
        uint64_t bid1,
        uint64_t ask1,
        uint64_t bid2,
        uint64_t ask2,
        int64_t venue_ts_ns,
        int64_t recv_ts_ns,
        uint32_t tick_e4=0,
        /,
    ) -> None:
        """Publish one top of book; levels packed as in shm/layout.py. Raises ValueError for an unknown instrument."""
        cdef ring_record record
        self.check_owner()
        if instrument >= self.core.instruments_count:
            raise ValueError(f"instrument must be below {self.core.instruments_count}, was {instrument}")
        record.word[1] = RING_KIND_TOB | <uint64_t>flags << 8 | <uint64_t>instrument << 16 | <uint64_t>tick_e4 << 32
        record.word[2] = bid1
        record.word[3] = ask1
        record.word[4] = bid2
        record.word[5] = ask2
        record.word[6] = <uint64_t>venue_ts_ns
        record.word[7] = <uint64_t>recv_ts_ns
        self.send(&record)

    def publish(
        self,
        uint8_t kind,
        uint8_t flags,
        uint16_t instrument,
        uint32_t aux,
        uint64_t w2,
        uint64_t w3,
        uint64_t w4,
        uint64_t w5,
        int64_t venue_ts_ns,
        int64_t recv_ts_ns,
        /,
    ) -> None:
        """Publish one record of any kind. Raises ValueError for kind 0 and for a TOB of an unknown instrument."""
        cdef ring_record record
        self.check_owner()
        if kind == 0:
            raise ValueError("kind must not be 0: zeroed memory is not a record")
        if kind == RING_KIND_TOB and instrument >= self.core.instruments_count:
            raise ValueError(f"instrument must be below {self.core.instruments_count}, was {instrument}")
        record.word[1] = kind | <uint64_t>flags << 8 | <uint64_t>instrument << 16 | <uint64_t>aux << 32
        record.word[2] = w2
        record.word[3] = w3
        record.word[4] = w4
        record.word[5] = w5
        record.word[6] = <uint64_t>venue_ts_ns
        record.word[7] = <uint64_t>recv_ts_ns
        self.send(&record)

    def add_instrument(self, instrument: object, /) -> int:
        """Write a shm.sink.Instrument into the table and return its index, never reused within an epoch.

        Raises ValueError when it does not fit its row or when the epoch's 65,535 indices are used up.
        """
        cdef uint64_t words[RING_ROW_WORDS]
        self.check_owner()
        index = self.core.instruments_count
        if index >= INDEX_LIMIT:
            raise ValueError(f"an epoch has {INDEX_LIMIT} instruments, all were used: restart the writer")
        row = instruments.pack_row(index, self.epoch_number, instrument)
        memcpy(words, <const char *><bytes>row, sizeof(words))
        ring_row_store(&self.core.rows[index & self.core.row_mask], words)
        self.core.instruments_count = index + 1
        atomic_store_explicit(&self.core.header.instruments_count, index + 1, memory_order_release)
        return index

    def heartbeat(self, int64_t now_ns, /) -> None:
        """Say in the header that the writer lives, Unix ns. The HEARTBEAT record is published like any other."""
        self.check_owner()
        atomic_store_explicit(&self.core.header.heartbeat_ns, <uint64_t>now_ns, memory_order_release)

    def set_pace(self, uint64_t wall_start_ns, uint64_t recording_start_ns, uint64_t rate_milli, /) -> None:
        """Say that a recording is being played: its start on both clocks, Unix ns, and the rate in thousandths."""
        self.check_owner()
        ring_pace_store(self.core.header, wall_start_ns, recording_start_ns, rate_milli)

    def slowest_gating_position(self) -> int | None:
        """Return the lowest sequence that a living gating reader still wants, None when nobody gates.

        Costs a system call per gating reader: for a source that throttles itself, not for every record.
        """
        self.check_owner()
        return readers.slowest_gating_position(self.ring_object)

    @property
    def cursor(self) -> int:
        """The newest sequence published."""
        return self.core.next_seq - 1

    @property
    def capacity(self) -> int:
        """How many records the ring holds."""
        return self.core.mask + 1

    @property
    def epoch(self) -> int:
        """This writer's epoch."""
        return self.epoch_number

    @property
    def name(self) -> str:
        """The ring's name, without the slash."""
        return self.ring_object.name

    def close(self, *, unlink: bool = False) -> None:
        """Leave the ring; `unlink` also removes it for good, never in a forked child. Closing twice is harmless."""
        if not self.is_open:
            return
        self.is_open = False
        if unlink and self.forks == _forks and self.ring_object.is_current():
            objects.unlink(self.ring_object.name)
        self.bells.close()
        PyBuffer_Release(&self.buffer)
        self.ring_object.close()

    def __enter__(self) -> RingWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __dealloc__(self):
        if self.is_open:
            PyBuffer_Release(&self.buffer)


@cython.final
cdef class RingReader:
    """A reader of the ring; it never holds the writer up, and counts what it lost when it was lapped.

    `start` is "newest" (the next record published) or "oldest" (the first of this epoch that is still there). A
    `gating` reader is waited for by a played recording. Raises RingMissingError, RingNotReadyError, RingForeignError,
    RingIncompatibleError, and RingBusyError when a gating reader finds no free reader slot.
    """

    def __init__(self, name: str, *, start: str = "newest", gating: bool = False) -> None:
        if self.is_open:
            raise RingOwnershipError("this reader was opened already")
        if start not in ("newest", "oldest"):
            raise ValueError(f"start must be 'newest' or 'oldest', was {start!r}")
        self.ring_object = objects.attach(name)
        shape = self.ring_object.shape
        PyObject_GetBuffer(self.ring_object.mapping, &self.buffer, PyBUF_SIMPLE)
        PyObject_GetBuffer(self.ring_object.readers_mapping, &self.readers_buffer, PyBUF_SIMPLE)
        ring_reader_map(&self.core, self.buffer.buf, self.readers_buffer.buf, shape.capacity, shape.instruments)
        self.thread = PyThread_get_thread_ident()
        self.forks = _forks
        self.is_open = True
        self.seek_newest() if start == "newest" else self.seek_oldest()
        self.slot_number = readers.claim(self.ring_object, self.core.position, gating=gating)
        if self.slot_number is not None:
            self.core.own = &self.core.readers.slot[<int>self.slot_number]
        elif gating:
            self.close()
            raise RingBusyError(f"ring {name} has {header.READER_SLOTS} registered readers: no slot for a gating one")

    cdef int check_owner(self) except -1:
        return require_owner(self.is_open, self.thread, self.forks, "reader")

    cdef int note_epoch(self, ring_record *record) except -1:
        if record.word[1] & 0xFF == KIND_RESET:
            self.epoch_number = record.word[2]
        return 0

    def poll_into(self, CRecord record not None, /) -> bool:
        """Copy the next record and return True, or return False when there is none. `lost` grows when it was lapped."""
        cdef uint64_t lost = self.core.lost
        self.check_owner()
        if not ring_poll(&self.core, &record.raw):
            return False
        if self.core.lost != lost:
            self.epoch_number = atomic_load_explicit(&self.core.header.epoch, memory_order_acquire)
        self.note_epoch(&record.raw)
        return True

    def drain(self, array: object, /) -> int:
        """Fill a C-contiguous numpy array of shm.layout.RECORD_DTYPE from its start; return the records copied.

        A lap within the batch shows as a gap in `seq`. Raises ValueError for another kind of array.
        """
        cdef Py_buffer view
        cdef size_t count
        cdef ring_record *out
        cdef uint64_t lost = self.core.lost
        self.check_owner()
        PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        try:
            if view.itemsize != sizeof(ring_record):
                raise ValueError(f"the array's records must have 64 bytes, was {view.itemsize}")
            out = <ring_record *>view.buf
            with nogil:
                count = ring_drain(&self.core, out, <size_t>view.len // sizeof(ring_record))
            if self.core.lost != lost:
                self.epoch_number = atomic_load_explicit(&self.core.header.epoch, memory_order_acquire)
            for index in range(count):
                self.note_epoch(&out[index])
        finally:
            PyBuffer_Release(&view)
        return count

    def latest_into(self, uint16_t instrument, CRecord record not None, /) -> bool:
        """Copy the newest top of book of an instrument of this reader's epoch; False when there is none."""
        self.check_owner()
        return ring_latest_load(&self.core, instrument, self.epoch_number, &record.raw)

    def instrument(self, uint16_t index, /) -> object:
        """Return the shm.sink.Instrument of an index of this reader's epoch. Raises KeyError when there is none."""
        cdef uint64_t words[RING_ROW_WORDS]
        self.check_owner()
        memset(words, 0, sizeof(words))
        for _ in range(SEQLOCK_RETRIES):
            if ring_row_load(&self.core.rows[index & self.core.row_mask], words):
                found, epoch, row = instruments.unpack_row((<char *>words)[:sizeof(words)])
                if found == index and epoch == self.epoch_number:
                    return row
                break
        raise KeyError(f"ring {self.name} has no instrument {index} in epoch {self.epoch_number}")

    def wait(self, timeout_s: float, mode: str = "futex") -> bool:
        """Wait for something to read and return True, or False after `timeout_s` seconds; signals are served.

        "spin" polls all the time and wants a core of its own; "futex" sleeps, after a few microseconds of polling where
        the process may use four cores or more.
        """
        cdef uint64_t now_ns = ring_monotonic_ns()
        cdef uint64_t deadline_ns = now_ns + <uint64_t>(max(timeout_s, 0.0) * 1e9)
        cdef bint ready = False
        self.check_owner()
        if mode not in ("futex", "spin"):
            raise ValueError(f"mode must be 'futex' or 'spin', was {mode!r}")
        if mode == "futex" and len(os.sched_getaffinity(0)) >= SPIN_CORES_MIN:
            with nogil:
                ready = ring_spin(&self.core, min(deadline_ns, now_ns + SPIN_BEFORE_SLEEP_NS))
        cdef bint spinning = mode == "spin"
        while not ready:
            with nogil:
                if spinning:
                    ready = ring_spin(&self.core, min(deadline_ns, ring_monotonic_ns() + SPIN_SLICE_NS))
                else:
                    ready = ring_sleep(&self.core, deadline_ns) == 1
                now_ns = ring_monotonic_ns()
            if not ready and now_ns >= deadline_ns:
                return False
            PyErr_CheckSignals()
        return True

    @property
    def doorbell_path(self) -> str:
        """Where this reader's doorbell FIFO lies once it was opened. Raises RingBusyError without a reader slot."""
        return str(objects.bell_path(self.ring_object.name, self._require_slot()))

    def open_doorbell(self) -> int:
        """Return the read end of this reader's doorbell for an event loop; the reader keeps and closes it."""
        self.check_owner()
        if self.bell_file is None:
            self.bell_file = doorbell.open_bell(self.ring_object, self._require_slot())
        return self.bell_file

    def arm_doorbell(self) -> bool:
        """Take old rings out and ask for the next; False when there is something to read, so do not sleep."""
        doorbell.silence(self.open_doorbell())
        atomic_store_explicit(&self.core.own.bell_armed, 1, memory_order_relaxed)
        return ring_announce(&self.core, RING_WAITER_BELL)

    def _require_slot(self) -> int:
        if self.slot_number is None:
            raise RingBusyError(f"ring {self.name} has no reader slot left: this reader cannot have a doorbell")
        return self.slot_number

    def seek_newest(self) -> None:
        """Go on with the next record to be published; what is skipped is not counted as lost."""
        self.check_owner()
        self.epoch_number = atomic_load_explicit(&self.core.header.epoch, memory_order_acquire)
        self.core.position = atomic_load_explicit(&self.core.header.cursor, memory_order_acquire) + 1
        ring_report_position(&self.core)

    def seek_oldest(self) -> None:
        """Go back to the oldest record of this epoch, with a sixteenth of the ring as a start before a busy writer."""
        cdef uint64_t capacity = self.core.mask + 1
        cdef uint64_t cursor, first
        self.check_owner()
        self.epoch_number = atomic_load_explicit(&self.core.header.epoch, memory_order_acquire)
        first = atomic_load_explicit(&self.core.header.epoch_first_seq, memory_order_acquire)
        cursor = atomic_load_explicit(&self.core.header.cursor, memory_order_acquire)
        if cursor >= capacity:
            first = max(first, cursor - capacity + 1 + capacity // 16)
        self.core.position = min(first, cursor + 1)
        ring_report_position(&self.core)

    @property
    def lost(self) -> int:
        """How many records this reader lost to laps."""
        return self.core.lost

    @property
    def position(self) -> int:
        """The sequence wanted next."""
        return self.core.position

    @property
    def cursor(self) -> int:
        """The newest sequence in the ring."""
        self.check_owner()
        return atomic_load_explicit(&self.core.header.cursor, memory_order_acquire)

    @property
    def epoch(self) -> int:
        """The epoch of the records read: it changes when the RESET record is read, or by a lap or seek over it."""
        return self.epoch_number

    @property
    def heartbeat_ns(self) -> int:
        """When the writer last said that it lives, Unix ns."""
        self.check_owner()
        return atomic_load_explicit(&self.core.header.heartbeat_ns, memory_order_acquire)

    @property
    def instruments_count(self) -> int:
        """How many instruments this epoch has had."""
        self.check_owner()
        return atomic_load_explicit(&self.core.header.instruments_count, memory_order_acquire)

    @property
    def pace(self) -> header.Pace | None:
        """How a recording is being played, None when the feed is live or the pace is just being set."""
        cdef uint64_t triple[3]
        self.check_owner()
        for _ in range(SEQLOCK_RETRIES):
            if ring_pace_load(self.core.header, triple):
                return header.Pace(triple[0], triple[1], triple[2]) if triple[0] else None
        return None

    @property
    def clock(self) -> header.Clock:
        """The clocks as the writer read them at its start."""
        self.check_owner()
        return header.clock(self.ring_object.memory)

    @property
    def capacity(self) -> int:
        """How many records the ring holds."""
        return self.core.mask + 1

    @property
    def name(self) -> str:
        """The ring's name, without the slash."""
        return self.ring_object.name

    def writer_alive(self) -> bool:
        """Return whether the writer's lock is held by the process that the header names; two system calls."""
        self.check_owner()
        return self.ring_object.writer_alive()

    def is_current(self) -> bool:
        """Return whether the name still leads to this object; False = removed or replaced, open a new reader."""
        self.check_owner()
        return self.ring_object.is_current()

    def close(self) -> None:
        """Leave the ring and free the reader slot; closing twice is harmless."""
        if not self.is_open:
            return
        self.is_open = False
        if self.forks == _forks and self.slot_number is not None:
            if self.bell_file is not None:
                doorbell.close_bell(self.ring_object, self.slot_number, self.bell_file)
            readers.release(self.ring_object, self.slot_number)
        PyBuffer_Release(&self.buffer)
        PyBuffer_Release(&self.readers_buffer)
        self.ring_object.close()

    def __enter__(self) -> RingReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __dealloc__(self):
        if self.is_open:
            PyBuffer_Release(&self.buffer)
            PyBuffer_Release(&self.readers_buffer)
