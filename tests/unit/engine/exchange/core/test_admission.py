"""Whether an order can be taken as the book and the balance are: word for word what the venue says."""

import pytest

from engine.exchange.core.exchange import Settings
from engine.exchange.core.orders import Answer
from engine.model.fees import NO_FEES
from tests.support_exchange import BUY, FAK, FOK, GTD, SELL, START_MS, Floor

NO_BALANCE = "not enough balance / allowance: the balance is not enough -> "


def text(answer: Answer) -> str:
    assert answer.refusal is not None
    assert answer.refusal.status == 400
    return answer.refusal.text


def test_a_resting_buy_is_covered_by_its_amount_and_open_orders_count() -> None:
    floor = Floor(cash=10, shares=0)
    assert text(floor.limit("ann", BUY, 20, 5100)) == NO_BALANCE + "balance: 10000000, order amount: 10200000"
    assert floor.limit("ann", BUY, 10, 5000).refusal is None
    assert floor.limit("ann", BUY, 10, 5000).refusal is None
    assert floor.account("ann").spendable_u6("") == 0
    refused = floor.limit("ann", BUY, 5, 4000)
    assert text(refused) == NO_BALANCE + "balance: 10000000, sum of active orders: 10000000, order amount: 2000000"


def test_a_sale_is_covered_by_shares_of_its_own_token() -> None:
    floor = Floor(shares=10)
    assert floor.limit("ann", SELL, 10, 5000).refusal is None
    refused = floor.limit("ann", SELL, 5, 6000)
    assert text(refused) == NO_BALANCE + "balance: 10000000, sum of active orders: 10000000, order amount: 5000000"
    assert floor.limit("ann", SELL, 10, 6000, token=1).refusal is None


def test_what_matched_but_is_not_mined_counts_as_matched() -> None:
    floor = Floor(cash=10, shares=0)
    floor.open("dan", 0, 100)
    floor.limit("dan", SELL, 10, 5000)
    assert floor.limit("ann", BUY, 10, 5000).status == "MATCHED"
    refused = floor.limit("ann", BUY, 10, 4900)
    assert text(refused) == NO_BALANCE + "balance: 10000000, sum of matched orders: 5175000, order amount: 4900000"
    floor.limit("ann", BUY, 5, 4000)
    refused = floor.limit("ann", BUY, 10, 4000)
    found = "balance: 10000000, sum of active orders: 2000000, sum of matched orders: 5175000, order amount: 4000000"
    assert text(refused) == NO_BALANCE + found


def test_a_marketable_buy_is_covered_with_its_fee_to_the_last_unit() -> None:
    floor = Floor(cash=0, shares=100)
    floor.limit("bob", SELL, 10, 5000)
    need = 5_000_000 + 175_000
    floor.exchange.deposit("ann", need - 1)
    said = f"balance: {need - 1}, order amount (inc. fees): {need}"
    assert text(floor.limit("ann", BUY, 10, 5000)) == NO_BALANCE + said
    assert text(floor.now("ann", BUY, 5, 5000, FOK)) == NO_BALANCE + said
    assert text(floor.now("ann", BUY, 5, 5000, FAK)) == NO_BALANCE + said
    floor.exchange.deposit("ann", 1)
    assert floor.limit("ann", BUY, 10, 5000).status == "MATCHED"
    assert floor.account("ann").spendable_u6("") == 0


def test_a_marketable_buy_is_covered_for_all_it_wants_though_it_would_cost_less() -> None:
    floor = Floor(cash=0, shares=100)
    floor.limit("bob", SELL, 10, 3000)
    fee = 10 * 70_000 * 21 // 100
    floor.exchange.deposit("ann", 6_000_000 + fee - 1)
    assert f"order amount (inc. fees): {6_000_000 + fee}" in text(floor.limit("ann", BUY, 12, 5000))
    floor.exchange.deposit("ann", 1)
    floor.limit("ann", BUY, 12, 5000)
    assert floor.account("ann").pending == {"": 3_000_000 + fee}
    assert floor.account("ann").reserved == {"": 1_000_000}


def test_the_rounding_of_mints_is_covered_too() -> None:
    floor = Floor(fees=NO_FEES)
    floor.limit("ann", BUY, 10, 3300, token=1)
    floor.limit("ann", BUY, 10, 3300, token=1)
    floor.now("bob", BUY, 1, 6700)  # leaves 8.507463 of the first, so that two fills cost a unit more than 6.70
    floor.open("eve", 0, 0)
    floor.exchange.deposit("eve", 6_700_000)
    refused = floor.limit("eve", BUY, 10, 6700)
    assert text(refused) == NO_BALANCE + "balance: 6700000, order amount (inc. fees): 6700001"
    floor.exchange.deposit("eve", 1)
    assert floor.limit("eve", BUY, 10, 6700).making_u6 == 6_700_001


def test_a_marketable_buy_is_of_a_dollar_or_more() -> None:
    floor = Floor()
    floor.limit("bob", SELL, 10, 1000)
    assert text(floor.limit("ann", BUY, 5, 1000)) == "invalid amount for a marketable BUY order ($0.5), min size: $1"
    assert text(floor.now("ann", BUY, 0.99, 1000)) == "invalid amount for a marketable BUY order ($0.99), min size: $1"
    assert floor.now("ann", BUY, 1, 1000).status == "MATCHED"
    assert floor.limit("ann", BUY, 5, 900).status == "LIVE", "what rests may be of less"


@pytest.mark.parametrize("strict", [False, True])
def test_whether_sales_have_the_dollar_minimum_is_a_setting(strict: bool) -> None:
    floor = Floor(Settings(sell_minimum=strict))
    floor.limit("bob", BUY, 10, 1000)
    assert (floor.limit("ann", SELL, 5, 1000).refusal is not None) == strict


def test_a_post_only_order_that_crosses_is_refused_and_one_that_does_not_rests() -> None:
    floor = Floor()
    floor.limit("bob", SELL, 10, 5000)
    for token, side, price_e4 in ((0, BUY, 5000), (1, SELL, 5000), (0, BUY, 9900)):
        refused = floor.limit("ann", side, 10, price_e4, token=token, post_only=True)
        assert text(refused) == "invalid post-only order: order crosses book"
    assert floor.limit("ann", BUY, 10, 4900, post_only=True).status == "LIVE"
    expires = START_MS // 1000 + 300
    assert floor.limit("ann", BUY, 10, 4900, post_only=True, tif=GTD, expiration_s=expires).status == "LIVE"
