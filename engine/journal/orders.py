"""What a journal tells of each order and of each fill: its commands and events folded by the model's own rules.

A journal has orders only as commands and answers. This fold is what reports, comparisons and the relational store read;
it counts as every strategy does (`engine.model.orders`: `advance`, `count_fill`), a fill once by (trade id, order).
"""

from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from engine.journal.format import DecisionEntry, Entry, EventEntry
from engine.model.commands import Cancel, Command, Place
from engine.model.events import (
    Accepted,
    Event,
    Fill,
    FillReversed,
    Gone,
    OrderState,
    Rejected,
    Settlement,
    Side,
    Unknown,
)
from engine.model.orders import TERMINAL, Order, OrderStatus, advance, count_fill, move


class OrderHistory(msgspec.Struct, frozen=True):
    """One order that left, and what became of it; times in Unix ns, 0 = it did not happen (yet)."""

    order: Order
    expiration_s: int
    salt: int
    timestamp_ms: int
    remote_id: str = ""
    answered_ns: int = 0  # the first answer of the venue: taken or refused
    filled_ns: int = 0  # the first fill
    ended_ns: int = 0
    refusal: str = ""


class FillHistory(msgspec.Struct, frozen=True):
    """One fill, how far it is settled, and whether it was taken back."""

    order: str
    trade_id: str
    asset: int
    side: Side
    price_e4: int
    size_u6: int
    fee_u6: int
    maker: bool
    ts_ns: int
    settlement: Settlement
    is_reversed: bool = False


class Histories(Protocol):
    """Where the fold keeps what it knows."""

    def order(self, order_id: str) -> OrderHistory | None:
        """Return an order, None for one that was never sent."""
        ...

    def keep_order(self, history: OrderHistory) -> None:
        """Keep an order as it is known now."""
        ...

    def fill(self, order_id: str, trade_id: str) -> FillHistory | None:
        """Return a fill, None for one that was not counted yet."""
        ...

    def keep_fill(self, history: FillHistory) -> None:
        """Keep a fill as it is known now."""
        ...


class MemoryHistories:
    """Keeps everything in two dictionaries."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderHistory] = {}
        self.fills: dict[tuple[str, str], FillHistory] = {}

    def order(self, order_id: str) -> OrderHistory | None:
        """Return an order, None for one that was never sent."""
        return self.orders.get(order_id)

    def keep_order(self, history: OrderHistory) -> None:
        """Keep an order as it is known now."""
        self.orders[history.order.order] = history

    def fill(self, order_id: str, trade_id: str) -> FillHistory | None:
        """Return a fill, None for one that was not counted yet."""
        return self.fills.get((order_id, trade_id))

    def keep_fill(self, history: FillHistory) -> None:
        """Keep a fill as it is known now."""
        self.fills[history.order, history.trade_id] = history


_ANSWERS: Final = (Accepted, Rejected, Gone, Unknown, OrderState)


def take_entries(histories: Histories, entries: Iterable[Entry]) -> None:
    """Fold the entries of one journal, in order."""
    now_ns = 0
    for entry in entries:
        if isinstance(entry, EventEntry):
            now_ns = entry.event.ts_ns
            take_event(histories, entry.event)
        elif isinstance(entry, DecisionEntry):
            for command in entry.commands:
                take_command(histories, command, now_ns)


def take_command(histories: Histories, command: Command, now_ns: int) -> None:
    """Fold one command that left: a new order, or the wish to end one."""
    if isinstance(command, Place):
        order = Order(
            command.order,
            command.asset,
            command.side,
            command.price_e4,
            command.size_u6,
            command.tif,
            command.purpose,
            command.post_only,
            now_ns,
        )
        histories.keep_order(OrderHistory(order, command.expiration_s, command.salt, command.timestamp_ms))
    elif isinstance(command, Cancel):
        known = histories.order(command.order)
        if known is not None and known.order.is_working:
            # an order whose fate is unknown stays so: its cancel is a question as much as a wish
            wanted = known.order.status != OrderStatus.UNKNOWN
            moved = move(known.order, OrderStatus.CANCELING) if wanted else known.order
            moved = msgspec.structs.replace(moved, cancel_sent_ns=now_ns)
            histories.keep_order(msgspec.structs.replace(known, order=moved))


def take_event(histories: Histories, event: Event) -> bool:
    """Fold one answer of the venue; False for one that names an order which no command had sent."""
    if isinstance(event, Fill):
        return _fill(histories, event)
    if isinstance(event, FillReversed):
        return _take_back(histories, event.order, event.trade_id)
    if not isinstance(event, _ANSWERS):
        return True
    known = histories.order(event.order)
    if known is None:
        return isinstance(event, Unknown) and event.what == "read"  # a book that could not be read is no order
    after = msgspec.structs.replace(known, order=advance(known.order, event))
    if isinstance(event, Accepted):
        after = msgspec.structs.replace(after, remote_id=event.remote_id or known.remote_id)
    elif isinstance(event, Rejected) and not event.cancel and not known.answered_ns:
        after = msgspec.structs.replace(after, refusal=event.code)
    if isinstance(event, Accepted | Rejected) and not known.answered_ns:
        after = msgspec.structs.replace(after, answered_ns=event.ts_ns)
    histories.keep_order(_ended(after, event.ts_ns))
    return True


def _ended(history: OrderHistory, now_ns: int) -> OrderHistory:
    if history.ended_ns or history.order.status not in TERMINAL:
        return history
    return msgspec.structs.replace(history, ended_ns=now_ns)


def _fill(histories: Histories, event: Fill) -> bool:
    if event.settlement == Settlement.FAILED:
        return _take_back(histories, event.order, event.trade_id)
    known = histories.order(event.order)
    if known is None:
        return False
    counted = histories.fill(event.order, event.trade_id)
    if counted is not None:
        if event.settlement != counted.settlement and not counted.is_reversed:
            histories.keep_fill(msgspec.structs.replace(counted, settlement=event.settlement))
        return True
    filled = count_fill(known.order, event.size_u6)
    after = msgspec.structs.replace(known, order=filled, filled_ns=known.filled_ns or event.ts_ns)
    histories.keep_order(_ended(after, event.ts_ns))
    histories.keep_fill(
        FillHistory(
            event.order,
            event.trade_id,
            event.asset,
            event.side,
            event.price_e4,
            event.size_u6,
            event.fee_u6,
            event.maker,
            event.ts_ns,
            event.settlement,
        )
    )
    return True


def _take_back(histories: Histories, order_id: str, trade_id: str) -> bool:
    counted = histories.fill(order_id, trade_id)
    if counted is None:
        return False
    if not counted.is_reversed:
        undone = msgspec.structs.replace(counted, settlement=Settlement.FAILED, is_reversed=True)
        histories.keep_fill(undone)
    return True
