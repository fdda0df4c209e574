"""Sizes and prices that the strategy derives."""

from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import SHARE_U6, notional_u6
from engine.strategy.bucket.sizing import entry_size_u6, round_up_to_tick, stop_trigger_e4, take_profit_base_e4
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import PARAMS, at, price, shares

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
