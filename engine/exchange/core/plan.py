"""What a taking order would meet, computed before anything is changed: fills, their cost and the taker's fees.

Rounding (docs/decisions/0009): a maker pays or gets price x size rounded down; the taker's cash is what balances the
trade exactly. A buy that pays at most what it reserved stays covered through any number of fills.
"""

from typing import NamedTuple

from engine.exchange.core.orders import Order
from engine.model.events import Side
from engine.model.fees import FeeSchedule, taker_fee_u6
from engine.model.units import PRICE_ONE_E4

DUST_U6 = 100
"""A buy by money that could pay for less than 0.0001 share is complete."""


class PlannedFill(NamedTuple):
    """One maker's part: shares, the maker's and the taker's cash, the taker's fee; the price is the taker's token's."""

    maker: Order
    price_e4: int
    size_u6: int
    maker_cash_u6: int
    taker_cash_u6: int
    fee_u6: int


class Plan(NamedTuple):
    """All fills of a taking order in order of priority, whether they complete it, and what they come to."""

    fills: list[PlannedFill]
    complete: bool
    size_u6: int
    cash_u6: int
    fee_u6: int


NOTHING = Plan([], False, 0, 0, 0)


def plan_fills(order: Order, fees: FeeSchedule) -> Plan:
    """Return what the order would be matched with now; self-matches are not prevented (undocumented at the venue)."""
    market, is_bid, limit_e4 = order.market, order.is_bid, order.up_price_e4
    if not market.book.crossed_by(is_bid, limit_e4):
        return NOTHING
    fills: list[PlannedFill] = []
    buys, by_money = order.side == Side.BUY, order.budget_u6 > 0
    wanted_u6 = order.budget_u6 if by_money else order.size_u6 - order.filled_u6
    filled_u6 = cash_u6 = fee_u6 = 0
    for up_price_e4, level in market.book.opposite(is_bid):
        if (up_price_e4 > limit_e4) if is_bid else (up_price_e4 < limit_e4):
            break
        price_e4 = up_price_e4 if order.token == 0 else PRICE_ONE_E4 - up_price_e4
        for maker in level.orders.values():
            most_u6 = (wanted_u6 - cash_u6) * PRICE_ONE_E4 // price_e4 if by_money else wanted_u6
            if most_u6 < DUST_U6 if by_money else most_u6 == 0:
                return Plan(fills, True, filled_u6, cash_u6, fee_u6)
            open_u6 = maker.size_u6 - maker.filled_u6
            size_u6 = open_u6 if open_u6 < most_u6 else most_u6
            maker_cash_u6 = maker.price_e4 * size_u6 // PRICE_ONE_E4
            taker_cash_u6 = maker_cash_u6 if maker.token == order.token else size_u6 - maker_cash_u6
            fill_fee_u6 = taker_fee_u6(fees, price_e4, size_u6)
            if not buys and fill_fee_u6 > taker_cash_u6:
                fill_fee_u6 = taker_cash_u6  # the contract's guard: a fee never exceeds the proceeds
            fills.append(PlannedFill(maker, price_e4, size_u6, maker_cash_u6, taker_cash_u6, fill_fee_u6))
            filled_u6 += size_u6
            cash_u6 += taker_cash_u6
            fee_u6 += fill_fee_u6
            if by_money:
                if size_u6 < open_u6:
                    return Plan(fills, True, filled_u6, cash_u6, fee_u6)
            else:
                wanted_u6 -= size_u6
    complete = (wanted_u6 - cash_u6) * PRICE_ONE_E4 // order.price_e4 < DUST_U6 if by_money else wanted_u6 == 0
    return Plan(fills, complete, filled_u6, cash_u6, fee_u6)
