"""The half of the audit that looks at orders: books, queues, and the indexes that name them."""

import itertools
from collections.abc import Iterator

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import Order
from engine.venue.statuses import OrderStatus


def resting(exchange: Exchange) -> list[Order]:
    """Return every order that stands in a book."""
    return [
        order
        for market in exchange.markets.values()
        for side in (market.book.bids, market.book.asks)
        for level in side.levels.values()
        for order in level.orders.values()
    ]


def books(exchange: Exchange) -> Iterator[str]:
    """Yield what is wrong with the books."""
    for market in exchange.markets.values():
        yield from _book(market)
        for token in market.spec.tokens:
            if exchange.by_token.get(token) is not market:
                yield f"{market.spec.slug}: its token {token} does not lead to it"


def _book(market: Market) -> Iterator[str]:
    book, slug = market.book, market.spec.slug
    bid_e4, ask_e4 = book.best_bid_e4(), book.best_ask_e4()
    if bid_e4 and ask_e4 and bid_e4 >= ask_e4:
        yield f"{slug}: crossed, bid {bid_e4} and ask {ask_e4}"
    if market.phase == Phase.RESOLVED and (bid_e4 or ask_e4):
        yield f"{slug}: orders rest in a resolved market"
    for is_bid in (True, False):
        side = book.side(is_bid)
        if side.prices_e4 != sorted(side.levels):
            yield f"{slug}: prices and levels differ"
        for price_e4, level in side.levels.items():
            queue = list(level.orders.values())
            open_u6 = sum(order.open_u6 for order in queue)
            if open_u6 != level.total_u6 or not open_u6:
                yield f"{slug}: level {price_e4} says {level.total_u6}, its orders {open_u6}"
            if any(earlier.rank >= later.rank for earlier, later in itertools.pairwise(queue)):
                yield f"{slug}: level {price_e4} is not in order of arrival"
            for order in queue:
                if (order.up_price_e4, order.is_bid, order.market) != (price_e4, is_bid, market):
                    yield f"{slug}: order {order.order_id} rests at {price_e4}, where it does not belong"


def orders(exchange: Exchange) -> Iterator[str]:
    """Yield what is wrong with single orders and with the indexes of them."""
    standing = {order.order_id: order for order in resting(exchange)}
    for order in standing.values():
        yield from _standing(order)
    for order_id, order in exchange.held.items():
        if order.status is not OrderStatus.DELAYED or exchange.orders.get(order_id) is not order:
            yield f"order {order_id} is held, but {order.status} or unknown"
    for order_id, order in exchange.orders.items():
        if order.rests and order_id not in standing:
            yield f"order {order_id} is LIVE and in no book"
        if (order.budget_u6 == 0 and order.filled_u6 > order.size_u6) or order.cash_u6 > order.budget_u6 > 0:
            yield f"order {order_id} has been filled by more than it asked for"
    named = {
        "known": {key for key, order in exchange.orders.items() if standing.get(key) is order},
        "its owner's": {
            key for owner, some in exchange.open_by_owner.items() for key in some if _owns(owner, some[key])
        },
        "its wallet's": {key for account in exchange.ledger.accounts.values() for key in account.open},
    }
    for what, keys in named.items():
        if keys != standing.keys():
            yield f"orders rest, but are not {what}, or the other way round: {sorted(keys ^ standing.keys())[:3]}"


def _owns(owner: str, order: Order) -> bool:
    return order.owner == owner


def _standing(order: Order) -> Iterator[str]:
    if not order.rests or order.open_u6 == 0:
        yield f"order {order.order_id} rests, but is {order.status} with {order.open_u6} open"
    if order.reserved_u6 != order.due_u6():
        yield f"order {order.order_id} reserves {order.reserved_u6}, is due {order.due_u6()}"
