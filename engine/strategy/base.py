"""The interface that every strategy has towards the kernel; one value of the state type is one window of one market."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from engine.model.commands import Command
from engine.model.events import Event, Market
from engine.model.market import View
from engine.model.orders import Order
from engine.model.records import RoundRecord

State = TypeVar("State")


class Strategy(Protocol[State]):
    """Pure functions over one window's state; the parameters are held by the object and never change."""

    def plays(self, market: Market) -> bool:
        """Whether the strategy plays windows of this kind."""
        ...

    def open(self, up: Market, down: Market, dust: tuple[tuple[int, int, int], ...]) -> State:
        """Return the state of a new window."""
        ...

    def step(self, state: State, event: Event) -> tuple[State, list[Command]]:
        """Return the state after the event and what is asked for."""
        ...

    def pull(self, state: State, now_ns: int) -> tuple[State, list[Command]]:
        """Return the state with every working buy being cancelled, and the cancels; asked again and again."""
        ...

    def is_crossed(self, state: State, asset: int) -> bool:
        """Whether others' bid for a token of this window is not below others' ask."""
        ...

    def pnl_u6(self, state: State) -> int:
        """Return what the window has made so far, in 1e-6 USD, what is held counted at min(bid, cost)."""
        ...

    def wake_at_ns(self, state: State) -> int:
        """Return when a Tick is wanted at the latest."""
        ...

    def stages(self, state: State) -> tuple[str, ...]:
        """Return the names of the stages taken so far, the present one last."""
        ...

    def orders(self, state: State) -> Iterable[Order]:
        """Return the window's orders that may still trade."""
        ...

    def order_ids(self, state: State) -> Iterable[str]:
        """Return the ids of all orders of the window, ended ones included."""
        ...

    def view(self, state: State, asset: int) -> View | None:
        """Return what is known of a token of this window."""
        ...

    def sellable_u6(self, state: State, asset: int) -> int:
        """Return what could be sold of a token now, open sells not taken off."""
        ...

    def at_risk_u6(self, state: State) -> tuple[int, int]:
        """Return (cost of what is held, cash that the window has taken so far net of what it gave back)."""
        ...

    def cap_u6(self, state: State, now_ns: int) -> int:
        """Return the cap in force for the window."""
        ...

    def dust(self, state: State) -> tuple[int, int, int] | None:
        """Return (asset, size_u6, cost_u6) of the dust that an ended window leaves, None if none."""
        ...

    def is_over(self, state: State) -> bool:
        """Whether nothing can happen to the window any more."""
        ...

    def record(self, state: State) -> RoundRecord:
        """Return the window's summary as far as it is known."""
        ...
