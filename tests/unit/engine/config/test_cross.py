"""Combinations that cannot trade, or would in a way nobody meant."""

import json
from typing import Any

import pytest

from engine.config.load import parse_config
from engine.model.errors import InputError


def caps(*rows: tuple[float, float, float]) -> dict[str, Any]:
    return {"CAP_SCHEDULE": [{"from": start, "to": end, "cap_usd": cap} for start, end, cap in rows]}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"entry_exit": {"ENTRY_BID_THRESHOLD": 0.5}},
            "entry_exit.ENTRY_BID_THRESHOLD: expected more than entry_exit.SL_FLOOR (0.5), was 0.5",
        ),
        (
            {"late_mode": {"LATE_SL_TRIGGER": 0.9}},
            "late_mode.LATE_REENTRY_ENTRY_THRESHOLD: expected more than late_mode.LATE_SL_TRIGGER (0.9), was 0.9",
        ),
        (
            {"entry_exit": {"MIN_TP_INCREMENT": 0.005}},
            "entry_exit.MIN_TP_INCREMENT: expected a multiple of 0.01 above 0, was 0.005",
        ),
        (
            {"entry_exit": {"SL_ORDER_PRICE": 0}},
            "entry_exit.SL_ORDER_PRICE: expected a multiple of 0.01 above 0, was 0",
        ),
        ({"entry_exit": {"MAX_TP_PRICE": 1}}, "entry_exit.MAX_TP_PRICE: expected a multiple of 0.01 below 1, was 1"),
        (
            {"entry_exit": {"MAX_TP_PRICE": 0.6}},
            "entry_exit.ENTRY_BID_THRESHOLD: expected at most MAX_TP_PRICE - MIN_TP_INCREMENT (0.59), was 0.6",
        ),
        (
            {"guards": {"MAX_LATE_ENTRY_PRICE": 0.89}},
            "guards.MAX_LATE_ENTRY_PRICE: expected at least late_mode.LATE_REENTRY_ENTRY_THRESHOLD (0.9), was 0.89",
        ),
        (
            {"time_windows": {"LATE_WINDOW_SEC": 900}},
            "time_windows.LATE_WINDOW_SEC: expected less than CONTRACT_DURATION_SEC (900 s), was 900 s",
        ),
        (
            {"guards": {"MIN_WINDOW_REMAINING": 1000}},
            "guards.MIN_WINDOW_REMAINING: expected less than CONTRACT_DURATION_SEC (900 s), was 1000 s",
        ),
        (
            {"guards": {"CANCEL_BUYS_BEFORE_END": 10.001}},
            "guards.CANCEL_BUYS_BEFORE_END: expected at most LATE_MIN_REMAINING (10 s), was 10.001 s",
        ),
        (
            {"position_control": caps((0, 300, 7), (301, 900, 7))},
            "position_control.CAP_SCHEDULE: expected a step from 300 s on, "
            "was 301-900 s (half-open, no gap, no overlap)",
        ),
        (
            {"position_control": caps((0, 300, 7), (299, 900, 7))},
            "position_control.CAP_SCHEDULE: expected a step from 300 s on, "
            "was 299-900 s (half-open, no gap, no overlap)",
        ),
        (
            {"position_control": caps((0, 899, 7))},
            "position_control.CAP_SCHEDULE: expected to end at CONTRACT_DURATION_SEC (900 s), was 899 s",
        ),
        (
            {"position_control": caps((0, 900, 4.89))},
            "position_control.CAP_SCHEDULE: expected each cap to buy MIN_TRADE_SIZE (5) at 0.98, 4.89 USD buys 4",
        ),
        (
            {"position_control": {"MIN_TRADE_SIZE": 0}},
            "position_control.MIN_TRADE_SIZE: expected more than 0, was 0",
        ),
        (
            {"risk": {"INITIAL_BANKROLL": 2.99}},
            "risk.INITIAL_BANKROLL: expected at least 3 USD, which buys MIN_TRADE_SIZE at ENTRY_BID_THRESHOLD: "
            "with 2.99 USD nothing is ever traded",
        ),
        (
            {"risk": {"MAX_POSITION": 7.99}},
            "risk.MAX_POSITION: expected at least the largest cap of CAP_SCHEDULE (8 USD), or 0 for none, was 7.99",
        ),
        (
            {"risk": {"CLOSE_WINDOW_SEC": 11}},
            "risk.CLOSE_WINDOW_SEC: expected at most guards.LATE_MIN_REMAINING (10 s), which allows entries until "
            "then, was 11 s",
        ),
        (
            {"risk": {"WATCH_SEC": 4}},
            "risk.WATCH_SEC: expected at least CLOSE_WINDOW_SEC (5 s), was 4 s",
        ),
        (
            {"risk": {"REFUSALS_QUIET_SEC": 0}},
            "risk.REFUSALS_QUIET_SEC: expected more than 0 with REFUSALS_IN_A_ROW, was 0",
        ),
        ({"feed": {"capacity": 1000}}, "feed.capacity: expected a power of two, was 1000"),
    ],
)
def test_an_impossible_combination_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_config(json.dumps(changes).encode(), "config.json")
    assert f"  {problem}" in str(caught.value).splitlines()


def test_several_impossible_combinations_are_reported_together() -> None:
    changes = {"entry_exit": {"SL_FLOOR": 0.6}, "feed": {"capacity": 1000}, "late_mode": {"LATE_SL_TRIGGER": 0.95}}
    with pytest.raises(InputError, match=r"^config.json: 3 problem\(s\)"):
        parse_config(json.dumps(changes).encode(), "config.json")


def test_a_length_of_no_whole_seconds_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected whole seconds above 0, was 0\.5 s"):
        parse_config(b'{"time_windows": {"CONTRACT_DURATION_SEC": 0.5}}', "config.json")


def test_the_highest_price_of_a_late_re_entry_counts_only_where_it_may_happen() -> None:
    cap = caps((0, 900, 4.9))
    guards = {"MAX_LATE_ENTRY_PRICE": 0.99}
    with pytest.raises(InputError, match=r"at 0.99, 4.9 USD buys 4"):
        parse_config(json.dumps({"position_control": cap, "guards": guards}).encode(), "config.json")
    late = {"ENABLE_LATE_REENTRY": False}
    parse_config(json.dumps({"position_control": cap, "guards": guards, "late_mode": late}).encode(), "config.json")
