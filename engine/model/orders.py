"""One order's life: its states, the table of allowed moves, and the fold of events into it.

`advance` is the only place where an order changes state; it is used by the kernel's account and, through it, by every
strategy. Events may come in any order and any number of times (execution.md, order lifecycle): a late or repeated one
changes nothing. Fills do not advance the filled size here by themselves twice: the caller counts a fill once, by
(trade id, order), and says so with `counted_fill_u6`.
"""

from enum import IntEnum
from typing import Final

import msgspec

from engine.model.codes import Code
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Accepted, Event, Gone, GoneReason, OrderState, Rejected, Side, Unknown


class OrderStatus(IntEnum):
    """Where an order is in its life."""

    SENT = 1
    LIVE = 2
    HELD = 3  # taken by the venue, not resting: the taker hold, or delayed
    CANCELING = 4
    UNKNOWN = 5  # no answer: it may exist
    MATCHED = 6
    CANCELED = 7
    REJECTED = 8
    EXPIRED = 9


TERMINAL: Final = frozenset({OrderStatus.MATCHED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED})

_ENDS: Final = frozenset({OrderStatus.MATCHED, OrderStatus.CANCELED, OrderStatus.EXPIRED})
TRANSITIONS: Final[dict[OrderStatus, frozenset[OrderStatus]]] = {
    OrderStatus.SENT: _ENDS
    | {OrderStatus.LIVE, OrderStatus.HELD, OrderStatus.CANCELING, OrderStatus.UNKNOWN, OrderStatus.REJECTED},
    # LIVE -> UNKNOWN: after a crash nothing is known of an order until the venue has been asked
    OrderStatus.LIVE: _ENDS | {OrderStatus.CANCELING, OrderStatus.UNKNOWN},
    # a delayed order may be refused when its delay has passed, and a held post-only order may come to rest
    OrderStatus.HELD: _ENDS | {OrderStatus.LIVE, OrderStatus.CANCELING, OrderStatus.UNKNOWN, OrderStatus.REJECTED},
    # CANCELING -> LIVE: the venue would not cancel it; -> REJECTED: it was never accepted in the first place
    OrderStatus.CANCELING: _ENDS | {OrderStatus.LIVE, OrderStatus.UNKNOWN, OrderStatus.REJECTED},
    OrderStatus.UNKNOWN: _ENDS | {OrderStatus.LIVE, OrderStatus.HELD, OrderStatus.CANCELING, OrderStatus.REJECTED},
    # a cancelled order may still turn out to have been filled: a cancel that loses the race is a fill
    OrderStatus.CANCELED: frozenset({OrderStatus.MATCHED}),
    OrderStatus.EXPIRED: frozenset({OrderStatus.MATCHED}),
    OrderStatus.MATCHED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
}

NOT_FOUND_FIRST_NS: Final = 5_000_000_000
"""A not-found read counts only from 5 s after the order was sent (execution.md)."""
NOT_FOUND_AGAIN_NS: Final = 2_000_000_000
"""... and a second one at least 2 s later is needed before the order is gone."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """One order of ours as it is known now; sizes in 1e-6 shares, times in Unix ns."""

    order: str
    asset: int
    side: Side
    price_e4: int
    size_u6: int
    tif: TimeInForce
    purpose: Purpose
    post_only: bool
    sent_ns: int
    status: OrderStatus = OrderStatus.SENT
    filled_u6: int = 0
    cancel_sent_ns: int = 0
    not_found_ns: int = 0
    told_filled_u6: int = 0  # what the venue says is filled; fills that are still to come make the difference

    @property
    def is_working(self) -> bool:
        """Whether the order may still trade: it reserves money or shares and blocks its side."""
        return self.status not in TERMINAL or self.told_filled_u6 > self.filled_u6

    @property
    def is_immediate(self) -> bool:
        """Whether the order never rests: what it cannot trade at once is killed."""
        return self.tif in (TimeInForce.FAK, TimeInForce.FOK)

    @property
    def open_u6(self) -> int:
        """How much of it may still be filled."""
        if self.status in TERMINAL:
            return max(self.told_filled_u6 - self.filled_u6, 0)
        return max(self.size_u6 - self.filled_u6, 0)


def move(order: Order, status: OrderStatus) -> Order:
    """Return the order in `status` if the table allows it; the same order if it does not (a late or repeated event)."""
    if status == order.status or status not in TRANSITIONS[order.status]:
        return order
    return msgspec.structs.replace(order, status=status)


def count_fill(order: Order, size_u6: int) -> Order:
    """Add one fill that was counted for the first time; an order that is completely filled is MATCHED."""
    filled_u6 = order.filled_u6 + size_u6
    filled = msgspec.structs.replace(order, filled_u6=filled_u6)
    if filled_u6 >= order.size_u6:
        return move(filled, OrderStatus.MATCHED)
    return move(filled, OrderStatus.LIVE) if order.status == OrderStatus.SENT and not order.is_immediate else filled


def advance(order: Order, event: Event) -> Order:
    """Fold one answer of the venue into the order; unknown or late news leaves it as it is."""
    if isinstance(event, Accepted):
        if order.status in (OrderStatus.SENT, OrderStatus.UNKNOWN):
            return move(order, OrderStatus.LIVE if event.resting else OrderStatus.HELD)
        return order
    if isinstance(event, Rejected):
        return _refused(order, event)
    if isinstance(event, Gone):
        return _gone(order, event)
    if isinstance(event, Unknown):
        return move(order, OrderStatus.UNKNOWN) if event.what == "place" else order
    if isinstance(event, OrderState):
        return _read(order, event)
    return order


def _refused(order: Order, event: Rejected) -> Order:
    if event.cancel:
        # it could not be cancelled: held orders go on, anything else has to be read before it is believed
        back = OrderStatus.LIVE if event.code == Code.CANCEL_HELD else OrderStatus.UNKNOWN
        return move(order, back) if order.status == OrderStatus.CANCELING else order
    if event.code == Code.DUPLICATED:
        return move(order, OrderStatus.UNKNOWN)  # it had arrived: resolve by id
    return move(order, OrderStatus.REJECTED)


def _gone(order: Order, event: Gone) -> Order:
    if event.filled_u6 < 0 and order.side == Side.BUY and order.status not in TERMINAL:
        # gone, but with how much filled? A new buy on top of unseen fills could exceed the cap: read it first
        return move(order, OrderStatus.UNKNOWN)
    ended = {GoneReason.EXPIRED: OrderStatus.EXPIRED, GoneReason.FILLED: OrderStatus.MATCHED}.get(
        event.reason, OrderStatus.CANCELED
    )
    moved = move(order, ended)
    if event.filled_u6 > moved.told_filled_u6:
        moved = msgspec.structs.replace(moved, told_filled_u6=event.filled_u6)
    return moved


def _read(order: Order, event: OrderState) -> Order:
    if not event.found:
        return _not_found(order, event.ts_ns)
    told = msgspec.structs.replace(order, told_filled_u6=max(order.told_filled_u6, event.filled_u6), not_found_ns=0)
    if event.resting:
        if order.is_immediate:
            return move(told, OrderStatus.HELD)  # never rests: it is delayed, and its end is still to come
        return told if told.status == OrderStatus.CANCELING else move(told, OrderStatus.LIVE)
    return move(told, OrderStatus.MATCHED if event.filled_u6 >= order.size_u6 else OrderStatus.CANCELED)


def _not_found(order: Order, now_ns: int) -> Order:
    if order.status in TERMINAL or now_ns < order.sent_ns + NOT_FOUND_FIRST_NS:
        return order
    if order.not_found_ns == 0:
        return msgspec.structs.replace(order, not_found_ns=now_ns)
    if now_ns >= order.not_found_ns + NOT_FOUND_AGAIN_NS:
        return move(order, OrderStatus.CANCELED)
    return order
