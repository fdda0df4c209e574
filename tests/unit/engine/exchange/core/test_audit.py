"""The audit finds nothing where nothing is wrong, and each kind of wrong that is planted."""

from collections.abc import Callable

import msgspec
import pytest

from engine.exchange.core.audit import audit
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.orders import Order
from engine.exchange.core.trades import Trade
from engine.venue.statuses import OrderStatus, TradeStatus
from tests.support_exchange import BUY, SELL, SHARE, Floor


def busy() -> Floor:
    """Return an exchange with orders on both sides, one held, and a mint in flight."""
    floor = Floor(hold_ms=150)
    floor.limit("ann", SELL, 10, 5200, order_id="ask")
    floor.limit("ann", BUY, 10, 4600, token=1, order_id="down")
    floor.limit("bob", BUY, 10, 5000, order_id="bid")
    floor.limit("bob", BUY, 10, 5000, order_id="second bid")
    floor.limit("cat", BUY, 5, 5200, order_id="taker")
    floor.wait(150)
    floor.limit("cat", BUY, 15, 5400, order_id="mints")
    floor.wait(150)
    floor.limit("cat", SELL, 5, 5000, order_id="held")
    assert [trade.minted_u6 for trade in floor.trades()] == [0, 0, 10 * SHARE]
    return floor


def order(exchange: Exchange, order_id: str) -> Order:
    return exchange.orders[order_id]


def trade(exchange: Exchange) -> Trade:
    return list(exchange.settlement.in_flight.values())[-1]


def chain(exchange: Exchange, wallet: str) -> dict[str, int]:
    return exchange.ledger.accounts[wallet].chain


def change_move(exchange: Exchange) -> None:
    moves = trade(exchange).moves
    at = next(i for i, move in enumerate(moves) if move.asset and move.delta_u6 > 0)
    moves[at] = msgspec.structs.replace(moves[at], delta_u6=moves[at].delta_u6 + 1)


def swap_queue(exchange: Exchange) -> None:
    level = order(exchange, "bid").market.book.bids.levels[5000]
    level.orders = dict(reversed(level.orders.items()))


def misplace(exchange: Exchange) -> None:
    book = order(exchange, "bid").market.book
    book.bids.remove(order(exchange, "bid"))
    book.asks.levels[6000] = level = type(book.bids.levels[5000])()
    level.orders["bid"] = order(exchange, "bid")
    level.total_u6 = 10 * SHARE
    book.asks.prices_e4.append(6000)


PLANTED: dict[str, tuple[Callable[[Exchange], object], str]] = {
    "collateral from nowhere": (lambda x: chain(x, "ann").update({"": 5_000 * SHARE}), "collateral: "),
    "fees from nowhere": (lambda x: setattr(x.ledger, "fees_u6", 1), "collateral: "),
    "negative fees": (lambda x: setattr(x.ledger, "fees_u6", -1), "fees taken are -1"),
    "backing of no market": (lambda x: x.ledger.vault_u6.update({"c9": 0}), "not listed: ['c9']"),
    "shares from nowhere": (lambda x: chain(x, "bob").update(up1=501 * SHARE), "shares of up1: "),
    "shares of no market": (lambda x: chain(x, "bob").update(up9=1), "shares of up9, which is not listed"),
    "more of one token than of the other": (
        lambda x: (chain(x, "bob").update(up1=501 * SHARE), x.ledger.supply.update(up1=1_501 * SHARE)),
        "m1: 1501000000 of up1, backing 1500000000",
    ),
    "a negative balance": (lambda x: chain(x, "bob").update(up1=-1), "bob has -1 of up1"),
    "a negative view of one": (lambda x: x.ledger.accounts["bob"].visible.update(up1=-1), "bob has -1 of up1"),
    "a zero that is kept": (lambda x: chain(x, "bob").update(up9=0), "bob has 0 of up9"),
    "too much reserved": (lambda x: x.ledger.accounts["bob"].reserved.update({"": 11 * SHARE}), "bob: reserved 11"),
    "a reservation without an order": (lambda x: x.ledger.accounts["ann"].reserved.update(down1=1), "ann: reserved 1 "),
    "an order without a reservation": (lambda x: x.ledger.accounts["bob"].reserved.clear(), "bob: reserved None"),
    "an order's own reservation": (lambda x: setattr(order(x, "bid"), "reserved_u6", 1), "bid reserves 1, is due"),
    "pending of no trade": (lambda x: x.ledger.accounts["bob"].pending.update(up1=5), "bob: pending 5 of up1, found 0"),
    "a trade that is not pending": (lambda x: x.ledger.accounts["ann"].pending.clear(), "ann: pending None"),
    "more promised than there is": (lambda x: chain(x, "bob").update({"": SHARE}), "bob is 9000000 short of coll"),
    "a trade that does not balance": (change_move, "10000001 more of down1, minted 10000000"),
    "a trade whose cash does not": (lambda x: setattr(trade(x), "minted_u6", 1), "minted 1"),
    "a trade of another size": (lambda x: setattr(trade(x), "size_u6", 1), "its makers' sizes do not add up to 1"),
    "a fee that is not the schedule's": (lambda x: setattr(trade(x), "price_e4", 5000), "the schedule says 175000"),
    "a trade that is over and in flight": (
        lambda x: setattr(trade(x), "status", TradeStatus.CONFIRMED),
        "is CONFIRMED and still in flight",
    ),
    "a crossed book": (
        lambda x: order(x, "bid").market.book.asks.prices_e4.append(4000),
        "m1: crossed, bid 5000 and ask 4000",
    ),
    "prices without levels": (
        lambda x: order(x, "bid").market.book.bids.prices_e4.insert(0, 1),
        "m1: prices and levels differ",
    ),
    "a wrong total": (
        lambda x: setattr(order(x, "bid").market.book.bids.levels[5000], "total_u6", 1),
        "m1: level 5000 says 1, its orders 20000000",
    ),
    "a queue out of order": (swap_queue, "m1: level 5000 is not in order of arrival"),
    "an order where it does not belong": (misplace, "order bid rests at 6000, where it does not belong"),
    "a token that leads elsewhere": (lambda x: x.by_token.pop("down1"), "its token down1 does not lead to it"),
    "orders in a resolved market": (
        lambda x: (setattr(order(x, "bid").market, "phase", 4), setattr(order(x, "bid").market, "winner", 0)),
        "orders rest in a resolved market",
    ),
    "an order of another status": (
        lambda x: setattr(order(x, "bid"), "status", OrderStatus.MATCHED),
        "order bid rests, but is MATCHED",
    ),
    "a full order that rests": (lambda x: setattr(order(x, "bid"), "filled_u6", 10 * SHARE), "with 0 open"),
    "an order that is live and nowhere": (
        lambda x: setattr(order(x, "taker"), "status", OrderStatus.LIVE),
        "order taker is LIVE and in no book",
    ),
    "an order with too many fills": (
        lambda x: setattr(order(x, "taker"), "filled_u6", 6 * SHARE),
        "order taker has been filled by more than it asked for",
    ),
    "a held order that is not known": (lambda x: x.orders.pop("held"), "order held is held, but DELAYED or unknown"),
    "a held order of another status": (
        lambda x: setattr(order(x, "held"), "status", OrderStatus.INVALID),
        "order held is held, but INVALID",
    ),
    "an order that nobody knows": (lambda x: x.orders.pop("bid"), "orders rest, but are not known"),
    "an order its owner does not see": (
        lambda x: x.open_by_owner["bob"].pop("bid"),
        "orders rest, but are not its owner's",
    ),
    "an order of another owner": (
        lambda x: setattr(order(x, "bid"), "owner", "eve"),
        "orders rest, but are not its owner's",
    ),
    "an order its wallet does not see": (
        lambda x: x.ledger.accounts["bob"].open.pop("bid"),
        "orders rest, but are not its wallet's",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_found(what: str) -> None:
    exchange = busy().exchange
    assert audit(exchange) == []
    plant, finding = PLANTED[what]
    plant(exchange)
    found = audit(exchange)
    assert any(finding in one for one in found), found


def test_nothing_is_wrong_with_an_empty_exchange() -> None:
    assert audit(Exchange()) == []
