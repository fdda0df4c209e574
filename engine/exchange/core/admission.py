"""Whether an order on good terms can be taken as the book and its owner's balance are now."""

from typing import TYPE_CHECKING

from engine.exchange.core.ledger import Account
from engine.exchange.core.orders import Order
from engine.exchange.core.plan import Plan
from engine.model.events import Side
from engine.model.units import U6, notional_u6
from engine.venue import refusals
from engine.venue.refusals import Refusal

if TYPE_CHECKING:
    from engine.exchange.core.exchange import Settings

MARKETABLE_MIN_U6 = U6
"""A buy that takes something is of at least 1 USD (protocol.md 11)."""


def needed_u6(order: Order, plan: Plan) -> int:
    """Return what an order has to be covered with: shares for a sale, collateral for a buy.

    A buy that takes is covered for its whole amount and the fee of what it takes. What it takes may cost more than the
    amount by the rounding of its fills (docs/decisions/0009).
    """
    if order.side == Side.SELL:
        return order.size_u6
    if order.budget_u6:
        return order.budget_u6 + plan.fee_u6
    amount_u6 = order.due_u6()
    if not plan.fills:
        return amount_u6
    return max(amount_u6, plan.cash_u6 + notional_u6(order.price_e4, order.size_u6 - plan.size_u6)) + plan.fee_u6


def refusal_of(order: Order, account: Account, plan: Plan, settings: "Settings") -> Refusal | None:
    """Return why the order cannot be taken, or None (protocol.md 4.8, 4.9, 11)."""
    if plan.fills:
        if order.post_only:
            return refusals.POST_ONLY_CROSSES
        if order.side == Side.BUY or settings.sell_minimum:
            worth_u6 = (order.budget_u6 or order.due_u6()) if order.side == Side.BUY else plan.cash_u6
            if worth_u6 < MARKETABLE_MIN_U6:
                return refusals.marketable_minimum(worth_u6)
    need_u6 = needed_u6(order, plan)
    if account.spendable_u6(order.asset) >= need_u6:
        return None
    return refusals.balance_too_low(
        account.known_u6(order.asset),
        account.reserved.get(order.asset, 0),
        account.pending.get(order.asset, 0),
        need_u6,
        with_fees=bool(plan.fills) and order.side == Side.BUY,
    )
