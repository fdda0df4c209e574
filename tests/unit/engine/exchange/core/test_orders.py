"""An order as it is kept: which side of the one book, what it gives, what is due for its rest."""

import pytest

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import NewOrder, Order
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue.statuses import OrderStatus
from tests.support_exchange import BUY, FAK, GTC, SELL, SHARE, spec


def order(side: Side, token: int, price_e4: int = 3_000, tif: TimeInForce = GTC) -> Order:
    given_u6, wanted_u6 = (3 * SHARE, 10 * SHARE) if side == BUY else (10 * SHARE, 3 * SHARE)
    market = Market(spec(), Phase.OPEN)
    new = NewOrder("o1", "key", "wallet", market.spec.tokens[token], side, given_u6, wanted_u6, tif)
    return Order(new, market, price_e4, 7)


@pytest.mark.parametrize(
    ("side", "token", "is_bid", "up_price_e4", "asset"),
    [
        (BUY, 0, True, 3_000, ""),
        (SELL, 0, False, 3_000, "up1"),
        (BUY, 1, False, 7_000, ""),
        (SELL, 1, True, 7_000, "down1"),
    ],
)
def test_an_order_stands_on_one_side_of_one_book(
    side: Side, token: int, is_bid: bool, up_price_e4: int, asset: str
) -> None:
    one = order(side, token)
    assert (one.is_bid, one.up_price_e4, one.asset, one.token) == (is_bid, up_price_e4, asset, token)
    assert (one.size_u6, one.open_u6, one.status, one.created_ms) == (10 * SHARE, 10 * SHARE, OrderStatus.LIVE, 7)
    assert one.rests


def test_what_is_due_falls_with_the_rest_and_is_rounded_up_for_a_buy() -> None:
    buy, sale = order(BUY, 0, 3_333), order(SELL, 0)
    assert (buy.due_u6(), sale.due_u6()) == (3_333_000, 10 * SHARE)
    buy.filled_u6 = sale.filled_u6 = 10 * SHARE - 1
    assert (buy.due_u6(), sale.due_u6()) == (1, 1)


def test_only_an_immediate_buy_has_a_budget_and_may_be_filled_beyond_its_size() -> None:
    assert [order(side, 0, tif=tif).budget_u6 for side in (BUY, SELL) for tif in (GTC, FAK)] == [0, 3 * SHARE, 0, 0]
    one = order(BUY, 0, tif=FAK)
    one.filled_u6 = 12 * SHARE
    assert one.open_u6 == 0
