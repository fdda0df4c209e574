"""The taker fee against protocol.md section 10: the documented table and fills seen on the chain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.fees import (
    CRYPTO_FEES,
    NO_FEES,
    FeeSchedule,
    effective_cost_buy_u6,
    effective_proceeds_sell_u6,
    taker_fee_u6,
)

TABLE = [
    (100, 0.07),
    (500, 0.33),
    (1_000, 0.63),
    (1_500, 0.89),
    (2_000, 1.12),
    (2_500, 1.31),
    (3_000, 1.47),
    (3_500, 1.59),
    (4_000, 1.68),
    (4_500, 1.73),
    (5_000, 1.75),
]


@pytest.mark.parametrize(("price_e4", "fee_usd"), TABLE)
def test_the_documented_table_for_a_hundred_shares(price_e4: int, fee_usd: float) -> None:
    fee_u6 = taker_fee_u6(CRYPTO_FEES, price_e4, 100_000_000)
    assert abs(fee_u6 / 1e6 - fee_usd) <= 0.005 + 1e-9
    assert taker_fee_u6(CRYPTO_FEES, 10_000 - price_e4, 100_000_000) == fee_u6


@pytest.mark.parametrize(("price_e4", "fee_u6"), [(100, 69_300), (500, 332_500), (5_000, 1_750_000)])
def test_the_exact_values(price_e4: int, fee_u6: int) -> None:
    assert taker_fee_u6(CRYPTO_FEES, price_e4, 100_000_000) == fee_u6


def test_a_fill_seen_on_the_chain() -> None:
    assert taker_fee_u6(CRYPTO_FEES, 3_600, 108_000_000) == 1_741_820


def test_a_fee_that_is_not_zero_is_at_least_a_hundredth_of_a_thousandth() -> None:
    assert taker_fee_u6(CRYPTO_FEES, 100, 10_000) == 10
    assert taker_fee_u6(CRYPTO_FEES, 5_000, 1) == 10


def test_no_fee_without_a_rate_or_a_size() -> None:
    assert taker_fee_u6(NO_FEES, 5_000, 100_000_000) == 0
    assert taker_fee_u6(CRYPTO_FEES, 5_000, 0) == 0


def test_the_curve_of_the_first_months_had_exponent_two() -> None:
    # C x p x 0.25 x (p(1-p))^2 at 0.50 is 1.5625 % of the notional: 0.125 as the rate on shares
    assert taker_fee_u6(FeeSchedule(125_000, 2), 5_000, 100_000_000) == 781_250


@given(st.integers(1, 9_999), st.integers(1, 10**10))
def test_fees_have_five_decimals_and_are_truncated(price_e4: int, size_u6: int) -> None:
    fee_u6 = taker_fee_u6(CRYPTO_FEES, price_e4, size_u6)
    exact = size_u6 * 0.07 * price_e4 * (10_000 - price_e4) / 1e8
    assert fee_u6 % 10 == 0
    assert fee_u6 == 10 or exact - 11 < fee_u6 <= exact + 0.01


def test_a_taker_pays_the_fee_on_top_and_receives_it_less_and_a_maker_does_not() -> None:
    assert effective_cost_buy_u6(CRYPTO_FEES, 5_000, 100_000_000, taker=True) == 50_000_000 + 1_750_000
    assert effective_cost_buy_u6(CRYPTO_FEES, 5_000, 100_000_000, taker=False) == 50_000_000
    assert effective_proceeds_sell_u6(CRYPTO_FEES, 5_000, 100_000_000, taker=True) == 50_000_000 - 1_750_000
    assert effective_proceeds_sell_u6(CRYPTO_FEES, 5_000, 100_000_000, taker=False) == 50_000_000


@given(st.integers(1, 9_999), st.integers(1, 10**10), st.booleans())
def test_a_round_trip_at_one_price_never_gains(price_e4: int, size_u6: int, taker: bool) -> None:
    cost_u6 = effective_cost_buy_u6(CRYPTO_FEES, price_e4, size_u6, taker=taker)
    assert effective_proceeds_sell_u6(CRYPTO_FEES, price_e4, size_u6, taker=taker) <= cost_u6
