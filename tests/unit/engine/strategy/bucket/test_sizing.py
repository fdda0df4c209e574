"""Sizes and prices that the strategy derives."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import SHARE_U6, SIZE_GRID_U6, notional_u6
from engine.strategy.bucket.round import FLAT_BELOW_U6
from engine.strategy.bucket.sizing import (
    entry_size_u6,
    round_up_to_tick,
    sale_size_u6,
    stop_trigger_e4,
    take_profit_base_e4,
)
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import PARAMS, at, price, shares

GRID_U6 = SIZE_GRID_U6
prices = st.integers(1, 9_999)


@given(prices, st.integers(0, 10_000_000), st.integers(0, 899))
def test_an_entry_is_whole_shares_never_above_the_cap_and_never_needlessly_small(
    price_e4: int, held_cost_u6: int, second: int
) -> None:
    state = Scenario().state
    state.bought_cost_u6 = held_cost_u6
    size_u6 = entry_size_u6(PARAMS, state, price_e4, at(second))
    left_u6 = PARAMS.cap_u6(second * 10**9) - held_cost_u6
    assert size_u6 % SHARE_U6 == 0
    assert notional_u6(price_e4, size_u6) <= max(left_u6, 0)
    assert notional_u6(price_e4, size_u6 + SHARE_U6) > left_u6


@given(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(1, 700), st.integers(0, 9_999))
def test_a_sale_is_the_largest_that_leaves_no_dust_or_the_largest_at_all(
    held: int, sellable: int, minimum: int, residue_u6: int
) -> None:
    held_u6, sellable_u6, minimum_u6 = held * GRID_U6 + residue_u6, sellable * GRID_U6, minimum * GRID_U6
    size_u6 = sale_size_u6(held_u6, sellable_u6, minimum_u6)
    possible = [n * GRID_U6 for n in range(minimum, min(held, sellable) + 1)]
    clean = [one_u6 for one_u6 in possible if held_u6 - one_u6 < FLAT_BELOW_U6 or held_u6 - one_u6 >= minimum_u6]
    assert size_u6 == max(clean, default=max(possible, default=0))


def test_shares_that_settle_late_are_left_as_an_order_of_their_own() -> None:
    assert sale_size_u6(shares(11), shares(8), shares(5)) == shares(6)
    assert sale_size_u6(shares(11), shares(6), shares(5)) == shares(6)
    assert sale_size_u6(shares(9), shares(8), shares(5)) == shares(8)  # it cannot be avoided
    assert sale_size_u6(shares(11), shares(11), shares(5)) == shares(11)
    assert sale_size_u6(shares(11), shares(4), shares(5)) == 0


def test_a_take_profit_leaves_what_is_not_sellable_yet_enough_company() -> None:
    play = Scenario().bought(10, 0.60, 11).sellable(12, 8)
    assert play.place.size_u6 == shares(6)
    play.accept(12.1).sellable(13, 11).book(15, 0.60)
    assert play.cancelled == ["take_profit"]
    assert play.gone(15.1).place.size_u6 == shares(11)


def test_a_stop_sells_whatever_can_be_sold() -> None:
    play = Scenario().bought(10, 0.60, 11).sellable(12, 8).book(13, 0.50).gone(13.1)
    assert play.place.size_u6 == shares(8)


@given(st.lists(st.integers(600, 899), min_size=2), st.integers(0, 1_000_000))
def test_near_the_close_the_cap_is_the_configured_part_and_never_grows_again(seconds: list[int], rate_e6: int) -> None:
    params = msgspec.structs.replace(PARAMS, near_close_rate_e6=rate_e6)
    caps_u6 = [params.cap_u6(second * 10**9) for second in sorted(seconds)]
    assert caps_u6 == sorted(caps_u6, reverse=True)
    assert params.cap_u6(780 * 10**9) == shares(8) * rate_e6 // 1_000_000
    assert params.cap_u6(780 * 10**9 - 1) == shares(8)


def test_outside_the_schedule_nothing_is_entered() -> None:
    assert entry_size_u6(PARAMS, Scenario().state, 6_000, at(900)) == 0
    assert entry_size_u6(PARAMS, Scenario().state, 6_000, at(-1)) == 0


@given(st.integers(0, 10_000), st.sampled_from([10, 100]))
def test_a_price_is_rounded_up_to_the_next_tick(price_e4: int, tick_e4: int) -> None:
    rounded_e4 = round_up_to_tick(price_e4, tick_e4)
    assert rounded_e4 % tick_e4 == 0
    assert 0 <= rounded_e4 - price_e4 < tick_e4


@given(st.integers(1, 20_000_000), prices, st.sampled_from([10, 100]))
def test_the_take_profit_base_is_never_below_what_was_paid_and_the_increment(
    size_u6: int, price_e4: int, tick_e4: int
) -> None:
    state = Scenario().state
    state.bought_u6, state.bought_cost_u6 = size_u6, notional_u6(price_e4, size_u6)
    base_e4 = take_profit_base_e4(PARAMS, state, tick_e4)
    assert base_e4 * size_u6 >= state.bought_cost_u6 * 10_000 + PARAMS.min_tp_increment_e4 * size_u6
    assert base_e4 % tick_e4 == 0


def test_the_stop_trigger_is_the_offset_or_the_floor_and_late_its_own() -> None:
    state = Scenario().bought(10, 0.75).state
    assert stop_trigger_e4(PARAMS, state, late=False) == price(0.55)
    assert stop_trigger_e4(PARAMS, state, late=True) == price(0.70)
    state.bought_u6, state.bought_cost_u6 = shares(10), shares(6)
    assert stop_trigger_e4(PARAMS, state, late=False) == price(0.50)
