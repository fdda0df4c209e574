"""A recording played into a small market: the book that it shows, who trades with whom, and how it settles."""

from itertools import pairwise

import msgspec
import pytest

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import U6
from engine.worlds.params import Style, styled_world
from engine.worlds.participants.actions import PlaceOrder, Token
from engine.worlds.participants.view import Window
from engine.worlds.recorded_rounds import BookMoment, RecordedRound, TradeMoment, split_rounds
from engine.worlds.replayed import BOOK_ACCOUNT, TAKER_ACCOUNT, Replay, ReplayParams
from engine.worlds.world import generate_events
from tests.unit.engine.worlds.small_market import SmallMarket, play_turn

START_MS = 1_800_000_000_000
ROUNDS = list(split_rounds(generate_events(styled_world(Style.LIVELY, 4, 60), 3)))
PARAMS = ReplayParams(depth=2, infers_trades=False)


def window(number: int = 0, length_ms: int = 60_000) -> Window:
    start_ms = START_MS + number * length_ms
    return Window(f"w{number}", start_ms, start_ms + length_ms, length_ms // 15, 5 * U6)


def replay(*rounds: RecordedRound, params: ReplayParams = PARAMS) -> Replay:
    return Replay(iter(rounds), params, START_MS - 10_000)


def simple(*books: BookMoment, trades: tuple[TradeMoment, ...] = ()) -> RecordedRound:
    return RecordedRound("r", 60_000, books, trades, None)


def both(at_ms: int, bid_e4: int, ask_e4: int, shares: int = 100) -> BookMoment:
    return BookMoment(at_ms, ((bid_e4, shares * U6),), ((ask_e4, shares * U6),))


def run(one: Replay, market: SmallMarket, until_ms: int) -> None:
    for turn in one.turns(START_MS + until_ms):
        play_turn(one, market, turn)


def test_at_every_moment_the_book_shows_what_was_recorded() -> None:
    one, market = replay(ROUNDS[0]), SmallMarket(tick_e4=10)
    one.open_window(window())
    checked = 0
    books = ROUNDS[0].books
    for book, following in pairwise(books):
        run(one, market, book.at_ms)
        if book.at_ms == following.at_ms:
            continue
        for recorded, shown in ((book.bids, market.book().bids), (book.asks, market.book().asks)):
            assert [price for price, _ in shown[:2]] == [price for price, _ in recorded] or len(recorded) < 2
            for (price_e4, size_u6), (_, shown_u6) in zip(recorded, shown, strict=False):
                assert abs(shown_u6 - max(size_u6, 5 * U6)) < 5 * U6, (price_e4, book.at_ms)
        checked += 1
    assert checked > 300
    assert market.problems == []


def test_a_round_is_scaled_to_its_window_and_gone_at_its_end() -> None:
    one, market = replay(simple(both(30_000, 4_000, 4_100))), SmallMarket()
    one.open_window(window(length_ms=20_000))
    run(one, market, 9_999)
    assert market.book().bids == ()
    run(one, market, 10_000)
    assert market.book().bids[0] == (4_000, 100 * U6)
    run(one, market, 20_000)
    assert market.book().bids == ()
    assert one.next_turn_ms() is None


def test_the_kth_round_is_played_in_the_kth_window_and_then_there_is_none() -> None:
    one = replay(simple(both(0, 1_000, 1_100)), simple(both(0, 2_000, 2_100)))
    markets = {}
    for number in range(3):
        one.open_window(window(number))
        markets[f"w{number}"] = SmallMarket()
    for turn in one.turns(START_MS + 150_000):
        play_turn(one, markets[turn.window.name], turn)
        if turn.at_ms < turn.window.end_ms:
            expected = {"w0": 1_000, "w1": 2_000}[turn.window.name]
            assert markets[turn.window.name].book().bids[0][0] == expected
    assert markets["w2"].counts == {}


def test_recorded_trades_become_takers_ahead_of_the_hold() -> None:
    trade = TradeMoment(20_000, Token.DOWN, 6_000, 40 * U6)
    one, market = replay(simple(both(0, 4_000, 4_100), trades=(trade,))), SmallMarket()
    one.open_window(window())
    run(one, market, 19_849)
    assert market.trades == []
    run(one, market, 19_850)
    (found,) = market.trades
    assert (found.account, found.price_e4, found.size_u6, found.buys_up) == (TAKER_ACCOUNT, 4_000, 40 * U6, False)


def test_trades_too_small_for_an_order_add_up() -> None:
    small = [TradeMoment(1_000 * n, Token.UP, 4_100, 2 * U6 + 1) for n in range(1, 7)]
    one, market = replay(simple(both(0, 4_000, 4_100), trades=tuple(small))), SmallMarket()
    one.open_window(window())
    run(one, market, 30_000)
    assert [trade.size_u6 for trade in market.trades] == [6 * U6, 6 * U6]


def test_trades_are_inferred_only_where_a_round_has_none() -> None:
    books = (both(0, 4_000, 4_100), both(10_000, 4_000, 4_100, shares=60))
    trades = (TradeMoment(50_000, Token.UP, 4_100, 30 * U6),)
    sizes = []
    for played in (simple(*books), simple(*books, trades=trades)):
        one, market = replay(played, params=msgspec.structs.replace(PARAMS, infers_trades=True)), SmallMarket()
        one.open_window(window())
        run(one, market, 59_000)
        sizes.append([trade.size_u6 for trade in market.trades])
    assert sizes == [[40 * U6, 40 * U6], [30 * U6]]


def test_an_order_of_somebody_else_that_the_recorded_market_moves_through_is_filled() -> None:
    one, market = replay(simple(both(0, 4_000, 4_100), both(10_000, 4_300, 4_400))), SmallMarket()
    one.open_window(window())
    run(one, market, 5_000)
    market.holdings["me"].up_u6 = 50 * U6
    market.apply("me", PlaceOrder(1, Token.UP, Side.SELL, 4_200, 50 * U6, TimeInForce.GTC, True))
    run(one, market, 10_000)
    assert [(trade.account, trade.price_e4, trade.size_u6) for trade in market.trades] == [
        (BOOK_ACCOUNT, 4_200, 50 * U6)
    ]


@pytest.mark.parametrize("up_won", [True, False])
def test_the_reference_price_settles_the_window_as_it_was_recorded(up_won: bool) -> None:
    played = [msgspec.structs.replace(one, up_won=up_won) for one in ROUNDS]
    one = replay(*played)
    for number in range(3):
        one.open_window(window(number))
    one.advance(START_MS + 180_000)
    for number in range(3):
        place = window(number)
        final_e8 = one.tape.twap_e8(place.end_ms, place.twap_ms)
        assert (final_e8 >= one.strike_e8(place)) == up_won


def test_without_a_round_the_reference_price_stands_still() -> None:
    one = replay()
    one.open_window(window())
    one.advance(START_MS + 60_000)
    assert one.tape.spot_e8(START_MS + 60_000) == PARAMS.spot_e8
    assert list(one.turns(START_MS + 60_000)) == []
