"""The book of one market in price-time priority: levels of resting orders, all in prices of the first outcome."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.exchange.core.orders import Order


class Level:
    """The orders at one price, the earliest first, and their open sizes in all (1e-6 shares)."""

    __slots__ = ("orders", "total_u6")

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.total_u6 = 0


class Side:
    """One side of the book. `prices_e4` ascends; the best bid is its last, the best ask its first."""

    __slots__ = ("levels", "prices_e4")

    def __init__(self) -> None:
        self.levels: dict[int, Level] = {}
        self.prices_e4: list[int] = []

    def add(self, order: "Order") -> Level:
        """Put an order at the end of its level's queue; return the level."""
        level = self.levels.get(order.up_price_e4)
        if level is None:
            level = self.levels[order.up_price_e4] = Level()
            insort(self.prices_e4, order.up_price_e4)
        level.orders[order.order_id] = order
        level.total_u6 += order.size_u6 - order.filled_u6
        return level

    def remove(self, order: "Order") -> int:
        """Take an order out; return what is left at its price."""
        level = self.levels[order.up_price_e4]
        del level.orders[order.order_id]
        level.total_u6 -= order.size_u6 - order.filled_u6
        if not level.orders:
            self.drop(order.up_price_e4)
        return level.total_u6

    def drop(self, price_e4: int) -> None:
        """Forget an empty level."""
        del self.levels[price_e4]
        del self.prices_e4[bisect_left(self.prices_e4, price_e4)]


class Book:
    """Both sides. Bids buy the first outcome or sell the second; asks the other way round."""

    __slots__ = ("asks", "bids", "version")

    def __init__(self) -> None:
        self.bids = Side()
        self.asks = Side()
        self.version = 0  # grows with every change, so that a rendered book can be kept until the next one

    def side(self, is_bid: bool) -> Side:
        """Return the side that a bid, or an ask, rests on."""
        return self.bids if is_bid else self.asks

    def best_bid_e4(self) -> int:
        """Return the best bid's price, 0 where there is none."""
        prices = self.bids.prices_e4
        return prices[-1] if prices else 0

    def best_ask_e4(self) -> int:
        """Return the best ask's price, 0 where there is none."""
        prices = self.asks.prices_e4
        return prices[0] if prices else 0

    def crossed_by(self, is_bid: bool, up_price_e4: int) -> bool:
        """Tell whether an order at this price would take something."""
        if is_bid:
            return bool(self.asks.prices_e4) and self.asks.prices_e4[0] <= up_price_e4
        return bool(self.bids.prices_e4) and self.bids.prices_e4[-1] >= up_price_e4

    def opposite(self, is_bid: bool) -> Iterator[tuple[int, Level]]:
        """Yield (price, level) of what a bid, or an ask, would meet, the best first."""
        if is_bid:
            for price_e4 in self.asks.prices_e4:
                yield price_e4, self.asks.levels[price_e4]
        else:
            for price_e4 in reversed(self.bids.prices_e4):
                yield price_e4, self.bids.levels[price_e4]

    def depth(self, is_bid: bool, levels: int = 1_000) -> tuple[tuple[int, int], ...]:
        """Return (price_e4, size_u6) of a side's levels, the best first."""
        side = self.side(is_bid)
        prices = reversed(side.prices_e4[-levels:]) if is_bid else side.prices_e4[:levels]
        return tuple((price_e4, side.levels[price_e4].total_u6) for price_e4 in prices)
