"""The L2 book of one token on one line: snapshots and changes in, TOB records out, with the venue's own best
as the check.

`PythonBook` is the plain statement of the rules and the oracle of the compiled book, which has the same
interface.

Rules, each with its own count:
- A snapshot replaces everything. One that is older than anything seen of the token on this connection is
  dropped.
- A change sets the absolute size of one level, 0 removes it. One older than the snapshot is dropped; one
  older than the level's own last change is dropped for that level, so that a late frame can never bring an
  old size back.
- After a change the venue's `best_bid`/`best_ask` must be ours. If they are not, nothing is published and the
  caller has to `unsync` the book and to ask for a new snapshot.
- A TOB is published when a level of the two best of a side, its flags or the tick changed, never with an
  older venue time than one already published.

Source: spec feed.md (book) and protocol.md 5.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TypeVar

import ext.book
from engine.model.units import PRICE_ONE_E4
from shm.layout import LEVEL_PRICE_BITS, LEVEL_PRICE_MASK, FeedChange, Flag, Kind
from shm.sink import RecordSink

BID: Final = 0
ASK: Final = 1
NOT_SAID: Final = -1
"""A best price that the message did not carry; 0 says that the side is empty."""

Level = tuple[int, int]
Change = tuple[int, int, int]
Top = tuple[int, int, int, int]
Shown = tuple[int, int, int, int, int, int]


class BookState(IntEnum):
    """Whether a book may be believed."""

    WAITING = 0  # no snapshot yet
    LIVE = 1
    UNSYNCED = 2  # something was missed: a new snapshot is needed


class Shape(IntEnum):
    """What the two sides of a book look like."""

    EMPTY = 0
    BID_ONLY = 1
    ASK_ONLY = 2
    TWO_SIDED = 3
    CROSSED = 4  # best bid at or above best ask


class Verdict(IntEnum):
    """What a book did with a message."""

    APPLIED = 0
    OLDER = 1
    EARLY = 2  # a change without a snapshot to apply it to
    DISAGREED = 3  # applied, and the venue's best prices are not ours: unsync the book


COUNT_NAMES: Final = (
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


def shape_of(top: Top) -> Shape:
    """Name what a top of book (bid1, ask1, bid2, ask2 as packed levels) looks like."""
    bid, ask = top[0], top[1]
    if not bid:
        return Shape.ASK_ONLY if ask else Shape.EMPTY
    if not ask:
        return Shape.BID_ONLY
    crossed = bid & LEVEL_PRICE_MASK >= ask & LEVEL_PRICE_MASK
    return Shape.CROSSED if crossed else Shape.TWO_SIDED


def mirror_level(level: int) -> int:
    """Return the other token's level: the same size at 1 - price; the empty side stays empty."""
    return level and level - 2 * (level & LEVEL_PRICE_MASK) + PRICE_ONE_E4


class PythonBook:
    """A book in dictionaries; see the module's rules. `lead` says whether it publishes; `mirror` is the
    silent other token."""

    def __init__(self, sink: RecordSink, instrument: int, tick_e4: int, lead: bool = True) -> None:
        self.instrument = instrument
        self.tick_e4 = tick_e4
        self.mirror: PythonBook | None = None
        self.state = BookState.WAITING
        self.lead = lead
        self.heard = False
        self.gap_open = False
        self.venue_ts_ns = 0
        self.recv_ts_ns = 0
        self.published_ts_ns = 0
        self._sink = sink
        self._sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._level_ts: dict[tuple[int, int], int] = {}
        self._snapshot_ts_ns = 0
        self._newest_ts_ns = 0
        self._published: Shown | None = None
        self._after_gap = False
        self._counts = dict.fromkeys(COUNT_NAMES, 0)

    @property
    def top(self) -> Top:
        """The two best levels a side, packed: bid1, ask1, bid2, ask2."""
        bid1, bid2 = self._best_two(BID)
        ask1, ask2 = self._best_two(ASK)
        return bid1, ask1, bid2, ask2

    @property
    def shape(self) -> Shape:
        """What the two sides look like."""
        return shape_of(self.top)

    def load(self, bids: Sequence[Level], asks: Sequence[Level], venue_ts_ns: int, recv_ts_ns: int, /) -> Verdict:
        """Replace the book with a snapshot of (price_e4, size_u6) levels; a level of size 0 is none."""
        if venue_ts_ns < self._newest_ts_ns:
            self._counts["older_snapshots"] += 1
            return Verdict.OLDER
        self._counts["snapshots"] += 1
        for levels, side in zip((bids, asks), self._sides, strict=True):
            side.clear()
            for price_e4, size_u6 in levels:
                assert 0 < price_e4 < PRICE_ONE_E4, f"price_e4 must be in 1..9999, was {price_e4}"
                side.pop(price_e4, None)
                if size_u6:
                    side[price_e4] = size_u6
        self._level_ts.clear()
        self.heard = True
        self.state = BookState.LIVE
        self._snapshot_ts_ns = self._newest_ts_ns = self.venue_ts_ns = venue_ts_ns
        self.recv_ts_ns = recv_ts_ns
        if self.lead:
            self._close_gap(recv_ts_ns)
            self._emit(recv_ts_ns)
        return Verdict.APPLIED

    def apply(
        self,
        changes: Sequence[Change],
        best_bid_e4: int,
        best_ask_e4: int,
        venue_ts_ns: int,
        recv_ts_ns: int,
        /,
    ) -> Verdict:
        """Apply the (side, price_e4, size_u6) changes of one message, then check the venue's best prices
        against ours."""
        newest = venue_ts_ns >= self._newest_ts_ns
        self._newest_ts_ns = max(self._newest_ts_ns, venue_ts_ns)
        if self.state != BookState.LIVE:
            self._counts["early_changes"] += 1
            return Verdict.EARLY
        if venue_ts_ns < self._snapshot_ts_ns:
            self._counts["older_changes"] += 1
            return Verdict.OLDER
        self._counts["changes"] += 1
        for change in changes:
            self._set_level(*change, venue_ts_ns)
        self.venue_ts_ns = self._newest_ts_ns
        self.recv_ts_ns = recv_ts_ns
        # A late message tells the best prices of its own time, which are not comparable with a newer book.
        if newest and not self._agrees(best_bid_e4, best_ask_e4):
            self._counts["disagreements"] += 1
            return Verdict.DISAGREED
        if self.lead:
            self._emit(recv_ts_ns)
        return Verdict.APPLIED

    def set_tick(self, tick_e4: int, recv_ts_ns: int, /) -> None:
        """Take the market's tick; the top of book is published again with it."""
        if tick_e4 != self.tick_e4:
            self.tick_e4 = tick_e4
            if self.lead and self.state == BookState.LIVE:
                self._emit(recv_ts_ns)

    def unsync(self, reason: int, recv_ts_ns: int, /) -> None:
        """Stop believing the book until the next snapshot; the leading book says so with a GAP record."""
        if self.state != BookState.LIVE:
            return
        self.state = BookState.UNSYNCED
        self._published = None
        self._after_gap = True
        if self.lead and not self.gap_open:
            self.gap_open = True
            self._say(FeedChange.GAP, reason, recv_ts_ns)

    def forget(self) -> None:
        """Accept the next snapshot whatever its time: the connection, or the subscription, is a new one."""
        self._newest_ts_ns = 0

    @property
    def shown(self) -> Shown | None:
        """What was published last (top, flags, tick), None after a gap."""
        return self._published

    def take_lead(self, published_ts_ns: int, shown: Shown | None, gap_open: bool, recv_ts_ns: int, /) -> None:
        """Become the book that is published, after one that got to `published_ts_ns` and `shown`; its gap may be
        open."""
        self.lead = True
        self.gap_open = gap_open
        self.published_ts_ns = published_ts_ns
        self._published = shown
        if self.state == BookState.LIVE:
            self._close_gap(recv_ts_ns)
            self._emit(recv_ts_ns)

    def drop_lead(self) -> None:
        """Stop publishing: another line's book leads."""
        self.lead = False
        self.gap_open = False

    def publish_mirror(self, top: Top, venue_ts_ns: int, recv_ts_ns: int, /) -> None:
        """Publish this token's top as the mirror image of the other token's."""
        bid1, ask1, bid2, ask2 = map(mirror_level, top)
        self._counts["mirrored"] += 1
        self._publish((ask1, bid1, ask2, bid2), Flag.MIRRORED, venue_ts_ns, recv_ts_ns)

    def levels(self, side: int, /) -> list[Level]:
        """Return a side's (price_e4, size_u6) levels, best first."""
        return sorted(self._sides[side].items(), reverse=side == BID)

    def counts(self) -> dict[str, int]:
        """Return what was done so far, by the names of COUNT_NAMES."""
        return dict(self._counts)

    def _best_two(self, side: int) -> tuple[int, int]:
        packed = [size_u6 << LEVEL_PRICE_BITS | price_e4 for price_e4, size_u6 in self.levels(side)[:2]]
        return (*packed, 0, 0)[0], (*packed, 0, 0)[1]

    def _set_level(self, side: int, price_e4: int, size_u6: int, venue_ts_ns: int) -> None:
        assert 0 < price_e4 < PRICE_ONE_E4, f"price_e4 must be in 1..9999, was {price_e4}"
        if venue_ts_ns < self._level_ts.get((side, price_e4), 0):
            self._counts["late_levels"] += 1
            return
        self._level_ts[side, price_e4] = venue_ts_ns
        if self._sides[side].pop(price_e4, 0) != size_u6:
            self._counts["level_changes"] += 1
        if size_u6:
            self._sides[side][price_e4] = size_u6

    def _agrees(self, best_bid_e4: int, best_ask_e4: int) -> bool:
        bid, ask, _, _ = self.top
        return best_bid_e4 in (NOT_SAID, bid & LEVEL_PRICE_MASK) and best_ask_e4 in (
            NOT_SAID,
            ask & LEVEL_PRICE_MASK,
        )

    def _close_gap(self, recv_ts_ns: int) -> None:
        if self.gap_open:
            self.gap_open = False
            self._say(FeedChange.RESYNCED, 0, recv_ts_ns)

    def _say(self, change: FeedChange, detail: int, recv_ts_ns: int) -> None:
        """Publish a FEED record for this token, and for the other one as long as that is only our mirror
        image."""
        instruments = [self.instrument]
        if self.mirror is not None and not self.mirror.heard:
            instruments.append(self.mirror.instrument)
        for instrument in instruments:
            self._sink.publish(Kind.FEED, 0, instrument, change, detail, 0, 0, 0, 0, recv_ts_ns)

    def _emit(self, recv_ts_ns: int) -> None:
        top = self.top
        self._publish(top, 0, self.venue_ts_ns, recv_ts_ns)
        if self.mirror is not None and not self.mirror.heard:
            self.mirror.publish_mirror(top, self.venue_ts_ns, recv_ts_ns)

    def _publish(self, top: Top, flags: int, venue_ts_ns: int, recv_ts_ns: int) -> None:
        if shape_of(top) == Shape.CROSSED:
            self._counts["crossed"] += 1
            flags |= Flag.CROSSED
        shown = (*top, flags, self.tick_e4)
        if shown == self._published:
            self._counts["suppressed"] += 1
            return
        if venue_ts_ns < self.published_ts_ns:
            self._counts["behind_published"] += 1
            return
        self._published = shown
        self.published_ts_ns = venue_ts_ns
        if self._after_gap:
            flags |= Flag.GAP_BEFORE
            self._after_gap = False
        self._counts["published"] += 1
        self._sink.publish_tob(self.instrument, flags, *top, venue_ts_ns, recv_ts_ns, self.tick_e4)


CompiledBook = ext.book.Book
TokenBook = PythonBook | CompiledBook
"""What a session keeps per token."""
_Kind = TypeVar("_Kind", PythonBook, CompiledBook)


def make_pair(
    kind: type[_Kind], sink: RecordSink, listed: Sequence[tuple[int, int]], *, lead: bool, mirror: bool
) -> list[_Kind]:
    """Return the books of a market's two tokens, listed as (instrument, tick_e4); `mirror` lets one stand in
    for both."""
    books = [kind(sink, instrument, tick_e4, lead) for instrument, tick_e4 in listed]
    assert len(books) == 2, f"a market has two tokens, was {len(books)}"
    if mirror:
        books[0].mirror, books[1].mirror = books[1], books[0]
    return books
