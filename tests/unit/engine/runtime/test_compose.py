import socket
from pathlib import Path

import msgspec
import pytest

from engine.config.load import parse_config
from engine.execution.paper.venue import PaperParams
from engine.journal.writer import NullRecorder
from engine.kernel.guards import GuardParams
from engine.model.errors import InputError
from engine.model.fees import FeeSchedule
from engine.risk.breakers import BreakerParams
from engine.risk.guardian import GuardianParams
from engine.risk.market_state import MarketParams
from engine.risk.reconcile import ReconcileParams
from engine.runtime.compose import (
    build_kernel,
    build_paper,
    firewall_params,
    fresh_state,
    guard_params,
    journal_header,
    kernel_of_header,
    open_journal,
)

CONFIG = parse_config(b"{}", "test")
OTHER = parse_config(
    b"""{
    "risk": {"INITIAL_BANKROLL": 50, "DAILY_LOSS_LIMIT": 1, "DRAWDOWN_LIMIT": 2, "TRADE_LOSS_LIMIT": 3,
             "TRADE_LOSS_ALERT": 4, "MAX_POSITION": 9, "REFUSALS_IN_A_ROW": 6, "REFUSALS_QUIET_SEC": 7,
             "CROSSED_BOOK_SEC": 8, "RECONCILE_EVERY_ROUNDS": 10,
             "WATCH_SEC": 12, "CLOSE_WINDOW_SEC": 3},
    "paper": {"latency_ms": 7, "taker_hold_ms": 8, "sellable_after_ms": 9, "fee_rate": 0.01},
    "execution": {"MUTATIONS_PER_MINUTE": 11, "MAX_OPEN_ORDERS": 3, "VENUE_BUDGET_RESERVE": 2},
    "guards": {"STOP_SELLS_DUST": true}
    }""",
    "test",
)


def test_the_defaults_of_the_config_are_decision_fourteens() -> None:
    assert build_paper(CONFIG).params == PaperParams(fees=FeeSchedule(70_000))


def test_every_number_of_the_paper_venue_comes_from_the_config() -> None:
    paper = build_paper(OTHER)
    assert paper.params.latency_ns == 7_000_000
    assert (paper.params.taker_hold_ns, paper.params.sellable_after_ns) == (8_000_000, 9_000_000)
    assert paper.params.fees == FeeSchedule(10_000)
    assert paper.account.cash_u6 == fresh_state(OTHER).bankroll_u6 == 50_000_000


def test_the_firewalls_bounds_come_from_the_config() -> None:
    params = firewall_params(OTHER)
    assert (params.mutations_max, params.open_orders_max, params.dust_sells) == (11, 3, True)
    assert (params.gtd_minimum_s, params.gtd_buffer_s, params.venue_reserve) == (180, 60, 2)


def test_the_guards_thresholds_come_from_the_config_and_their_defaults_are_the_specifications() -> None:
    params = guard_params(OTHER)
    assert params.guardian == GuardianParams(1_000_000, 2_000_000, 3_000_000, 4_000_000, 9_000_000)
    assert params.breakers == BreakerParams(6, 7_000_000_000, 8_000_000_000)
    assert params.market == MarketParams(12_000_000_000, 3_000_000_000)
    assert params.reconcile == ReconcileParams(every_rounds=10)
    assert guard_params(CONFIG) == GuardParams()
    assert build_kernel(OTHER, fresh_state(OTHER), NullRecorder()).guards.params == params


def test_a_header_rebuilds_the_kernel_that_it_describes() -> None:
    state = fresh_state(OTHER)
    state.seq, state.killed = 41, True
    header = journal_header(OTHER, state, clock="wall", mode="dry", host="here")
    kernel = kernel_of_header(header, NullRecorder())
    direct = build_kernel(OTHER, state, NullRecorder())
    assert header.first_seq == 42
    assert header.config_hash == OTHER.hash
    assert kernel.state == state
    assert kernel.firewall == direct.firewall
    assert kernel.strategy.params == direct.strategy.params  # type: ignore[attr-defined]


def test_a_header_with_a_config_of_another_time_is_refused() -> None:
    header = journal_header(CONFIG, fresh_state(CONFIG), clock="wall", mode="dry")
    with pytest.raises(InputError, match="journal header"):
        kernel_of_header(msgspec.structs.replace(header, config_json=b"not json"), NullRecorder())


def test_a_simulated_runs_journal_names_no_host(tmp_path: Path) -> None:
    open_journal(tmp_path, CONFIG, fresh_state(CONFIG), clock="recording", mode="backtest").close(0)
    assert socket.gethostname().encode() not in (tmp_path / "journal-000000.bmj").read_bytes()
