"""From what the venue says of our orders to the kernel's events: each fill once and in parts, each end once known.

The same trade may be told by the user channel, by an order's answer and by a read, in any order and any number of
times; what is told is remembered with the order (own_orders.py), so all of them give the same events.
"""

from collections.abc import Callable
from typing import Final

from engine.execution.polymarket.own_orders import OwnOrder, OwnOrders, note_fill, part_id
from engine.execution.polymarket.reads import OrderRow
from engine.execution.polymarket.user_channel import OwnFill
from engine.execution.polymarket.user_channel import OwnOrder as OrderUpdate
from engine.model.events import (
    Accepted,
    Event,
    Fill,
    FillReversed,
    Foreign,
    Gone,
    GoneReason,
    OrderState,
    Settlement,
    Unknown,
)
from engine.model.fees import FeeSchedule, taker_fee_u6

MISSED_MOST: Final = 20
"""An order that so many reads in a row did not find never arrived: it is not asked about for ever."""
_REASONS: Final = {
    "CANCELED_EXPIRED_ORDER": GoneReason.EXPIRED,
    "CANCELED_MARKET_RESOLVED": GoneReason.MARKET_CLOSED,
    "CANCELED_MARKET_NOT_FOUND": GoneReason.MARKET_CLOSED,
    "CANCELED_NOT_ENOUGH_BALANCE": GoneReason.BALANCE,
}


class Teller:
    """Says events; `fees_of` gives the fee schedule of an asset. Foreign orders and trades are said once each."""

    def __init__(self, orders: OwnOrders, say: Callable[[Event], None], fees_of: Callable[[int], FeeSchedule]) -> None:
        self._orders = orders
        self._say = say
        self._fees_of = fees_of
        self._foreign: set[str] = set()
        self.since_s = 0
        """Unix second; trades from before are an earlier session's, whose windows may be over and forgotten."""

    def fill(self, fill: OwnFill) -> None:
        """Tell a trade of ours at its present settlement."""
        own = self._orders.remote(fill.order_id)
        if own is None:
            if not 0 < fill.matched_s < self.since_s:
                self.foreign("trade", fill.trade_id)
            return
        is_new = fill.trade_id not in own.trades
        parts = note_fill(own, fill)
        failed = fill.settlement == Settlement.FAILED
        if not failed or is_new:  # a trade that failed before it was told is told and taken back
            settlement = Settlement.MATCHED if failed else fill.settlement
            for index, part in enumerate(parts):
                fee_u6 = 0 if fill.maker else taker_fee_u6(self._fees_of(own.asset), part.price_e4, part.size_u6)
                self._say(
                    Fill(
                        0,
                        own.order,
                        part_id(fill.trade_id, index),
                        own.asset,
                        fill.side,
                        part.price_e4,
                        part.size_u6,
                        fee_u6,
                        fill.maker,
                        settlement,
                        part.cash_u6,
                    )
                )
        if own.end is not None and own.filled_u6 >= own.end[1]:
            self.end(own)
        if failed:
            for index in range(len(parts)):
                self._say(FillReversed(0, own.order, part_id(fill.trade_id, index)))

    def update(self, update: OrderUpdate) -> None:
        """Tell an order event of the user channel."""
        own = self._orders.remote(update.order_id)
        if own is None:
            if update.what == "PLACEMENT":
                self.foreign("order", update.order_id)
            return
        if update.what == "CANCELLATION":
            killed = GoneReason.KILLED if own.is_immediate else GoneReason.CANCELED
            self.gone(own, _REASONS.get(update.status, killed), update.matched_u6)
        elif update.what == "PLACEMENT":
            self.accepted(own, resting=update.status == "LIVE")
        elif update.matched_u6 >= own.size_u6:
            self.gone(own, GoneReason.FILLED, update.matched_u6)

    def accepted(self, own: OwnOrder, *, resting: bool) -> None:
        """Tell, once, that the venue has an order."""
        if not own.accepted and not own.ended:
            own.accepted = True
            self._say(Accepted(0, own.order, own.remote_id, resting and not own.is_immediate))

    def doubted(self, own: OwnOrder) -> None:
        """Tell that it is not known whether the venue has an order."""
        own.accepted = False
        self._say(Unknown(0, own.order))

    def gone(self, own: OwnOrder, reason: GoneReason, filled_u6: int) -> None:
        """Tell that an order is over; again when how much of it was filled is known only now.

        The venue often says so a moment before it tells the last fill: then the end waits for it (`end` ends the wait).
        """
        if own.ended or (filled_u6 < 0 and own.end is not None):
            return  # an end that waits knows more
        if filled_u6 > own.filled_u6:
            own.end = (reason, filled_u6)
            return
        own.ended, own.end = filled_u6 >= 0, None
        self._say(Gone(0, own.order, reason, filled_u6))

    def end(self, own: OwnOrder) -> None:
        """Tell an end that waited, whether its fills have come or not: who hears it reads what is missing."""
        if own.end is not None and not own.ended:
            (reason, filled_u6), own.end, own.ended = own.end, None, True
            self._say(Gone(0, own.order, reason, filled_u6))

    def state(self, own: OwnOrder, row: OrderRow | None) -> None:
        """Tell what a read said of an order, None = the venue does not know it."""
        if row is None:
            own.missed += 1
            own.ended = own.ended or own.missed >= MISSED_MOST
            self._say(OrderState(0, own.order, found=False))
            return
        own.missed = 0
        if not row.is_resting:
            own.ended, own.end = True, None
        self._say(OrderState(0, own.order, True, row.is_resting, row.matched_u6))

    def foreign(self, what: str, remote_id: str) -> None:
        """Tell, once, of something on our wallet that is not ours."""
        if remote_id not in self._foreign:
            self._foreign.add(remote_id)
            self._say(Foreign(0, what, remote_id))
