"""Rounds out of a stream of events."""

import msgspec
import pytest

from engine.model.events import Event, Feed, FeedChange, Gap, Market, MarketChange, Outcome, Side, Tob, Trade
from engine.model.units import NS_PER_MS, NS_PER_S, U6
from engine.worlds.params import Style, styled_world
from engine.worlds.participants.actions import Token
from engine.worlds.recorded_rounds import BookMoment, RecordedRound, TradeMoment, inferred_trades, split_rounds
from engine.worlds.world import generate_events

EVENTS = list(generate_events(styled_world(Style.LIVELY, 4, 60), 2))
START_MS = 1_800_000_000_000


def rounds(events: list[Event]) -> list[RecordedRound]:
    return list(split_rounds(events))


def of_kind(kind: type[Event]) -> list[Event]:
    return [event for event in EVENTS if isinstance(event, kind)]


def test_each_window_of_a_stream_becomes_a_round_with_its_books_trades_and_outcome() -> None:
    first, second = rounds(EVENTS)
    assert [first.slug, second.slug] == ["btc-updown-60s-1800000000", "btc-updown-60s-1800000060"]
    assert len(first.books) + len(second.books) == len([event for event in of_kind(Tob) if event.asset % 2 == 0])
    assert len(first.trades) + len(second.trades) == len(of_kind(Trade))
    resolved = [event for event in of_kind(Market) if event.change == MarketChange.RESOLVED and event.outcome == 1]
    assert [one.up_won for one in (first, second)] == [event.result == 1 for event in resolved]


def test_times_are_since_the_start_and_levels_are_best_first() -> None:
    first, _ = rounds(EVENTS)
    tob = next(event for event in of_kind(Tob) if event.bid2_size_u6 and event.ask2_size_u6)
    at_ms = tob.ts_ns // NS_PER_MS - START_MS
    book = next(book for book in first.books if book.at_ms == at_ms)
    assert book.bids == ((tob.bid1_price_e4, tob.bid1_size_u6), (tob.bid2_price_e4, tob.bid2_size_u6))
    assert book.asks[0] == (tob.ask1_price_e4, tob.ask1_size_u6)


def test_every_trade_is_a_purchase_of_one_of_the_tokens() -> None:
    trades = [event for event in of_kind(Trade) if event.asset < 2]
    for event, moment in zip(trades, rounds(EVENTS)[0].trades, strict=True):
        token = Token.UP if event.asset == 0 else Token.DOWN
        if event.taker_side == Side.BUY:
            assert (moment.token, moment.price_e4) == (token, event.price_e4)
        else:
            assert (moment.token, moment.price_e4) == (token.peer, 10_000 - event.price_e4)
        assert moment.size_u6 == event.size_u6


def test_the_outcome_may_come_as_an_event_of_its_own() -> None:
    without = [event for event in EVENTS if not (isinstance(event, Market) and event.change == MarketChange.RESOLVED)]
    told = [*without, Outcome(EVENTS[-1].ts_ns, 1, True, True), Outcome(EVENTS[-1].ts_ns, 2, False)]
    assert [one.up_won for one in rounds(without)] == [None, None]
    assert [one.up_won for one in rounds(told)] == [False, None]


def test_crossed_books_and_those_outside_of_the_window_are_left_out() -> None:
    opened = [event for event in of_kind(Market) if event.change == MarketChange.OPENED and event.asset < 2]
    tob = Tob(START_MS * NS_PER_MS, 0, 5_000, U6, 5_100, U6, 0, 0, 0, 0)
    crossed = msgspec.structs.replace(tob, ask1_price_e4=5_000)
    early, late = (msgspec.structs.replace(tob, ts_ns=tob.ts_ns + s * NS_PER_S) for s in (-1, 60))
    (one,) = rounds([*opened, early, tob, crossed, late])
    assert one.books == (BookMoment(0, ((5_000, U6),), ((5_100, U6),)),)
    assert rounds([*opened, crossed]) == []


@pytest.mark.parametrize(
    "missed",
    [
        Feed((START_MS + 5_000) * NS_PER_MS, 0, FeedChange.GAP),
        Feed((START_MS + 5_000) * NS_PER_MS, -1, FeedChange.STALE),
        Gap((START_MS + 5_000) * NS_PER_MS, 7),
    ],
)
def test_where_something_was_missed_the_book_is_empty_until_the_next_one(missed: Event) -> None:
    opened = [event for event in of_kind(Market) if event.change == MarketChange.OPENED and event.asset == 0]
    tob = Tob(START_MS * NS_PER_MS, 0, 5_000, U6, 5_100, U6, 0, 0, 0, 0)
    later = msgspec.structs.replace(tob, ts_ns=tob.ts_ns + 9 * NS_PER_S)
    (one,) = rounds([*opened, tob, missed, later])
    assert [(book.at_ms, book.bids != ()) for book in one.books] == [(0, True), (5_000, False), (9_000, True)]
    down = Feed((START_MS + 5_000) * NS_PER_MS, 1, FeedChange.GAP)
    assert len(rounds([*opened, tob, down, later])[0].books) == 2


def test_what_the_best_level_loses_while_its_price_stays_is_taken_for_a_trade() -> None:
    books = [
        BookMoment(0, ((5_000, 100),), ((5_100, 100),)),
        BookMoment(10, ((5_000, 70),), ((5_100, 100),)),  # somebody sold Up, or bought Down at 0.50
        BookMoment(20, ((5_000, 90),), ((5_100, 40),)),  # somebody bought Up
        BookMoment(30, ((4_900, 10),), ((5_000, 10),)),  # the price moved: nobody knows
        BookMoment(40, (), ((5_000, 10),)),
    ]
    assert list(inferred_trades(books)) == [
        TradeMoment(10, Token.DOWN, 5_000, 30),
        TradeMoment(20, Token.UP, 5_100, 60),
    ]
