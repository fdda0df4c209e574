"""Takers by themselves: what they take, and that it is legal."""

from collections import Counter

import msgspec
import pytest

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import U6
from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction, MergePairs, PlaceOrder, Token
from engine.worlds.participants.opinion import OpinionParams
from engine.worlds.participants.takers import InformedTaker, TakerParams, UninformedTaker
from engine.worlds.participants.view import BookView, Holdings, Outlook, View, Window

WINDOW = Window("w", 0, 900_000, 60_000, 5 * U6)
PARAMS = TakerParams(name="taker", latency_ms=0, wake_ms=1_000, sizes=((0, 10), (1_000, 11)))
EVEN = Outlook(0, 0, 600_000)
BOOK = BookView(100, ((4_900, 300 * U6),), ((5_000, 200 * U6),))


def informed(edge_e6: int = 5_000) -> InformedTaker:
    params = msgspec.structs.replace(PARAMS, opinion=OpinionParams(volatility_e8=6 * 10**8), edge_e6=edge_e6)
    return InformedTaker(params, WINDOW, Dice(1, "taker"), 0)


def uninformed(**changes: object) -> UninformedTaker:
    return UninformedTaker(msgspec.structs.replace(PARAMS, **changes), WINDOW, Dice(1, "taker"), 0)


def view(book: BookView = BOOK, outlook: Outlook = EVEN, own: Holdings | None = None, now_ms: int = 0) -> View:
    return View(now_ms, WINDOW, book, own or Holdings(), outlook)


def trade(actions: list[AnyAction]) -> PlaceOrder:
    (action,) = actions
    assert isinstance(action, PlaceOrder)
    assert (action.tif, action.post_only) == (TimeInForce.FAK, False)
    return action


def test_an_informed_taker_leaves_a_fair_book_alone() -> None:
    assert informed().act(view()) == []


@pytest.mark.parametrize(("distance_usd", "token", "price_e4"), [(20, Token.UP, 5_000), (-20, Token.DOWN, 5_100)])
def test_an_informed_taker_buys_what_is_quoted_too_low(distance_usd: int, token: Token, price_e4: int) -> None:
    order = trade(informed().act(view(outlook=EVEN._replace(distance_e8=distance_usd * 10**8))))
    assert (order.token, order.side, order.price_e4) == (token, Side.BUY, price_e4)
    assert order.size_u6 // U6 == 10


def test_what_it_can_gain_must_cover_the_fee_and_the_edge() -> None:
    two_cents = EVEN._replace(distance_e8=7 * 10**8)  # the fee at a half is 1.75 cents a share
    assert informed(edge_e6=5_000).act(view(outlook=two_cents)) == []
    assert informed(edge_e6=0).act(view(outlook=two_cents)) != []


def test_it_takes_no_more_than_is_offered() -> None:
    thin = BookView(100, (), ((5_000, 7_129_999),))
    order = trade(informed().act(view(thin, EVEN._replace(distance_e8=20 * 10**8))))
    assert order.size_u6 == 7_120_000
    nothing = BookView(100, (), ((5_000, 4_990_000),))
    assert informed().act(view(nothing, EVEN._replace(distance_e8=20 * 10**8))) == []


def test_an_uninformed_taker_buys_either_token_with_some_slippage() -> None:
    one = uninformed()
    seen = Counter((order.token, order.price_e4) for order in (trade(one.act(view())) for _ in range(100)))
    assert set(seen) == {(Token.UP, 5_200), (Token.DOWN, 5_300)}
    assert min(seen.values()) > 25


def test_one_that_likes_the_favourite_buys_the_dearer_token() -> None:
    one = uninformed(favourite_odds=1_000_000)
    dear_up = BookView(100, ((7_900, U6),), ((8_000, U6),))
    cheap_up = BookView(100, ((1_900, U6),), ((2_000, U6),))
    assert trade(one.act(view(dear_up))).token == Token.UP
    assert trade(one.act(view(cheap_up))).token == Token.DOWN


def test_a_seller_sells_what_it_holds_and_nothing_that_it_does_not() -> None:
    one = uninformed(sell_odds=1_000_000)
    order = trade(one.act(view(own=Holdings(up_u6=8 * U6))))
    assert (order.token, order.side, order.price_e4, order.size_u6) == (Token.UP, Side.SELL, 4_700, 8 * U6)
    down = trade(one.act(view(own=Holdings(down_u6=100 * U6))))
    assert (down.token, down.side, down.price_e4) == (Token.DOWN, Side.SELL, 4_800)
    assert one.act(view()) == []


def test_a_cheap_token_is_bought_for_one_dollar_at_least() -> None:
    cheap = BookView(100, ((100, U6),), ((200, 10_000 * U6),))
    orders = [trade(uninformed(slippage_ticks=0, favourite_odds=odds).act(view(cheap))) for odds in (0, 1_000_000)]
    assert {(order.token, order.price_e4, order.size_u6 // U6) for order in orders} == {
        (Token.UP, 200, 50),
        (Token.DOWN, 9_900, 10),
    }


def test_where_nothing_is_offered_nothing_is_bought() -> None:
    assert uninformed().act(view(BookView(100))) == []


def test_trades_come_in_clusters_where_one_follows_the_other() -> None:
    lone, crowded = uninformed(), uninformed(follow_odds=1_000_000, follow_ms=10)
    waits = []
    for one in (lone, crowded):
        total_ms = 0
        for _ in range(200):
            one.act(view(now_ms=0))
            total_ms += one.wake_at_ms or 0
        waits.append(total_ms / 200)
    assert 800 < waits[0] < 1_200
    assert 8 < waits[1] < 12


def test_pairs_are_merged_when_there_are_many() -> None:
    own = Holdings(up_u6=3_000 * U6, down_u6=1_200 * U6)
    assert informed().act(view(own=own)) == [MergePairs(1_200 * U6)]


def test_after_the_end_it_leaves() -> None:
    one = uninformed()
    assert one.act(view(now_ms=900_000)) == []
    assert one.wake_at_ms is None


def test_a_level_that_stayed_from_a_finer_tick_is_taken_at_a_limit_that_the_tick_can_hold() -> None:
    old = BookView(100, ((9_230, 300 * U6),), ((9_260, 300 * U6),))
    bought = trade(informed().act(view(old, EVEN._replace(distance_e8=400 * 10**8))))
    assert (bought.token, bought.price_e4) == (Token.UP, 9_300)
    sold = trade(uninformed(sell_odds=1_000_000, slippage_ticks=0).act(view(old, own=Holdings(up_u6=9 * U6))))
    assert (sold.side, sold.price_e4) == (Side.SELL, 9_200)


def test_what_is_merged_is_not_sold_as_well() -> None:
    own = Holdings(up_u6=1_300 * U6, down_u6=1_290 * U6)
    merge, sale = uninformed(sell_odds=1_000_000).act(view(own=own))
    assert merge == MergePairs(1_290 * U6)
    assert isinstance(sale, PlaceOrder)
    assert sale.size_u6 == 10 * U6
