"""From a recorded book to the orders that show it: the levels to stand at, and the least change that gets there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from engine.model.units import PRICE_ONE_E4, SIZE_GRID_U6, U6
from engine.worlds.participants.actions import Token
from engine.worlds.participants.view import OpenOrder
from engine.worlds.recorded_rounds import BookMoment

Levels = dict[tuple[Token, int], int]
"""{(token, price_e4 of a purchase of it): size_u6}: an ask of Up stands as a bid for Down."""

DEEP_SHARES: Final = 360
DEEP_SHARES_SPREAD: Final = 140
"""What stands at a level that was not recorded: 360 to 500 shares. In the 5-minute frames the second level had a median
of 363 shares and the third to eighth 413 to 471.
"""


def levels_of(book: BookMoment, tick_e4: int, depth: int, least_u6: int) -> Levels:
    """Return what to stand at so that `depth` levels a side show the book; the deeper ones are made up where it ends.

    A price that the tick cannot hold moves away from the other side; a size below `least_u6` becomes that. The size of
    a level that is made up depends on its price alone, so that a book that moves leaves it as it is.
    """
    levels: Levels = {}
    asks = [(PRICE_ONE_E4 - price_e4, size_u6) for price_e4, size_u6 in book.asks]
    for token, side in ((Token.UP, book.bids), (Token.DOWN, asks)):
        for price_e4, size_u6 in _deepened(side, tick_e4, depth):
            place = (token, price_e4 // tick_e4 * tick_e4)
            if place[1] > 0:
                levels[place] = levels.get(place, 0) + size_u6
    return {place: max(size_u6 - size_u6 % SIZE_GRID_U6, least_u6) for place, size_u6 in levels.items()}


def _deepened(side: Iterable[tuple[int, int]], tick_e4: int, depth: int) -> Iterator[tuple[int, int]]:
    count = price_e4 = 0
    for price_e4, size_u6 in side:
        count += 1
        yield price_e4, size_u6
    while 0 < count < depth:
        count += 1
        price_e4 -= tick_e4
        yield price_e4, (DEEP_SHARES + price_e4 * 37 // 10 % DEEP_SHARES_SPREAD) * U6


class Changes(NamedTuple):
    """What turns one's own orders into the wanted levels: keys to cancel first, (token, price_e4, size_u6) to buy, and
    keys to cancel then.

    Only what the purchases would trade with goes first, so that no side of the book is empty in between: the tick
    follows the middle of the book, and would flip.
    """

    first: list[int]
    added: list[tuple[Token, int, int]]
    then: list[int]


def steer(orders: Mapping[int, OpenOrder], wanted: Levels, least_u6: int) -> Changes:
    """Return the least changes that bring each level as near to the wanted size as orders can be.

    The newest orders of a level go, so that the oldest keep their place in the queue. A difference below `least_u6` is
    left, because no order can be that small.
    """
    standing: dict[tuple[Token, int], list[tuple[int, int]]] = {}
    for key, order in orders.items():
        standing.setdefault((order.token, order.price_e4), []).append((key, order.open_u6))
    cancelled: list[int] = []
    added: list[tuple[Token, int, int]] = []
    for place, rows in standing.items():
        if place not in wanted:
            cancelled += (key for key, _ in rows)
    for place, size_u6 in wanted.items():
        rows = standing.get(place, [])
        shown_u6 = sum(open_u6 for _, open_u6 in rows)
        while shown_u6 - size_u6 >= least_u6:
            key, open_u6 = rows.pop()
            cancelled.append(key)
            shown_u6 -= open_u6
        if size_u6 - shown_u6 >= least_u6:
            added.append((*place, size_u6 - shown_u6))
    highest = {token: max((price for other, price, _ in added if other == token), default=0) for token in Token}
    first = [key for key in cancelled if orders[key].price_e4 + highest[orders[key].token.peer] >= PRICE_ONE_E4]
    return Changes(first, added, [key for key in cancelled if key not in first])
