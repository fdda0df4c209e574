"""The composition root: from a config to a strategy, a kernel, a paper venue and a journal's header."""

from importlib.metadata import version
from pathlib import Path

import msgspec

from engine.config.build import bucket_params
from engine.config.load import Config, parse_config
from engine.execution.paper.ledger import Ledger
from engine.execution.paper.venue import PaperParams, PaperVenue
from engine.firewall.rules import FirewallParams
from engine.journal.format import Header
from engine.journal.writer import JournalWriter
from engine.kernel.guards import GuardParams
from engine.kernel.kernel import Kernel
from engine.kernel.state import KernelState, decode_state, encode_state
from engine.model.errors import InputError
from engine.model.fees import FeeSchedule
from engine.model.ports import Recorder
from engine.model.units import NS_PER_MS, NS_PER_S
from engine.risk.breakers import BreakerParams
from engine.risk.guardian import GuardianParams
from engine.risk.market_state import MarketParams
from engine.risk.reconcile import ReconcileParams
from engine.strategy.bucket.strategy import BucketStrategy


def fresh_state(config: Config) -> KernelState:
    """Return the kernel's state at a fresh start."""
    return KernelState(bankroll_u6=config["risk"]["INITIAL_BANKROLL"])


def firewall_params(config: Config) -> FirewallParams:
    """Return the firewall's bounds."""
    execution = config["execution"]
    return FirewallParams(
        mutations_max=execution["MUTATIONS_PER_MINUTE"],
        mutations_window_ns=60 * NS_PER_S,
        open_orders_max=execution["MAX_OPEN_ORDERS"],
        gtd_minimum_s=execution["GTD_MINIMUM_SEC"] // 1000,
        gtd_buffer_s=execution["GTD_BUFFER_SEC"] // 1000,
        dust_sells=config["guards"]["STOP_SELLS_DUST"],
        venue_reserve=execution["VENUE_BUDGET_RESERVE"],
    )


def guard_params(config: Config) -> GuardParams:
    """Return the thresholds of breakers, guardian and reconciliation."""
    risk = config["risk"]
    return GuardParams(
        BreakerParams(
            refusals_max=risk["REFUSALS_IN_A_ROW"],
            refusals_quiet_ns=risk["REFUSALS_QUIET_SEC"] * NS_PER_MS,
            crossed_ns=risk["CROSSED_BOOK_SEC"] * NS_PER_MS,
        ),
        GuardianParams(
            daily_loss_max_u6=risk["DAILY_LOSS_LIMIT"],
            drawdown_max_u6=risk["DRAWDOWN_LIMIT"],
            trade_loss_max_u6=risk["TRADE_LOSS_LIMIT"],
            trade_loss_alert_u6=risk["TRADE_LOSS_ALERT"],
            position_max_u6=risk["MAX_POSITION"],
        ),
        ReconcileParams(every_rounds=risk["RECONCILE_EVERY_ROUNDS"]),
        MarketParams(risk["WATCH_SEC"] * NS_PER_MS, risk["CLOSE_WINDOW_SEC"] * NS_PER_MS),
    )


def build_kernel(config: Config, state: KernelState, recorder: Recorder) -> Kernel:
    """Return a kernel that plays the config from `state` on."""
    strategy = BucketStrategy(bucket_params(config))
    return Kernel(strategy, firewall_params(config), state, recorder, guard_params(config))


def build_paper(config: Config, ledger: Ledger | None = None) -> PaperVenue:
    """Return the paper venue of the config."""
    paper = config["paper"]
    params = PaperParams(
        latency_ns=paper["latency_ms"] * NS_PER_MS,
        taker_hold_ns=paper["taker_hold_ms"] * NS_PER_MS,
        sellable_after_ns=paper["sellable_after_ms"] * NS_PER_MS,
        fees=FeeSchedule(paper["fee_rate"]),
        address=paper["address"],
    )
    return PaperVenue(params, config["risk"]["INITIAL_BANKROLL"], ledger)


def journal_header(config: Config, state: KernelState, *, clock: str, mode: str, host: str = "") -> Header:
    """Return the header of a journal that begins with `state`; a simulated run has no host, so that two
    runs are equal.
    """
    return Header(
        segment=0,
        version=version("bucketmm"),
        config_json=config.to_json(),
        config_hash=config.hash,
        host=host,
        clock=clock,
        mode=mode,
        first_seq=state.seq + 1,
        kernel_state=encode_state(state),
    )


def open_journal(
    folder: Path, config: Config, state: KernelState, *, clock: str, mode: str, host: str = ""
) -> JournalWriter:
    """Begin a journal in `folder` with the kernel's complete state. Raises InputError when one is there already."""
    return JournalWriter(folder, journal_header(config, state, clock=clock, mode=mode, host=host))


def kernel_of_header(header: Header, recorder: Recorder) -> Kernel:
    """Return a fresh kernel as a journal's header describes it: its config, its starting state.

    Raises InputError for a config or a state that this version does not understand.
    """
    config = parse_config(header.config_json, "journal header")
    try:
        state = decode_state(header.kernel_state)
    except msgspec.DecodeError as error:
        ours = version("bucketmm")
        raise InputError(
            f"expected a kernel state that version {ours} knows, was written by {header.version}: {error}"
        ) from error
    return build_kernel(config, state, recorder)
