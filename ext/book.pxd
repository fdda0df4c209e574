"""C declarations of the compiled book, for the frame scanner."""

from libc.stdint cimport int64_t, uint64_t

from ext.ring cimport RingWriter


cdef extern from "ladder.h" nogil:
    enum:
        LADDER_PRICES

    ctypedef struct ladder:
        uint64_t summary[3]
        uint64_t occupied[157]
        uint64_t size_u6[10001]
        int64_t changed_ns[10001]

    void ladder_clear(ladder *)
    void ladder_forget_changes(ladder *)
    uint64_t ladder_size(const ladder *, int)
    void ladder_set(ladder *, int, uint64_t)
    int ladder_below(const ladder *, int)
    int ladder_from(const ladder *, int)
    void ladder_best_bids(const ladder *, uint64_t *, uint64_t *)
    void ladder_best_asks(const ladder *, uint64_t *, uint64_t *)


cdef enum:
    COUNTS = 13
    BID = 0
    ASK = 1
    WAITING = 0
    LIVE = 1
    UNSYNCED = 2
    APPLIED = 0
    OLDER = 1
    EARLY = 2
    DISAGREED = 3


cdef struct top_of_book:
    uint64_t bid1
    uint64_t ask1
    uint64_t bid2
    uint64_t ask2


cdef class Book:
    cdef ladder sides[2]
    cdef uint64_t tally[COUNTS]
    cdef top_of_book published_top
    cdef RingWriter ring
    cdef object sink
    cdef Book mirrored_book
    cdef int64_t snapshot_ts_ns
    cdef int64_t newest_ts_ns
    cdef int64_t latest_ever_ns
    cdef int shown_flags
    cdef int shown_tick_e4
    cdef bint has_shown
    cdef bint after_gap
    cdef readonly int instrument
    cdef readonly int tick_e4
    cdef readonly int state
    cdef readonly bint lead
    cdef readonly bint heard
    cdef readonly bint gap_open
    cdef readonly int64_t venue_ts_ns
    cdef readonly int64_t recv_ts_ns
    cdef readonly int64_t published_ts_ns

    cdef bint begin_load(self, int64_t venue_ts_ns) noexcept
    cdef int end_load(self, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1
    cdef int begin_changes(self, int64_t venue_ts_ns) noexcept
    cdef void change(self, int side, int price_e4, uint64_t size_u6, int64_t venue_ts_ns) noexcept
    cdef int end_changes(
        self, int best_bid_e4, int best_ask_e4, bint newest, int64_t recv_ts_ns
    ) except -1
    cdef top_of_book best(self) noexcept
    cdef int close_gap(self, int64_t recv_ts_ns) except -1
    cdef int say(self, int change, uint64_t detail, int64_t recv_ts_ns) except -1
    cdef int emit(self, int64_t recv_ts_ns) except -1
    cdef int emit_mirror(self, top_of_book top, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1
    cdef int show(self, top_of_book top, int flags, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1
    cdef int send_tob(self, top_of_book *top, int flags, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1
