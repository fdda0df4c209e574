"""Risk: may money be put at risk now? Kill switch, breakers, the cash that open orders reserve, the cap of one round.

Reservations are derived from the working orders each time they are needed, so they are taken when an order is sent and
released exactly once, when it ends; there is nothing to forget.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from engine.model.codes import Code
from engine.model.commands import Place
from engine.model.events import Side
from engine.model.fees import FeeSchedule, effective_cost_buy_u6
from engine.model.orders import Order
from engine.model.records import Verdict
from engine.model.units import notional_u6
from engine.risk.breakers import Trip
from engine.risk.market_state import MarketState, is_allowed

CASH_AGAIN_NS: Final = 1_000_000_000
BREAKER_AGAIN_NS: Final = 5_000_000_000
"""Nobody knows when most breakers close; each attempt is two moves of a round."""


class RiskFacts(msgspec.Struct, frozen=True):
    """What risk looks at: our orders, cash, the cap of the order's round and what the round has at risk already; the
    breaker that is tripped, and the cost of everything that is held.
    """

    now_ns: int
    killed: bool
    cash_u6: int
    orders: tuple[Order, ...]
    round_orders: tuple[Order, ...]
    round_cost_u6: int
    cap_u6: int
    fees: FeeSchedule
    reducing: bool
    market: MarketState = MarketState.NORMAL
    breaker: Trip | None = None
    position_u6: int = 0
    position_max_u6: int = 0  # 0 = no maximum


def reserved_cash_u6(orders: Iterable[Order]) -> int:
    """Return the collateral that working buys reserve, in 1e-6 USD."""
    return sum(notional_u6(o.price_e4, o.open_u6) for o in orders if o.side == Side.BUY and o.is_working)


def reserved_tokens_u6(orders: Iterable[Order], asset: int) -> int:
    """Return the shares of one token that working sells reserve."""
    return sum(o.open_u6 for o in orders if o.asset == asset and o.side == Side.SELL and o.is_working)


def review(facts: RiskFacts, order: Place) -> Verdict:
    """Return whether the order may put money at risk; one that only reduces risk passes wherever the market allows."""
    if not is_allowed(facts.market, reducing=facts.reducing, resting=order.post_only):
        return Verdict(order.order, False, Code.RISK_MARKET_STATE)
    if facts.reducing:
        return Verdict(order.order, True)
    if facts.killed:
        return Verdict(order.order, False, Code.RISK_KILLED, facts.now_ns + CASH_AGAIN_NS)
    if facts.breaker is not None:
        retry_at_ns = max(facts.breaker.until_ns, facts.now_ns + BREAKER_AGAIN_NS)
        return Verdict(order.order, False, Code.RISK_BREAKER, retry_at_ns)
    cost_u6 = effective_cost_buy_u6(facts.fees, order.price_e4, order.size_u6, taker=not order.post_only)
    if facts.round_cost_u6 + reserved_cash_u6(facts.round_orders) + cost_u6 > facts.cap_u6:
        return Verdict(order.order, False, Code.RISK_CAP, facts.now_ns + CASH_AGAIN_NS)
    reserved_u6 = reserved_cash_u6(facts.orders)
    if 0 < facts.position_max_u6 < facts.position_u6 + reserved_u6 + cost_u6:
        return Verdict(order.order, False, Code.RISK_POSITION, facts.now_ns + CASH_AGAIN_NS)
    if reserved_u6 + cost_u6 > facts.cash_u6:
        return Verdict(order.order, False, Code.RISK_CASH, facts.now_ns + CASH_AGAIN_NS)
    return Verdict(order.order, True)
