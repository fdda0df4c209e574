"""The record's C declaration, for the modules that fill it."""

from libc.stdint cimport uint64_t


cdef extern from "ring_core.h" nogil:
    ctypedef struct ring_record:
        uint64_t word[8]


cdef class Record:
    cdef ring_record raw
