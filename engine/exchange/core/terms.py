"""Whether an order's own terms are in order: amounts, price, tick, size, expiration; before any book is looked at."""

from typing import TYPE_CHECKING

from engine.exchange.core.market import Market
from engine.exchange.core.orders import NewOrder
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4
from engine.venue import refusals
from engine.venue.amounts import Amounts, limit_price_e4, precision_fault
from engine.venue.refusals import Refusal

if TYPE_CHECKING:
    from engine.exchange.core.exchange import Settings


def check_terms(new: NewOrder, market: Market, settings: "Settings", now_ms: int) -> int | Refusal:
    """Return the order's price in 1e-4 USD, or why its terms are refused (protocol.md 2.4, 2.5, 4.8).

    The price of an immediate order, whose amounts the clients round, is cut to the tick in its owner's favour.
    """
    immediate = new.tif >= TimeInForce.FOK
    if new.post_only and immediate:
        return refusals.POST_ONLY_TYPE
    if new.maker_u6 <= 0 or new.taker_u6 <= 0:
        return refusals.INVALID_PAYLOAD
    tick_e4 = market.tick_e4
    price_e4, exact = limit_price_e4(new.side, new.maker_u6, new.taker_u6)
    if immediate:
        said_e4, rest_e4 = price_e4, price_e4 % tick_e4
        if rest_e4:
            price_e4 += -rest_e4 if new.side == Side.BUY else tick_e4 - rest_e4
        if not tick_e4 <= price_e4 <= PRICE_ONE_E4 - tick_e4:
            return refusals.breaks_tick(new.order_id, said_e4, tick_e4)
    elif not exact or price_e4 % tick_e4 or not tick_e4 <= price_e4 <= PRICE_ONE_E4 - tick_e4:
        return refusals.breaks_tick(new.order_id, price_e4, tick_e4)
    fault = precision_fault(new.side, Amounts(new.maker_u6, new.taker_u6), tick_e4, immediate=immediate)
    if fault is not None:
        return Refusal(400, fault)
    size_u6 = new.taker_u6 if new.side == Side.BUY else new.maker_u6
    if size_u6 < market.spec.min_size_u6 and (settings.immediate_minimum or not immediate):
        return refusals.below_minimum(new.order_id, size_u6, market.spec.min_size_u6)
    if new.tif == TimeInForce.GTD:
        if new.expiration_s < now_ms // 1_000 + settings.gtd_minimum_s:
            return refusals.INVALID_EXPIRATION
    elif new.expiration_s:
        return refusals.INVALID_EXPIRATION
    return price_e4
