"""A maker by itself: where it quotes, when it moves, what it sells, when it stays away."""

import msgspec

from engine.model.events import Side
from engine.model.units import U6
from engine.worlds.dice import Dice
from engine.worlds.participants.actions import (
    AnyAction,
    CancelOrder,
    CancelWindow,
    MergePairs,
    PlaceOrder,
    SplitCollateral,
    Token,
)
from engine.worlds.participants.maker import LadderMaker, MakerParams
from engine.worlds.participants.opinion import OpinionParams
from engine.worlds.participants.view import BookView, Holdings, OpenOrder, Outlook, View, Window
from tests.unit.engine.worlds.small_market import SmallMarket

WINDOW = Window("w", 0, 900_000, 60_000, 5 * U6)
PARAMS = MakerParams(
    name="maker",
    opinion=OpinionParams(volatility_e8=6 * 10**8),
    latency_ms=20,
    wake_ms=100,
    levels=3,
    half_spread_e3=200,
    hysteresis_e3=600,
    sizes=((0, 50), (1_000, 51)),
)
EVEN = Outlook(0, 0, 600_000)


def maker(**changes: object) -> LadderMaker:
    return LadderMaker(msgspec.structs.replace(PARAMS, **changes), WINDOW, Dice(1, "maker"), 0)


def view(outlook: Outlook = EVEN, own: Holdings | None = None, book: BookView | None = None, now_ms: int = 0) -> View:
    return View(now_ms, WINDOW, book or BookView(100), own or Holdings(), outlook)


def orders(actions: list[AnyAction]) -> list[PlaceOrder]:
    return [action for action in actions if isinstance(action, PlaceOrder)]


def settle(one: LadderMaker, market: SmallMarket, outlook: Outlook = EVEN) -> list[AnyAction]:
    """Give it one turn in a market of its own."""
    actions = one.act(view(outlook, market.holdings["maker"], market.book()))
    for action in actions:
        market.apply("maker", action)
    return actions


def rungs(market: SmallMarket) -> tuple[list[int], list[int]]:
    book = market.book()
    return [price for price, _ in book.bids], [price for price, _ in book.asks]


def test_it_quotes_both_sides_of_the_fair_price_post_only() -> None:
    placed = orders(maker().act(view()))
    assert {(order.token, order.side, order.price_e4) for order in placed} == {
        (token, Side.BUY, price) for token in Token for price in (4_900, 4_800, 4_700)
    }
    assert all(order.post_only for order in placed)


def test_a_small_move_of_the_fair_price_changes_nothing_and_a_larger_one_moves_the_ladder_by_its_ends() -> None:
    one, market = maker(half_spread_e3=0), SmallMarket()
    settle(one, market)
    before = rungs(market)
    assert before == ([5_000, 4_900, 4_800], [5_100, 5_200, 5_300])
    assert settle(one, market, EVEN._replace(distance_e8=10**8)) == []
    moved = settle(one, market, EVEN._replace(distance_e8=5 * 10**8))
    assert len([action for action in moved if isinstance(action, CancelOrder)]) == 2
    settle(one, market, EVEN._replace(distance_e8=5 * 10**8))
    assert rungs(market) == ([5_100, 5_000, 4_900], [5_200, 5_300, 5_400])


def test_at_a_jump_it_cancels_everything_and_stays_away() -> None:
    one, market = maker(pull_ms=5_000), SmallMarket()
    settle(one, market)
    assert settle(one, market, EVEN._replace(distance_e8=50 * 10**8)) == [CancelWindow()]
    assert market.book() == BookView(100)
    assert one.wake_at_ms is not None
    back = settle(one, market, EVEN._replace(distance_e8=50 * 10**8))
    assert len(orders(back)) == 6


def test_it_does_not_offer_a_winner_that_it_is_sure_of() -> None:
    sure = EVEN._replace(distance_e8=300 * 10**8)
    one = maker(withdraw_odds=950_000)
    placed = orders(one.act(view(sure)))
    assert {order.token for order in placed} == {Token.UP}
    assert {order.side for order in placed} == {Side.BUY}
    other = orders(maker(withdraw_odds=950_000).act(view(sure._replace(distance_e8=-300 * 10**8))))
    assert {order.token for order in other} == {Token.DOWN}


def test_it_sells_what_it_holds_and_no_more_than_that() -> None:
    own = Holdings(up_u6=100 * U6, down_u6=100 * U6)
    placed = orders(maker(sizes=((0, 45), (1_000, 46))).act(view(own=own)))
    sold = [order for order in placed if order.side == Side.SELL]
    assert [order.token for order in sold] == [Token.DOWN, Token.DOWN, Token.UP, Token.UP]
    assert {(order.token, order.price_e4) for order in sold} == {
        (Token.UP, 5_100),
        (Token.UP, 5_200),
        (Token.DOWN, 5_100),
        (Token.DOWN, 5_200),
    }
    assert sum(order.size_u6 for order in sold if order.token == Token.UP) <= 100 * U6


def test_what_is_on_sale_already_is_not_sold_again() -> None:
    resting = {1: OpenOrder(Token.UP, Side.SELL, 5_100, 80 * U6)}
    placed = orders(maker().act(view(own=Holdings(100 * U6, 0, resting))))
    assert [order for order in placed if order.side == Side.SELL] == []


def test_it_leans_away_from_what_it_holds_and_stops_when_it_has_too_much() -> None:
    long = Holdings(up_u6=1_000 * U6)
    leaning = orders(maker(inventory_max=2_000, skew_e3=4_000).act(view(own=long)))
    bids = [order.price_e4 for order in leaning if (order.token, order.side) == (Token.UP, Side.BUY)]
    assert max(bids) == 4_700
    full = orders(maker(inventory_max=1_000).act(view(own=long)))
    assert all((order.token, order.side) == (Token.UP, Side.SELL) for order in full)


def test_it_begins_with_its_stock_and_merges_what_becomes_too_much() -> None:
    one = maker(stock=500, inventory_max=1_000)
    assert one.act(view())[0] == SplitCollateral(500 * U6)
    rich = Holdings(up_u6=1_800 * U6, down_u6=1_700 * U6)
    assert one.act(view(own=rich))[0] == MergePairs(1_200 * U6)
    assert not any(isinstance(action, MergePairs) for action in one.act(view(own=Holdings(900 * U6, 900 * U6))))


def test_what_is_merged_is_not_offered_for_sale_as_well() -> None:
    one = maker(stock=20, inventory_max=100)
    one.act(view())
    merge, *placed = one.act(view(own=Holdings(up_u6=150 * U6, down_u6=150 * U6)))
    assert merge == MergePairs(130 * U6)
    assert {order.side for order in orders(placed)} == {Side.BUY}


def test_it_places_nothing_that_the_book_shows_would_cross() -> None:
    placed = orders(maker().act(view(book=BookView(100, ((5_200, 9),), ((5_300, 9),)))))
    assert {(order.token, order.price_e4) for order in placed} >= {(Token.UP, 4_900)}
    assert all(10_000 - order.price_e4 > 5_200 for order in placed if order.token == Token.DOWN)


def test_on_the_fine_tick_it_quotes_on_the_fine_grid() -> None:
    sure = EVEN._replace(distance_e8=270 * 10**8)
    placed = orders(maker().act(view(sure, book=BookView(10))))
    assert any(order.price_e4 % 100 for order in placed)
    assert all(order.price_e4 % 10 == 0 and 10 <= order.price_e4 <= 9_990 for order in placed)


def test_it_replaces_an_order_now_and_then_so_that_sizes_change() -> None:
    one, market = maker(refresh_odds=1_000_000, sizes=((0, 10), (1_000, 500))), SmallMarket()
    settle(one, market)
    before = market.book()
    actions = settle(one, market)
    assert [type(action) for action in actions] == [CancelOrder, PlaceOrder]
    assert rungs(market) == ([price for price, _ in before.bids], [price for price, _ in before.asks])


def test_a_level_is_larger_the_deeper_it_lies() -> None:
    placed = orders(maker(deeper_e3=2_000).act(view()))
    ups = sorted((order.price_e4, order.size_u6 // U6) for order in placed if order.token == Token.UP)
    assert [round(size / 50) for _, size in ups] == [4, 2, 1]


def test_at_the_end_it_cancels_its_orders_and_leaves() -> None:
    one = maker()
    assert one.act(view(now_ms=900_000)) == [CancelWindow()]
    assert one.wake_at_ms is None


def test_one_that_keeps_to_cents_quotes_on_cents_whatever_the_tick_is() -> None:
    sure = EVEN._replace(distance_e8=270 * 10**8)
    placed = orders(maker(keeps_to_cents=True).act(view(sure, book=BookView(10))))
    assert placed
    assert all(order.price_e4 % 100 == 0 for order in placed)
