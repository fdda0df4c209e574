"""The safety manifest has a row for every guard that there is, and tells the truth about each."""

import msgspec
import pytest

from engine.config.load import parse_config
from engine.firewall.rules import RULES
from engine.journal.writer import NullRecorder
from engine.kernel.kernel import Kernel
from engine.model.codes import BreakerName, Code
from engine.model.events import Breaker, Foreign, Operator, Side, VenueBudget, Wallet
from engine.risk.guardian import TradingState
from engine.runtime.compose import build_kernel, fresh_state
from engine.runtime.safety import GuardRow, manifest, reconciliations, state_of_trading
from tests.unit.engine.kernel.test_guards import holding, lose, quoting
from tests.unit.engine.kernel.test_kernel import kernel_with
from tests.unit.engine.rounds import UP, at, book

CONFIG = parse_config(b"{}", "test")


def fresh(config: bytes = b"{}") -> Kernel:
    parsed = parse_config(config, "test")
    return build_kernel(parsed, fresh_state(parsed), NullRecorder())


def row(kernel: Kernel, name: str, mode: str = "live") -> GuardRow:
    (found,) = [one for one in manifest(kernel, mode) if one.name == name]
    return found


def test_every_breaker_and_every_refusal_of_our_own_has_a_row_and_no_name_stands_twice() -> None:
    names = [one.name for one in manifest(fresh(), "live")]
    assert len(names) == len(set(names))
    assert set(names) >= {name.value for name in BreakerName}
    assert set(names) >= {code.value for code in Code if code.value.startswith(("fw_", "risk_"))}
    assert len([name for name in names if name.startswith("fw_")]) >= len(RULES)


def test_whatever_fires_has_a_row() -> None:
    kernel, target = holding(DAILY_LOSS_LIMIT=1, TRADE_LOSS_ALERT=0.5)
    for event in (
        Breaker(at(5), BreakerName.CLOCK_SKEW, True, "3 s"),
        Foreign(at(5), "order", "0xa"),
        Wallet(at(5), 80_000_000, 0),
    ):
        kernel.receive(event)
    lose(kernel, target, 1.05)
    names = {one.name for one in manifest(kernel, "live")}
    assert {"clock_skew", "foreign", "daily_loss", "trade_loss_alert", "kill_switch"} <= set(kernel.state.fired)
    assert set(kernel.state.fired) <= names


@pytest.mark.parametrize(
    ("name", "settings", "threshold"),
    [
        ("daily_loss", b'{"risk": {"DAILY_LOSS_LIMIT": 12.5}}', "12.50 USD"),
        ("risk_position", b'{"risk": {"MAX_POSITION": 9}}', "9.00 USD"),
        ("crossed_book", b'{"risk": {"CROSSED_BOOK_SEC": 0.5}}', "longer than 0.5 s"),
        ("refusals", b'{"risk": {"REFUSALS_IN_A_ROW": 3}}', "3 in a row; closes after 30 s without one"),
        ("fw_mutation_budget", b'{"execution": {"MUTATIONS_PER_MINUTE": 7}}', "7 in 60 s"),
        ("fw_max_open_orders", b'{"execution": {"MAX_OPEN_ORDERS": 2}}', "2 orders"),
        ("fw_venue_budget", b'{"execution": {"VENUE_BUDGET_RESERVE": 3}}', "the last 3 orders"),
    ],
)
def test_thresholds_are_those_in_force(name: str, settings: bytes, threshold: str) -> None:
    assert row(fresh(settings), name).threshold == threshold


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("daily_loss", b'{"risk": {"DAILY_LOSS_LIMIT": 0}}'),
        ("drawdown", b'{"risk": {"DRAWDOWN_LIMIT": 0}}'),
        ("trade_loss", b'{"risk": {"TRADE_LOSS_LIMIT": 0}}'),
        ("refusals", b'{"risk": {"REFUSALS_IN_A_ROW": 0}}'),
        ("crossed_book", b'{"risk": {"CROSSED_BOOK_SEC": 0}}'),
        ("wallet_halt", b'{"risk": {"RECONCILE_EVERY_ROUNDS": 0}}'),
        ("risk_position", b'{"risk": {"MAX_POSITION": 0}}'),
        ("fw_venue_budget", b'{"execution": {"VENUE_BUDGET_RESERVE": 0}}'),
    ],
)
def test_a_guard_that_is_off_says_why(name: str, settings: bytes) -> None:
    assert "in the config" in row(fresh(settings), name).off
    assert name == "fw_venue_budget" or row(fresh(), name).off == ""


def test_what_needs_a_venue_is_not_armed_on_paper() -> None:
    off = {one.name for one in manifest(fresh(), "dry") if one.off == "the paper venue has none"}
    assert off == {"user_stream", "clock_skew", "heartbeat", "foreign", "wallet_drift", "wallet_halt"}


def test_the_venues_budget_is_armed_once_it_was_told() -> None:
    kernel = fresh()
    assert row(kernel, "fw_venue_budget").off == "the venue has not told its budget"
    kernel.receive(VenueBudget(at(0), 100, at(60)))
    assert row(kernel, "fw_venue_budget").as_json()["armed"] is True


def test_a_refusal_is_the_last_time_that_its_guard_acted() -> None:
    state = fresh_state(CONFIG)
    state.killed = True
    kernel, _ = kernel_with(state=state)
    kernel.receive(book(UP, 1, 6_100, 6_200))
    fired = row(kernel, "risk_killed")
    assert (fired.last_fired_ns, fired.detail.rpartition("/")[2]) == (at(1), "entry")
    assert row(kernel, "risk_cash").as_json()["last_fired_ns"] is None


def test_a_tripped_breaker_and_a_kill_are_shown_as_what_holds_back_now() -> None:
    kernel, _, _ = quoting()
    assert state_of_trading(kernel) == TradingState.ACTIVE
    kernel.receive(Breaker(at(2), BreakerName.CLOCK_SKEW, True, "3 s behind"))
    assert row(kernel, "clock_skew").now == "3 s behind"
    assert state_of_trading(kernel) == TradingState.REDUCING
    kernel.receive(Operator(at(3), "kill", "ann", "enough"))
    assert row(kernel, "kill_switch").now == "enough"
    assert state_of_trading(kernel) == TradingState.HALTED


def test_the_last_comparisons_with_the_wallet_are_shown_with_drift_and_breach() -> None:
    kernel, place = holding()
    assert place.side == Side.SELL
    kernel.state.reconciler = msgspec.structs.replace(kernel.state.reconciler, begun=True)
    kernel.receive(Wallet(at(6), 46_645_000, 1_000_000))
    assert reconciliations(kernel.state) == [
        {
            "ts_ns": at(6),
            "collateral_usd": "46.645",
            "redeemable_usd": "1",
            "expected_usd": "93.29",
            "drift_percent": "50",
            "breach": True,
            "exact": False,
            "difference_usd": "-45.645",
        }
    ]
    assert row(kernel, "wallet_halt").now == "1 in a row"


def test_a_session_that_has_not_seen_the_wallet_only_reduces_risk() -> None:
    kernel = fresh()
    kernel.receive(Operator(at(0), "start", "shell"))
    assert state_of_trading(kernel) == TradingState.REDUCING
    kernel.receive(Wallet(at(1), 900_000_000, 0))
    assert state_of_trading(kernel) == TradingState.ACTIVE
