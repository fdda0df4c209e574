"""The paper venue's account: its orders, its trades, what it holds and what of it can be sold already."""

import hashlib

import msgspec

from engine.execution.paper.ledger import Ended, Filled, Opened, Refused, Resting, Row, Settled, Taken
from engine.fills.strict import Levels
from engine.model.commands import Place
from engine.model.events import GoneReason, Side
from engine.model.orders import Order, OrderStatus
from engine.model.units import notional_u6, proceeds_u6


class PaperOrder(msgspec.Struct):
    """One order as the venue knows it."""

    place: Place
    remote_id: str
    status: str = "sent"  # sent, held, resting, ended, refused
    filled_u6: int = 0
    trades: int = 0
    crossed: Levels = ()  # the crossing levels of the last record: what was shown then fills nobody twice

    @property
    def open_u6(self) -> int:
        """How much of it is not filled."""
        return self.place.size_u6 - self.filled_u6

    def as_order(self) -> Order:
        """Return it in the form that the overlay shows."""
        place = self.place
        return Order(
            place.order,
            place.asset,
            place.side,
            place.price_e4,
            place.size_u6,
            place.tif,
            place.purpose,
            place.post_only,
            0,
            OrderStatus.LIVE,
            self.filled_u6,
        )


def remote_id(place: Place, address: str) -> str:
    """Return the paper order id: a hash of what identifies the order, until digests exist (decision 9)."""
    text = f"{address}|{place.order}|{place.salt}|{place.timestamp_ms}"
    return "0x" + hashlib.sha256(text.encode()).hexdigest()


class Account:
    """Cash, shares and orders; `apply` is the only way that they change, live and when the file is read back."""

    def __init__(self, cash_u6: int, sellable_after_ns: int) -> None:
        self.cash_u6 = cash_u6
        self.sellable_after_ns = sellable_after_ns
        self.orders: dict[str, PaperOrder] = {}
        self._working: dict[str, PaperOrder] = {}
        self.fills: dict[str, list[Filled]] = {}
        self.shares: dict[int, int] = {}
        self.locked: list[tuple[int, int, int]] = []  # (sellable from ts_ns, asset, size_u6)

    def apply(self, row: Row) -> None:
        """Fold one row of the ledger."""
        if isinstance(row, Taken):
            order = PaperOrder(row.place, row.remote_id)
            self.orders[row.place.order] = self._working[row.place.order] = order
        elif isinstance(row, Resting):
            self.orders[row.order].status = "resting"
        elif isinstance(row, Refused):
            self._working.pop(row.order).status = "refused"
        elif isinstance(row, Ended):
            self._working.pop(row.order).status = "ended"
        elif isinstance(row, Opened):
            self.cash_u6 = row.cash_u6
        elif isinstance(row, Settled):
            self.cash_u6 += row.payout_u6
            self.shares.pop(row.asset, None)
            self.locked = [lock for lock in self.locked if lock[1] != row.asset]
        else:
            self._filled(row)

    def _filled(self, row: Filled) -> None:
        order = self.orders[row.order]
        order.filled_u6 += row.size_u6
        order.trades += 1
        self.fills.setdefault(row.order, []).append(row)
        held_u6 = self.shares.get(row.asset, 0)
        if row.side == Side.BUY:
            self.cash_u6 -= notional_u6(row.price_e4, row.size_u6) + row.fee_u6
            self.shares[row.asset] = held_u6 + row.size_u6
            self.locked.append((row.ts_ns + self.sellable_after_ns, row.asset, row.size_u6))
        else:
            self.cash_u6 += proceeds_u6(row.price_e4, row.size_u6) - row.fee_u6
            self.shares[row.asset] = held_u6 - row.size_u6

    def sellable_u6(self, asset: int, now_ns: int) -> int:
        """Return the shares of a token that are settled, whether or not a resting sell has reserved them."""
        self.locked = [lock for lock in self.locked if lock[0] > now_ns]
        locked_u6 = sum(size_u6 for _, token, size_u6 in self.locked if token == asset)
        return max(self.shares.get(asset, 0) - locked_u6, 0)

    def reserved_u6(self, asset: int) -> int:
        """Return the shares that working sells of a token hold."""
        return sum(
            o.open_u6
            for o in self.working()
            if o.place.asset == asset and o.place.side == Side.SELL and o.status != "sent"
        )

    def reserved_cash_u6(self) -> int:
        """Return the cash that working buys hold."""
        return sum(
            notional_u6(o.place.price_e4, o.open_u6)
            for o in self.working()
            if o.place.side == Side.BUY and o.status != "sent"
        )

    def working(self) -> list[PaperOrder]:
        """Return the orders that may still trade, in the order of their arrival."""
        return list(self._working.values())

    def end_reason(self, order: PaperOrder) -> GoneReason:
        """Return why an order that is over is over, as far as its size tells."""
        return GoneReason.FILLED if order.open_u6 == 0 else GoneReason.CANCELED
