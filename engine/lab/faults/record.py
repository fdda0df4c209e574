"""The exchange's own record of one wallet, heard as it happens: every order, every trade, what was at risk when.

The checks believe this record and nothing that the engine says of itself.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.notices import AnyNotice, OrderChanged, TradeChanged
from engine.exchange.core.orders import Order
from engine.model.events import Side
from engine.model.units import notional_u6
from engine.venue.statuses import OrderEventType, TradeStatus

DUST_U6: Final = 10_000
"""Less than 0.01 share cannot be sold: it is no position."""


class Exposure(msgspec.Struct, frozen=True):
    """What a wallet had at risk in one market at one time: cost of what it held and open buys, in 1e-6 USD."""

    at_ms: int
    slug: str
    start_ms: int
    held_cost_u6: int
    open_buys_u6: int
    held_u6: tuple[int, int]

    @property
    def at_risk_u6(self) -> int:
        """Return both together."""
        return self.held_cost_u6 + self.open_buys_u6

    @property
    def has_both(self) -> bool:
        """Tell whether shares of both outcomes were held."""
        return min(self.held_u6) >= DUST_U6


class Deal(msgspec.Struct, frozen=True):
    """What one trade moves on the wallet: shares by token, and collateral with the fee."""

    condition_id: str
    shares_u6: dict[str, int]
    cash_u6: int


class WalletRecord:
    """Listens at the desk. `wallet` is the checksummed address."""

    def __init__(self, wallet: str) -> None:
        self.orders: dict[str, Order] = {}
        self.placed_ms: dict[str, int] = {}
        self.cancelled_ms: list[int] = []
        self.deals: dict[str, Deal] = {}
        """Trades that stand, by their ids; one that failed is taken out."""
        self.failed: set[str] = set()
        self.exposures: list[Exposure] = []
        self._wallet = wallet

    def hear(self, notices: list[AnyNotice]) -> None:
        """Take in what has happened."""
        touched: dict[str, int] = {}
        for notice in notices:
            if isinstance(notice, OrderChanged) and notice.order.wallet == self._wallet:
                self._order(notice)
                touched[notice.market.spec.condition_id] = notice.at_ms
            elif isinstance(notice, TradeChanged) and self._trade(notice):
                touched[notice.market.spec.condition_id] = notice.at_ms
        for condition_id, at_ms in touched.items():
            self._expose(condition_id, at_ms)

    def shares_u6(self) -> dict[str, int]:
        """Return the shares that all standing trades come to, by token."""
        found: dict[str, int] = {}
        for deal in self.deals.values():
            for token, size_u6 in deal.shares_u6.items():
                found[token] = found.get(token, 0) + size_u6
        return found

    def cash_u6(self) -> int:
        """Return the collateral that all standing trades have brought, less what they have cost."""
        return sum(deal.cash_u6 for deal in self.deals.values())

    def mutations_ms(self) -> list[int]:
        """Return when orders came and were cancelled, in order."""
        return sorted([*self.placed_ms.values(), *self.cancelled_ms])

    def _order(self, notice: OrderChanged) -> None:
        order = notice.order
        if order.order_id not in self.orders:
            self.placed_ms[order.order_id] = order.created_ms
        self.orders[order.order_id] = order
        if notice.what is OrderEventType.CANCELLATION:
            self.cancelled_ms.append(notice.at_ms)

    def _trade(self, notice: TradeChanged) -> bool:
        """Take in a trade; return whether the wallet has a part in it."""
        trade = notice.trade
        if notice.status is TradeStatus.MATCHED:
            moves = [move for move in trade.moves if move.account.wallet == self._wallet]
            if not moves:
                return False
            shares: dict[str, int] = {}
            for move in moves:
                if move.asset != COLLATERAL:
                    shares[move.asset] = shares.get(move.asset, 0) + move.delta_u6
            cash_u6 = sum(move.delta_u6 for move in moves if move.asset == COLLATERAL)
            self.deals[trade.trade_id] = Deal(trade.market.spec.condition_id, shares, cash_u6)
            return True
        if notice.status is TradeStatus.FAILED and trade.trade_id in self.deals:
            del self.deals[trade.trade_id]
            self.failed.add(trade.trade_id)
            return True
        return False

    def _expose(self, condition_id: str, at_ms: int) -> None:
        orders = [order for order in self.orders.values() if order.market.spec.condition_id == condition_id]
        if not orders:
            return
        spec = orders[0].market.spec
        held = [self._held(token) for token in spec.tokens]
        open_buys_u6 = sum(
            notional_u6(order.price_e4, order.open_u6) for order in orders if order.rests and order.side == Side.BUY
        )
        self.exposures.append(
            Exposure(
                at_ms=at_ms,
                slug=spec.slug,
                start_ms=spec.start_ms,
                held_cost_u6=sum(cost_u6 for _, cost_u6 in held),
                open_buys_u6=open_buys_u6,
                held_u6=(held[0][0], held[1][0]),
            )
        )

    def _held(self, token: str) -> tuple[int, int]:
        """Return the shares held of a token and what they cost on average; what is sold takes its part of that."""
        held_u6 = cost_u6 = 0
        for size_u6, paid_u6 in self._steps(token):
            if size_u6 > 0:
                cost_u6 += paid_u6
            elif held_u6 > 0:
                cost_u6 += cost_u6 * size_u6 // held_u6
            held_u6 += size_u6
            if held_u6 < DUST_U6:
                cost_u6 = 0
        return held_u6, max(cost_u6, 0)

    def _steps(self, token: str) -> Iterator[tuple[int, int]]:
        for deal in self.deals.values():
            if deal.shares_u6.get(token):
                yield deal.shares_u6[token], -deal.cash_u6
