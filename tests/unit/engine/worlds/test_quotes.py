"""The book of a world: grid, spread, mirror image, what takers leave."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.worlds.dice import Dice
from engine.worlds.params import WorldParams
from engine.worlds.quotes import NO_LEVEL, Level, Quotes, draw_quotes, next_tick_e4

PARAMS = WorldParams(seed=1)


@given(st.integers(0, 2**32), st.integers(5, 9_995), st.sampled_from([10, 100]), st.booleans())
def test_every_book_is_on_the_grid_uncrossed_and_in_order(seed: int, fair_e4: int, tick_e4: int, ending: bool) -> None:
    quotes = draw_quotes(Dice(seed, "t"), PARAMS, fair_e4, tick_e4, ending)
    levels = [level for level in (quotes.bid2, quotes.bid1, quotes.ask1, quotes.ask2) if level != NO_LEVEL]
    prices = [level.price_e4 for level in levels]
    assert prices == sorted(set(prices))
    assert all(0 < price < 10_000 and price % tick_e4 == 0 for price in prices)
    assert all(level.size_u6 > 0 for level in levels)
    if quotes.bid1 == NO_LEVEL:
        assert quotes.bid2 == NO_LEVEL


@given(st.integers(0, 2**32), st.integers(5, 9_995))
def test_the_mirror_image_of_the_mirror_image_is_the_book(seed: int, fair_e4: int) -> None:
    quotes = draw_quotes(Dice(seed, "t"), PARAMS, fair_e4, 100, True)
    assert quotes.mirrored().mirrored() == quotes
    if quotes.ask1 != NO_LEVEL:
        assert quotes.mirrored().bid1 == Level(10_000 - quotes.ask1.price_e4, quotes.ask1.size_u6)


def test_spreads_have_the_odds_of_the_parameters() -> None:
    dice = Dice(3, "t")
    spreads: Counter[int] = Counter()
    for _ in range(5_000):
        quotes = draw_quotes(dice, PARAMS, 5_000, 100, False)
        spreads[(quotes.ask1.price_e4 - quotes.bid1.price_e4) // 100] += 1
    assert abs(spreads[1] / 5_000 - 0.80) < 0.03
    assert abs(spreads[2] / 5_000 - 0.14) < 0.03


def test_sizes_have_the_quantiles_of_the_recordings() -> None:
    dice = Dice(3, "t")
    sizes = sorted(draw_quotes(dice, PARAMS, 5_000, 100, False).bid1.size_u6 // 10**6 for _ in range(5_000))
    assert abs(sizes[500] - 20) < 6
    assert abs(sizes[2_500] - 250) < 40
    assert abs(sizes[4_500] - 1_000) < 150


@pytest.mark.parametrize(
    ("tick_e4", "fair_e4", "expected"),
    [(100, 9_601, 10), (100, 399, 10), (10, 9_500, 10), (10, 9_399, 100), (100, 9_500, 100)],
)
def test_the_tick_flips_beyond_the_edge_and_back_with_hysteresis(tick_e4: int, fair_e4: int, expected: int) -> None:
    assert next_tick_e4(tick_e4, fair_e4) == expected


def test_a_taker_leaves_the_rest_of_the_level_or_the_next_one() -> None:
    quotes = Quotes(Level(5_000, 10), Level(4_900, 20), Level(5_100, 30), Level(5_200, 40))
    assert quotes.after_sell(4).bid1 == Level(5_000, 6)
    assert (quotes.after_sell(10).bid1, quotes.after_sell(10).bid2) == (Level(4_900, 20), NO_LEVEL)
    assert (quotes.after_buy(30).ask1, quotes.after_buy(1).ask1) == (Level(5_200, 40), Level(5_100, 29))
