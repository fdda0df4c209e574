"""Keeps the way of an order warm: does everything that an order needs, on copies and for nobody, while nothing happens.

An order is rare, and what it runs through is cold when it comes: tables of the curve, branches, the interpreter's own
code. Steps, risk, firewall and signing are pure, so they can be run for nothing: no state changes, nothing is recorded
and nothing leaves.
"""

from typing import Final

from engine.execution.polymarket.gateway import PolymarketGateway
from engine.kernel.kernel import Kernel
from engine.model.commands import Place, Purpose, TimeInForce
from engine.model.events import Side, Tob
from engine.model.market import View
from engine.model.units import SHARE_U6

NOBODY: Final = "warm/0/entry"


class Warmth:
    """One rehearsal at a time over the windows that are open."""

    def __init__(self, kernel: Kernel, gateway: PolymarketGateway) -> None:
        self._kernel = kernel
        self._gateway = gateway

    def rehearse(self, now_ns: int) -> bool:
        """Run one event and one order through everything but the record and the socket; whether there was a window."""
        for slug, state in self._kernel.state.rounds.items():
            if not state.start_ns <= now_ns < state.end_ns or slug in self._kernel.state.broken:
                continue
            for view in (state.up, state.down):
                self._kernel.strategy.step(state, _again(view, now_ns))
            order = _order(state.up)
            self._kernel.rehearse(slug, order, now_ns)
            self._gateway.rehearse(order)
            return True
        return False


def _again(view: View, now_ns: int) -> Tob:
    """Return a book as it stands, as if it were told again."""
    return Tob(
        now_ns,
        view.asset,
        view.bid1_price_e4,
        view.bid1_size_u6,
        view.ask1_price_e4,
        view.ask1_size_u6,
        view.bid2_price_e4,
        view.bid2_size_u6,
        view.ask2_price_e4,
        view.ask2_size_u6,
    )


def _order(view: View) -> Place:
    return Place(
        NOBODY, view.asset, Side.BUY, 5_000, 5 * SHARE_U6, TimeInForce.GTC, Purpose.ENTRY, True, salt=1, timestamp_ms=1
    )
