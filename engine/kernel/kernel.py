"""The kernel: `receive(event)` records it, lets the strategies step, judges what they ask for, records and returns the
commands.

One kernel is used by every shell. It does no I/O besides its recorder, asks no clock and draws nothing: the same events
give the same commands, byte for byte.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from engine.firewall.rules import FirewallParams
from engine.kernel.gate import OrderContext, is_mutation, judge, stamp, without
from engine.kernel.state import Dust, KernelState
from engine.model.codes import AlertCode
from engine.model.commands import Alert, CancelMarket, Command, Place
from engine.model.events import (
    Accepted,
    Event,
    Feed,
    Fill,
    FillReversed,
    Gap,
    Gone,
    Market,
    MarketChange,
    Operator,
    OrderState,
    Origin,
    Outcome,
    Rejected,
    Tick,
    Unknown,
    VenueMode,
)
from engine.model.orders import Order
from engine.model.ports import Recorder
from engine.model.records import Verdict
from engine.model.units import NS_PER_S
from engine.strategy.base import Strategy
from engine.strategy.bucket.round import Round

NEVER_NS: Final = 1 << 62
_REFUSAL_ROUNDS_MAX: Final = 8
"""A strategy that asks again at once after this many refusals of one event is a bug."""
_TO_ALL: Final = frozenset({Tick, Gap, VenueMode, Operator})
_BY_ORDER: Final = frozenset({Accepted, Rejected, Gone, Fill, FillReversed, Unknown, OrderState})


class Kernel:
    """Turns events into commands over one complete, encodable state."""

    def __init__(
        self, strategy: Strategy[Round], firewall: FirewallParams, state: KernelState, recorder: Recorder
    ) -> None:
        self.strategy = strategy
        self.firewall = firewall
        self.state = state
        self.recorder = recorder
        self.strays = 0  # events that named nothing of ours

    def receive(self, event: Event) -> list[Command]:
        """Take one event and return the commands that leave because of it, in order."""
        state = self.state
        state.seq += 1
        self.recorder.event(state.seq, event)
        slugs = self._targets(event)
        if not slugs:
            return []
        intents: list[Command] = []
        verdicts: list[Verdict] = []
        commands: list[Command] = []
        moves: list[str] = []
        for slug in slugs:
            self._turn(slug, event, intents, verdicts, commands, moves)
        if intents or moves:
            self.recorder.decision(state.seq, intents, verdicts, commands, moves)
        if moves or event.__class__ is Outcome:
            self._book(slugs, moves, resolved=event.__class__ is Outcome)
        return commands

    def wake_at_ns(self) -> int:
        """Return when a Tick is wanted at the latest."""
        wake_ns, broken = NEVER_NS, self.state.broken
        for slug, round_state in self.state.rounds.items():
            wanted_ns = self.strategy.wake_at_ns(round_state)
            if wanted_ns < wake_ns and slug not in broken:  # a broken round would want the same Tick for ever
                wake_ns = wanted_ns
        return wake_ns

    def working_orders(self) -> list[Order]:
        """Return every order of ours that may still trade."""
        return [order for state in self.state.rounds.values() for order in self.strategy.orders(state)]

    def is_engaged(self, now_ns: int) -> bool:
        """Whether an order works or shares are held in a window that is not over: time must not jump there."""
        return any(
            now_ns < state.end_ns and (any(self.strategy.orders(state)) or self.strategy.at_risk_u6(state)[0] > 0)
            for state in self.state.rounds.values()
        )

    def cash_u6(self) -> int:
        """Return bankroll less what unfinished rounds have taken out, reservations not taken off."""
        return self.state.bankroll_u6 - sum(self.strategy.at_risk_u6(state)[1] for state in self.state.rounds.values())

    def _targets(self, event: Event) -> Iterable[str]:
        """Return the slugs of the windows that the event concerns; kernel-wide facts are taken in here."""
        state, kind = self.state, event.__class__
        if kind in _BY_ORDER:
            slug = event.order.partition("/")[0]  # type: ignore[attr-defined]
            if slug in state.rounds:
                return (slug,)
            if slug.startswith("book:"):
                return self._by_asset(int(slug[5:]))
            self.strays += 1
            return ()
        if kind in _TO_ALL or (isinstance(event, Feed) and event.asset < 0):
            self._take_in(event)
            return tuple(state.rounds)
        if isinstance(event, Market):
            self._announce(event)
        return self._by_asset(getattr(event, "asset", -1))

    def _by_asset(self, asset: int) -> Iterable[str]:
        slug = self.state.slug_of_asset.get(asset)
        return (slug,) if slug is not None else ()

    def _take_in(self, event: Event) -> None:
        state = self.state
        if isinstance(event, VenueMode):
            state.venue = event.state
        elif isinstance(event, Operator) and event.action == "kill":
            state.killed, state.kill_reason = True, event.reason
        elif isinstance(event, Operator) and event.action == "resume":
            state.killed, state.kill_reason = False, ""

    def _announce(self, event: Market) -> None:
        """Open a window once both of its tokens have been announced."""
        state = self.state
        state.assets_seen = max(state.assets_seen, event.asset + 1)
        if event.change != MarketChange.OPENED or event.slug in state.rounds or not self.strategy.plays(event):
            return
        if event.ts_ns >= (event.window_start_s + event.window_length_s) * NS_PER_S:
            return  # announced again by a late joiner's table: the window is over
        other = state.announced.get(event.condition_id)
        if other is None or other.asset == event.asset:
            state.announced[event.condition_id] = event
            return
        del state.announced[event.condition_id]
        up, down = (event, other) if event.outcome == 1 else (other, event)
        dust = tuple(
            (market.asset, state.dust[market.token_id].size_u6, state.dust[market.token_id].cost_u6)
            for market in (up, down)
            if market.token_id in state.dust
        )
        state.rounds[event.slug] = self.strategy.open(up, down, dust)
        state.slug_of_asset[up.asset] = state.slug_of_asset[down.asset] = event.slug

    def _turn(
        self,
        slug: str,
        event: Event,
        intents: list[Command],
        verdicts: list[Verdict],
        commands: list[Command],
        moves: list[str],
    ) -> None:
        """Step one window, and once more for each refusal that its intents meet."""
        events: list[Event] = [event]
        for _ in range(_REFUSAL_ROUNDS_MAX):
            refusals: list[Event] = []
            for one in events:
                for intent in self._step(slug, one, moves):
                    intents.append(intent)
                    refusal = self._judge(slug, intent, event.ts_ns, verdicts, commands)
                    if refusal is not None:
                        refusals.append(refusal)
            if not refusals:
                return
            events = refusals
        for intent in self._stop_broken(slug, f"asked again after {_REFUSAL_ROUNDS_MAX} refusals of one event"):
            intents.append(intent)
            self._judge(slug, intent, event.ts_ns, verdicts, commands)

    def _step(self, slug: str, event: Event, moves: list[str]) -> list[Command]:
        before = self.state.rounds[slug]
        if slug in self.state.broken:
            return []
        try:
            after, wanted = self.strategy.step(before, event)
        except Exception as error:  # a bug: stop this round safely, keep the others going
            return self._stop_broken(slug, f"{type(error).__name__}: {error}")
        self.state.rounds[slug] = after
        if after.stages_seen is not before.stages_seen:
            moves += [f"{slug}:{stage}" for stage in self.strategy.stages(after)[len(before.stages_seen) :]]
        return wanted

    def _stop_broken(self, slug: str, reason: str) -> list[Command]:
        """Never step this round again; return what makes it safe."""
        self.state.broken[slug] = reason
        return [CancelMarket(self.state.rounds[slug].up.asset), Alert(AlertCode.SAFE.value, f"{slug}: {reason}")]

    def _judge(
        self, slug: str, intent: Command, now_ns: int, verdicts: list[Verdict], commands: list[Command]
    ) -> Event | None:
        """Append the intent's command if it may leave; else return the refusal as an event for its strategy."""
        state = self.state
        if isinstance(intent, Place):
            intent, verdict = judge(self.firewall, state, intent, self._context(slug, intent, now_ns), now_ns)
            verdicts.append(verdict)
            if not verdict.allowed:
                origin = Origin.RISK if verdict.code.startswith("risk_") else Origin.FIREWALL
                return Rejected(now_ns, verdict.order, verdict.code, origin, verdict.retry_at_ns)
        if is_mutation(intent):
            state.budget = state.budget.spend(now_ns, self.firewall.mutations_window_ns)
        command = stamp(state, intent, now_ns)
        if isinstance(command, Place):
            state.placed[command.order] = command
        commands.append(command)
        return None

    def _context(self, slug: str, order: Place, now_ns: int) -> OrderContext:
        strategy, round_state = self.strategy, self.state.rounds[slug]
        return OrderContext(
            view=strategy.view(round_state, order.asset),
            sellable_u6=strategy.sellable_u6(round_state, order.asset),
            round_orders=without(strategy.orders(round_state), order.order),
            round_cost_u6=strategy.at_risk_u6(round_state)[0],
            cap_u6=strategy.cap_u6(round_state, now_ns),
            known_orders=frozenset(strategy.order_ids(round_state)) - {order.order},
            all_orders=without(self.working_orders(), order.order),
            cash_u6=self.cash_u6(),
        )

    def _book(self, slugs: Iterable[str], moves: list[str], *, resolved: bool) -> None:
        """Write the record of each round that has just ended or is over, book its dust, and drop it when it is over."""
        for slug in slugs:
            round_state = self.state.rounds[slug]
            if slug in self.state.broken:
                if resolved:
                    self._drop(slug, round_state)
                continue
            dust = self.strategy.dust(round_state)
            if dust is not None:
                asset, size_u6, cost_u6 = dust
                view = self.strategy.view(round_state, asset)
                assert view is not None
                self.state.dust[view.token_id] = Dust(size_u6, cost_u6)
            if self.strategy.is_over(round_state):
                self._drop(slug, round_state)
            elif f"{slug}:DONE" in moves:
                self.recorder.round(self.state.seq, self.strategy.record(round_state))

    def _drop(self, slug: str, round_state: Round) -> None:
        """Settle a round to which nothing can happen any more, and forget it."""
        state = self.state
        record = self.strategy.record(round_state)
        broken = state.broken.get(slug)
        if broken is not None:  # what became of its orders was not followed: its money is not known, nothing is booked
            record = msgspec.structs.replace(record, settled=False, safe_reason=broken)
        self.recorder.round(state.seq, record)
        if record.settled:
            state.bankroll_u6 += record.pnl_u6
        for view in (round_state.up, round_state.down):
            state.dust.pop(view.token_id, None)
            state.slug_of_asset.pop(view.asset, None)
        state.placed = {order: place for order, place in state.placed.items() if order.partition("/")[0] != slug}
        del state.rounds[slug]
        state.rounds_over += 1
