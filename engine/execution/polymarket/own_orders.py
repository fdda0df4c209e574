"""What the gateway remembers of our orders: the venue's name of each, and which of its trades were told already.

The venue's order id is the order's EIP-712 digest: it is known before the order is sent, and computed again from the
same command after a crash.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from engine.execution.polymarket.user_channel import OwnFill, Part
from engine.model.commands import Place, TimeInForce
from engine.model.events import GoneReason, Settlement, Side

_FINAL: Final = frozenset({Settlement.CONFIRMED, Settlement.FAILED})


class OwnOrder(msgspec.Struct):
    """One order: its two names, what it is about, and the trades that were told, by their ids."""

    order: str
    remote_id: str
    asset: int
    side: Side
    size_u6: int
    is_immediate: bool
    trades: dict[str, tuple[Part, ...]] = {}
    settled: dict[str, Settlement] = {}  # how far each of them was told to be
    accepted: bool = False  # told, and not doubted since
    ended: bool = False  # told, with how much of it was filled
    end: tuple[GoneReason, int] | None = None  # known, and to be told behind the fills that it counts
    missed: int = 0  # reads in a row that did not find it

    @property
    def unsettled(self) -> set[str]:
        """Return the trades that may still fail."""
        return {trade_id for trade_id in self.trades if self.settled.get(trade_id) not in _FINAL}

    @property
    def filled_u6(self) -> int:
        """Return the shares of all its trades, those that failed later included: so the venue counts them."""
        return sum(part.size_u6 for parts in self.trades.values() for part in parts)


class OwnOrders:
    """Our orders by either name."""

    def __init__(self) -> None:
        self._by_order: dict[str, OwnOrder] = {}
        self._by_remote: dict[str, OwnOrder] = {}

    def add(self, place: Place, remote_id: str) -> OwnOrder:
        """Remember an order before its bytes leave."""
        own = OwnOrder(
            place.order,
            remote_id,
            place.asset,
            place.side,
            place.size_u6,
            place.tif in (TimeInForce.FAK, TimeInForce.FOK),
        )
        self._by_order[place.order] = self._by_remote[remote_id] = own
        return own

    def named(self, order: str) -> OwnOrder | None:
        """Return an order by our name."""
        return self._by_order.get(order)

    def remote(self, remote_id: str) -> OwnOrder | None:
        """Return an order by the venue's name, in whatever case that is written."""
        return self._by_remote.get(remote_id.lower())

    def unended(self) -> list[OwnOrder]:
        """Return the orders whose end was not told, the oldest first."""
        return [own for own in self._by_order.values() if not own.ended]

    def waiting(self) -> list[OwnOrder]:
        """Return the orders whose end waits for fills."""
        return [own for own in self._by_order.values() if own.end is not None]

    def unsure(self) -> list[OwnOrder]:
        """Return the orders whose end was not told or whose trades may still fail, the oldest first."""
        return [own for own in self._by_order.values() if not own.ended or own.unsettled]

    def of_assets(self, assets: Iterable[int]) -> list[OwnOrder]:
        """Return all orders of some tokens."""
        wanted = set(assets)
        return [own for own in self._by_order.values() if own.asset in wanted]

    def forget(self, assets: Iterable[int]) -> None:
        """Forget the orders of tokens whose market is settled and whose orders have all ended."""
        for own in self.of_assets(assets):
            if own.ended:
                del self._by_order[own.order]
                del self._by_remote[own.remote_id]


PART_MARK: Final = "/"
_LATER: Final = {
    Settlement.MATCHED: 1,
    Settlement.RETRYING: 2,
    Settlement.MINED: 3,
    Settlement.CONFIRMED: 4,
    Settlement.FAILED: 5,
}


def note_fill(own: OwnOrder, fill: OwnFill) -> tuple[Part, ...]:
    """Note a trade of an order. Return its parts as they were first told (later messages may lack them), or nothing
    where this was told already, or something later of it.
    """
    told = own.settled.get(fill.trade_id)
    if told is not None and _LATER[fill.settlement] <= _LATER[told]:
        return ()
    own.settled[fill.trade_id] = fill.settlement
    return own.trades.setdefault(fill.trade_id, fill.parts)


def restore_part(own: OwnOrder, told_id: str, part: Part, *, failed: bool) -> None:
    """Note again, after a restart, a part of a trade that was told under this id; parts come in their order."""
    trade_id, _, _ = told_id.partition(PART_MARK)
    own.trades[trade_id] = (*own.trades.get(trade_id, ()), part)
    if failed:
        own.settled[trade_id] = Settlement.FAILED


def part_id(trade_id: str, index: int) -> str:
    """Return the id under which one part of a trade is counted: a taker's trade may have several prices."""
    return trade_id if index == 0 else f"{trade_id}{PART_MARK}{index}"
