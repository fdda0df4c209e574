"""Checks over several keys: combinations that cannot trade, or would trade in a way nobody meant
(bucket.md, configuration).
"""

from collections.abc import Mapping
from typing import Any

from engine.model.params import CapStep
from engine.model.units import NS_PER_MS, NS_PER_S, PRICE_ONE_E4, SHARE_U6, format_price, format_scaled, notional_u6

Sections = Mapping[str, Mapping[str, Any]]


def cross_checks(sections: Sections) -> list[str]:
    """Return every impossible combination as a text that names the keys and their values."""
    return [
        *_prices(sections),
        *_times(sections),
        *_schedule(sections),
        *_sizes(sections),
        *_risk(sections),
        *_feed(sections),
    ]


def _below(section: str, low: str, high_section: str, high: str, sections: Sections) -> list[str]:
    low_e4, high_e4 = sections[section][low], sections[high_section][high]
    if low_e4 < high_e4:
        return []
    return [
        f"{high_section}.{high}: expected more than {section}.{low} ({format_price(low_e4)}), "
        f"was {format_price(high_e4)}"
    ]


def _prices(sections: Sections) -> list[str]:
    entry, late, guards = sections["entry_exit"], sections["late_mode"], sections["guards"]
    problems = [
        *_below("entry_exit", "SL_FLOOR", "entry_exit", "ENTRY_BID_THRESHOLD", sections),
        *_below("late_mode", "LATE_SL_TRIGGER", "late_mode", "LATE_REENTRY_ENTRY_THRESHOLD", sections),
    ]
    for key in ("MIN_TP_INCREMENT", "SL_ORDER_PRICE"):
        if entry[key] == 0 or entry[key] % 100:
            problems.append(f"entry_exit.{key}: expected a multiple of 0.01 above 0, was {format_price(entry[key])}")
    if entry["MAX_TP_PRICE"] % 100 or not 0 < entry["MAX_TP_PRICE"] < PRICE_ONE_E4:
        problems.append(
            f"entry_exit.MAX_TP_PRICE: expected a multiple of 0.01 below 1, was {format_price(entry['MAX_TP_PRICE'])}"
        )
    if entry["ENTRY_BID_THRESHOLD"] + entry["MIN_TP_INCREMENT"] > entry["MAX_TP_PRICE"]:
        problems.append(
            "entry_exit.ENTRY_BID_THRESHOLD: expected at most MAX_TP_PRICE - MIN_TP_INCREMENT "
            f"({format_price(max(entry['MAX_TP_PRICE'] - entry['MIN_TP_INCREMENT'], 0))}), "
            f"was {format_price(entry['ENTRY_BID_THRESHOLD'])}"
        )
    if late["ENABLE_LATE_REENTRY"] and guards["MAX_LATE_ENTRY_PRICE"] < late["LATE_REENTRY_ENTRY_THRESHOLD"]:
        problems.append(
            "guards.MAX_LATE_ENTRY_PRICE: expected at least late_mode.LATE_REENTRY_ENTRY_THRESHOLD "
            f"({format_price(late['LATE_REENTRY_ENTRY_THRESHOLD'])}), "
            f"was {format_price(guards['MAX_LATE_ENTRY_PRICE'])}"
        )
    return problems


def _times(sections: Sections) -> list[str]:
    windows, guards = sections["time_windows"], sections["guards"]
    length_ms = windows["CONTRACT_DURATION_SEC"]
    problems = []
    if length_ms == 0 or length_ms % 1000:
        problems.append(
            f"time_windows.CONTRACT_DURATION_SEC: expected whole seconds above 0, was {_seconds(length_ms)}"
        )
    for section, key in (
        ("time_windows", "LATE_WINDOW_SEC"),
        ("time_windows", "ENTRY_REQUOTE_WAIT_SEC"),
        ("guards", "MIN_WINDOW_REMAINING"),
        ("guards", "LATE_MIN_REMAINING"),
    ):
        if sections[section][key] >= length_ms:
            problems.append(
                f"{section}.{key}: expected less than CONTRACT_DURATION_SEC ({_seconds(length_ms)}), "
                f"was {_seconds(sections[section][key])}"
            )
    if guards["CANCEL_BUYS_BEFORE_END"] > guards["LATE_MIN_REMAINING"]:
        problems.append(
            f"guards.CANCEL_BUYS_BEFORE_END: expected at most LATE_MIN_REMAINING "
            f"({_seconds(guards['LATE_MIN_REMAINING'])}), was {_seconds(guards['CANCEL_BUYS_BEFORE_END'])}"
        )
    return problems


def _schedule(sections: Sections) -> list[str]:
    steps: tuple[CapStep, ...] = sections["position_control"]["CAP_SCHEDULE"]
    end_ns = sections["time_windows"]["CONTRACT_DURATION_SEC"] * NS_PER_MS
    problems = []
    at_ns = 0
    for step in steps:
        if step.start_ns != at_ns or step.end_ns <= step.start_ns:
            problems.append(
                f"position_control.CAP_SCHEDULE: expected a step from {at_ns / NS_PER_S:g} s on, "
                f"was {step.start_ns / NS_PER_S:g}-{step.end_ns / NS_PER_S:g} s (half-open, no gap, no overlap)"
            )
        at_ns = step.end_ns
    if at_ns != end_ns:
        problems.append(
            f"position_control.CAP_SCHEDULE: expected to end at CONTRACT_DURATION_SEC ({end_ns / NS_PER_S:g} s), "
            f"was {at_ns / NS_PER_S:g} s"
        )
    return problems


def _sizes(sections: Sections) -> list[str]:
    """Every price we may enter at must buy at least the minimum with every cap: the highest price decides."""
    steps: tuple[CapStep, ...] = sections["position_control"]["CAP_SCHEDULE"]
    minimum_u6 = sections["position_control"]["MIN_TRADE_SIZE"]
    entry = sections["entry_exit"]
    highest_e4 = entry["MAX_TP_PRICE"] - entry["MIN_TP_INCREMENT"]
    if sections["late_mode"]["ENABLE_LATE_REENTRY"]:
        highest_e4 = max(highest_e4, sections["guards"]["MAX_LATE_ENTRY_PRICE"])
    if minimum_u6 == 0:
        return ["position_control.MIN_TRADE_SIZE: expected more than 0, was 0"]
    problems = []
    for step in steps:
        size_u6 = step.cap_u6 * PRICE_ONE_E4 // highest_e4 // SHARE_U6 * SHARE_U6 if highest_e4 > 0 else 0
        if size_u6 < minimum_u6:
            problems.append(
                "position_control.CAP_SCHEDULE: expected each cap to buy MIN_TRADE_SIZE "
                f"({format_scaled(minimum_u6, 6)}) at {format_price(highest_e4)}, "
                f"{format_scaled(step.cap_u6, 6)} USD buys {format_scaled(size_u6, 6)}"
            )
    return problems


def _risk(sections: Sections) -> list[str]:
    """A profile that could never trade, or whose guards could never let a whole position stand."""
    risk, position = sections["risk"], sections["position_control"]
    least_u6 = notional_u6(sections["entry_exit"]["ENTRY_BID_THRESHOLD"], position["MIN_TRADE_SIZE"])
    problems = []
    if risk["INITIAL_BANKROLL"] < least_u6:
        problems.append(
            f"risk.INITIAL_BANKROLL: expected at least {format_scaled(least_u6, 6)} USD, which buys MIN_TRADE_SIZE at "
            f"ENTRY_BID_THRESHOLD: with {format_scaled(risk['INITIAL_BANKROLL'], 6)} USD nothing is ever traded"
        )
    largest_u6 = max((step.cap_u6 for step in position["CAP_SCHEDULE"]), default=0)
    if 0 < risk["MAX_POSITION"] < largest_u6:
        problems.append(
            f"risk.MAX_POSITION: expected at least the largest cap of CAP_SCHEDULE ({format_scaled(largest_u6, 6)} "
            f"USD), or 0 for none, was {format_scaled(risk['MAX_POSITION'], 6)}"
        )
    close_ms, watch_ms = risk["CLOSE_WINDOW_SEC"], risk["WATCH_SEC"]
    late_ms = sections["guards"]["LATE_MIN_REMAINING"]
    if close_ms > late_ms:
        problems.append(
            f"risk.CLOSE_WINDOW_SEC: expected at most guards.LATE_MIN_REMAINING ({_seconds(late_ms)}), which allows "
            f"entries until then, was {_seconds(close_ms)}"
        )
    if close_ms > watch_ms:
        problems.append(
            f"risk.WATCH_SEC: expected at least CLOSE_WINDOW_SEC ({_seconds(close_ms)}), was {_seconds(watch_ms)}"
        )
    if risk["REFUSALS_IN_A_ROW"] and not risk["REFUSALS_QUIET_SEC"]:
        problems.append("risk.REFUSALS_QUIET_SEC: expected more than 0 with REFUSALS_IN_A_ROW, was 0")
    return problems


def _feed(sections: Sections) -> list[str]:
    capacity = sections["feed"]["capacity"]
    return [] if capacity & (capacity - 1) == 0 else [f"feed.capacity: expected a power of two, was {capacity}"]


def _seconds(value_ms: int) -> str:
    return f"{format_scaled(value_ms, 3)} s"
