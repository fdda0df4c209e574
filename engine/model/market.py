"""What is known of one token at this moment: its facts, its book and whether the feed can be believed; and the fold of
events into it.
"""

from copy import copy

import msgspec

from engine.model.events import (
    Book,
    Event,
    Feed,
    FeedChange,
    Gap,
    Market,
    MarketChange,
    Tob,
)
from engine.model.fees import NO_FEES, FeeSchedule


class View(msgspec.Struct, array_like=True):
    """One token: market facts, the newest two levels a side (size 0 = none), and the feed's state.

    Not frozen, because the fold below works on a private copy; nobody else changes one.
    """

    asset: int
    peer: int
    token_id: str
    condition_id: str
    outcome: int
    tick_e4: int
    min_size_u6: int
    fees: FeeSchedule
    bid1_price_e4: int = 0
    bid1_size_u6: int = 0
    ask1_price_e4: int = 0
    ask1_size_u6: int = 0
    bid2_price_e4: int = 0
    bid2_size_u6: int = 0
    ask2_price_e4: int = 0
    ask2_size_u6: int = 0
    seen_ns: int = 0  # when the book was last told; 0 = never
    stale: bool = False  # the line or the feeder is silent
    gap: bool = False  # something was missed and not yet re-read
    lapped: bool = False  # the ring lapped us: the next record of this asset repairs it
    closed: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether a decision may be taken on this book (bucket.md, vocabulary)."""
        return self.seen_ns > 0 and not (self.stale or self.gap or self.lapped)


def open_view(event: Market) -> View:
    """Return the view of a token whose market was just opened."""
    return View(
        event.asset,
        event.peer,
        event.token_id,
        event.condition_id,
        event.outcome,
        event.tick_e4,
        event.min_size_u6,
        event.fees,
    )


def show(view: View, tob: Tob) -> View:
    """Return the view with a new top of book; a record after a lap repairs the lap."""
    new = copy(view)
    new.bid1_price_e4 = tob.bid1_price_e4
    new.bid1_size_u6 = tob.bid1_size_u6
    new.ask1_price_e4 = tob.ask1_price_e4
    new.ask1_size_u6 = tob.ask1_size_u6
    new.bid2_price_e4 = tob.bid2_price_e4
    new.bid2_size_u6 = tob.bid2_size_u6
    new.ask2_price_e4 = tob.ask2_price_e4
    new.ask2_size_u6 = tob.ask2_size_u6
    new.seen_ns = tob.ts_ns
    new.lapped = False
    return new


def show_read(view: View, book: Book) -> View:
    """Return the view with the best levels that a REST read gave; the feed's own state stays as it was."""
    new = copy(view)
    new.bid1_price_e4, new.bid1_size_u6 = book.bid1_price_e4, book.bid1_size_u6
    new.ask1_price_e4, new.ask1_size_u6 = book.ask1_price_e4, book.ask1_size_u6
    new.bid2_price_e4 = new.bid2_size_u6 = new.ask2_price_e4 = new.ask2_size_u6 = 0
    new.seen_ns = book.ts_ns
    return new


def fold(view: View, event: Event) -> View:
    """Return the view after a Market, Feed or Gap event; the same object when the event says nothing about it."""
    if isinstance(event, Gap):
        new = copy(view)
        new.lapped = True
        return new
    if isinstance(event, Feed):
        return _fold_feed(view, event) if event.asset in (view.asset, -1) else view
    if isinstance(event, Market) and event.asset == view.asset:
        new = copy(view)
        new.tick_e4 = event.tick_e4 or view.tick_e4
        new.min_size_u6 = event.min_size_u6 or view.min_size_u6
        if event.fees != NO_FEES:
            new.fees = event.fees
        if event.change in (MarketChange.CLOSED, MarketChange.RESOLVED):
            new.closed = True
        return new
    return view


def _fold_feed(view: View, event: Feed) -> View:
    new = copy(view)
    if event.change == FeedChange.STALE:
        new.stale = True
    elif event.change == FeedChange.GAP:
        new.gap = True
    elif event.change == FeedChange.CONNECTED:
        new.stale = False
    elif event.change == FeedChange.RESYNCED:
        new.stale = new.gap = False
    return new
