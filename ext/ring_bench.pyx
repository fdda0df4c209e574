"""Measuring loops in C for `bucketmm ring bench`, with the GIL released; times are counts of ext.ring.ticks()."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint64_t

from ext.ring cimport RingReader, RingWriter, ring_reader, ring_word, ring_writer

import numpy as np

cdef extern from "ring_bench.h" nogil:
    ctypedef struct bench_tally:
        uint64_t got
        uint64_t torn
        uint64_t last_seq

    void bench_pingpong_lead(ring_word *, uint64_t, uint64_t *)
    void bench_pingpong_follow(ring_word *, uint64_t)
    uint64_t bench_flood(ring_writer *, uint64_t)
    void bench_write_in_turn(ring_writer *, uint64_t, uint64_t)
    void bench_write_to_sleeper(ring_writer *, uint64_t, uint64_t, uint64_t *)
    bench_tally bench_read(ring_reader *, uint64_t, int, uint64_t *)
    uint64_t bench_probe(uint64_t)


def pingpong(memory: object, rounds: int, leads: bool) -> object:
    """Play one side of the ping-pong on the first word of a shared buffer; return the round trips in ticks."""
    cdef Py_buffer view
    cdef uint64_t count = rounds
    cdef uint64_t[::1] ticks = np.zeros(rounds, np.uint64)
    PyObject_GetBuffer(memory, &view, PyBUF_SIMPLE | PyBUF_WRITABLE)
    try:
        if leads:
            with nogil:
                bench_pingpong_lead(<ring_word *>view.buf, count, &ticks[0])
        else:
            with nogil:
                bench_pingpong_follow(<ring_word *>view.buf, count)
    finally:
        PyBuffer_Release(&view)
    return np.asarray(ticks)


def flood(RingWriter writer not None, uint64_t count) -> int:
    """Publish `count` stamped records as fast as it goes; return the ticks it took."""
    cdef uint64_t ticks
    writer.check_owner()
    with nogil:
        ticks = bench_flood(&writer.core, count)
    return ticks


def write_in_turn(RingWriter writer not None, uint64_t count, uint64_t interval_ticks) -> None:
    """Publish `count` stamped records, each `interval_ticks` after the reader in slot 0 has taken the one before."""
    writer.check_owner()
    with nogil:
        bench_write_in_turn(&writer.core, count, interval_ticks)


def write_to_sleeper(RingWriter writer not None, count: int, uint64_t interval_ticks) -> object:
    """Publish to a reader that sleeps in between; return what each publish cost in ticks, wake included."""
    cdef uint64_t[::1] ticks = np.zeros(count, np.uint64)
    cdef uint64_t number = count
    writer.check_owner()
    with nogil:
        bench_write_to_sleeper(&writer.core, number, interval_ticks, &ticks[0])
    return np.asarray(ticks)


def read(RingReader reader not None, uint64_t last_seq, sleeping: bool, capacity: int) -> tuple[object, int, int]:
    """Read until `last_seq`; return (ages in ticks, records, torn). Room for `capacity` ages, 0 = none."""
    cdef uint64_t[::1] ticks = np.zeros(max(capacity, 1), np.uint64)
    cdef uint64_t *ages = &ticks[0] if capacity else NULL
    cdef int sleeps = sleeping
    cdef bench_tally tally
    reader.check_owner()
    if capacity and last_seq - reader.core.position + 1 > <uint64_t>capacity:
        raise ValueError(f"room for {last_seq - reader.core.position + 1} ages is needed, was {capacity}")
    with nogil:
        tally = bench_read(&reader.core, last_seq, sleeps, ages)
    return np.asarray(ticks)[: tally.got if capacity else 0], tally.got, tally.torn


def probe(uint64_t steps) -> int:
    """Return the ticks that a fixed piece of arithmetic took."""
    cdef uint64_t ticks
    with nogil:
        ticks = bench_probe(steps)
    return ticks
