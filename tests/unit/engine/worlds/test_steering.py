"""Steered orders show the recorded book, with as few changes as that takes."""

from hypothesis import given
from hypothesis import strategies as st

from engine.model.events import Side
from engine.model.units import U6
from engine.worlds.participants.actions import Token
from engine.worlds.participants.view import OpenOrder
from engine.worlds.recorded_rounds import BookMoment
from engine.worlds.steering import Changes, Levels, levels_of, steer

LEAST_U6 = 5 * U6


def book(*levels: tuple[int, int], asks: tuple[tuple[int, int], ...] = ()) -> BookMoment:
    return BookMoment(0, levels, asks)


def test_bids_are_purchases_of_up_and_asks_purchases_of_down() -> None:
    levels = levels_of(book((4_800, 20 * U6), asks=((4_900, 30 * U6),)), 100, 1, LEAST_U6)
    assert levels == {(Token.UP, 4_800): 20 * U6, (Token.DOWN, 5_100): 30 * U6}


def test_a_price_that_the_tick_cannot_hold_moves_away_from_the_other_side() -> None:
    fine = book((9_885, 20 * U6), (9_880, 10 * U6), asks=((9_890, 30 * U6),))
    assert levels_of(fine, 100, 1, LEAST_U6) == {(Token.UP, 9_800): 30 * U6, (Token.DOWN, 100): 30 * U6}
    assert levels_of(book((9_985, 20 * U6), asks=((9_995, U6),)), 10, 1, LEAST_U6) == {(Token.UP, 9_980): 20 * U6}


def test_a_small_size_becomes_the_least_one_and_a_fine_size_is_cut_to_two_decimals() -> None:
    levels = levels_of(book((4_800, 2 * U6), (4_700, 7_129_999)), 100, 1, LEAST_U6)
    assert levels == {(Token.UP, 4_800): LEAST_U6, (Token.UP, 4_700): 7_120_000}


def test_the_deeper_levels_are_made_up_alike_wherever_the_best_one_is() -> None:
    here = levels_of(book((4_800, 20 * U6)), 100, 5, LEAST_U6)
    there = levels_of(book((4_900, 20 * U6)), 100, 5, LEAST_U6)
    assert len(here) == len(there) == 5
    shared = set(here) & set(there) - {(Token.UP, 4_800)}
    assert len(shared) == 3
    assert {place: here[place] for place in shared} == {place: there[place] for place in shared}
    assert all(360 * U6 <= here[place] < 500 * U6 for place in shared)


def test_an_empty_side_stays_empty_and_nothing_is_made_up_below_the_lowest_price() -> None:
    assert levels_of(book(), 100, 5, LEAST_U6) == {}
    assert len(levels_of(book((200, U6)), 100, 5, LEAST_U6)) == 2


@st.composite
def uncrossed(draw: st.DrawFn) -> Levels:
    """Draw levels around a middle that neither side reaches beyond."""
    middle = draw(st.integers(45, 55))
    levels: Levels = {}
    for token, best in ((Token.UP, middle - 1), (Token.DOWN, 100 - middle)):
        for depth in draw(st.sets(st.integers(0, 4))):
            levels[token, (best - depth) * 100] = draw(st.integers(5, 60)) * U6
    return levels


def apply(orders: dict[int, OpenOrder], wanted: Levels, first_key: int) -> dict[int, OpenOrder]:
    changes = steer(orders, wanted, LEAST_U6)
    left = {key: order for key, order in orders.items() if key not in changes.first}
    for token, price_e4, _ in changes.added:
        assert all(price_e4 + order.price_e4 < 10_000 for order in left.values() if order.token != token)
    left = {key: order for key, order in left.items() if key not in changes.then}
    assert len(left) == len(orders) - len(changes.first) - len(changes.then)
    for number, (token, price_e4, size_u6) in enumerate(changes.added):
        assert size_u6 >= LEAST_U6
        left[first_key + number] = OpenOrder(token, Side.BUY, price_e4, size_u6)
    return left


def shown(orders: dict[int, OpenOrder]) -> Levels:
    levels: Levels = {}
    for order in orders.values():
        place = (order.token, order.price_e4)
        levels[place] = levels.get(place, 0) + order.open_u6
    return levels


@given(st.lists(uncrossed(), min_size=1, max_size=5))
def test_after_any_sequence_of_books_each_level_is_as_near_as_orders_can_be(books: list[Levels]) -> None:
    orders: dict[int, OpenOrder] = {}
    for number, wanted in enumerate(books):
        orders = apply(orders, wanted, 1_000 * number)
        assert set(shown(orders)) == set(wanted)
        assert all(abs(shown(orders)[place] - size_u6) < LEAST_U6 for place, size_u6 in wanted.items())
        assert steer(orders, wanted, LEAST_U6) == Changes([], [], [])


def test_the_newest_order_of_a_level_goes_first() -> None:
    orders = {key: OpenOrder(Token.UP, Side.BUY, 5_000, 20 * U6) for key in (1, 2, 3)}
    assert steer(orders, {(Token.UP, 5_000): 34 * U6}, LEAST_U6) == Changes([], [(Token.UP, 5_000, 14 * U6)], [3, 2])
    assert steer(orders, {(Token.UP, 5_000): 40 * U6}, LEAST_U6) == Changes([], [], [3])
    assert steer(orders, {(Token.UP, 5_000): 56 * U6}, LEAST_U6) == Changes([], [], [])


def test_only_what_a_purchase_would_trade_with_is_cancelled_before_it() -> None:
    orders = {
        1: OpenOrder(Token.UP, Side.BUY, 5_000, 10 * U6),
        2: OpenOrder(Token.DOWN, Side.BUY, 4_900, 10 * U6),
        3: OpenOrder(Token.DOWN, Side.BUY, 4_700, 10 * U6),
    }
    up = {(Token.UP, 5_200): 10 * U6, (Token.DOWN, 4_700): 10 * U6}
    assert steer(orders, up, LEAST_U6) == Changes([2], [(Token.UP, 5_200, 10 * U6)], [1])
