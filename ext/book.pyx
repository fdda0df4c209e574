"""The compiled L2 book of one token: the same rules and interface as feeder.book.PythonBook, which states them.

Levels live in two ladders on the 1e-4 price grid; into a RingWriter the records go without a Python object.
"""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from ext.ring cimport RingWriter, ring_record

COUNT_NAMES = (
    "snapshots",
    "older_snapshots",
    "changes",
    "older_changes",
    "early_changes",
    "late_levels",
    "level_changes",
    "disagreements",
    "crossed",
    "published",
    "suppressed",
    "behind_published",
    "mirrored",
)

cdef enum:
    SNAPSHOTS
    OLDER_SNAPSHOTS
    CHANGES
    OLDER_CHANGES
    EARLY_CHANGES
    LATE_LEVELS
    LEVEL_CHANGES
    DISAGREEMENTS
    CROSSED_COUNT
    PUBLISHED
    SUPPRESSED
    BEHIND_PUBLISHED
    MIRRORED_COUNT

# The numbers of shm/layout.py and of feeder.book; the suite that runs over both books holds them together.
cdef enum:
    KIND_TOB = 1
    KIND_FEED = 5
    FLAG_MIRRORED = 1
    FLAG_CROSSED = 2
    FLAG_GAP_BEFORE = 4
    FEED_GAP = 3
    FEED_RESYNCED = 4
    NOT_SAID = -1
    SHAPE_EMPTY = 0
    SHAPE_BID_ONLY = 1
    SHAPE_ASK_ONLY = 2
    SHAPE_TWO_SIDED = 3
    SHAPE_CROSSED = 4
    PRICE_MASK = 0xFFFF
    PRICE_ONE_E4 = 10000


cdef inline bint is_crossed(top_of_book top) noexcept:
    return top.bid1 != 0 and top.ask1 != 0 and (top.bid1 & PRICE_MASK) >= (top.ask1 & PRICE_MASK)


cdef inline uint64_t mirror_level(uint64_t level) noexcept:
    return level - 2 * (level & PRICE_MASK) + PRICE_ONE_E4 if level else 0


cdef inline bint is_same(top_of_book one, top_of_book other) noexcept:
    return (
        one.bid1 == other.bid1
        and one.ask1 == other.ask1
        and one.bid2 == other.bid2
        and one.ask2 == other.ask2
    )


@cython.final
cdef class Book:
    """One token's book; see feeder.book for the rules and for what each member means."""

    def __init__(self, sink, int instrument, int tick_e4, bint lead=True):
        self.sink = sink
        self.ring = sink if isinstance(sink, RingWriter) else None
        self.instrument = instrument
        self.tick_e4 = tick_e4
        self.lead = lead

    @property
    def mirror(self):
        return self.mirrored_book

    @mirror.setter
    def mirror(self, Book other):
        self.mirrored_book = other

    @property
    def top(self):
        cdef top_of_book top = self.best()
        return top.bid1, top.ask1, top.bid2, top.ask2

    @property
    def shape(self):
        cdef top_of_book top = self.best()
        if not top.bid1:
            return SHAPE_ASK_ONLY if top.ask1 else SHAPE_EMPTY
        if not top.ask1:
            return SHAPE_BID_ONLY
        return SHAPE_CROSSED if is_crossed(top) else SHAPE_TWO_SIDED

    def load(self, bids, asks, int64_t venue_ts_ns, int64_t recv_ts_ns, /):
        cdef int side, price_e4
        cdef uint64_t size_u6
        if not self.begin_load(venue_ts_ns):
            return OLDER
        for side, levels in enumerate((bids, asks)):
            for price_e4, size_u6 in levels:
                assert 0 < price_e4 < PRICE_ONE_E4, f"price_e4 must be in 1..9999, was {price_e4}"
                ladder_set(&self.sides[side], price_e4, size_u6)
        return self.end_load(venue_ts_ns, recv_ts_ns)

    def apply(
        self, changes, int best_bid_e4, int best_ask_e4, int64_t venue_ts_ns, int64_t recv_ts_ns, /
    ):
        cdef bint newest = venue_ts_ns >= self.newest_ts_ns
        cdef int side, price_e4
        cdef uint64_t size_u6
        cdef int verdict = self.begin_changes(venue_ts_ns)
        if verdict != APPLIED:
            return verdict
        for side, price_e4, size_u6 in changes:
            assert 0 < price_e4 < PRICE_ONE_E4, f"price_e4 must be in 1..9999, was {price_e4}"
            self.change(side & 1, price_e4, size_u6, venue_ts_ns)
        return self.end_changes(best_bid_e4, best_ask_e4, newest, recv_ts_ns)

    def set_tick(self, int tick_e4, int64_t recv_ts_ns, /):
        if tick_e4 != self.tick_e4:
            self.tick_e4 = tick_e4
            if self.lead and self.state == LIVE:
                self.emit(recv_ts_ns)

    def unsync(self, uint64_t reason, int64_t recv_ts_ns, /):
        if self.state != LIVE:
            return
        self.state = UNSYNCED
        self.has_shown = False
        self.after_gap = True
        if self.lead and not self.gap_open:
            self.gap_open = True
            self.say(FEED_GAP, reason, recv_ts_ns)

    def forget(self):
        self.newest_ts_ns = 0

    @property
    def shown(self):
        if not self.has_shown:
            return None
        top = self.published_top
        return top.bid1, top.ask1, top.bid2, top.ask2, self.shown_flags, self.shown_tick_e4

    def take_lead(self, int64_t published_ts_ns, shown, bint gap_open, int64_t recv_ts_ns, /):
        cdef top_of_book *top = &self.published_top
        self.lead = True
        self.gap_open = gap_open
        self.published_ts_ns = published_ts_ns
        self.has_shown = shown is not None
        if shown is not None:
            top.bid1, top.ask1, top.bid2, top.ask2, self.shown_flags, self.shown_tick_e4 = shown
        if self.state == LIVE:
            self.close_gap(recv_ts_ns)
            self.emit(recv_ts_ns)

    def drop_lead(self):
        self.lead = False
        self.gap_open = False

    def publish_mirror(self, top, int64_t venue_ts_ns, int64_t recv_ts_ns, /):
        cdef top_of_book levels
        levels.bid1, levels.ask1, levels.bid2, levels.ask2 = top
        self.emit_mirror(levels, venue_ts_ns, recv_ts_ns)

    def levels(self, int side, /):
        cdef ladder *ladder_side = &self.sides[side]
        cdef int price_e4 = ladder_below(ladder_side, LADDER_PRICES - 1) if side == BID else ladder_from(ladder_side, 1)
        found = []
        while price_e4 >= 0:
            found.append((price_e4, ladder_size(ladder_side, price_e4)))
            price_e4 = ladder_below(ladder_side, price_e4) if side == BID else ladder_from(ladder_side, price_e4 + 1)
        return found

    def counts(self):
        return {name: self.tally[i] for i, name in enumerate(COUNT_NAMES)}

    cdef bint begin_load(self, int64_t venue_ts_ns) noexcept:
        """Empty the book for a snapshot; False when the snapshot is too old."""
        if venue_ts_ns < self.newest_ts_ns:
            self.tally[OLDER_SNAPSHOTS] += 1
            return False
        self.tally[SNAPSHOTS] += 1
        ladder_clear(&self.sides[BID])
        ladder_clear(&self.sides[ASK])
        if venue_ts_ns < self.latest_ever_ns:
            # After `forget` the time may have gone back; the levels' own times must not outlive that.
            ladder_forget_changes(&self.sides[BID])
            ladder_forget_changes(&self.sides[ASK])
        return True

    cdef int end_load(self, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1:
        self.heard = True
        self.state = LIVE
        self.snapshot_ts_ns = self.newest_ts_ns = self.venue_ts_ns = self.latest_ever_ns = venue_ts_ns
        self.recv_ts_ns = recv_ts_ns
        if self.lead:
            self.close_gap(recv_ts_ns)
            self.emit(recv_ts_ns)
        return APPLIED

    cdef int begin_changes(self, int64_t venue_ts_ns) noexcept:
        """Note a message's time; APPLIED when its changes may be applied."""
        self.newest_ts_ns = max(self.newest_ts_ns, venue_ts_ns)
        self.latest_ever_ns = max(self.latest_ever_ns, venue_ts_ns)
        if self.state != LIVE:
            self.tally[EARLY_CHANGES] += 1
            return EARLY
        if venue_ts_ns < self.snapshot_ts_ns:
            self.tally[OLDER_CHANGES] += 1
            return OLDER
        self.tally[CHANGES] += 1
        return APPLIED

    cdef void change(self, int side, int price_e4, uint64_t size_u6, int64_t venue_ts_ns) noexcept:
        cdef ladder *ladder_side = &self.sides[side]
        if venue_ts_ns < ladder_side.changed_ns[price_e4]:
            self.tally[LATE_LEVELS] += 1
            return
        ladder_side.changed_ns[price_e4] = venue_ts_ns
        if ladder_size(ladder_side, price_e4) != size_u6:
            self.tally[LEVEL_CHANGES] += 1
            ladder_set(ladder_side, price_e4, size_u6)

    cdef int end_changes(
        self, int best_bid_e4, int best_ask_e4, bint newest, int64_t recv_ts_ns
    ) except -1:
        """Check the venue's best prices against ours and publish; `newest` = the message is not a late one."""
        cdef top_of_book top = self.best()
        self.venue_ts_ns = self.newest_ts_ns
        self.recv_ts_ns = recv_ts_ns
        if newest and not (
            (best_bid_e4 == NOT_SAID or best_bid_e4 == <int>(top.bid1 & PRICE_MASK))
            and (best_ask_e4 == NOT_SAID or best_ask_e4 == <int>(top.ask1 & PRICE_MASK))
        ):
            self.tally[DISAGREEMENTS] += 1
            return DISAGREED
        if self.lead:
            self.emit(recv_ts_ns)
        return APPLIED

    cdef top_of_book best(self) noexcept:
        cdef top_of_book top
        ladder_best_bids(&self.sides[BID], &top.bid1, &top.bid2)
        ladder_best_asks(&self.sides[ASK], &top.ask1, &top.ask2)
        return top

    cdef int close_gap(self, int64_t recv_ts_ns) except -1:
        if self.gap_open:
            self.gap_open = False
            self.say(FEED_RESYNCED, 0, recv_ts_ns)
        return 0

    cdef int say(self, int change, uint64_t detail, int64_t recv_ts_ns) except -1:
        """Publish a FEED record: rare, so through the sink's Python interface."""
        self.sink.publish(KIND_FEED, 0, self.instrument, change, detail, 0, 0, 0, 0, recv_ts_ns)
        if self.mirrored_book is not None and not self.mirrored_book.heard:
            self.sink.publish(
                KIND_FEED, 0, self.mirrored_book.instrument, change, detail, 0, 0, 0, 0, recv_ts_ns
            )
        return 0

    cdef int emit(self, int64_t recv_ts_ns) except -1:
        cdef top_of_book top = self.best()
        self.show(top, 0, self.venue_ts_ns, recv_ts_ns)
        if self.mirrored_book is not None and not self.mirrored_book.heard:
            self.mirrored_book.emit_mirror(top, self.venue_ts_ns, recv_ts_ns)
        return 0

    cdef int emit_mirror(self, top_of_book top, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1:
        cdef top_of_book image
        image.bid1, image.ask1 = mirror_level(top.ask1), mirror_level(top.bid1)
        image.bid2, image.ask2 = mirror_level(top.ask2), mirror_level(top.bid2)
        self.tally[MIRRORED_COUNT] += 1
        return self.show(image, FLAG_MIRRORED, venue_ts_ns, recv_ts_ns)

    cdef int show(self, top_of_book top, int flags, int64_t venue_ts_ns, int64_t recv_ts_ns) except -1:
        """Publish a top of book if it is news."""
        if is_crossed(top):
            self.tally[CROSSED_COUNT] += 1
            flags |= FLAG_CROSSED
        if (
            self.has_shown
            and is_same(top, self.published_top)
            and flags == self.shown_flags
            and self.tick_e4 == self.shown_tick_e4
        ):
            self.tally[SUPPRESSED] += 1
            return 0
        if venue_ts_ns < self.published_ts_ns:
            self.tally[BEHIND_PUBLISHED] += 1
            return 0
        self.has_shown = True
        self.published_top = top
        self.shown_flags = flags
        self.shown_tick_e4 = self.tick_e4
        self.published_ts_ns = venue_ts_ns
        if self.after_gap:
            flags |= FLAG_GAP_BEFORE
            self.after_gap = False
        self.tally[PUBLISHED] += 1
        return self.send_tob(&top, flags, venue_ts_ns, recv_ts_ns)

    cdef int send_tob(
        self, top_of_book *top, int flags, int64_t venue_ts_ns, int64_t recv_ts_ns
    ) except -1:
        cdef ring_record record
        if self.ring is None:
            self.sink.publish_tob(
                self.instrument, flags, top.bid1, top.ask1, top.bid2, top.ask2,
                venue_ts_ns, recv_ts_ns, self.tick_e4,
            )
            return 0
        self.ring.check_owner()
        record.word[0] = 0
        record.word[1] = (
            <uint64_t>KIND_TOB | <uint64_t>flags << 8 | <uint64_t>self.instrument << 16 | <uint64_t>self.tick_e4 << 32
        )
        record.word[2] = top.bid1
        record.word[3] = top.ask1
        record.word[4] = top.bid2
        record.word[5] = top.ask2
        record.word[6] = <uint64_t>venue_ts_ns
        record.word[7] = <uint64_t>recv_ts_ns
        return self.ring.send(&record)
