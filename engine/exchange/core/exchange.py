"""The order book service itself: takes orders and cancels, holds taking orders, ends markets; all in integers.

Everything that happens is appended to `notices` in order; whoever drives the exchange takes them from there. Time is an
argument and never goes back; `advance` does what has become due.
"""

from collections.abc import Iterable

import msgspec

from engine.exchange.core.admission import needed_u6, refusal_of
from engine.exchange.core.heartbeats import Heartbeats
from engine.exchange.core.ledger import COLLATERAL, Account, Ledger
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.core.matching import Matching
from engine.exchange.core.mode import Mode
from engine.exchange.core.notices import AnyNotice, HoldEnded, PhaseChanged
from engine.exchange.core.orders import Answer, NewOrder, Order
from engine.exchange.core.plan import Plan, plan_fills
from engine.exchange.core.rebates import Rebates
from engine.exchange.core.schedule import Schedule
from engine.exchange.core.settlement import Settlement, ordinary_settlement
from engine.exchange.core.terms import check_terms
from engine.exchange.core.trades import Trade
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue import refusals
from engine.venue.refusals import Refusal
from engine.venue.statuses import OrderEventType, OrderStatus


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue does not document, or documents as a number; times in ms unless said otherwise."""

    seed: int = 0
    mined_ms: int = 2_000
    confirmed_ms: int = 4_000
    balance_lag_ms: int = 500
    gtd_minimum_s: int = 180
    gtd_early_s: int = 60
    sell_minimum: bool = False
    """Whether the 1 USD minimum of marketable orders holds for sales too (protocol.md Appendix E: to be verified)."""
    immediate_minimum: bool = False
    """Whether the market's minimum size holds for FAK and FOK too (the same)."""


class Exchange:
    """All markets, orders and accounts."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.notices: list[AnyNotice] = []
        self.schedule = Schedule()
        self.ledger = Ledger()
        self.settlement = Settlement(self.ledger, self.schedule, self.notices, self.settings.balance_lag_ms)
        self.settlement.plan = ordinary_settlement(self.settings.mined_ms, self.settings.confirmed_ms)
        self.settlement.on_outflow = self._cover
        self.rebates = Rebates(self.ledger, self.schedule)
        self.settlement.on_mined = self.rebates.book
        self.matching = Matching(self.ledger, self.settlement, self.notices)
        self.matching.seed = self.settings.seed
        self.matching.on_done = self._done
        self.matching.on_trade = self.remember_trade
        self.mode = Mode(self.schedule)
        self.heartbeats = Heartbeats(self.schedule, self._pulse_stopped)
        self.markets: dict[str, Market] = {}
        self.by_token: dict[str, Market] = {}
        self.orders: dict[str, Order] = {}
        self.open_by_owner: dict[str, dict[str, Order]] = {}
        self.trades_by_owner: dict[str, dict[str, Trade]] = {}
        self.held: dict[str, Order] = {}
        self.now_ms = 0

    def advance(self, now_ms: int) -> None:
        """Do everything that is due by now, each thing at its own time; a call may advance to that time again."""
        assert now_ms >= self.now_ms, f"time went from {self.now_ms} back to {now_ms}"
        schedule = self.schedule
        while (due_ms := schedule.next_ms()) is not None and due_ms <= now_ms:
            self.now_ms = max(self.now_ms, due_ms)
            schedule.take()(self.now_ms)
        self.now_ms = now_ms

    def take_notices(self) -> list[AnyNotice]:
        """Return what has happened since the last call."""
        taken = self.notices[:]
        self.notices.clear()
        return taken

    # markets

    def list_market(self, spec: MarketSpec, now_ms: int, phase: Phase = Phase.OPEN) -> Market:
        """Add a market."""
        self.advance(now_ms)
        assert spec.condition_id not in self.markets, f"{spec.slug} is listed already"
        assert len(set(spec.tokens) - self.by_token.keys()) == 2, f"{spec.slug} has tokens that are listed already"
        market = self.markets[spec.condition_id] = Market(spec, phase)
        for token in spec.tokens:
            self.by_token[token] = market
        self.notices.append(PhaseChanged(now_ms, market, phase))
        return market

    def set_phase(self, market: Market, phase: Phase, now_ms: int) -> None:
        """Open or halt a market; resolve() ends it."""
        self.advance(now_ms)
        assert Phase.RESOLVED not in (phase, market.phase), "a market is resolved by resolve(), once"
        if market.phase != phase:
            market.phase = phase
            self.notices.append(PhaseChanged(now_ms, market, phase))

    def resolve(self, market: Market, winner: int, now_ms: int) -> None:
        """End a market: its orders are cancelled, the winning token (0 or 1) is worth 1 from here on."""
        self.advance(now_ms)
        assert market.phase != Phase.RESOLVED, f"{market.spec.slug} is resolved already"
        market.phase = Phase.RESOLVED
        market.winner = winner
        market.resolved_ms = now_ms
        for side in (market.book.bids, market.book.asks):
            for order in [order for level in list(side.levels.values()) for order in level.orders.values()]:
                self.matching.remove(order, OrderStatus.CANCELED_MARKET_RESOLVED, now_ms)
        self.notices.append(PhaseChanged(now_ms, market, Phase.RESOLVED))

    def retire(self, market: Market) -> bool:
        """Forget the orders and trades of a resolved market, and the market once nobody holds its shares.

        Return whether it is gone. Nothing is forgotten while trades are in flight or orders held: try again later.
        """
        assert market.phase == Phase.RESOLVED, "only what is over can be retired"
        if any(trade.market is market for trade in self.settlement.in_flight.values()):
            return False
        if any(order.market is market for order in self.held.values()):
            return False
        self.orders = {key: order for key, order in self.orders.items() if order.market is not market}
        for trades in self.trades_by_owner.values():
            for key in [key for key, trade in trades.items() if trade.market is market]:
                del trades[key]
        if any(self.ledger.supply.get(token) for token in market.spec.tokens):
            return False
        self.markets.pop(market.spec.condition_id, None)
        for token in market.spec.tokens:
            self.by_token.pop(token, None)
            self.ledger.supply.pop(token, None)
        self.ledger.vault_u6.pop(market.spec.condition_id, None)
        return True

    # orders

    def submit(self, new: NewOrder, now_ms: int) -> Answer:
        """Take one order; a held one is answered DELAYED here and finally by a HoldEnded notice."""
        self.advance(now_ms)
        refusal = self.mode.refusal(new.post_only, now_ms)
        if refusal is not None:
            return Answer(new.order_id, refusal=refusal)
        if new.order_id in self.orders:
            return Answer(new.order_id, refusal=refusals.duplicated(new.order_id))
        market = self.by_token.get(new.token_id)
        if market is None or market.phase == Phase.RESOLVED:
            return Answer(new.order_id, refusal=refusals.NO_BOOK)
        if market.phase != Phase.OPEN:
            return Answer(new.order_id, refusal=refusals.MARKET_NOT_READY)
        terms = check_terms(new, market, self.settings, now_ms)
        if isinstance(terms, Refusal):
            return Answer(new.order_id, refusal=terms)
        order = Order(new, market, terms, now_ms)
        account = self.ledger.account(new.wallet)
        plan = plan_fills(order, market.spec.fees)
        refusal = refusal_of(order, account, plan, self.settings)
        if refusal is not None:
            return Answer(new.order_id, refusal=refusal)
        if plan.fills and market.spec.hold_ms:
            return self._hold(order, account, plan, now_ms)
        return self._execute(order, account, plan, now_ms)

    def cancel(self, owner: str, order_ids: Iterable[str], now_ms: int) -> tuple[list[str], dict[str, str]]:
        """Cancel orders by id; return (cancelled ids, id -> why not). An id that is named twice counts once."""
        self.advance(now_ms)
        canceled: list[str] = []
        refused: dict[str, str] = {}
        for order_id in dict.fromkeys(order_ids):
            order = self.orders.get(order_id)
            if order is None or order.owner != owner:
                refused[order_id] = refusals.CANCEL_NOT_FOUND
            elif order_id in self.held:
                refused[order_id] = refusals.CANCEL_HELD
            elif order.status is OrderStatus.MATCHED:
                refused[order_id] = refusals.CANCEL_MATCHED
            elif not order.rests:
                refused[order_id] = refusals.CANCEL_DONE
            else:
                self._cancel(order, OrderStatus.CANCELED, now_ms)
                canceled.append(order_id)
        return canceled, refused

    def cancel_all(
        self, owner: str, now_ms: int, condition_id: str = "", token_id: str = ""
    ) -> tuple[list[str], dict[str, str]]:
        """Cancel everything of an owner that rests, in one market or of one token where they are given."""
        self.advance(now_ms)
        return self.cancel(owner, [o.order_id for o in self.open_orders(owner, condition_id, token_id)], now_ms)

    def open_orders(self, owner: str, condition_id: str = "", token_id: str = "") -> list[Order]:
        """Return an owner's resting orders, the oldest first."""
        return [
            order
            for order in self.open_by_owner.get(owner, {}).values()
            if (not condition_id or order.market.spec.condition_id == condition_id)
            and (not token_id or order.token_id == token_id)
        ]

    def deposit(self, wallet: str, amount_u6: int, background: bool = False) -> Account:
        """Give a wallet collateral from outside (negative: take it out, at most what it may move on chain)."""
        account = self.ledger.account(wallet, background)
        movable_u6 = account.movable_u6(COLLATERAL)
        assert amount_u6 >= -movable_u6, f"expected to take out at most {movable_u6}, was {-amount_u6}"
        self.ledger.deposit(account, amount_u6)
        if amount_u6 < 0:
            self._cover(account, COLLATERAL, self.now_ms)
        return account

    def stop(self, now_ms: int) -> None:
        """Bring everything to rest before a clean stop: held orders are refused, trades confirmed, balances seen."""
        self.advance(now_ms)
        for order in list(self.held.values()):
            self._unhold(order)
            self._refuse_held(order, refusals.RESTARTING, now_ms)
        for trade in list(self.settlement.in_flight.values()):
            self.settlement.finish(trade, now_ms)
        for account in self.ledger.accounts.values():
            for asset in account.chain.keys() | account.visible.keys():
                self.settlement.refresh(account, asset)

    def _hold(self, order: Order, account: Account, plan: Plan, now_ms: int) -> Answer:
        order.reserved_u6 = needed_u6(order, plan)
        account.reserved[order.asset] = account.reserved.get(order.asset, 0) + order.reserved_u6
        order.status = OrderStatus.DELAYED
        self.orders[order.order_id] = self.held[order.order_id] = order
        self.schedule.at(now_ms + order.market.spec.hold_ms, lambda at_ms: self._hold_ended(order, account, at_ms))
        return Answer(order.order_id, OrderStatus.DELAYED)

    def _hold_ended(self, order: Order, account: Account, now_ms: int) -> None:
        """Look at a held order again as if it came only now."""
        if order.order_id not in self.held:
            return
        self._unhold(order)
        market = order.market
        refusal = self.mode.refusal(order.post_only, now_ms)
        if refusal is None and market.phase != Phase.OPEN:
            refusal = refusals.NO_BOOK if market.phase == Phase.RESOLVED else refusals.MARKET_NOT_READY
        if refusal is None and order.price_e4 % market.tick_e4:
            refusal = refusals.breaks_tick(order.order_id, order.price_e4, market.tick_e4)
        plan = plan_fills(order, market.spec.fees)
        refusal = refusal or refusal_of(order, account, plan, self.settings)
        if refusal is None:
            self.notices.append(HoldEnded(now_ms, market, self._execute(order, account, plan, now_ms)))
        else:
            self._refuse_held(order, refusal, now_ms)

    def _unhold(self, order: Order) -> None:
        self.ledger.accounts[order.wallet].release(order.asset, order.reserved_u6)
        order.reserved_u6 = 0
        del self.held[order.order_id]

    def _refuse_held(self, order: Order, refusal: Refusal, now_ms: int) -> None:
        """Refuse what was held as if it had never come: its id may be sent again."""
        order.status = OrderStatus.INVALID
        del self.orders[order.order_id]
        self.notices.append(HoldEnded(now_ms, order.market, Answer(order.order_id, refusal=refusal)))

    def _execute(self, order: Order, account: Account, plan: Plan, now_ms: int) -> Answer:
        """Match what can be matched, and place, complete or kill the rest."""
        immediate = order.tif >= TimeInForce.FOK
        if immediate and not (plan.complete if order.tif == TimeInForce.FOK else plan.fills):
            return self._kill(order, account, now_ms)
        self.orders[order.order_id] = order
        order.status = OrderStatus.LIVE
        rests = not immediate and not plan.complete
        if plan.fills:
            self.matching.tell(order, OrderEventType.PLACEMENT, now_ms)
            self.matching.trade(order, plan, now_ms)
            if not rests:
                order.status = OrderStatus.MATCHED
            self.matching.tell(order, OrderEventType.UPDATE, now_ms)
        if rests:
            self._rest(order, now_ms, told=bool(plan.fills))
        elif not plan.complete:
            order.status = OrderStatus.CANCELED  # what a FAK could not take; the answer is MATCHED all the same
            self.matching.tell(order, OrderEventType.CANCELLATION, now_ms)
        if not rests:
            self._done(order)
        self.matching.update_tick(order.market, now_ms)
        if not plan.fills:
            return Answer(order.order_id, OrderStatus.LIVE)
        buys = order.side == Side.BUY
        making_u6, taking_u6 = (order.cash_u6, order.filled_u6) if buys else (order.filled_u6, order.cash_u6)
        return Answer(order.order_id, OrderStatus.MATCHED, None, making_u6, taking_u6, tuple(order.trade_ids))

    def reinstate(self, order: Order) -> None:
        """Let an order rest again that did so before a restart; it does not trade and keeps what it has been filled."""
        self._rest(order, self.now_ms, told=True)

    def _rest(self, order: Order, now_ms: int, told: bool) -> None:
        self.matching.place(order, now_ms)
        self.open_by_owner.setdefault(order.owner, {})[order.order_id] = order
        if not told:
            self.matching.tell(order, OrderEventType.PLACEMENT, now_ms)
        if order.tif == TimeInForce.GTD:
            order_id = order.order_id  # the order itself would be kept until then
            early_ms = (order.expiration_s - self.settings.gtd_early_s) * 1_000
            self.schedule.at(max(early_ms, now_ms), lambda at_ms: self._expire(order_id, at_ms))

    def _kill(self, order: Order, account: Account, now_ms: int) -> Answer:
        fok = order.tif == TimeInForce.FOK
        refusal = refusals.FOK_NOT_FILLED if fok else refusals.FAK_NOT_MATCHED
        order.status = OrderStatus.CANCELED
        order.status_text = f"CANCELED_{refusal.text}"
        if account.background:
            self.orders.pop(order.order_id, None)
        else:
            self.orders[order.order_id] = order
        self.matching.tell(order, OrderEventType.CANCELLATION, now_ms)
        return Answer(order.order_id, refusal=refusal)

    def _cancel(self, order: Order, status: OrderStatus, now_ms: int) -> None:
        self.matching.remove(order, status, now_ms)
        self.matching.update_tick(order.market, now_ms)

    def _expire(self, order_id: str, now_ms: int) -> None:
        order = self.orders.get(order_id)
        if order is not None and order.rests:
            self._cancel(order, OrderStatus.CANCELED_EXPIRED_ORDER, now_ms)

    def _pulse_stopped(self, owner: str, now_ms: int) -> None:
        for order in self.open_orders(owner):
            self._cancel(order, OrderStatus.CANCELED, now_ms)

    def _cover(self, account: Account, asset: str, now_ms: int) -> None:
        """Cancel the newest orders of a wallet that its balance no longer covers.

        Held orders do not count: they are looked at again, and refused, when their hold ends.
        """
        held_u6 = sum(o.reserved_u6 for o in self.held.values() if o.wallet == account.wallet and o.asset == asset)
        for order_id in reversed(list(account.open)):
            if account.uncovered_u6(asset) <= held_u6:
                return
            order = self.orders[order_id]
            if order.asset == asset:
                self._cancel(order, OrderStatus.CANCELED_NOT_ENOUGH_BALANCE, now_ms)

    def _done(self, order: Order) -> None:
        """Forget what is over: it is nobody's open order, and a background order is not remembered at all."""
        owned = self.open_by_owner.get(order.owner)
        if owned is not None:
            owned.pop(order.order_id, None)
        if self.ledger.accounts[order.wallet].background:
            self.orders.pop(order.order_id, None)

    def remember_trade(self, trade: Trade) -> None:
        """Keep a trade for those who took part in it, background accounts excepted."""
        accounts = self.ledger.accounts
        if not accounts[trade.wallet].background:
            self.trades_by_owner.setdefault(trade.owner, {})[trade.trade_id] = trade
        for maker in trade.makers:
            if not accounts[maker.wallet].background:
                self.trades_by_owner.setdefault(maker.owner, {})[trade.trade_id] = trade
