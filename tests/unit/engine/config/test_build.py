"""From the config to parameters, and to windows of another length (decision 11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.build import bucket_params, scaled
from engine.config.load import parse_config
from engine.model.units import NS_PER_MS, NS_PER_S

DEFAULTS = parse_config(b"{}", "defaults")


@pytest.mark.parametrize(
    ("length_s", "late_ms", "min_window_ms", "late_min_ms", "cancel_buys_ms"),
    [
        (900, 120_000, 60_000, 10_000, 5_000),
        (300, 40_000, 20_000, 3_333, 1_666),
        (60, 8_000, 4_000, 1_000, 1_000),
        (20, 6_000, 3_000, 1_000, 1_000),
    ],
)
def test_times_scale_in_proportion_down_to_their_floors(
    length_s: int, late_ms: int, min_window_ms: int, late_min_ms: int, cancel_buys_ms: int
) -> None:
    config = scaled(DEFAULTS, length_s)
    guards = config["guards"]
    assert config["time_windows"]["CONTRACT_DURATION_SEC"] == length_s * 1_000
    assert config["time_windows"]["LATE_WINDOW_SEC"] == late_ms
    assert guards["MIN_WINDOW_REMAINING"] == min_window_ms
    assert (guards["LATE_MIN_REMAINING"], guards["CANCEL_BUYS_BEFORE_END"]) == (late_min_ms, cancel_buys_ms)


@pytest.mark.parametrize(("length_s", "ends_ms"), [(300, [100_000, 200_000, 300_000]), (20, [6_666, 13_333, 20_000])])
def test_the_cap_schedule_scales_without_gap_or_overlap(length_s: int, ends_ms: list[int]) -> None:
    steps = scaled(DEFAULTS, length_s)["position_control"]["CAP_SCHEDULE"]
    assert [step.end_ns for step in steps] == [end_ms * NS_PER_MS for end_ms in ends_ms]
    assert [step.start_ns for step in steps] == [0, *[step.end_ns for step in steps][:-1]]
    assert [step.cap_u6 for step in steps] == [7_000_000, 7_500_000, 8_000_000]


@given(st.integers(7, 7_200))
def test_prices_sizes_and_waits_stay_at_any_length(length_s: int) -> None:
    config = scaled(DEFAULTS, length_s)
    for section in ("entry_exit", "late_mode", "micro_tuning", "api", "execution", "paper"):
        assert dict(config[section]) == dict(DEFAULTS[section])
    assert config["time_windows"]["ENTRY_REQUOTE_WAIT_SEC"] == 2_000
    assert config["guards"]["MAX_LATE_ENTRY_PRICE"] == 9_700
    assert bucket_params(config).window_ns == length_s * NS_PER_S


def test_the_same_length_is_the_same_config() -> None:
    assert scaled(DEFAULTS, 900) is DEFAULTS


def test_a_time_that_was_set_below_its_floor_is_not_raised() -> None:
    config = DEFAULTS.replaced({"guards": {"CANCEL_BUYS_BEFORE_END": 0}})
    assert scaled(config, 20)["guards"]["CANCEL_BUYS_BEFORE_END"] == 0


def test_the_cap_in_force_is_half_open_and_nothing_outside() -> None:
    params = bucket_params(DEFAULTS)
    moments = [-1, 0, 300 * NS_PER_S - 1, 300 * NS_PER_S, 900 * NS_PER_S - 1, 900 * NS_PER_S]
    assert [params.cap_u6(moment) for moment in moments] == [0, 7_000_000, 7_000_000, 7_500_000, 8_000_000, 0]
