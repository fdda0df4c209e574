"""The safety manifest: every guard with its threshold, whether it is armed and why not, and when it last acted.

It is made from the kernel that runs (its parameters, its rules, its state), so it cannot say what the code does not do:
every code of refusal, every breaker and every limit has a row, and a test finds those that have none.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from engine.firewall.rules import BATCH_MAX, CANCEL_IDS_MAX, MARKETABLE_BUY_MIN_U6, FirewallParams
from engine.kernel.kernel import Kernel
from engine.kernel.state import KernelState
from engine.model.codes import MEANING, BreakerName, Code
from engine.model.units import NS_PER_S, SIZE_GRID_U6, format_cash, format_scaled
from engine.risk.guardian import TradingState, trading_state

LIVE_ONLY: Final = "the paper venue has none"


class GuardRow(NamedTuple):
    """One guard. `off` says why it is not armed, "" = armed; `now` what it holds back at the moment."""

    group: str
    name: str
    meaning: str
    threshold: str
    off: str = ""
    now: str = ""
    last_fired_ns: int = 0
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the row for a program."""
        return {**self._asdict(), "armed": not self.off, "last_fired_ns": self.last_fired_ns or None}


def manifest(kernel: Kernel, mode: str) -> list[GuardRow]:
    """Return every guard of an engine in one of the modes dry, shadow, live."""
    rows = [
        *_kill_switch(kernel.state),
        *_guardian(kernel),
        *_breakers(kernel, mode),
        *_reconciliation(kernel, mode),
        *_codes(kernel, "risk"),
        *_codes(kernel, "firewall"),
    ]
    return [_with_last(row, kernel.state) for row in rows]


def state_of_trading(kernel: Kernel) -> TradingState:
    """Return what the engine may do at the moment."""
    state = kernel.state
    everywhere = state.reconciler.starting or any(not trip.slug for trip in state.breakers.trips)
    held_u6 = kernel.guards.position_u6()
    params = kernel.guards.params.guardian
    return trading_state(params, killed=state.killed, tripped=everywhere, position_u6=held_u6)


def reconciliations(state: KernelState) -> list[dict[str, Any]]:
    """Return the last comparisons of the wallet with the books, oldest first."""
    return [
        {
            "ts_ns": check.ts_ns,
            "collateral_usd": format_scaled(check.collateral_u6, 6),
            "redeemable_usd": format_scaled(check.redeemable_u6, 6),
            "expected_usd": format_scaled(check.expected_u6, 6),
            "drift_percent": format_scaled(check.drift_permille, 1),
            "breach": check.breach,
            "exact": check.exact,
            "difference_usd": format_scaled(check.difference_u6, 6),
        }
        for check in state.reconciler.checks
    ]


def _with_last(row: GuardRow, state: KernelState) -> GuardRow:
    last = state.fired.get(row.name)
    return row if last is None else row._replace(last_fired_ns=last.ts_ns, detail=last.detail)


def _kill_switch(state: KernelState) -> Iterator[GuardRow]:
    yield GuardRow(
        "kill switch",
        "kill_switch",
        "everything is cancelled, nothing new is risked, until a person resumes",
        "a person, the guardian, or the reconciliation",
        now=state.kill_reason or "killed" if state.killed else "",
    )


def _usd(limit_u6: int) -> tuple[str, str]:
    return f"{format_cash(limit_u6)} USD", "" if limit_u6 else "0 in the config"


def _guardian(kernel: Kernel) -> Iterator[GuardRow]:
    params, watch = kernel.guards.params.guardian, kernel.state.guardian
    begun = watch.day >= 0
    losses = {
        "daily_loss": (params.daily_loss_max_u6, "lost since 0:00 UTC stops trading", watch.day_start_u6),
        "drawdown": (params.drawdown_max_u6, "below the highest equity stops trading", watch.peak_u6),
    }
    for name, (limit_u6, meaning, from_u6) in losses.items():
        now = f"{format_cash(max(from_u6 - watch.equity_u6, 0))} USD" if begun else ""
        yield GuardRow("guardian", name, meaning, *_usd(limit_u6), now)
    trades = ("trade_loss", "lost by one round stops trading", params.trade_loss_max_u6)
    alerts = ("trade_loss_alert", "lost by one round is told to a person", params.trade_loss_alert_u6)
    for name, meaning, limit_u6 in (trades, alerts):
        yield GuardRow("guardian", name, meaning, *_usd(limit_u6))


def _breakers(kernel: Kernel, mode: str) -> Iterator[GuardRow]:
    params, state = kernel.guards.params.breakers, kernel.state.breakers
    outside = LIVE_ONLY if mode == "dry" else ""
    counted = f"{params.refusals_max} in a row; closes after {_seconds(params.refusals_quiet_ns)} without one"
    off = "0 in the config"
    known = {
        BreakerName.USER_STREAM: ("the user channel is down", "any time", outside),
        BreakerName.CLOCK_SKEW: ("our clock is not the venue's", "told by the gateway", outside),
        BreakerName.HEARTBEAT: ("the venue's dead man's switch is not held", "told by the gateway", outside),
        BreakerName.REFUSALS: ("orders refused by the venue", counted, "" if params.refusals_max else off),
        BreakerName.CROSSED_BOOK: (
            "a market's book is crossed; only that market is not quoted",
            f"longer than {_seconds(params.crossed_ns)}",
            "" if params.crossed_ns else off,
        ),
        BreakerName.FOREIGN: ("orders or trades on the wallet that are not ours", "any, until resumed", outside),
    }
    for name in BreakerName:
        meaning, threshold, why_off = known[name]
        now = "; ".join(trip.detail or "tripped" for trip in state.trips if trip.name == name)
        yield GuardRow("breaker", name.value, meaning, threshold, why_off, now)


def _reconciliation(kernel: Kernel, mode: str) -> Iterator[GuardRow]:
    params = kernel.guards.params.reconcile
    off = LIVE_ONLY if mode == "dry" else "" if params.every_rounds else "0 rounds in the config"
    every = f"each {params.every_rounds} rounds"
    yield GuardRow(
        "reconciliation",
        "wallet_drift",
        "the wallet holds something else than the books say: told to a person",
        f"{every}: above {format_scaled(params.warn_permille, 1)} %; "
        f"above {format_scaled(params.exact_u6, 6)} USD when every trade is confirmed for "
        f"{_seconds(params.exact_quiet_ns)}",
        off,
    )
    yield GuardRow(
        "reconciliation",
        "wallet_halt",
        "the same, stops trading",
        f"{every}: above {format_scaled(params.breach_permille, 1)} % and {format_cash(params.breach_u6)} USD, "
        f"{params.breaches_max} times in a row or at a start; unexplained and growing {params.growing_max} times",
        off,
        f"{kernel.state.reconciler.breaches} in a row" if kernel.state.reconciler.breaches else "",
    )


def _codes(kernel: Kernel, group: str) -> Iterator[GuardRow]:
    prefix = {"risk": "risk_", "firewall": "fw_"}[group]
    for code in Code:
        if code.value.startswith(prefix):
            threshold, off = _limit(code, kernel)
            yield GuardRow(group, code.value, MEANING[code], threshold, off)


_Firewall = Callable[[FirewallParams], str]
_FIREWALL: Final[dict[Code, _Firewall]] = {
    Code.FW_SIZE_GRID: lambda params: f"{format_scaled(SIZE_GRID_U6, 6)} shares",
    Code.FW_SIZE_MINIMUM: lambda params: "the market's; dust may be sold" if params.dust_sells else "the market's",
    Code.FW_NOTIONAL_MINIMUM: lambda params: f"{format_cash(MARKETABLE_BUY_MIN_U6)} USD",
    Code.FW_EXPIRATION_TOO_SOON: lambda params: f"{params.gtd_minimum_s} s and {params.gtd_buffer_s} s of buffer",
    Code.FW_MUTATION_BUDGET: lambda params: f"{params.mutations_max} in {_seconds(params.mutations_window_ns)}",
    Code.FW_MAX_OPEN_ORDERS: lambda params: f"{params.open_orders_max} orders",
    Code.FW_BATCH: lambda params: f"{BATCH_MAX} orders, {CANCEL_IDS_MAX} cancels",
    Code.FW_VENUE_BUDGET: lambda params: f"the last {params.venue_reserve} orders",
    Code.FW_STALE_BOOK: lambda params: (
        f"silent, with a gap, or older than {_seconds(params.book_age_max_ns)}"
        if params.book_age_max_ns
        else "silent, or with a gap"
    ),
}


def _limit(code: Code, kernel: Kernel) -> tuple[str, str]:
    """Return a refusal's threshold and why it is not armed."""
    params, guards, state = kernel.firewall, kernel.guards.params, kernel.state
    if code == Code.RISK_POSITION:
        return _usd(guards.guardian.position_max_u6)
    if code == Code.RISK_CASH:
        return f"{format_cash(kernel.cash_u6())} USD less what working buys reserve", ""
    if code == Code.RISK_CAP:
        return "the cap in force of CAP_SCHEDULE", ""
    if code == Code.RISK_MARKET_STATE:
        market = guards.market
        return f"watched from {_seconds(market.watch_ns)}, closing from {_seconds(market.close_window_ns)} left", ""
    if code == Code.FW_VENUE_BUDGET and params.venue_reserve == 0:
        return "none", "0 in the config"
    if code == Code.FW_VENUE_BUDGET and state.venue_budget is None:
        return _FIREWALL[code](params), "the venue has not told its budget"
    if code == Code.FW_BATCH:
        return _FIREWALL[code](params), "orders leave one at a time"
    said = _FIREWALL.get(code)
    return (said(params), "") if said is not None else ("always", "")


def _seconds(span_ns: int) -> str:
    return f"{format_scaled(span_ns * 1000 // NS_PER_S, 3)} s"
