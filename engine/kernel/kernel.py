"""The kernel: `receive(event)` records it, lets the strategies step, judges what they ask for, records and returns the
commands.

One kernel is used by every shell. It does no I/O besides its recorder, asks no clock and draws nothing: the same events
give the same commands, byte for byte.
"""

from typing import Final

from engine.firewall.rules import FirewallParams
from engine.kernel.gate import OrderContext, is_mutation, judge, slug_of, spend_venue, stamp, without
from engine.kernel.guards import GuardParams, Guards
from engine.kernel.state import KernelState
from engine.kernel.windows import announce, book
from engine.model.codes import AlertCode
from engine.model.commands import Alert, CancelAll, CancelMarket, Command, Place
from engine.model.events import (
    Accepted,
    Event,
    Feed,
    Fill,
    FillReversed,
    Gap,
    Gone,
    Market,
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
from engine.strategy.base import Strategy
from engine.strategy.bucket.round import Round

NEVER_NS: Final = 1 << 62
_REFUSAL_ROUNDS_MAX: Final = 8
"""A strategy that asks again at once after this many refusals of one event is a bug."""
_TO_ALL: Final = frozenset({Tick, Gap, VenueMode, Operator})
_BY_ORDER: Final = frozenset({Accepted, Rejected, Gone, Fill, FillReversed, Unknown, OrderState})


class Decision:
    """What one event leads to, in the order in which it is recorded."""

    __slots__ = ("commands", "intents", "moves", "verdicts")

    def __init__(self) -> None:
        self.intents: list[Command] = []
        self.verdicts: list[Verdict] = []
        self.commands: list[Command] = []
        self.moves: list[str] = []


class Kernel:
    """Turns events into commands over one complete, encodable state."""

    def __init__(
        self,
        strategy: Strategy[Round],
        firewall: FirewallParams,
        state: KernelState,
        recorder: Recorder,
        guards: GuardParams | None = None,
    ) -> None:
        self.strategy = strategy
        self.firewall = firewall
        self.state = state
        self.recorder = recorder
        self.guards = Guards(strategy, guards or GuardParams(), state)
        self.strays = 0  # events that named nothing of ours

    def receive(self, event: Event) -> list[Command]:
        """Take one event and return the commands that leave because of it, in order."""
        state, guards = self.state, self.guards
        state.seq += 1
        self.recorder.event(state.seq, event)
        slugs = self._targets(event)
        outcome_of = slugs
        decision = Decision()
        said = guards.hear(event)
        if state.breakers.trips:
            self._pull(event.ts_ns, decision)
        if said:
            self._say(said, event.ts_ns, decision)
        for slug in slugs:
            self._turn(slug, event, decision)
            if event.__class__ is Market and state.rounds[slug].venue != state.venue:
                self._turn(slug, VenueMode(event.ts_ns, state.venue), decision)  # opened while that mode was in force
            if event.__class__ is Market and state.stopping and not state.rounds[slug].stopping:
                self._turn(slug, Operator(event.ts_ns, "stop", "kernel", "the session is ending"), decision)
        if slugs:
            said = guards.look(event, slugs)
            if said:
                self._say(said, event.ts_ns, decision)
        if guards.kill or (isinstance(event, Operator) and event.action == "kill"):
            slugs = self._kill(event, slugs, decision)
        if decision.intents or decision.moves:
            self.recorder.decision(state.seq, decision.intents, decision.verdicts, decision.commands, decision.moves)
        if decision.moves or event.__class__ is Outcome:
            resolved = outcome_of if event.__class__ is Outcome else ()
            for slug in book(self.strategy, state, self.recorder, slugs, decision.moves, resolved):
                guards.resolved(slug)
        return decision.commands

    def wake_at_ns(self) -> int:
        """Return when a Tick is wanted at the latest."""
        wake_ns, broken = min(NEVER_NS, self.guards.wake_at_ns()), self.state.broken
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
        return self.guards.cash_u6()

    def _targets(self, event: Event) -> tuple[str, ...]:
        """Return the slugs of the windows that the event concerns; kernel-wide facts are taken in here."""
        state, kind = self.state, event.__class__
        if kind in _BY_ORDER:
            slug = slug_of(event.order)  # type: ignore[attr-defined]
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
            announce(self.strategy, state, event)
        return self._by_asset(getattr(event, "asset", -1))

    def _by_asset(self, asset: int) -> tuple[str, ...]:
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
        elif isinstance(event, Operator) and event.action == "stop":
            state.stopping = True

    def _turn(self, slug: str, event: Event, decision: Decision) -> None:
        """Step one window, and once more for each refusal that its intents meet."""
        events: list[Event] = [event]
        for _ in range(_REFUSAL_ROUNDS_MAX):
            refusals: list[Event] = []
            for one in events:
                for intent in self._step(slug, one, decision):
                    refusal = self._judge(slug, intent, event.ts_ns, decision)
                    if refusal is not None:
                        refusals.append(refusal)
            if not refusals:
                return
            events = refusals
        for intent in self._stop_broken(slug, f"asked again after {_REFUSAL_ROUNDS_MAX} refusals of one event"):
            self._judge(slug, intent, event.ts_ns, decision)

    def _step(self, slug: str, event: Event, decision: Decision) -> list[Command]:
        before = self.state.rounds[slug]
        if slug in self.state.broken:
            return []
        try:
            after, wanted = self.strategy.step(before, event)
        except Exception as error:  # a bug: stop this round safely, keep the others going
            return self._stop_broken(slug, f"{type(error).__name__}: {error}")
        self.state.rounds[slug] = after
        if after.stages_seen is not before.stages_seen:
            decision.moves += [f"{slug}:{stage}" for stage in self.strategy.stages(after)[len(before.stages_seen) :]]
        return wanted

    def _pull(self, now_ns: int, decision: Decision) -> None:
        """Cancel the working buys of the windows that a breaker forbids to quote in, for as long as it does."""
        rounds, broken, breakers = self.state.rounds, self.state.broken, self.state.breakers
        for slug in tuple(rounds):
            if slug not in broken and breakers.blocking(slug) is not None:
                rounds[slug], cancels = self.strategy.pull(rounds[slug], now_ns)
                for cancel in cancels:
                    self._judge(slug, cancel, now_ns, decision)

    def _kill(self, event: Event, slugs: tuple[str, ...], decision: Decision) -> tuple[str, ...]:
        """Make every window safe, cancel everything and say why, whoever stopped trading; return the windows."""
        state, reason = self.state, self.guards.kill
        if reason:
            self.guards.kill = ""
            word = Operator(event.ts_ns, "kill", "guard", reason)
            self.guards.hear(word)
            self._take_in(word)
            slugs = tuple(state.rounds)
            for slug in slugs:
                self._turn(slug, word, decision)
        self._say([CancelAll(), Alert(AlertCode.KILLED.value, state.kill_reason)], event.ts_ns, decision)
        return slugs

    def _say(self, commands: list[Command], now_ns: int, decision: Decision) -> None:
        """Let out what belongs to no window: alerts, questions, and the cancel of everything."""
        for command in commands:
            self._judge("", command, now_ns, decision)

    def _stop_broken(self, slug: str, reason: str) -> list[Command]:
        """Never step this round again; return what makes it safe."""
        self.state.broken[slug] = reason
        return [CancelMarket(self.state.rounds[slug].up.asset), Alert(AlertCode.SAFE.value, f"{slug}: {reason}")]

    def _judge(self, slug: str, intent: Command, now_ns: int, decision: Decision) -> Event | None:
        """Append the intent's command if it may leave; else return the refusal as an event for its strategy."""
        state = self.state
        decision.intents.append(intent)
        if isinstance(intent, Place):
            intent, verdict = judge(self.firewall, state, intent, self._context(slug, intent, now_ns), now_ns)
            decision.verdicts.append(verdict)
            if not verdict.allowed:
                self.guards.fired(verdict.code, now_ns, verdict.order)
                origin = Origin.RISK if verdict.code.startswith("risk_") else Origin.FIREWALL
                return Rejected(now_ns, verdict.order, verdict.code, origin, verdict.retry_at_ns)
            spend_venue(state)
        if is_mutation(intent):
            state.budget = state.budget.spend(now_ns, self.firewall.mutations_window_ns)
        decision.commands.append(stamp(state, intent, now_ns))
        return None

    def _context(self, slug: str, order: Place, now_ns: int) -> OrderContext:
        strategy, round_state = self.strategy, self.state.rounds[slug]
        view = strategy.view(round_state, order.asset)
        return OrderContext(
            view=view,
            sellable_u6=strategy.sellable_u6(round_state, order.asset),
            round_orders=without(strategy.orders(round_state), order.order),
            round_cost_u6=strategy.at_risk_u6(round_state)[0],
            cap_u6=strategy.cap_u6(round_state, now_ns),
            known_orders=frozenset(strategy.order_ids(round_state)) - {order.order},
            all_orders=without(self.working_orders(), order.order),
            cash_u6=self.cash_u6(),
            position_u6=self.guards.position_u6(),
            position_max_u6=self.guards.params.guardian.position_max_u6,
            market=self.guards.market(round_state.end_ns, now_ns, closed=view is not None and view.closed),
        )
