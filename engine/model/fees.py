"""The venue's taker fee, from a market's own fee schedule.

Facts (protocol.md 10, 2026-11-21): `fee = C x rate x (p (1 - p))^exponent` in collateral, takers only, to 5 decimals,
at least 0.00001 when it is not zero. Truncation per fill agrees with the chain's data; the mode itself is not
documented.
"""

from typing import Final

import msgspec

from engine.model.units import notional_u6, proceeds_u6

FEE_GRID_U6: Final = 10
"""Fees have 5 decimals: 1e-5 USD in units of 1e-6."""


class FeeSchedule(msgspec.Struct, frozen=True, array_like=True):
    """One market's fee: rate in 1e-6 (0.07 = 70_000), exponent of p(1-p), and whether makers are free."""

    rate_e6: int
    exponent: int = 1
    taker_only: bool = True


CRYPTO_FEES: Final = FeeSchedule(rate_e6=70_000)
"""What crypto markets charge since June 2026; used where a recording has no schedule (decision 14), and said so."""
NO_FEES: Final = FeeSchedule(rate_e6=0)


def taker_fee_u6(schedule: FeeSchedule, price_e4: int, size_u6: int) -> int:
    """Return the fee in 1e-6 USD that a taker pays for one fill of `size_u6` shares at `price_e4`."""
    if schedule.rate_e6 == 0 or size_u6 == 0:
        return 0
    assert schedule.exponent >= 0
    variance: int = (price_e4 * (10_000 - price_e4)) ** schedule.exponent
    scale: int = 1_000_000 * 100_000_000**schedule.exponent
    fee_u6 = size_u6 * schedule.rate_e6 * variance // scale
    return max(fee_u6 - fee_u6 % FEE_GRID_U6, FEE_GRID_U6)


def effective_cost_buy_u6(schedule: FeeSchedule, price_e4: int, size_u6: int, *, taker: bool) -> int:
    """Return what a buy costs in all, in 1e-6 USD: the notional rounded up, and the taker fee where it applies."""
    return notional_u6(price_e4, size_u6) + (taker_fee_u6(schedule, price_e4, size_u6) if taker else 0)


def effective_proceeds_sell_u6(schedule: FeeSchedule, price_e4: int, size_u6: int, *, taker: bool) -> int:
    """Return what a sale brings in all, in 1e-6 USD: the proceeds rounded down, less the taker fee where it applies."""
    return proceeds_u6(price_e4, size_u6) - (taker_fee_u6(schedule, price_e4, size_u6) if taker else 0)
