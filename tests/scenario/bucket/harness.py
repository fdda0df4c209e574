"""A window of one round as a scenario tells it: market records, answers and ticks at given seconds, intents back."""

from typing import Any, Self

import msgspec

from engine.model.commands import Alert, Cancel, Command, Place, Prepare, ReadBook, ReadOrder, ReadPosition
from engine.model.events import (
    Accepted,
    Book,
    Event,
    Feed,
    FeedChange,
    Fill,
    FillReversed,
    Gap,
    Gone,
    GoneReason,
    MarketChange,
    Operator,
    OrderState,
    Outcome,
    Position,
    Rejected,
    Sellable,
    Tick,
    Unknown,
    VenueMode,
    VenueState,
)
from engine.model.orders import Order
from engine.model.units import NS_PER_S
from engine.strategy.bucket.round import Round, open_round
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.step import step, wake_at_ns
from tests.scenario.bucket.words import DOWN, PARAMS, START_S, UP, at, market, price, shares, tob


class Scenario:
    """One round through the pure `step`; each call is one event, `intents` is what the last one led to, but for the
    orders that it had signed ahead (`prepares`).
    """

    def __init__(self, dust: tuple[tuple[int, int, int], ...] = (), **params: Any) -> None:
        self.params = msgspec.structs.replace(PARAMS, **params)
        self.state: Round = open_round(market(UP), market(DOWN), dust)
        self.intents: list[Command] = []
        self.prepares: list[Prepare] = []
        self.second = -2.0
        self._trades = 0

    def send(self, event: Event) -> Self:
        """Feed one event."""
        self.second = (event.ts_ns - START_S * NS_PER_S) / NS_PER_S
        self.state, asked = step(self.params, self.state, event)
        self.intents = [intent for intent in asked if not isinstance(intent, Prepare)]
        self.prepares = [intent for intent in asked if isinstance(intent, Prepare)]
        return self

    # what the market does

    def book(self, second: float, bid: float, ask: float = 0, asset: int = UP, size: float = 100, **more: int) -> Self:
        """Show a record; the ask stands one cent above the bid unless given, -1 = none."""
        ask = 0 if ask < 0 else ask or round(bid + 0.01, 4)
        return self.send(tob(second, asset, bid, ask, size, **more))

    def rest_book(self, second: float, bid: float, ask: float) -> Self:
        """Answer a ReadBook."""
        bid_u6, ask_u6 = shares(100) if bid else 0, shares(100) if ask else 0
        return self.send(Book(at(second), self.state.leg, price(bid), bid_u6, price(ask), ask_u6))

    def tick(self, second: float) -> Self:
        """Let time pass."""
        return self.send(Tick(at(second)))

    def feed(self, second: float, change: FeedChange) -> Self:
        """Change the state of the whole feed."""
        return self.send(Feed(at(second), -1, change))

    def lap(self, second: float) -> Self:
        """Lose records in the ring."""
        return self.send(Gap(at(second), 3))

    def tick_size(self, second: float, tick: float) -> Self:
        """Change the tick of both tokens."""
        return self.send(market(UP, MarketChange.TICK, tick, second)).send(
            market(DOWN, MarketChange.TICK, tick, second)
        )

    def mode(self, second: float, state: VenueState) -> Self:
        """Change what the venue accepts."""
        return self.send(VenueMode(at(second), state))

    def outcome(self, second: float, *, won: bool, known: bool = True) -> Self:
        """Resolve the market for the Up token."""
        return self.send(Outcome(at(second), UP, known, won))

    def operator(self, second: float, action: str) -> Self:
        """Let a person speak."""
        return self.send(Operator(at(second), action, "scenario"))

    # what the venue answers; the order is the last one placed unless given

    def accept(self, second: float, order: str = "", *, resting: bool = True) -> Self:
        """Accept an order."""
        return self.send(Accepted(at(second), order or self.last, "remote", resting))

    def reject(self, second: float, code: str, order: str = "", **more: Any) -> Self:
        """Refuse an order."""
        return self.send(Rejected(at(second), order or self.last, code, **more))

    def gone(
        self, second: float, order: str = "", filled: float = -1, reason: GoneReason = GoneReason.CANCELED
    ) -> Self:
        """End an order; by default it says how much was filled in all."""
        order = order or self.last
        filled_u6 = self.order(order).filled_u6 if filled < 0 else shares(filled)
        return self.send(Gone(at(second), order, reason, filled_u6))

    def fill(self, second: float, size: float, usd: float = 0, order: str = "", trade: str = "") -> Self:
        """Fill an order, at its own price unless given."""
        found = self.order(order or self.last)
        self._trades += 1
        trade = trade or f"trade-{self._trades}"
        price_e4 = price(usd) or found.price_e4
        return self.send(
            Fill(at(second), found.order, trade, found.asset, found.side, price_e4, shares(size), 0, found.post_only)
        )

    def reverse(self, second: float, trade: str, order: str) -> Self:
        """Let a matched trade fail."""
        return self.send(FillReversed(at(second), order, trade))

    def unknown(self, second: float, order: str = "", what: str = "place") -> Self:
        """Lose an answer."""
        return self.send(Unknown(at(second), order or self.last, what))

    def read(self, second: float, order: str = "", *, found: bool, resting: bool = False, filled: float = 0) -> Self:
        """Answer a ReadOrder."""
        return self.send(OrderState(at(second), order or self.last, found, resting, shares(filled)))

    def sellable(self, second: float, size: float) -> Self:
        """Tell the venue's balance of the leg."""
        return self.send(Sellable(at(second), self.state.leg, shares(size)))

    def position(self, second: float, size: float) -> Self:
        """Tell a remote source's view of the leg."""
        return self.send(Position(at(second), self.state.leg, shares(size), source="data api"))

    # whole passages

    def bought(self, second: float = 10, bid: float = 0.60, size: float = 0) -> Self:
        """Enter on Up at `bid`, filled completely within a second: SETTLING_IN."""
        self.book(second, bid).accept(second + 0.1)
        return self.fill(second + 1, size or self.order(self.last).size_u6 / 1e6)

    def holding(self, second: float = 10, bid: float = 0.60) -> Self:
        """Enter and let the balance arrive: EXIT with an accepted take-profit (LATE_HOLD when that is due)."""
        self.bought(second, bid).sellable(second + 2, self.held)
        return self.accept(second + 2.1) if self.state.exit is not None else self

    # what came of it

    @property
    def stage(self) -> Stage:
        """Where the round is."""
        return self.state.stage

    @property
    def held(self) -> float:
        """Shares held."""
        return self.state.held_u6 / 1e6

    @property
    def last(self) -> str:
        """The id of the youngest order."""
        known = [o for o in (self.state.entry, self.state.exit, *self.state.past) if o is not None]
        return max(known, key=lambda order: int(order.order.split("/")[1])).order

    def order(self, order: str) -> Order:
        """Return one order of the round."""
        known = [o for o in (self.state.entry, self.state.exit, *self.state.past) if o is not None]
        return next(one for one in known if one.order == order)

    @property
    def place(self) -> Place:
        """The one order that the last event led to."""
        (place,) = [intent for intent in self.intents if isinstance(intent, Place)]
        return place

    @property
    def cancelled(self) -> list[str]:
        """Purposes of the orders that the last event cancelled."""
        return [intent.order.split("/")[2] for intent in self.intents if isinstance(intent, Cancel)]

    @property
    def alerts(self) -> list[str]:
        """Codes of the alerts that the last event led to."""
        return [intent.code for intent in self.intents if isinstance(intent, Alert)]

    def asks(self, kind: type[ReadBook | ReadOrder | ReadPosition]) -> bool:
        """Whether the last event led to a read of this kind."""
        return any(isinstance(intent, kind) for intent in self.intents)

    @property
    def wake_s(self) -> float:
        """When a Tick is wanted, seconds after the window's start."""
        return (wake_at_ns(self.state) - START_S * NS_PER_S) / NS_PER_S
