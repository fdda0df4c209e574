"""Lets a taking order trade as planned and puts what rests into the book; every change becomes a notice."""

from collections.abc import Callable
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter

from engine.exchange.core.ledger import COLLATERAL, Ledger
from engine.exchange.core.market import Market
from engine.exchange.core.notices import AnyNotice, LevelChanged, OrderChanged, TickChanged, TradeChanged
from engine.exchange.core.orders import Order
from engine.exchange.core.plan import Plan, PlannedFill
from engine.exchange.core.settlement import Settlement
from engine.exchange.core.trades import MakerFill, Move, Trade
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4
from engine.venue.statuses import OrderEventType, OrderStatus, TradeStatus

_price = attrgetter("price_e4")


class Matching:
    """The changing half of the exchange's order book service; `on_done` hears of every order that left the book."""

    def __init__(self, ledger: Ledger, settlement: Settlement, notices: list[AnyNotice]) -> None:
        self.on_done: Callable[[Order], None] = lambda order: None
        self.on_trade: Callable[[Trade], None] = lambda trade: None
        self.trades_made = 0
        self.placed = 0
        self.seed = 0
        self._ledger = ledger
        self._settlement = settlement
        self._notices = notices

    def place(self, order: Order, now_ms: int) -> None:
        """Put an order's open rest into the book and reserve what covers it."""
        account = self._ledger.accounts[order.wallet]
        due_u6 = order.due_u6()
        account.reserved[order.asset] = account.reserved.get(order.asset, 0) + due_u6
        order.reserved_u6 = due_u6
        self.placed += 1
        order.rank = self.placed
        account.open[order.order_id] = order
        order.status = OrderStatus.LIVE
        book = order.market.book
        level = (book.bids if order.is_bid else book.asks).add(order)
        book.version += 1
        self._notices.append(LevelChanged(now_ms, order.market, order.is_bid, order.up_price_e4, level.total_u6))

    def remove(self, order: Order, status: OrderStatus, now_ms: int) -> None:
        """Take a resting order out of the book, for that reason, and release what it reserved."""
        book = order.market.book
        left_u6 = (book.bids if order.is_bid else book.asks).remove(order)
        book.version += 1
        self._let_go(order, status)
        self._notices.append(LevelChanged(now_ms, order.market, order.is_bid, order.up_price_e4, left_u6))
        self.tell(order, OrderEventType.CANCELLATION, now_ms)

    def tell(self, order: Order, what: OrderEventType, now_ms: int) -> None:
        """Note what happened to an order."""
        status = order.status_text or order.status
        self._notices.append(OrderChanged(now_ms, order.market, order, what, status, order.filled_u6))

    def trade(self, taker: Order, plan: Plan, now_ms: int) -> None:
        """Carry a plan out: one trade for each price."""
        for bucket, (price_e4, fills) in enumerate(groupby(plan.fills, key=_price)):
            self._trade_level(taker, price_e4, list(fills), bucket, now_ms)

    def update_tick(self, market: Market, now_ms: int) -> None:
        """Flip the tick where the book asks for it."""
        tick_e4 = market.next_tick_e4()
        if tick_e4 != market.tick_e4:
            old_e4, market.tick_e4 = market.tick_e4, tick_e4
            self._notices.append(TickChanged(now_ms, market, old_e4, tick_e4))

    def _trade_level(self, taker: Order, price_e4: int, fills: list[PlannedFill], bucket: int, now_ms: int) -> None:
        market = taker.market
        trade = Trade(self._next_id(), self.trades_made, taker, price_e4, bucket, now_ms)
        up_price_e4 = price_e4 if taker.token == 0 else PRICE_ONE_E4 - price_e4
        makers = market.book.asks if taker.is_bid else market.book.bids
        level = makers.levels[up_price_e4]
        cash_u6 = 0
        done: list[Order] = []
        for fill in fills:
            maker = fill.maker
            self._fill_maker(trade, taker, fill)
            level.total_u6 -= fill.size_u6
            trade.size_u6 += fill.size_u6
            trade.fee_u6 += fill.fee_u6
            cash_u6 += fill.taker_cash_u6
            if maker.filled_u6 == maker.size_u6:
                del level.orders[maker.order_id]
                done.append(maker)
        if not level.orders:
            makers.drop(up_price_e4)
        market.book.version += 1
        taker.filled_u6 += trade.size_u6
        taker.cash_u6 += cash_u6
        taker.trade_ids.append(trade.trade_id)
        self._move_taker(trade, taker, cash_u6)
        market.volume_u6 += cash_u6
        market.last_trade = (taker.token, price_e4, taker.side.name)
        for maker in done:
            self._let_go(maker, OrderStatus.MATCHED)
        self._notices.append(LevelChanged(now_ms, market, not taker.is_bid, up_price_e4, level.total_u6))
        for fill in fills:
            self.tell(fill.maker, OrderEventType.UPDATE, now_ms)
        self._settlement.begin(trade, now_ms)
        self._notices.append(TradeChanged(now_ms, market, trade, TradeStatus.MATCHED))
        self.on_trade(trade)
        for maker in done:
            self.on_done(maker)

    def _fill_maker(self, trade: Trade, taker: Order, fill: PlannedFill) -> None:
        maker = fill.maker
        account = self._ledger.accounts[maker.wallet]
        maker.filled_u6 += fill.size_u6
        maker.cash_u6 += fill.maker_cash_u6
        maker.trade_ids.append(trade.trade_id)
        due_u6 = maker.due_u6()
        if maker.side == Side.BUY:
            account.reserved[COLLATERAL] += due_u6 - maker.reserved_u6
            trade.moves.append(Move(account, COLLATERAL, -fill.maker_cash_u6))
            trade.moves.append(Move(account, maker.token_id, fill.size_u6))
            if maker.token != taker.token:
                trade.minted_u6 += fill.size_u6
        else:
            account.reserved[maker.token_id] += due_u6 - maker.reserved_u6
            trade.moves.append(Move(account, maker.token_id, -fill.size_u6))
            trade.moves.append(Move(account, COLLATERAL, fill.maker_cash_u6))
            if maker.token != taker.token:
                trade.minted_u6 -= fill.size_u6
        maker.reserved_u6 = due_u6
        trade.makers.append(
            MakerFill(
                maker.order_id, maker.owner, maker.wallet, maker.token, maker.side, maker.price_e4, fill.size_u6,
                fill.maker_cash_u6, fill.fee_u6,
            )
        )  # fmt: skip

    def _move_taker(self, trade: Trade, taker: Order, cash_u6: int) -> None:
        account = self._ledger.accounts[taker.wallet]
        if taker.side == Side.BUY:
            trade.moves.append(Move(account, COLLATERAL, -cash_u6 - trade.fee_u6))
            trade.moves.append(Move(account, taker.token_id, trade.size_u6))
        else:
            trade.moves.append(Move(account, taker.token_id, -trade.size_u6))
            trade.moves.append(Move(account, COLLATERAL, cash_u6 - trade.fee_u6))

    def _let_go(self, order: Order, status: OrderStatus) -> None:
        """Release an order's reservation; it is no longer open."""
        account = self._ledger.accounts[order.wallet]
        account.release(order.asset, order.reserved_u6)
        order.reserved_u6 = 0
        account.open.pop(order.order_id, None)
        order.status = status
        if status is not OrderStatus.MATCHED:
            self.on_done(order)

    def _next_id(self) -> str:
        """Return the next trade's id in the shape of a UUID; the same trades get the same ids."""
        self.trades_made += 1
        digits = blake2b(b"%d:%d" % (self.seed, self.trades_made), digest_size=16).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
