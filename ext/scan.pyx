"""Frame bytes to records: scans `book` and `price_change` frames in C and applies them to the compiled books.

What it does not recognise in full it leaves alone, answers False, and the session reads it the general way. It only
touches books that are live; the rare rest (first snapshots, resyncs, unknown tokens) is the session's.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer, Py_buffer
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp

from ext.book cimport APPLIED, DISAGREED, LIVE, Book, ladder_set


cdef extern from "frame.h" nogil:
    enum:
        FRAME_OTHER
        FRAME_BOOK
        FRAME_PRICE_CHANGE

    ctypedef struct frame_text:
        const char *start
        size_t length

    ctypedef struct frame_level:
        uint64_t size_u6
        int price_e4

    ctypedef struct frame_change:
        frame_text asset
        frame_level level
        int side
        int best_bid_e4
        int best_ask_e4

    ctypedef struct frame:
        int64_t venue_ts_ns
        frame_text asset
        int kind
        int counts[2]
        int changes_count
        frame_level levels[2][4096]
        frame_change changes[256]

    int frame_scan(const char *, size_t, frame *)


cdef enum:
    NOT_FOUND = -1
    TOKENS_MAX = 16  # of one price_change: a market has two


cdef class _Entry:
    """A followed token: its id's bytes and its book."""

    cdef bytes token_id
    cdef const char *start
    cdef size_t length
    cdef Book book


@cython.final
cdef class Scanner:
    """Applies recognised frames to the books it was given; `on_disagreement(token_id, recv_ts_ns)` hears of lost ones."""

    cdef frame scanned
    cdef list entries
    cdef object on_disagreement
    cdef readonly uint64_t books
    cdef readonly uint64_t price_changes

    def __init__(self, on_disagreement):
        self.entries = []
        self.on_disagreement = on_disagreement

    def add(self, str token_id, Book book, /):
        cdef _Entry entry = _Entry()
        entry.token_id = token_id.encode()
        entry.start = PyBytes_AS_STRING(entry.token_id)
        entry.length = len(entry.token_id)
        entry.book = book
        self.entries.append(entry)

    def remove(self, str token_id, /):
        wanted = token_id.encode()
        self.entries = [entry for entry in self.entries if (<_Entry>entry).token_id != wanted]

    def receive(self, frame_bytes, int64_t recv_ts_ns, /):
        """Take a frame (bytes or a contiguous buffer); False, and nothing done, when it is not for the scanner."""
        cdef Py_buffer buffer
        if type(frame_bytes) is bytes:
            return self.take(PyBytes_AS_STRING(frame_bytes), PyBytes_GET_SIZE(frame_bytes), recv_ts_ns)
        PyObject_GetBuffer(frame_bytes, &buffer, PyBUF_SIMPLE)
        try:
            return self.take(<const char *>buffer.buf, buffer.len, recv_ts_ns)
        finally:
            PyBuffer_Release(&buffer)

    cdef bint take(self, const char *start, size_t length, int64_t recv_ts_ns) except -1:
        cdef int kind = frame_scan(start, length, &self.scanned)
        if kind == FRAME_BOOK:
            return self.take_book(recv_ts_ns)
        if kind == FRAME_PRICE_CHANGE:
            return self.take_changes(recv_ts_ns)
        return False

    cdef int find(self, frame_text asset) except -2:
        """Return the place of a token whose book is live, NOT_FOUND otherwise."""
        cdef _Entry entry
        cdef int place
        for place in range(len(self.entries)):
            entry = <_Entry>self.entries[place]
            if entry.length == asset.length and memcmp(entry.start, asset.start, asset.length) == 0:
                return place if entry.book.state == LIVE else NOT_FOUND
        return NOT_FOUND

    cdef bint take_book(self, int64_t recv_ts_ns) except -1:
        cdef int place = self.find(self.scanned.asset)
        cdef _Entry entry
        cdef frame_level *level
        cdef int side, i
        if place == NOT_FOUND:
            return False
        entry = <_Entry>self.entries[place]
        self.books += 1
        if not entry.book.begin_load(self.scanned.venue_ts_ns):
            return True
        for side in range(2):
            for i in range(self.scanned.counts[side]):
                level = &self.scanned.levels[side][i]
                ladder_set(&entry.book.sides[side], level.price_e4, level.size_u6)
        entry.book.end_load(self.scanned.venue_ts_ns, recv_ts_ns)
        return True

    cdef bint take_changes(self, int64_t recv_ts_ns) except -1:
        """Apply all changes of each token, token by token, in order of first appearance, as the session does."""
        cdef int places[TOKENS_MAX]
        cdef int count = 0
        cdef int i, j, place
        for i in range(self.scanned.changes_count):
            place = self.find(self.scanned.changes[i].asset)
            if place == NOT_FOUND:
                return False
            for j in range(count):
                if places[j] == place:
                    break
            else:
                if count == TOKENS_MAX:
                    return False
                places[count] = place
                count += 1
        self.price_changes += 1
        for j in range(count):
            self.take_token_changes(<_Entry>self.entries[places[j]], recv_ts_ns)
        return True

    cdef int take_token_changes(self, _Entry entry, int64_t recv_ts_ns) except -1:
        cdef Book book = entry.book
        cdef int64_t venue_ts_ns = self.scanned.venue_ts_ns
        cdef bint newest = venue_ts_ns >= book.newest_ts_ns
        cdef frame_change *change
        cdef frame_change *last = NULL
        cdef int i
        if book.begin_changes(venue_ts_ns) != APPLIED:
            return 0
        for i in range(self.scanned.changes_count):
            change = &self.scanned.changes[i]
            if change.asset.length == entry.length and memcmp(change.asset.start, entry.start, entry.length) == 0:
                book.change(change.side, change.level.price_e4, change.level.size_u6, venue_ts_ns)
                last = change
        if book.end_changes(last.best_bid_e4, last.best_ask_e4, newest, recv_ts_ns) == DISAGREED:
            self.on_disagreement(entry.token_id.decode(), recv_ts_ns)
        return 0
