"""What the gateway knows of the windows: each token's facts, and the windows whose outcome nobody has told yet."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.execution.polymarket.own_orders import OwnOrders
from engine.model.events import Market, Outcome
from engine.model.market import View, fold, open_view
from engine.model.units import NS_PER_S


class Unresolved(NamedTuple):
    """A window whose outcome nobody has told yet: its end in Unix ns, and its two tokens."""

    end_ns: int
    assets: tuple[int, int]


class Windows:
    """Tokens by our number for them; windows by condition id."""

    def __init__(self) -> None:
        self._views: dict[int, View] = {}
        self._unresolved: dict[str, Unresolved] = {}
        self._settled: list[Unresolved] = []  # they have an outcome, but their orders may still be named

    def view(self, asset: int) -> View | None:
        """Return what is known of a token, None of one that was never announced."""
        return self._views.get(asset)

    def market(self, event: Market) -> None:
        """Learn what a token is called, its tick and its fees."""
        end_ns = (event.window_start_s + event.window_length_s) * NS_PER_S
        self._unresolved.setdefault(event.condition_id, Unresolved(end_ns, (event.asset, event.peer)))
        view = self._views.get(event.asset)
        self._views[event.asset] = open_view(event) if view is None else fold(view, event)

    def outcome(self, event: Outcome) -> None:
        """Learn that a window's outcome was told."""
        view = self._views.get(event.asset)
        if view is not None and event.known:
            self._settle(view.condition_id)

    def restore(self, windows: Iterable[tuple[View, View, int]]) -> None:
        """Know windows again after a restart: both tokens and the end, Unix ns."""
        for up, down, end_ns in windows:
            self._views[up.asset], self._views[down.asset] = up, down
            self._unresolved[up.condition_id] = Unresolved(end_ns, (up.asset, down.asset))

    def overdue(self, before_ns: int) -> list[str]:
        """Return the condition ids of the windows that ended before then and whose outcome nobody has told."""
        return [condition_id for condition_id, window in self._unresolved.items() if window.end_ns < before_ns]

    def resolved(self, condition_id: str, winner: str) -> list[Outcome]:
        """Return a window's outcome that was read as what is to be told, nothing where it was told meanwhile.

        `winner` is a token id.
        """
        window = self._settle(condition_id)
        views = [self._views[asset] for asset in window.assets if asset in self._views] if window is not None else []
        return [Outcome(0, view.asset, True, view.token_id == winner, "read") for view in views]

    def forget(self, before_ns: int, orders: OwnOrders) -> None:
        """Forget the orders of windows that ended before then and have an outcome, unless one of them is still open."""
        kept = []
        for window in self._settled:
            if window.end_ns < before_ns and all(own.ended for own in orders.of_assets(window.assets)):
                orders.forget(window.assets)
            else:
                kept.append(window)
        self._settled = kept

    def _settle(self, condition_id: str) -> Unresolved | None:
        window = self._unresolved.pop(condition_id, None)
        if window is not None:
            self._settled.append(window)
        return window
