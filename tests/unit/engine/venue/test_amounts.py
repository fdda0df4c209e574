from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from engine.model.events import Side
from engine.venue.amounts import (
    DECIMALS_BY_TICK_E4,
    Amounts,
    client_market_amounts,
    limit_amounts,
    limit_price_e4,
    market_amounts,
    precision_fault,
)
from engine.venue.market_channel import TICKS_E4

SIDES = st.sampled_from(Side)
TICKS = st.sampled_from(sorted(TICKS_E4))
SIZES_U6 = st.integers(1, 10**6).map(lambda units: units * 10_000)


def prices(tick_e4: int) -> st.SearchStrategy[int]:
    return st.integers(1, 10_000 // tick_e4 - 1).map(lambda steps: steps * tick_e4)


def test_every_tick_has_its_decimals() -> None:
    assert set(DECIMALS_BY_TICK_E4) == TICKS_E4


@pytest.mark.parametrize(
    ("side", "price_e4", "size_u6", "expected"),
    [
        (Side.BUY, 5200, 10_000_000, (5_200_000, 10_000_000)),
        (Side.BUY, 5000, 10_000_000, (5_000_000, 10_000_000)),
        (Side.SELL, 5200, 10_000_000, (10_000_000, 5_200_000)),
        (Side.BUY, 100, 5_100_000, (51_000, 5_100_000)),  # binary floats give 50900 and 5090000
        (Side.BUY, 5200, 10_009_999, (5_200_000, 10_000_000)),
    ],
)
def test_limit_amounts_are_the_vectors(side: Side, price_e4: int, size_u6: int, expected: tuple[int, int]) -> None:
    assert limit_amounts(side, price_e4, size_u6) == expected


def test_market_amounts_are_the_vectors_and_the_legal_ones_differ() -> None:
    assert client_market_amounts(Side.BUY, 5200, 5_000_000, 100) == (5_000_000, 9_615_300)
    assert market_amounts(Side.BUY, 5200, 5_000_000, 100) == (5_000_000, 9_615_300)
    of_clients = client_market_amounts(Side.BUY, 9850, 9_980_000, 10)
    legal = market_amounts(Side.BUY, 9850, 9_980_000, 10)
    assert (of_clients, legal) == ((9_980_000, 10_131_970), (9_980_000, 10_131_900))
    assert precision_fault(Side.BUY, legal, 10, immediate=True) is None
    assert precision_fault(Side.BUY, of_clients, 10, immediate=True) == (
        "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, "
        "taker amount a max of 4 decimals"
    )


@given(SIDES, TICKS, SIZES_U6, st.data())
def test_a_limit_orders_amounts_say_its_price_and_are_let_through(
    side: Side, tick_e4: int, size_u6: int, data: st.DataObject
) -> None:
    price_e4 = data.draw(prices(tick_e4))
    amounts = limit_amounts(side, price_e4, size_u6)
    assert limit_price_e4(side, *amounts) == (price_e4, True)
    assert precision_fault(side, amounts, tick_e4, immediate=False) is None


@given(SIDES, TICKS, st.integers(1_000_000, 10**10), st.data())
def test_legal_market_amounts_are_let_through_and_say_the_price(
    side: Side, tick_e4: int, amount_u6: int, data: st.DataObject
) -> None:
    price_e4 = data.draw(prices(tick_e4))
    amounts = market_amounts(side, price_e4, amount_u6, tick_e4)
    assert precision_fault(side, amounts, tick_e4, immediate=True) is None
    of_clients = client_market_amounts(side, price_e4, amount_u6, tick_e4)
    assert amounts.maker_u6 == of_clients.maker_u6 <= amount_u6
    assert 0 <= of_clients.taker_u6 - amounts.taker_u6 < 100
    told_e4, _ = limit_price_e4(side, *amounts)
    if tick_e4 == 1000:  # three decimals: the price is told less exactly than 1e-4
        assert abs(told_e4 - price_e4) <= 10
    else:
        assert told_e4 == price_e4


@given(SIDES, st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_price_is_cut_for_a_buyer_and_raised_for_a_seller(side: Side, maker_u6: int, taker_u6: int) -> None:
    price_e4, exact = limit_price_e4(side, maker_u6, taker_u6)
    cash_u6, shares_u6 = (maker_u6, taker_u6) if side == Side.BUY else (taker_u6, maker_u6)
    true_e4 = Fraction(cash_u6 * 10_000, shares_u6)
    assert exact == (price_e4 == true_e4)
    if side == Side.BUY:
        assert price_e4 <= true_e4 < price_e4 + 1
    else:
        assert price_e4 - 1 < true_e4 <= price_e4


@pytest.mark.parametrize(
    ("side", "amounts", "tick_e4", "immediate", "text"),
    [
        (Side.BUY, (5_200_010, 10_000_000), 100, False, "buy orders maker amount supports a max accuracy of 4"),
        (Side.BUY, (5_200_001, 10_000_000), 10, False, "buy orders maker amount supports a max accuracy of 5"),
        (Side.BUY, (5_200_000, 10_001_000), 100, False, "buy orders maker amount supports a max accuracy of 4"),
        (Side.BUY, (5_201_000, 10_000_000), 100, True, "market buy orders maker amount supports a max accuracy of 2"),
        (Side.SELL, (10_001_000, 5_200_000), 100, False, "sell orders maker amount supports a max accuracy of 2"),
        (Side.SELL, (10_000_000, 5_200_010), 10, True, "sell orders maker amount supports a max accuracy of 2"),
    ],
)
def test_too_many_decimals_are_named(
    side: Side, amounts: tuple[int, int], tick_e4: int, immediate: bool, text: str
) -> None:
    fault = precision_fault(side, Amounts(*amounts), tick_e4, immediate=immediate)
    assert fault is not None
    assert fault.startswith(f"invalid amounts, the {text} decimals, taker amount a max of ")


def test_a_resting_order_may_have_the_ticks_decimals_and_an_immediate_one_only_four() -> None:
    fine = Amounts(5_200_010, 10_000_000)
    assert precision_fault(Side.BUY, fine, 10, immediate=False) is None
    assert precision_fault(Side.BUY, fine, 10, immediate=True) is not None
    whole = (
        "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, "
        "taker amount a max of 2 decimals"
    )
    assert precision_fault(Side.BUY, fine, 100, immediate=False) == whole


@given(TICKS, st.integers(1, 9_999), SIZES_U6)
def test_a_price_finer_than_the_tick_is_cut_for_a_market_order(tick_e4: int, price_e4: int, size_u6: int) -> None:
    grid_e4 = 10 ** (4 - DECIMALS_BY_TICK_E4[tick_e4].price)
    assume(price_e4 >= grid_e4)
    cut_e4 = price_e4 // grid_e4 * grid_e4
    for side in Side:
        assert market_amounts(side, price_e4, size_u6, tick_e4) == market_amounts(side, cut_e4, size_u6, tick_e4)
