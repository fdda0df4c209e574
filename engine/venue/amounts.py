"""What an order's two amounts are, what price they say, and how many decimals the venue lets them have.

Facts (protocol.md 2.4, 2026-11-21): the tick decides the decimals of price, size and amount. A BUY offers USD (maker)
for shares (taker), a SELL shares for USD; both are integers of 1e-6. The clients round a market order's taker amount up
to four decimals more than the amount's and then down; the venue, though, takes at most 4 decimals there, whatever the
tick, so that what they sign on a fine tick is refused.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4, SIZE_GRID_U6

U6_DECIMALS: Final = 6
IMMEDIATE_OFFER_DECIMALS: Final = 2
"""Of the maker amount of a FAK or FOK order."""
IMMEDIATE_RETURN_DECIMALS: Final = 4
"""Of its taker amount."""


class Decimals(NamedTuple):
    """How many decimals a tick gives to price, size (shares) and amount (USD)."""

    price: int
    size: int
    amount: int


DECIMALS_BY_TICK_E4: Final = MappingProxyType(
    {
        1000: Decimals(1, 2, 3),
        100: Decimals(2, 2, 4),
        50: Decimals(3, 2, 5),
        25: Decimals(4, 2, 6),
        10: Decimals(3, 2, 5),
        1: Decimals(4, 2, 6),
    }
)
"""For each tick in 1e-4 USD."""


class Amounts(NamedTuple):
    """What an order gives and what it takes, each in 1e-6 USD or shares."""

    maker_u6: int
    taker_u6: int


def limit_amounts(side: Side, price_e4: int, size_u6: int) -> Amounts:
    """Return the amounts of a limit order, exact: the size is cut to 0.01 share, the rest follows.

    The price is on its market's tick and within [tick, 1 - tick]; price x size then needs no rounding.
    """
    assert 0 < price_e4 < PRICE_ONE_E4, f"expected a price between 0 and 1, was {price_e4}"
    shares_u6 = size_u6 - size_u6 % SIZE_GRID_U6
    cash_u6 = shares_u6 * price_e4 // PRICE_ONE_E4  # exact: the size grid has as many units as the price
    return Amounts(cash_u6, shares_u6) if side == Side.BUY else Amounts(shares_u6, cash_u6)


def client_market_amounts(side: Side, price_e4: int, amount_u6: int, tick_e4: int) -> Amounts:
    """Return the amounts of a FAK or FOK order as both Python clients sign them; `amount_u6` is USD for a BUY."""
    return _market_amounts(side, price_e4, amount_u6, tick_e4, DECIMALS_BY_TICK_E4[tick_e4].amount)


def market_amounts(side: Side, price_e4: int, amount_u6: int, tick_e4: int) -> Amounts:
    """Return the amounts of a FAK or FOK order as the venue takes them, on every tick; `amount_u6` is USD for a BUY.

    Of 1 USD or share and more they say `price_e4` (see limit_price_e4), but on the tick 0.1, whose 3 decimals may put
    it off by 0.001.
    """
    decimals = min(DECIMALS_BY_TICK_E4[tick_e4].amount, IMMEDIATE_RETURN_DECIMALS)
    return _market_amounts(side, price_e4, amount_u6, tick_e4, decimals)


def limit_price_e4(side: Side, maker_u6: int, taker_u6: int) -> tuple[int, bool]:
    """Return (the price that an order's amounts say, whether it is exact), on the grid of 1e-4 USD.

    A BUY pays at most this and a SELL gets at least this: what lies between two prices is cut for the one and raised
    for the other. Both amounts are positive.
    """
    assert maker_u6 > 0, "an order offers something"
    assert taker_u6 > 0, "an order wants something"
    if side == Side.BUY:
        price_e4, rest = divmod(maker_u6 * PRICE_ONE_E4, taker_u6)
        return price_e4, rest == 0
    price_e4, rest = divmod(taker_u6 * PRICE_ONE_E4, maker_u6)
    return (price_e4, True) if rest == 0 else (price_e4 + 1, False)


def precision_fault(side: Side, amounts: Amounts, tick_e4: int, *, immediate: bool) -> str | None:
    """Return the venue's error text when an amount has too many decimals; None when both are well.

    `immediate` is FAK or FOK. The texts for BUY and for resting orders are protocol.md 2.4's; the one for SELL is told
    by users of both kinds of order (py-clob-client issue 121) with 4 as its amount.
    """
    amount_decimals = IMMEDIATE_RETURN_DECIMALS if immediate else DECIMALS_BY_TICK_E4[tick_e4].amount
    if side == Side.SELL:
        limits, kind = (IMMEDIATE_OFFER_DECIMALS, amount_decimals), "sell"
    elif immediate:
        limits, kind = (IMMEDIATE_OFFER_DECIMALS, amount_decimals), "market buy"
    else:
        limits, kind = (amount_decimals, DECIMALS_BY_TICK_E4[tick_e4].size), "buy"
    if all(amount % 10 ** (U6_DECIMALS - limit) == 0 for amount, limit in zip(amounts, limits, strict=True)):
        return None
    return (
        f"invalid amounts, the {kind} orders maker amount supports a max accuracy of {limits[0]} decimals, "
        f"taker amount a max of {limits[1]} decimals"
    )


def _market_amounts(side: Side, price_e4: int, amount_u6: int, tick_e4: int, decimals: int) -> Amounts:
    price_grid_e4 = 10 ** (4 - DECIMALS_BY_TICK_E4[tick_e4].price)
    price_e4 -= price_e4 % price_grid_e4
    assert 0 < price_e4 < PRICE_ONE_E4, f"expected a price of at least one step of {price_grid_e4}, was {price_e4}"
    offered_u6 = amount_u6 - amount_u6 % SIZE_GRID_U6
    if side == Side.BUY:
        return Amounts(offered_u6, _round(offered_u6 * PRICE_ONE_E4, price_e4, decimals))
    return Amounts(offered_u6, _round(offered_u6 * price_e4, PRICE_ONE_E4, decimals))


def _round(dividend: int, divisor: int, decimals: int) -> int:
    """Return dividend / divisor, in 1e-6, rounded up to `decimals` + 4 decimals and then down to `decimals`."""
    unit_u6: int = 10 ** (U6_DECIMALS - decimals)
    fine = -(-dividend * 10**4 // (divisor * unit_u6))
    return fine // 10**4 * unit_u6
