"""C declarations of the ring (ring_core.h, ring_wait.h) and of the classes that other compiled modules may use."""

from cpython.buffer cimport Py_buffer
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int64_t

from ext.ring_record cimport ring_record


cdef extern from "ring_core.h" nogil:
    enum:
        RING_ROW_WORDS
        RING_KIND_TOB
        RING_WAITER_FUTEX
        RING_WAITER_BELL

    ctypedef struct ring_word:
        pass

    ctypedef struct ring_slot:
        pass

    ctypedef struct ring_row:
        pass

    ctypedef struct ring_header:
        ring_word epoch
        ring_word epoch_first_seq
        ring_word heartbeat_ns
        ring_word instruments_count
        ring_word cursor

    ctypedef struct ring_reader_slot:
        ring_word bell_armed

    ctypedef struct ring_readers:
        ring_reader_slot *slot

    ctypedef struct ring_writer:
        ring_header *header
        ring_readers *readers
        ring_row *rows
        uint64_t mask
        uint64_t row_mask
        uint64_t instruments_count
        uint64_t next_seq

    ctypedef struct ring_reader:
        ring_header *header
        ring_readers *readers
        ring_row *rows
        ring_reader_slot *own
        uint64_t mask
        uint64_t row_mask
        uint64_t position
        uint64_t lost

    enum memory_order:
        memory_order_relaxed
        memory_order_acquire
        memory_order_release

    uint64_t atomic_load_explicit(ring_word *, memory_order)
    void atomic_store_explicit(ring_word *, uint64_t, memory_order)

    void ring_writer_map(ring_writer *, void *, uint64_t, uint64_t)
    void ring_writer_begin_epoch(ring_writer *, uint64_t)
    uint64_t ring_publish(ring_writer *, const ring_record *)
    void ring_row_store(ring_row *, const uint64_t *)
    bint ring_row_load(ring_row *, uint64_t *)
    void ring_pace_store(ring_header *, uint64_t, uint64_t, uint64_t)
    bint ring_pace_load(ring_header *, uint64_t *)
    void ring_reader_map(ring_reader *, void *, void *, uint64_t, uint64_t)
    void ring_report_position(ring_reader *)
    bint ring_poll(ring_reader *, ring_record *)
    size_t ring_drain(ring_reader *, ring_record *, size_t)
    bint ring_latest_load(ring_reader *, uint64_t, uint64_t, ring_record *)


cdef extern from "ring_wait.h" nogil:
    uint64_t ring_ticks()
    uint64_t ring_monotonic_ns()
    void ring_calibrate_ticks(uint64_t, uint64_t *)
    uint32_t ring_notify(ring_readers *)
    bint ring_announce(ring_reader *, uint32_t)
    bint ring_spin(ring_reader *, uint64_t)
    int ring_sleep(ring_reader *, uint64_t)
    bint ring_ready(ring_reader *)


cdef class RingWriter:
    cdef ring_writer core
    cdef object ring_object
    cdef object bells
    cdef Py_buffer buffer
    cdef unsigned long thread
    cdef unsigned long forks
    cdef uint64_t epoch_number
    cdef bint is_open

    cdef int check_owner(self) except -1
    cdef int send(self, ring_record *record) except -1


cdef class RingReader:
    cdef ring_reader core
    cdef object ring_object
    cdef object bell_file
    cdef object slot_number
    cdef Py_buffer buffer
    cdef Py_buffer readers_buffer
    cdef unsigned long thread
    cdef unsigned long forks
    cdef uint64_t epoch_number
    cdef bint is_open

    cdef int check_owner(self) except -1
    cdef int note_epoch(self, ring_record *record) except -1
