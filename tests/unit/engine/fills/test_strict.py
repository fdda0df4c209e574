from hypothesis import given
from hypothesis import strategies as st

from engine.fills.strict import Levels, crossing, newly_displayed_u6, opposite_levels, prints_through, take
from engine.model.events import Side
from engine.model.market import open_view, show
from tests.unit.engine.rounds import UP, book, opened

LEVELS = st.lists(
    st.tuples(st.integers(1, 9_999), st.integers(1, 10**12)), max_size=2, unique_by=lambda level: level[0]
).map(tuple)
SIDES = st.sampled_from(Side)


def test_a_buy_trades_with_the_asks_and_a_sell_with_the_bids() -> None:
    view = show(open_view(opened(UP)), book(UP, 0, 6_000, 6_200))
    assert opposite_levels(view, Side.BUY) == ((6_200, 100_000_000),)
    assert opposite_levels(view, Side.SELL) == ((6_000, 100_000_000),)


def test_an_empty_side_has_no_levels() -> None:
    view = show(open_view(opened(UP)), book(UP, 0, 0, 6_200))
    assert opposite_levels(view, Side.SELL) == ()


def test_a_level_at_the_limit_crosses_and_one_beyond_does_not() -> None:
    levels = ((6_100, 1), (6_200, 1))
    assert crossing(Side.BUY, 6_100, levels) == ((6_100, 1),)
    assert crossing(Side.SELL, 6_200, levels) == ((6_200, 1),)


def test_the_same_size_shown_again_is_not_new_and_a_larger_one_is_new_by_the_difference() -> None:
    shown: Levels = ((6_000, 50),)
    assert newly_displayed_u6(shown, shown) == 0
    assert newly_displayed_u6(shown, ((6_000, 80),)) == 30
    assert newly_displayed_u6(shown, ((5_900, 40),)) == 40
    assert newly_displayed_u6(shown, ()) == 0


def test_a_trade_at_the_limit_does_not_print_through_a_resting_order() -> None:
    assert prints_through(Side.BUY, 6_000, 5_999)
    assert not prints_through(Side.BUY, 6_000, 6_000)
    assert prints_through(Side.SELL, 6_000, 6_001)
    assert not prints_through(Side.SELL, 6_000, 6_000)


@given(SIDES, st.integers(1, 9_999), st.integers(0, 10**13), LEVELS)
def test_an_immediate_order_never_takes_more_than_is_shown_nor_worse_than_its_limit(
    side: Side, limit_e4: int, size_u6: int, levels: Levels
) -> None:
    fills = take(side, limit_e4, size_u6, levels)
    assert sum(size for _, size in fills) <= size_u6
    for price_e4, filled_u6 in fills:
        assert price_e4 <= limit_e4 if side == Side.BUY else price_e4 >= limit_e4
        assert filled_u6 <= dict(levels)[price_e4]


@given(SIDES, st.integers(1, 9_999), LEVELS)
def test_an_immediate_order_of_any_size_takes_all_that_crosses(side: Side, limit_e4: int, levels: Levels) -> None:
    assert sum(size for _, size in take(side, limit_e4, 10**15, levels)) == sum(
        size for _, size in crossing(side, limit_e4, levels)
    )
