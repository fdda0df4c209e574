"""What must always hold (bucket.md, last section), checked after every event of a seed."""

from engine.kernel.kernel import Kernel
from engine.model.commands import Cancel, Command, Place, Prepare
from engine.model.events import Breaker, Event, Side
from engine.model.orders import TERMINAL, OrderStatus
from engine.model.records import RoundRecord, Verdict
from engine.model.units import NS_PER_S, SIZE_GRID_U6, notional_u6
from engine.strategy.base import Strategy
from engine.strategy.bucket.absorb import POST_ONLY_CROSSES_MAX
from engine.strategy.bucket.round import Round
from engine.strategy.bucket.stages import DECLARED_HOLDS, TRANSITIONS, Stage
from tests.swarm.venue import BadVenue

SIGNED = ("asset", "side", "price_e4", "size_u6", "tif", "salt", "timestamp_ms")


class Checks:
    """The rules, and what was seen on the way."""

    def __init__(self, seed: int, strategy: Strategy[Round], venue: BadVenue) -> None:
        self.seed = seed
        self.strategy = strategy
        self.venue = venue
        self.moves: set[tuple[Stage, Stage]] = set()
        self.pnl_u6 = 0
        self.last: Round | None = None
        self.was_done = False
        self.stage = Stage.WAIT_ENTRY
        self.records: list[RoundRecord] = []
        self.prepared: dict[str, Prepare] = {}
        self.stamps: set[int] = set()
        self.presigned = 0
        self.pulled = 0

    def event(self, seq: int, event: Event) -> None:
        """Be the kernel's recorder: inputs are looked at elsewhere."""

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        """Follow the stages along the table."""
        for move in stages:
            self._moved(Stage[move.partition(":")[2]])

    def round(self, seq: int, record: RoundRecord) -> None:
        """Keep what the round came to."""
        self.records.append(record)

    def before(self, kernel: Kernel) -> None:
        """Remember the round as it is."""
        for state in kernel.state.rounds.values():
            self.last = state

    def after(self, kernel: Kernel, event: Event, commands: list[Command]) -> None:
        """Check one step."""
        self._ensure(not kernel.state.broken, f"the round broke: {kernel.state.broken}")
        for state in kernel.state.rounds.values():
            self._orders(state, event)
            if kernel.state.breakers.blocking(state.slug) is not None:
                self._pulled(state, event, commands)
            self._liveness(state, event)
            for command in commands:
                if isinstance(command, Place):
                    self._placed(state, command, event)
                    self._stamped(command)
                elif isinstance(command, Prepare):
                    self.prepared[command.order] = command
            self.was_done = self.was_done or state.stage in (Stage.DONE, Stage.SETTLING)
            self.last = state

    def at_the_end(self, kernel: Kernel) -> None:
        """Check that the round came to rest and that our ledger is the venue's."""
        self._ensure(not kernel.state.rounds, f"the round never ended: {kernel.state.rounds}")
        state = self.last
        assert state is not None
        self._ensure(bool(self.records), "the round left no record")
        self._ensure(not self.venue.repeated, f"orders were sent twice: {self.venue.repeated}")
        resting = [order for order in self.venue.orders.values() if order.resting and not order.over]
        self._ensure(not resting, f"orders rest after the round: {resting}")
        record = self.records[-1]
        true_u6 = self.venue.shares.get(state.leg, 0) if state.leg >= 0 else 0
        self._ensure(record.held_u6 == true_u6, f"held {record.held_u6}, the venue says {true_u6}")
        cash_u6 = record.received_u6 - record.spent_u6
        self._ensure(cash_u6 == self.venue.cash_u6, f"cash {cash_u6}, the venue says {self.venue.cash_u6}")
        self.pnl_u6 = record.pnl_u6

    def _ensure(self, holds: bool, text: str) -> None:
        assert holds, f"seed {self.seed}: {text}"

    def _moved(self, stage: Stage) -> None:
        self._ensure(stage in TRANSITIONS[self.stage], f"{self.stage.name} -> {stage.name}")
        self.moves.add((self.stage, stage))
        self.stage = stage

    def _orders(self, state: Round, event: Event) -> None:
        working = state.working()
        for side in Side:
            mine = [o for o in working if o.side == side and o.status != OrderStatus.CANCELED]
            live = [o for o in mine if o.open_u6 > 0 and o.status not in (OrderStatus.MATCHED, OrderStatus.EXPIRED)]
            self._ensure(len(live) <= 1, f"two working orders on one side: {live}")
        true_sells_u6 = sum(o.open_u6 for o in self.venue.orders.values() if o.place.side == Side.SELL)
        true_held_u6 = sum(self.venue.shares.values())
        self._ensure(
            true_sells_u6 <= max(true_held_u6, 0) or self.venue.habits.reverse_odds > 0, "open sells exceed the shares"
        )
        self._ensure(state.late_reentries <= 1, "too many re-entries")

    def _placed(self, state: Round, place: Place, event: Event) -> None:
        view = state.view(place.asset)
        self._ensure(not self.was_done, f"an order after DONE: {place}")
        self._ensure(place.size_u6 % SIZE_GRID_U6 == 0 and place.size_u6 > 0, f"size off the grid: {place}")
        self._ensure(place.price_e4 % view.tick_e4 == 0, f"price off the tick {view.tick_e4}: {place}")
        self._ensure(view.tick_e4 <= place.price_e4 <= 10_000 - view.tick_e4, f"price out of range: {place}")
        self._ensure(state.leg in (-1, place.asset), f"an order on the other leg: {place}")
        if place.side == Side.BUY:
            cap_u6 = self.strategy.cap_u6(state, event.ts_ns)
            at_risk_u6 = notional_u6(place.price_e4, place.size_u6) + (0 if state.is_flat else state.bought_cost_u6)
            self._ensure(at_risk_u6 <= cap_u6, f"{at_risk_u6} at risk, the cap is {cap_u6}")
        else:
            self._ensure(place.size_u6 <= state.held_u6, f"sells more than is held: {place}")

    def _pulled(self, state: Round, event: Event, commands: list[Command]) -> None:
        """While a breaker is tripped nothing is bought, and every buy is on its way out."""
        buys = [one for one in commands if isinstance(one, Place) and one.side == Side.BUY]
        self._ensure(not buys, f"bought while a breaker is tripped: {buys}")
        entry = state.entry
        over = (OrderStatus.UNKNOWN, *TERMINAL)
        going = entry is None or entry.cancel_sent_ns > 0 or entry.status in over
        self._ensure(going, f"a buy stands while a breaker is tripped: {entry}")
        self.pulled += isinstance(event, Breaker) and any(isinstance(one, Cancel) for one in commands)

    def _stamped(self, place: Place) -> None:
        """No two orders have the same timestamp, and a prepared order is the one that was signed, used once."""
        self._ensure(place.timestamp_ms not in self.stamps, f"a timestamp was used twice: {place}")
        self.stamps.add(place.timestamp_ms)
        if not place.prepared:
            return
        signed = self.prepared.pop(place.prepared, None)
        self._ensure(signed is not None, f"never prepared, or used before: {place}")
        assert signed is not None
        same = all(getattr(signed, name) == getattr(place, name) for name in SIGNED)
        self._ensure(same, f"{place} is not what was signed: {signed}")
        self.presigned += 1

    def _liveness(self, state: Round, event: Event) -> None:
        if state.held_u6 < 5_000_000 or state.stage in DECLARED_HOLDS or state.stopping:
            return
        if state.exit is not None or state.entry is not None:
            return  # a resting exit, a pending cancel or sell, or an entry whose rest works while the stop is watched
        view = state.leg_view
        assert view is not None
        no_bid = view.bid1_size_u6 == 0 or state.stop_wait_record
        waits = state.wake_ns <= event.ts_ns + NS_PER_S or not view.is_fresh or state.wait_record or state.venue != 1
        # the cap makes a take-profit cross, or it was refused too often: only the stop is watched
        watched = view.bid1_price_e4 >= 9_800 or state.post_only_crosses >= POST_ONLY_CROSSES_MAX
        self._ensure(
            no_bid or waits or (state.stage == Stage.EXIT and watched),
            f"holding {state.held_u6} in {state.stage.name} and waiting for nothing",
        )
