"""The fold of events into the view of one token."""

import msgspec
import pytest

from engine.model.events import Book, Feed, FeedChange, Gap, MarketChange, Tick
from engine.model.fees import NO_FEES, FeeSchedule
from engine.model.market import View, fold, open_view, show, show_read
from tests.scenario.bucket.words import DOWN, UP, at, market, price, shares, tob


def seen() -> View:
    """Return the fresh view of Up at 0.60 / 0.61 with a second level."""
    return show(open_view(market(UP)), tob(1, UP, 0.60, 0.61, bid2_price_e4=price(0.55), bid2_size_u6=shares(1)))


def test_a_token_is_not_fresh_before_its_first_book() -> None:
    assert not open_view(market(UP)).is_fresh
    assert seen().is_fresh


@pytest.mark.parametrize(
    ("changes", "fresh"),
    [
        ([FeedChange.STALE], False),
        ([FeedChange.GAP], False),
        ([FeedChange.STALE, FeedChange.CONNECTED], True),
        ([FeedChange.GAP, FeedChange.CONNECTED], False),
        ([FeedChange.STALE, FeedChange.GAP, FeedChange.RESYNCED], True),
        ([FeedChange.ENDED], True),
    ],
)
def test_the_feed_decides_what_is_fresh(changes: list[FeedChange], fresh: bool) -> None:
    view = seen()
    for change in changes:
        view = fold(view, Feed(at(2), -1, change))
    assert view.is_fresh == fresh


def test_a_feed_event_of_the_other_asset_says_nothing() -> None:
    view = seen()
    assert fold(view, Feed(at(2), DOWN, FeedChange.STALE)) is view
    assert fold(view, Tick(at(2))) is view


def test_a_lap_is_repaired_by_the_next_record_and_a_gap_is_not() -> None:
    lapped = fold(seen(), Gap(at(2), 5))
    assert not lapped.is_fresh
    assert show(lapped, tob(3, UP, 0.60, 0.61)).is_fresh
    assert not show(fold(seen(), Feed(at(2), UP, FeedChange.GAP)), tob(3, UP, 0.60, 0.61)).is_fresh


def test_a_read_book_shows_its_levels_but_does_not_make_the_feed_fresh() -> None:
    stale = fold(seen(), Feed(at(2), -1, FeedChange.STALE))
    view = show_read(stale, Book(at(3), UP, price(0.50), shares(3), price(0.52), shares(4)))
    assert (view.bid1_price_e4, view.ask1_price_e4, view.bid2_size_u6) == (price(0.50), price(0.52), 0)
    assert not view.is_fresh


def test_market_facts_replace_each_other_and_zero_is_not_a_fact() -> None:
    view = fold(seen(), market(UP, MarketChange.TICK, 0.001))
    assert view.tick_e4 == 10
    unsaid = msgspec.structs.replace(market(UP, MarketChange.TICK), tick_e4=0, min_size_u6=0, fees=NO_FEES)
    assert fold(view, unsaid) == view
    fees = msgspec.structs.replace(market(UP, MarketChange.TICK, 0.001), fees=FeeSchedule(1))
    assert fold(view, fees).fees == FeeSchedule(1)


@pytest.mark.parametrize(
    ("change", "closed"), [(MarketChange.CLOSED, True), (MarketChange.RESOLVED, True), (MarketChange.TICK, False)]
)
def test_a_closed_or_resolved_market_is_closed(change: MarketChange, closed: bool) -> None:
    assert fold(seen(), market(UP, change)).closed == closed
    assert not fold(seen(), market(DOWN, change)).closed


def test_the_fold_never_changes_the_view_it_was_given() -> None:
    view = seen()
    before = msgspec.msgpack.encode(view)
    for event in (Gap(at(2), 1), Feed(at(2), -1, FeedChange.STALE), market(UP, MarketChange.CLOSED)):
        fold(view, event)
    show(view, tob(3, UP, 0.30, 0.31))
    show_read(view, Book(at(3), UP, 1, 1, 2, 2))
    assert msgspec.msgpack.encode(view) == before
