"""What a market looks like: spread, size, one-sidedness, moves and message rate of its rounds, from typed events.

The book is looked at once a second, at every whole second of the round, as the coarsest recordings did; so a recording
with a row a second and a world with a hundred messages a second are measured alike. The newest book counts until the
feed says that something was missed; a move of the mid is counted where a book was told in both of its seconds, because
a poll that was missed looks like a price that stood still. All but the bids is measured on Up's book: Down's is its
mirror image.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from engine.model.events import Event, Feed, FeedChange, Gap, Market, MarketChange, Outcome, Tob, Trade
from engine.model.units import NS_PER_S, SHARE_U6

UP: Final = 1
WON: Final = 1
THRESHOLDS_E4: Final = (6_000, 8_000, 9_000)
"""Best bids whose first appearance on a side is a claim about who will win."""
ALL_ASSETS: Final = -1
LATE_S: Final = (60, 30)
"""Spans before the end, of a window of five minutes or more; of a shorter one the last fifth and tenth."""


class RoundStatistics(msgspec.Struct, frozen=True):
    """One round's counts, which pool by addition. Each counter is {value: seconds}, but for `trade_shares`: {value:
    trades}, and `messages`: {messages in a second: seconds}.

    `spread_ticks` holds two-sided books only; `move_e4` the change of the mid (in 1e-4 USD, doubled) over one second.
    `late` is (one-sided, two-sided or one-sided) seconds of the spans LATE_S and of the whole round. `first_s` is the
    second at which a bid first reached each threshold, None where none did, and `first_won` whether that side won,
    None where it is not known.
    """

    slug: str
    length_s: int
    spread_ticks: Counter[int]
    size_shares: Counter[int]
    move_2e4: Counter[int]
    messages: Counter[int]
    trade_shares: Counter[int]
    late: tuple[tuple[int, int], ...]
    empty_s: int
    first_s: tuple[int | None, ...]
    first_won: tuple[bool | None, ...]


class MarketObserver:
    """Folds the events of any number of windows, in the order of time, into the statistics of each."""

    def __init__(self) -> None:
        self._rounds: dict[str, _Round] = {}
        self._of_asset: dict[int, tuple[_Round, bool]] = {}

    def observe(self, event: Event) -> None:
        """Take one event; those that say nothing about a market are left alone."""
        match event:
            case Market():
                self._observe_market(event)
            case Tob() | Trade():
                found = self._of_asset.get(event.asset)
                if found is not None:
                    found[0].observe(event, found[1])
            case Outcome():
                found = self._of_asset.get(event.asset)
                if found is not None and event.known:
                    found[0].up_won = event.won == found[1]
            case Feed():
                if event.change in (FeedChange.GAP, FeedChange.STALE):
                    self._lose(event.ts_ns, event.asset)
            case Gap():
                self._lose(event.ts_ns, ALL_ASSETS)

    def rounds(self) -> list[RoundStatistics]:
        """Return the statistics of the windows whose book was seen, in the order in which they opened."""
        return [one.statistics() for one in self._rounds.values() if one.seen]

    def _observe_market(self, event: Market) -> None:
        one = self._rounds.get(event.slug)
        if one is None:
            one = self._rounds[event.slug] = _Round(event)
        self._of_asset[event.asset] = (one, event.outcome == UP)
        one.tick_e4 = event.tick_e4 or one.tick_e4
        if event.change == MarketChange.RESOLVED and event.result:
            one.up_won = (event.result == WON) == (event.outcome == UP)

    def _lose(self, ts_ns: int, asset: int) -> None:
        lost = {one.slug: one for key, (one, _) in self._of_asset.items() if asset in (key, ALL_ASSETS)}
        for one in lost.values():
            one.lose(ts_ns)


class _Round:
    """One window while it is watched."""

    def __init__(self, market: Market) -> None:
        self.slug = market.slug
        self.tick_e4 = market.tick_e4
        self.up_won: bool | None = None
        self.seen = False
        self._length_s = market.window_length_s
        self._start_ns = market.window_start_s * NS_PER_S
        self._late_from_s = (
            *(self._length_s - min(span, self._length_s * span // (5 * LATE_S[0])) for span in LATE_S),
            0,
        )
        self._next_s = 0
        self._up: Tob | None = None
        self._mid_2e4: int | None = None
        self._told = False
        self._heard = 0
        self._empty_s = 0
        self._first: dict[int, tuple[int, bool]] = {}
        self._late = [[0, 0] for _ in self._late_from_s]
        self._spread_ticks: Counter[int] = Counter()
        self._size_shares: Counter[int] = Counter()
        self._move_2e4: Counter[int] = Counter()
        self._messages: Counter[int] = Counter()
        self._trade_shares: Counter[int] = Counter()

    def observe(self, event: Tob | Trade, is_up: bool) -> None:
        """Take a book or a trade of one of the two tokens; those outside of the window count for nothing."""
        since_ns = event.ts_ns - self._start_ns
        if not 0 <= since_ns < self._length_s * NS_PER_S:
            return
        self._look_until(since_ns)
        if isinstance(event, Trade):
            self._heard += 1
            self._trade_shares[event.size_u6 // SHARE_U6] += 1
            return
        self.seen = True
        if is_up:
            self._heard += 1
            self._up = event
            self._told = True
        for threshold_e4 in THRESHOLDS_E4:
            if event.bid1_size_u6 and event.bid1_price_e4 >= threshold_e4 and threshold_e4 not in self._first:
                self._first[threshold_e4] = (since_ns // NS_PER_S, is_up)

    def lose(self, ts_ns: int) -> None:
        """Believe the book no longer: something was missed."""
        self._look_until(min(ts_ns - self._start_ns, self._length_s * NS_PER_S))
        self._up = self._mid_2e4 = None

    def statistics(self) -> RoundStatistics:
        """Return what was seen, up to the window's end."""
        self._look_until(self._length_s * NS_PER_S)
        first = [self._first.get(threshold_e4) for threshold_e4 in THRESHOLDS_E4]
        return RoundStatistics(
            slug=self.slug,
            length_s=self._length_s,
            spread_ticks=self._spread_ticks,
            size_shares=self._size_shares,
            move_2e4=self._move_2e4,
            messages=self._messages,
            trade_shares=self._trade_shares,
            late=tuple((one, every) for one, every in self._late),
            empty_s=self._empty_s,
            first_s=tuple(None if one is None else one[0] for one in first),
            first_won=tuple(None if one is None or self.up_won is None else one[1] == self.up_won for one in first),
        )

    def _look_until(self, since_ns: int) -> None:
        """Look at the book at each whole second before `since_ns`, at which another event has come."""
        while self._next_s * NS_PER_S < since_ns:
            self._look(self._next_s)
            self._next_s += 1

    def _look(self, second: int) -> None:
        if self._up is not None:
            self._messages[self._heard] += 1
        self._heard = 0
        book, before_2e4, self._mid_2e4 = self._up, self._mid_2e4, None
        told, self._told = self._told, False
        if book is None:
            return
        if not (book.bid1_size_u6 or book.ask1_size_u6):
            self._empty_s += 1
            return
        is_one_sided = not (book.bid1_size_u6 and book.ask1_size_u6)
        for counts, from_s in zip(self._late, self._late_from_s, strict=True):
            if second >= from_s:
                counts[0] += is_one_sided
                counts[1] += 1
        for size_u6 in (book.bid1_size_u6, book.ask1_size_u6):
            if size_u6:
                self._size_shares[size_u6 // SHARE_U6] += 1
        if is_one_sided:
            return
        self._spread_ticks[(book.ask1_price_e4 - book.bid1_price_e4) // self.tick_e4] += 1
        mid_2e4 = book.bid1_price_e4 + book.ask1_price_e4
        if told and before_2e4 is not None:
            self._move_2e4[abs(mid_2e4 - before_2e4)] += 1
        self._mid_2e4 = mid_2e4 if told else None


def observe_rounds(events: Iterable[Event]) -> list[RoundStatistics]:
    """Return the statistics of every window in a stream of events."""
    observer = MarketObserver()
    for event in events:
        observer.observe(event)
    return observer.rounds()
