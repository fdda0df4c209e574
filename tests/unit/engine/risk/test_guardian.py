"""The guardian stops at its limits, counts from the resume on, and tells of losing trades once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.risk.guardian import (
    DAY_NS,
    Guardian,
    GuardianParams,
    TradingState,
    begin,
    forget,
    judge,
    rebased,
    trading_state,
)

USD = 1_000_000
OFF = GuardianParams(0, 0, 0, 0, 0)
START = begin(100 * USD, 10 * DAY_NS)


def limit_of(params: GuardianParams, *steps: tuple[int, float], watch: Guardian = START) -> str:
    """Return the limit that the last of some (day, equity in USD) reached."""
    found = None
    for day, equity in steps:
        watch, found = judge(params, watch, round(equity * USD), {}, day * DAY_NS + 1)
    assert found is not None
    return found.limit


def test_the_daily_loss_is_counted_from_the_days_beginning_and_reached_at_the_limit() -> None:
    params = GuardianParams(20 * USD, 0, 0, 0, 0)
    assert limit_of(params, (10, 80.01)) == ""
    assert limit_of(params, (10, 80)) == "daily_loss"
    assert limit_of(params, (10, 85), (11, 70)) == ""  # 15 lost on each day
    assert limit_of(params, (10, 85), (11, 65)) == "daily_loss"


def test_a_gain_of_the_day_is_not_lost_before_the_day_is_below_its_beginning() -> None:
    assert limit_of(GuardianParams(20 * USD, 0, 0, 0, 0), (10, 115), (10, 81)) == ""


def test_the_drawdown_is_counted_from_the_peak_over_days() -> None:
    params = GuardianParams(0, 30 * USD, 0, 0, 0)
    assert limit_of(params, (10, 110), (11, 90), (12, 80.01)) == ""
    assert limit_of(params, (10, 110), (11, 90), (12, 80)) == "drawdown"


def test_one_trade_that_loses_too_much_stops_trading_and_is_told_of_once() -> None:
    params = GuardianParams(0, 0, 10 * USD, 5 * USD, 0)
    watch, found = judge(params, START, 95 * USD, {"a": -5 * USD - 1, "b": -5 * USD, "c": 3 * USD}, 10 * DAY_NS)
    assert (found.limit, found.told) == ("", ("a",))
    watch, found = judge(params, watch, 95 * USD, {"a": -10 * USD}, 10 * DAY_NS)
    assert (found.limit, found.told) == ("trade_loss", ())
    assert found.text == "trade loss of 10.00 USD, the limit is 10.00 USD"


def test_a_limit_of_nothing_is_off() -> None:
    _, found = judge(OFF, START, -1_000 * USD, {"a": -1_000 * USD}, 10 * DAY_NS)
    assert (found.limit, found.told) == ("", ())


def test_after_a_resume_the_same_loss_does_not_stop_trading_again_and_a_further_one_does() -> None:
    params = GuardianParams(20 * USD, 30 * USD, 10 * USD, 0, 0)
    watch, found = judge(params, START, 70 * USD, {"a": -30 * USD}, 10 * DAY_NS)
    assert found.limit == "daily_loss"
    watch = rebased(watch, 70 * USD, {"a": -30 * USD}, 10 * DAY_NS)
    watch, found = judge(params, watch, 70 * USD, {"a": -30 * USD}, 10 * DAY_NS)
    assert found.limit == ""
    _, found = judge(params, watch, 60 * USD, {"a": -40 * USD}, 10 * DAY_NS)
    assert found.limit == "trade_loss"
    _, found = judge(params, watch, 50 * USD, {}, 10 * DAY_NS)
    assert found.limit == "daily_loss"


def test_a_window_that_is_over_is_forgotten() -> None:
    watch = rebased(START, 90 * USD, {"a": -10 * USD, "b": 1}, 10 * DAY_NS)
    assert watch.trade_from_u6 == {"a": -10 * USD}
    assert forget(watch, "a").trade_from_u6 == {}
    assert forget(watch, "b") is watch


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-200, 200)), min_size=1, max_size=50))
def test_a_stop_comes_exactly_when_a_limit_is_reached_whatever_happened_before(steps: list[tuple[int, int]]) -> None:
    params = GuardianParams(20 * USD, 30 * USD, 0, 0, 0)
    watch, day = START, 10
    peak = day_start = last = 100
    for days, equity in steps:
        day_start = last if days else day_start
        day, peak, last = day + days, max(peak, equity), equity
        watch, found = judge(params, watch, equity * USD, {}, day * DAY_NS)
        assert bool(found.limit) == (day_start - equity >= 20 or peak - equity >= 30)


@pytest.mark.parametrize(
    ("killed", "tripped", "position_u6", "state"),
    [
        (False, False, 39 * USD, TradingState.ACTIVE),
        (False, False, 40 * USD, TradingState.REDUCING),
        (False, True, 0, TradingState.REDUCING),
        (True, False, 0, TradingState.HALTED),
    ],
)
def test_the_trading_state_is_the_strictest_of_its_reasons(
    killed: bool, tripped: bool, position_u6: int, state: TradingState
) -> None:
    assert trading_state(GuardianParams(), killed=killed, tripped=tripped, position_u6=position_u6) == state
