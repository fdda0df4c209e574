"""Shows our resting paper orders in the book that the kernel sees, as the venue would; the strategy takes them out
again.

So a live book (which contains us) and a paper book (which would not) go through one rule, and a live journal replays
through the dry composition unchanged.
"""

from collections.abc import Iterable

import msgspec

from engine.model.events import Side, Tob
from engine.model.orders import Order
from engine.model.units import PRICE_ONE_E4

_Level = tuple[int, int]


def overlay(tob: Tob, orders: Iterable[Order], peer: int) -> Tob:
    """Return the top of book with our resting orders added: on their own token, and mirrored on the other one."""
    bids: list[_Level] = [(tob.bid1_price_e4, tob.bid1_size_u6), (tob.bid2_price_e4, tob.bid2_size_u6)]
    asks: list[_Level] = [(tob.ask1_price_e4, tob.ask1_size_u6), (tob.ask2_price_e4, tob.ask2_size_u6)]
    touched = False
    for order in orders:
        if order.asset == tob.asset:
            is_bid, price_e4 = order.side == Side.BUY, order.price_e4
        elif order.asset == peer:
            is_bid, price_e4 = order.side == Side.SELL, PRICE_ONE_E4 - order.price_e4
        else:
            continue
        touched = True
        if is_bid:
            bids = _insert(bids, price_e4, order.open_u6, -1)
        else:
            asks = _insert(asks, price_e4, order.open_u6, 1)
    if not touched:
        return tob
    return msgspec.structs.replace(
        tob,
        bid1_price_e4=bids[0][0],
        bid1_size_u6=bids[0][1],
        bid2_price_e4=bids[1][0],
        bid2_size_u6=bids[1][1],
        ask1_price_e4=asks[0][0],
        ask1_size_u6=asks[0][1],
        ask2_price_e4=asks[1][0],
        ask2_size_u6=asks[1][1],
    )


def _insert(levels: list[_Level], price_e4: int, size_u6: int, direction: int) -> list[_Level]:
    """Return the two best levels after adding size at a price; `direction` 1 sorts asks, -1 bids."""
    sizes = {level[0]: level[1] for level in levels if level[1] > 0}
    sizes[price_e4] = sizes.get(price_e4, 0) + size_u6
    best = sorted(sizes.items(), key=lambda level: level[0] * direction)[:2]
    return [*best, (0, 0)][:2]
