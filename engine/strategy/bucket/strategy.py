"""The bucket strategy as the kernel sees it: the pure functions of this package behind the Strategy interface."""

from collections.abc import Iterable

from engine.model.commands import Command
from engine.model.events import Event, Market
from engine.model.market import View
from engine.model.orders import Order
from engine.model.params import BucketParams
from engine.model.records import RoundRecord
from engine.model.units import NS_PER_S
from engine.strategy.bucket.external import external_ask, external_bid
from engine.strategy.bucket.round import FLAT_BELOW_U6, Round, open_round, record_of
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.step import pull, step, wake_at_ns


class BucketStrategy:
    """bucket.md behind engine.strategy.base.Strategy."""

    def __init__(self, params: BucketParams) -> None:
        self.params = params

    def plays(self, market: Market) -> bool:
        """Play windows of the configured length only."""
        return market.window_length_s * NS_PER_S == self.params.window_ns

    def open(self, up: Market, down: Market, dust: tuple[tuple[int, int, int], ...]) -> Round:
        """Return a fresh round."""
        return open_round(up, down, dust)

    def step(self, state: Round, event: Event) -> tuple[Round, list[Command]]:
        """Return the round after the event and its intents."""
        return step(self.params, state, event)

    def pull(self, state: Round, now_ns: int) -> tuple[Round, list[Command]]:
        """Cancel the working buy; it is followed to its end like every cancel."""
        return pull(self.params, state, now_ns)

    def is_crossed(self, state: Round, asset: int) -> bool:
        """Judge the book without our own orders in it."""
        view = state.view(asset)
        return 0 < external_ask(state, view) <= external_bid(state, view)

    def pnl_u6(self, state: Round) -> int:
        """Return money received less money spent, and what is held at the lower of its cost and its last bid."""
        return state.received_u6 + state.worth_u6 - state.spent_u6 - state.fees_u6

    def wake_at_ns(self, state: Round) -> int:
        """Return when a Tick is wanted at the latest."""
        return wake_at_ns(state)

    def stages(self, state: Round) -> tuple[str, ...]:
        """Return the stages taken, the present one last."""
        return tuple(stage.name for stage in state.stages_seen)

    def orders(self, state: Round) -> Iterable[Order]:
        """Return the orders that may still trade."""
        return state.working()

    def order_ids(self, state: Round) -> Iterable[str]:
        """Return the ids of all orders of the round."""
        return [order.order for order in (state.entry, state.exit, *state.past) if order is not None]

    def view(self, state: Round, asset: int) -> View | None:
        """Return what is known of one of the two tokens."""
        return state.view(asset) if asset in (state.up.asset, state.down.asset) else None

    def sellable_u6(self, state: Round, asset: int) -> int:
        """Return the sellable position of the leg; nothing of the other token is ever held."""
        return min(state.held_u6, state.sellable_u6) if asset == state.leg else 0

    def at_risk_u6(self, state: Round) -> tuple[int, int]:
        """Return the cost of what is held and the round's net cash outflow."""
        held_cost_u6 = 0 if state.is_flat else state.bought_cost_u6
        return held_cost_u6, state.spent_u6 + state.fees_u6 - state.received_u6

    def cap_u6(self, state: Round, now_ns: int) -> int:
        """Return CAP_SCHEDULE's value at this moment of the window."""
        return self.params.cap_u6(now_ns - state.start_ns)

    def dust(self, state: Round) -> tuple[int, int, int] | None:
        """Return what an ended round leaves below the minimum size."""
        minimum_u6 = max(self.params.min_trade_size_u6, state.up.min_size_u6)
        if state.stage != Stage.DONE or not self.params.enable_dust_merge:
            return None
        if not FLAT_BELOW_U6 <= state.held_u6 < minimum_u6:
            return None
        return state.leg, state.held_u6, state.entry_price_e4 * state.held_u6 // 10_000

    def is_over(self, state: Round) -> bool:
        """Whether the round never traded, or its outcome was said: until then a sale may still be reversed."""
        return state.stage == Stage.SETTLING and (not state.fills or state.outcome_said)

    def record(self, state: Round) -> RoundRecord:
        """Return the round's summary."""
        return record_of(state)
