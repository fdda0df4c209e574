"""What watches over all windows: breakers, guardian and reconciliation, wired to the kernel's events.

The rules are pure and live in engine.risk; here is only which event tells them what, and what is done when one of them
speaks: resting buys are pulled, trading is stopped, a person is told. Everything done here is recorded as part of the
event's decision, so a replay repeats it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from engine.kernel.state import Fired, KernelState
from engine.model.codes import AlertCode
from engine.model.commands import Alert, Command, ReadWallet
from engine.model.events import (
    Accepted,
    Breaker,
    Event,
    Fill,
    FillReversed,
    Foreign,
    Operator,
    Origin,
    Outcome,
    Rejected,
    Tob,
    VenueBudget,
    VenueState,
    Wallet,
)
from engine.model.units import format_cash
from engine.risk import breakers, guardian, reconcile
from engine.risk.breakers import BreakerParams, Breakers
from engine.risk.guardian import Guardian, GuardianParams
from engine.risk.market_state import MarketFacts, MarketParams, MarketState, market_state
from engine.risk.reconcile import ReconcileParams
from engine.strategy.base import Strategy
from engine.strategy.bucket.round import Round

_NOTHING: Final[list[Command]] = []
_MONEY: Final = frozenset({Fill, FillReversed, Outcome})
"""Events after which the guardian always looks; a book is looked at while something is held."""


class GuardParams(msgspec.Struct, frozen=True):
    """The thresholds of all guards."""

    breakers: BreakerParams = BreakerParams()
    guardian: GuardianParams = GuardianParams()
    reconcile: ReconcileParams = ReconcileParams()
    market: MarketParams = MarketParams()


class Guards:
    """Keeps the guards' part of a kernel's state; `kill` says that trading has to stop."""

    def __init__(self, strategy: Strategy[Round], params: GuardParams, state: KernelState) -> None:
        self.strategy = strategy
        self.params = params
        self.state = state
        self.kill = ""  # why trading has to stop now
        self._told: list[Command] = []
        self._wake_ns = self._next_wake_ns()
        self._handlers: Mapping[type[Event], Callable[[Any], None]] = {
            Accepted: self._accepted,
            Rejected: self._rejected,
            Fill: self._trade,
            FillReversed: self._trade,
            Breaker: self._breaker,
            Foreign: self._foreign,
            Wallet: self._wallet,
            VenueBudget: self._venue_budget,
            Operator: self._operator,
        }

    def wake_at_ns(self) -> int:
        """Return when time alone will change a guard."""
        return self._wake_ns

    def market(self, end_ns: int, now_ns: int, *, closed: bool) -> MarketState:
        """Return the state of a market whose trading ends at `end_ns`."""
        halted = self.state.venue == VenueState.DISABLED
        return market_state(self.params.market, MarketFacts(end_ns - now_ns, closed=closed, halted=halted))

    def hear(self, event: Event) -> list[Command]:
        """Take in an event before the strategies do; return what a person is told and what is asked."""
        handler = self._handlers.get(event.__class__)
        if handler is None and event.ts_ns < self._wake_ns:
            return _NOTHING
        self._told = []
        if event.ts_ns >= self._wake_ns:
            self._elapse(event.ts_ns)
        if handler is not None:
            handler(event)
        return self._told

    def look(self, event: Event, slugs: tuple[str, ...]) -> list[Command]:
        """Judge the money after the strategies have stepped; return what a person is told."""
        self._told = []
        if isinstance(event, Tob):
            self._book(event)
            if not any(self.strategy.at_risk_u6(self.state.rounds[slug])[0] for slug in slugs):
                return self._told
        elif event.__class__ not in _MONEY:
            return _NOTHING
        self._judge_money(event.ts_ns)
        return self._told

    def _judge_money(self, now_ns: int) -> None:
        trades = self._trades()
        state = self.state
        equity_u6 = state.bankroll_u6 + sum(trades.values())
        watch = state.guardian if state.guardian.day >= 0 else guardian.begin(state.bankroll_u6, now_ns)
        state.guardian, found = guardian.judge(self.params.guardian, watch, equity_u6, trades, now_ns)
        for slug in found.told:
            text = f"{slug}: {format_cash(trades[slug])} USD"
            self._told.append(Alert(AlertCode.TRADE_LOSS.value, text))
            self.fired("trade_loss_alert", now_ns, text)
        if found.limit and not state.killed:
            self.kill = f"guardian: {found.text}"
            self.fired(found.limit, now_ns, found.text)

    def resolved(self, slug: str) -> None:
        """Forget what was kept for a window that is over; after every so many of them the wallet is asked for."""
        state, every = self.state, self.params.reconcile.every_rounds
        if every and state.rounds_over % every == 0:
            state.reconciler = msgspec.structs.replace(state.reconciler, wanted=True, exact_wanted=True)
        state.breakers = breakers.forget(state.breakers, slug)
        state.guardian = guardian.forget(state.guardian, slug)
        state.reconciler = reconcile.forget(state.reconciler, slug)
        self._wake_ns = self._next_wake_ns()

    def fired(self, guard: str, now_ns: int, detail: str) -> None:
        """Remember when a guard last acted, and why."""
        self.state.fired[guard] = Fired(now_ns, detail)

    def _trades(self) -> dict[str, int]:
        broken = self.state.broken
        return {slug: self.strategy.pnl_u6(one) for slug, one in self.state.rounds.items() if slug not in broken}

    def cash_u6(self) -> int:
        """Return bankroll less what unfinished rounds have taken out, reservations not taken off."""
        return self.state.bankroll_u6 - sum(self.strategy.at_risk_u6(one)[1] for one in self.state.rounds.values())

    def position_u6(self) -> int:
        """Return what everything that is held has cost."""
        return sum(self.strategy.at_risk_u6(one)[0] for one in self.state.rounds.values())

    def _next_wake_ns(self) -> int:
        state = self.state
        if state.reconciler.wanted:
            return 0
        wake_ns = breakers.wake_at_ns(self.params.breakers, state.breakers)
        if not state.reconciler.exact_wanted:
            return wake_ns
        quiet_ns = reconcile.quiet_at_ns(self.params.reconcile, state.reconciler)
        return wake_ns if quiet_ns is None else min(wake_ns, quiet_ns)

    def _elapse(self, now_ns: int) -> None:
        self._changed(breakers.elapsed(self.params.breakers, self.state.breakers, now_ns), now_ns)
        reconciler = self.state.reconciler
        quiet_ns = reconcile.quiet_at_ns(self.params.reconcile, reconciler) if reconciler.exact_wanted else None
        is_quiet = quiet_ns is not None and now_ns >= quiet_ns
        if reconciler.wanted or is_quiet:
            self.state.reconciler = msgspec.structs.replace(
                reconciler, wanted=False, exact_wanted=reconciler.exact_wanted and not is_quiet
            )
            self._told.append(ReadWallet())
        self._wake_ns = self._next_wake_ns()

    def _changed(self, after: Breakers, now_ns: int) -> None:
        """Replace the breakers; tell of each that tripped or closed."""
        before = self.state.breakers
        if after is before:
            return
        self.state.breakers = after
        for trip in breakers.opened(before, after):
            self._told.append(Alert(AlertCode.BREAKER_TRIPPED.value, f"{trip.name}: {trip.detail}"))
            self.fired(trip.name, now_ns, trip.detail)
        for trip in breakers.closed(before, after):
            self._told.append(Alert(AlertCode.BREAKER_CLOSED.value, trip.name))
        self._wake_ns = self._next_wake_ns()

    def _book(self, event: Tob) -> None:
        state = self.state
        if not 0 < event.ask1_price_e4 <= event.bid1_price_e4 and event.asset not in state.breakers.crossed:
            return
        slug = state.slug_of_asset.get(event.asset)
        if slug is None or slug in state.broken:
            return
        crossed = self.strategy.is_crossed(state.rounds[slug], event.asset)
        self._changed(breakers.book(state.breakers, event.asset, slug, event.ts_ns, crossed=crossed), event.ts_ns)

    def _accepted(self, event: Accepted) -> None:
        self.state.breakers = breakers.accepted(self.state.breakers)

    def _rejected(self, event: Rejected) -> None:
        if event.origin != Origin.VENUE or event.cancel:
            return
        place = self.state.placed.get(event.order)
        side = place.side if place is not None else None
        now_ns = event.ts_ns
        self._changed(breakers.refused(self.params.breakers, self.state.breakers, event.code, side, now_ns), now_ns)

    def _trade(self, event: Fill | FillReversed) -> None:
        known = event.order in self.state.placed
        self.state.reconciler = reconcile.settle(self.state.reconciler, event, known=known)
        if self.state.reconciler.exact_wanted:
            self._wake_ns = self._next_wake_ns()

    def _breaker(self, event: Breaker) -> None:
        self._changed(breakers.told(self.state.breakers, event), event.ts_ns)

    def _foreign(self, event: Foreign) -> None:
        self._changed(breakers.foreign(self.state.breakers, event), event.ts_ns)

    def _venue_budget(self, event: VenueBudget) -> None:
        self.state.venue_budget = event

    def _operator(self, event: Operator) -> None:
        state = self.state
        if event.action == "start":
            self._changed(breakers.begun(state.breakers), event.ts_ns)
            state.reconciler = msgspec.structs.replace(state.reconciler, starting=True)
            self._told.append(ReadWallet())
        elif event.action == "kill":
            self.fired("kill_switch", event.ts_ns, f"{event.who}: {event.reason}")
        elif event.action == "resume":
            self._foreign(Foreign(event.ts_ns, "", "", acknowledged=True))
            state.reconciler, change_u6 = reconcile.accept(state.reconciler)
            state.bankroll_u6 += change_u6
            trades = self._trades()
            equity_u6 = state.bankroll_u6 + sum(trades.values())
            state.guardian = guardian.rebased(state.guardian, equity_u6, trades, event.ts_ns)

    def _wallet(self, event: Wallet) -> None:
        state = self.state
        cash_u6 = self.cash_u6()
        if not state.reconciler.begun and cash_u6 == state.bankroll_u6:
            state.reconciler, bankroll_u6 = reconcile.first_sight(state.reconciler, event, state.bankroll_u6)
            if bankroll_u6 < state.bankroll_u6:
                text = f"{format_cash(bankroll_u6)} USD, the wallet holds no more"
                self._told.append(Alert(AlertCode.BANKROLL.value, text))
            state.bankroll_u6 = bankroll_u6
            state.guardian = Guardian()  # counts from the money that there really is
            return
        settled = all(event.ts_ns < one.end_ns or not self.strategy.at_risk_u6(one)[0] for one in state.rounds.values())
        state.reconciler, found = reconcile.compare(
            self.params.reconcile, state.reconciler, event, cash_u6, settled=settled
        )
        if found.warning:
            self._told.append(Alert(AlertCode.WALLET_DRIFT.value, found.warning))
            self.fired("wallet_drift", event.ts_ns, found.warning)
        if found.halt and not state.killed:
            self.kill = f"reconciliation: {found.halt}"
            self.fired("wallet_halt", event.ts_ns, found.halt)
