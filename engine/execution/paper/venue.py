"""The paper venue: takes commands like a venue, with order latency, taker hold, settlement lag and fees, and answers in
events.

It is asked with virtual or wall time alike: `submit` and `observe` put things on one agenda, `take(now)` does what is
due and returns the answers. It sees every record, in order, before the kernel does.
"""

import heapq
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from engine.execution.paper.book import Account, PaperOrder, remote_id
from engine.execution.paper.ledger import Ended, Filled, Ledger, NoLedger, Opened, Refused, Resting, Row, Settled, Taken
from engine.execution.paper.overlay import overlay
from engine.fills.strict import crossing, newly_displayed_u6, opposite_levels, prints_through, take
from engine.model.codes import Code
from engine.model.commands import (
    Cancel,
    CancelAll,
    CancelMarket,
    Command,
    Place,
    ReadBook,
    ReadOrder,
    ReadPosition,
    TimeInForce,
)
from engine.model.events import (
    Accepted,
    Event,
    Fill,
    Gone,
    GoneReason,
    Market,
    MarketChange,
    OrderState,
    Outcome,
    Position,
    Rejected,
    Sellable,
    Side,
    Tob,
    Trade,
    Unknown,
)
from engine.model.fees import NO_FEES, FeeSchedule, taker_fee_u6
from engine.model.market import View, fold, open_view, show
from engine.model.units import NS_PER_MS, NS_PER_S, notional_u6

NEVER_NS: Final = 1 << 62
GTD_REMOVED_EARLY_NS: Final = 60 * NS_PER_S
"""The venue removes a GTD order a minute before its expiration (protocol.md 2.5)."""


class PaperParams(msgspec.Struct, frozen=True):
    """The venue's delays and the fee where a market has none recorded."""

    latency_ns: int = 50 * NS_PER_MS
    taker_hold_ns: int = 150 * NS_PER_MS
    sellable_after_ns: int = 2 * NS_PER_S
    fees: FeeSchedule = FeeSchedule(70_000)
    address: str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


class PaperVenue:
    """A Gateway over recorded or live market data and play money."""

    def __init__(self, params: PaperParams, cash_u6: int, ledger: Ledger | None = None) -> None:
        self.params = params
        self.account = Account(cash_u6, params.sellable_after_ns)
        self.views: dict[int, View] = {}
        self._ledger: Ledger = ledger or NoLedger()
        self._agenda: list[tuple[int, int, Any]] = []
        self._counter = 0
        self._answers: list[Event] = []

    def restore(self, rows: Iterable[Row], now_ns: int) -> None:
        """Take over what an earlier process did: orders that were in flight are judged from the first new record on.

        Without rows the account is opened here.
        """
        known = tuple(rows)
        if not known:
            self._write(Opened(now_ns, self.account.cash_u6))
        for row in known:
            self.account.apply(row)
        for order in self.account.working():
            if order.status == "held":
                order.status = "sent"
            if order.status == "sent":
                self._at(now_ns, order.place.order)
            elif order.place.tif == TimeInForce.GTD:
                self._at_expiration(order)
        for sellable_ns, asset, _ in self.account.locked:
            self._at(max(sellable_ns, now_ns), asset)

    def submit(self, command: Command, now_ns: int) -> None:
        """Take one command; it reaches the venue after half the latency."""
        self._at(now_ns + self.params.latency_ns // 2, command)

    def observe(self, event: Event, now_ns: int) -> None:
        """See one market event; resting orders are judged on it at once."""
        if isinstance(event, Tob):
            view = self.views.get(event.asset)
            if view is not None:
                self.views[event.asset] = show(view, event)
                self._judge_resting(event.asset, now_ns)
        elif isinstance(event, Market):
            self._market(event, now_ns)
        elif isinstance(event, Trade):
            self._trade(event, now_ns)
        elif isinstance(event, Outcome):
            self._settle(event, now_ns)

    def shown(self, tob: Tob) -> Tob:
        """Return the book with our resting orders in it."""
        resting = [order.as_order() for order in self.account.working() if order.status == "resting"]
        return overlay(tob, resting, self.views[tob.asset].peer) if resting and tob.asset in self.views else tob

    def next_due_ns(self) -> int:
        """Return when something is due."""
        return self._agenda[0][0] if self._agenda else NEVER_NS

    def take(self, now_ns: int) -> list[Event]:
        """Do what is due and return the answers that have arrived, stamped with `now_ns`."""
        while self._agenda and self._agenda[0][0] <= now_ns:
            due_ns, _, item = heapq.heappop(self._agenda)
            self._do(item, due_ns)
        answers, self._answers = self._answers, []
        return [
            answer if answer.ts_ns == now_ns else msgspec.structs.replace(answer, ts_ns=now_ns) for answer in answers
        ]

    def _at(self, due_ns: int, item: object) -> None:
        self._counter += 1
        heapq.heappush(self._agenda, (due_ns, self._counter, item))

    def _answer(self, event: Event) -> None:
        """Send an answer on its way back; it was stamped with the venue's now and arrives half a latency later."""
        self._at(event.ts_ns + self.params.latency_ns // 2, event)

    def _write(self, row: Row) -> None:
        self._ledger.write(row)
        self.account.apply(row)

    def _do(self, item: object, now_ns: int) -> None:
        if isinstance(item, Event):
            self._answers.append(item)
        elif isinstance(item, Place):
            self._arrive(item, now_ns)
        elif isinstance(item, Command):
            self._command(item, now_ns)
        elif isinstance(item, str):
            self._continue(self.account.orders[item], now_ns)
        elif isinstance(item, int):
            self._answer(Sellable(now_ns, item, self.account.sellable_u6(item, now_ns)))
        else:
            raise AssertionError(f"nothing on the agenda is of type {type(item).__name__}")

    def _command(self, command: Command, now_ns: int) -> None:
        if isinstance(command, Cancel):
            self._cancel(command.order, now_ns)
        elif isinstance(command, CancelMarket):
            peer = self.views[command.asset].peer if command.asset in self.views else -1
            self._cancel_all(now_ns, {command.asset, peer})
        elif isinstance(command, CancelAll):
            self._cancel_all(now_ns, None)
        elif isinstance(command, ReadOrder):
            self._read_order(command.order, now_ns)
        elif isinstance(command, ReadPosition):
            asset = command.asset
            self._answer(Position(now_ns, asset, self.account.shares.get(asset, 0), source="paper"))
            self._answer(Sellable(now_ns, asset, self.account.sellable_u6(asset, now_ns)))
        elif isinstance(command, ReadBook):
            self._answer(Unknown(now_ns, f"book:{command.asset}", "read"))

    def _arrive(self, place: Place, now_ns: int) -> None:
        """Take an order, or refuse it as the venue would."""
        if place.order in self.account.orders:
            self._answer(Rejected(now_ns, place.order, Code.DUPLICATED))
            return
        self._write(Taken(now_ns, place, remote_id(place, self.params.address)))
        order = self.account.orders[place.order]
        code = self._refusal(order, now_ns)
        if code is not None:
            self._refuse(order, code, now_ns)
        elif self._is_marketable(order):
            order.status = "held"
            self._answer(Accepted(now_ns, place.order, order.remote_id, resting=False))
            self._at(now_ns + self.params.taker_hold_ns, place.order)
        else:
            self._continue(order, now_ns)

    def _refusal(self, order: PaperOrder, now_ns: int) -> Code | None:
        place, view = order.place, self.views.get(order.place.asset)
        if view is None:
            return Code.NOT_READY
        if view.closed:
            return Code.MARKET_CLOSED
        if place.price_e4 % view.tick_e4:
            return Code.TICK
        if place.post_only and self._is_marketable(order):
            return Code.POST_ONLY_CROSSES
        if place.side == Side.BUY:
            cost_u6 = notional_u6(place.price_e4, place.size_u6)
            return Code.BALANCE if cost_u6 > self.account.cash_u6 - self.account.reserved_cash_u6() else None
        free_u6 = self.account.sellable_u6(place.asset, now_ns) - self.account.reserved_u6(place.asset)
        return Code.BALANCE if place.size_u6 > free_u6 else None

    def _refuse(self, order: PaperOrder, code: Code, now_ns: int) -> None:
        """Refuse an order; one of which something was filled before a restart can only end."""
        if order.filled_u6:
            closed = code == Code.MARKET_CLOSED
            self._end(order, GoneReason.MARKET_CLOSED if closed else GoneReason.KILLED, now_ns)
            return
        self._write(Refused(now_ns, order.place.order, code))
        self._answer(Rejected(now_ns, order.place.order, code))

    def _is_marketable(self, order: PaperOrder) -> bool:
        place = order.place
        if place.tif in (TimeInForce.FAK, TimeInForce.FOK):
            return True
        return bool(crossing(place.side, place.price_e4, opposite_levels(self.views[place.asset], place.side)[:1]))

    def _continue(self, order: PaperOrder, now_ns: int) -> None:
        """Match an order whose hold is over against what is displayed now; let the rest of it rest, or kill it."""
        place = order.place
        if order.status not in ("sent", "held"):
            self._expire(order, now_ns)
            return
        view = self.views.get(place.asset)
        if view is None or view.closed:
            self._refuse(order, Code.MARKET_CLOSED, now_ns)
            return
        immediate = place.tif in (TimeInForce.FAK, TimeInForce.FOK)
        fills = (
            []
            if place.post_only
            else take(place.side, place.price_e4, order.open_u6, opposite_levels(view, place.side))
        )
        filled_u6 = sum(size_u6 for _, size_u6 in fills)
        if place.tif == TimeInForce.FOK and filled_u6 < order.open_u6:
            self._refuse(order, Code.FOK_NOT_FILLED, now_ns)
        elif place.tif == TimeInForce.FAK and not fills:
            self._refuse(order, Code.FAK_NO_MATCH, now_ns)
        else:
            for price_e4, size_u6 in fills:
                self._fill(order, price_e4, size_u6, now_ns, maker=False)
            if immediate:
                self._end(order, GoneReason.KILLED if order.open_u6 else GoneReason.FILLED, now_ns)
            elif order.open_u6:
                self._rest(order, now_ns)

    def _rest(self, order: PaperOrder, now_ns: int) -> None:
        place = order.place
        order.crossed = crossing(place.side, place.price_e4, opposite_levels(self.views[place.asset], place.side))
        self._write(Resting(now_ns, place.order))
        self._answer(Accepted(now_ns, place.order, order.remote_id))
        if place.tif == TimeInForce.GTD:
            self._at_expiration(order)

    def _at_expiration(self, order: PaperOrder) -> None:
        self._at(order.place.expiration_s * NS_PER_S - GTD_REMOVED_EARLY_NS, order.place.order)

    def _expire(self, order: PaperOrder, now_ns: int) -> None:
        if order.status == "resting" and order.place.tif == TimeInForce.GTD:
            self._end(order, GoneReason.EXPIRED, now_ns)

    def _fill(self, order: PaperOrder, price_e4: int, size_u6: int, now_ns: int, *, maker: bool) -> None:
        place = order.place
        fees = self.views[place.asset].fees
        schedule = self.params.fees if fees == NO_FEES else fees
        fee_u6 = 0 if maker else taker_fee_u6(schedule, price_e4, size_u6)
        trade_id = f"{order.remote_id[:18]}-{order.trades + 1}"
        row = Filled(now_ns, place.order, trade_id, place.asset, place.side, price_e4, size_u6, fee_u6, maker)
        self._write(row)
        self._answer(_fill_event(row, now_ns))
        if place.side == Side.BUY:
            self._at(now_ns + self.params.sellable_after_ns, place.asset)

    def _end(self, order: PaperOrder, reason: GoneReason, now_ns: int) -> None:
        self._write(Ended(now_ns, order.place.order, reason))
        self._answer(Gone(now_ns, order.place.order, reason, order.filled_u6))

    def _judge_resting(self, asset: int, now_ns: int) -> None:
        """Fill resting orders that the opposite best crosses, at their limit, by what is newly displayed there."""
        for order in self.account.working():
            place = order.place
            if order.status != "resting" or place.asset != asset:
                continue
            levels = crossing(place.side, place.price_e4, opposite_levels(self.views[asset], place.side))
            size_u6 = min(newly_displayed_u6(order.crossed, levels), order.open_u6)
            order.crossed = levels
            if size_u6 > 0:
                self._fill_resting(order, size_u6, now_ns)

    def _fill_resting(self, order: PaperOrder, size_u6: int, now_ns: int) -> None:
        self._fill(order, order.place.price_e4, size_u6, now_ns, maker=True)
        if order.open_u6 == 0:
            self._end(order, GoneReason.FILLED, now_ns)

    def _trade(self, event: Trade, now_ns: int) -> None:
        left_u6 = event.size_u6
        for order in self.account.working():
            place = order.place
            if order.status != "resting" or place.asset != event.asset or place.side == event.taker_side:
                continue
            if left_u6 > 0 and prints_through(place.side, place.price_e4, event.price_e4):
                size_u6 = min(left_u6, order.open_u6)
                left_u6 -= size_u6
                self._fill_resting(order, size_u6, now_ns)

    def _cancel(self, order_id: str, now_ns: int) -> None:
        order = self.account.orders.get(order_id)
        if order is None or order.status == "refused":
            self._answer(Rejected(now_ns, order_id, Code.CANCEL_NOT_FOUND, cancel=True))
        elif order.status == "held":
            self._answer(Rejected(now_ns, order_id, Code.CANCEL_HELD, cancel=True))
        elif order.status == "ended":
            self._answer(Gone(now_ns, order_id, self.account.end_reason(order), order.filled_u6))
        else:
            self._end(order, GoneReason.CANCELED, now_ns)

    def _cancel_all(self, now_ns: int, assets: set[int] | None) -> None:
        for order in self.account.working():
            if order.status == "resting" and (assets is None or order.place.asset in assets):
                self._end(order, GoneReason.CANCELED, now_ns)

    def _read_order(self, order_id: str, now_ns: int) -> None:
        order = self.account.orders.get(order_id)
        if order is None or order.status == "refused":
            self._answer(OrderState(now_ns, order_id, found=False))
            return
        for row in self.account.fills.get(order_id, ()):
            self._answer(_fill_event(row, now_ns))
        resting = order.status in ("sent", "held", "resting")
        self._answer(OrderState(now_ns, order_id, True, resting, order.filled_u6))

    def _market(self, event: Market, now_ns: int) -> None:
        view = self.views.get(event.asset)
        self.views[event.asset] = open_view(event) if view is None else fold(view, event)
        if event.change in (MarketChange.CLOSED, MarketChange.RESOLVED):
            self._end_resting(event.asset, now_ns)

    def _end_resting(self, asset: int, now_ns: int) -> None:
        for order in self.account.working():
            if order.place.asset == asset and order.status == "resting":
                self._end(order, GoneReason.MARKET_CLOSED, now_ns)

    def _settle(self, event: Outcome, now_ns: int) -> None:
        """Pay what a market's two tokens are worth; an unknown outcome pays nothing and keeps the shares."""
        peer = self.views[event.asset].peer if event.asset in self.views else -1
        for asset, won in ((event.asset, event.won), (peer, not event.won)):
            self._end_resting(asset, now_ns)
            held_u6 = self.account.shares.get(asset)
            if event.known and held_u6:
                self._write(Settled(now_ns, asset, held_u6 if won else 0))


def _fill_event(row: Filled, now_ns: int) -> Fill:
    return Fill(now_ns, row.order, row.trade_id, row.asset, row.side, row.price_e4, row.size_u6, row.fee_u6, row.maker)
