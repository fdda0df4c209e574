"""A maker's wish for its orders, and the least that has to be cancelled and placed to have it."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from engine.model.units import PRICE_ONE_E4
from engine.worlds.participants.view import OpenOrder

E6_PER_E4: Final = 100


class Ladder(NamedTuple):
    """Prices of Up's book in 1e-4 USD, the best first, at which to have one order each."""

    bids: tuple[int, ...] = ()
    asks: tuple[int, ...] = ()


NO_LADDER: Final = Ladder()


def ladder_around(centre_e6: int, half_spread_e6: int, tick_e4: int, levels: int, gap: int) -> Ladder:
    """Return a ladder of `levels` a side, `gap` ticks apart, the best at least `half_spread_e6` from the centre.

    Nothing stands outside of [tick, 1 - tick].
    """
    tick_e6 = tick_e4 * E6_PER_E4
    bid_e4 = (centre_e6 - half_spread_e6) // tick_e6 * tick_e4
    ask_e4 = -((-centre_e6 - half_spread_e6) // tick_e6) * tick_e4
    bid_e4 = min(bid_e4, PRICE_ONE_E4 - tick_e4)
    ask_e4 = max(ask_e4, bid_e4 + tick_e4, tick_e4)
    steps = range(0, levels * gap * tick_e4, gap * tick_e4)
    return Ladder(
        tuple(bid_e4 - step for step in steps if bid_e4 - step >= tick_e4),
        tuple(ask_e4 + step for step in steps if ask_e4 + step <= PRICE_ONE_E4 - tick_e4),
    )


def surplus(orders: Iterable[tuple[int, OpenOrder]], ladder: Ladder) -> Iterator[int]:
    """Yield the keys of the orders that the ladder has no place for, a second one on the same level included."""
    left = (set(ladder.asks), set(ladder.bids))
    for key, order in orders:
        wanted = left[order.is_bid]
        if order.up_price_e4 in wanted:
            wanted.remove(order.up_price_e4)
        else:
            yield key


def missing(orders: Iterable[OpenOrder], ladder: Ladder) -> Ladder:
    """Return the levels of the ladder at which no order stands."""
    bids: set[int] = set()
    asks: set[int] = set()
    for order in orders:
        (bids if order.is_bid else asks).add(order.up_price_e4)
    return Ladder(
        tuple(price_e4 for price_e4 in ladder.bids if price_e4 not in bids),
        tuple(price_e4 for price_e4 in ladder.asks if price_e4 not in asks),
    )
