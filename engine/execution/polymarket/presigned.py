"""Exits that are signed ahead: when a position is known its stop is signed, so that a stop needs no signing to fire.

A prepared order is good only for the very terms that it was signed for: another size, tick, price or market makes it
worthless, and it is dropped. Each is given out once.
"""

import msgspec

from engine.execution.polymarket.signing import SignedOrder, Terms


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A signed order with what it was signed for, and the body of its request."""

    terms: Terms
    order: SignedOrder
    body: bytes


class PreparedOrders:
    """The prepared orders by the name that whoever asked for them gave them."""

    def __init__(self) -> None:
        self._orders: dict[str, Prepared] = {}

    def keep(self, name: str, prepared: Prepared) -> None:
        """Keep an order; an older one of that name is dropped."""
        self._orders[name] = prepared

    def take(self, name: str, terms: Terms) -> Prepared | None:
        """Return an order and forget it; None where there is none for exactly these terms."""
        prepared = self._orders.pop(name, None)
        return prepared if prepared is not None and prepared.terms == terms else None

    def drop_token(self, token_id: int, tick_e4: int | None = None) -> int:
        """Drop the orders of a token, or only those signed for another tick; return how many."""
        stale = [
            name
            for name, prepared in self._orders.items()
            if prepared.terms.token_id == token_id and prepared.terms.tick_e4 != tick_e4
        ]
        for name in stale:
            del self._orders[name]
        return len(stale)

    def __len__(self) -> int:
        """Return how many orders are prepared."""
        return len(self._orders)
