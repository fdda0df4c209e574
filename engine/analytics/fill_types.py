"""How a round came to its result, in one word: what the fills of two modes are compared by."""

from enum import StrEnum
from typing import Final

from engine.analytics.window_history import WindowHistory
from engine.model.commands import Purpose
from engine.model.events import Side
from engine.strategy.bucket.round import FLAT_BELOW_U6


class FillType(StrEnum):
    """The kinds of ends that a round can have."""

    NO_ENTRY = "no entry"
    ENTRY_UNFILLED = "entry unfilled"
    TAKE_PROFIT = "take-profit"
    STOP = "stop"
    LATE_STOP = "late stop"
    SETTLED_WON = "settled won"
    SETTLED_LOST = "settled lost"
    NOT_SETTLED = "not settled"
    DUST = "dust"


MEANING: Final = {
    FillType.NO_ENTRY: "no order to enter was sent",
    FillType.ENTRY_UNFILLED: "orders to enter were sent, none was filled",
    FillType.TAKE_PROFIT: "flat, the last shares were sold by a take-profit",
    FillType.STOP: "flat, the last shares were sold by a stop",
    FillType.LATE_STOP: "flat, the last shares were sold by a stop of the late hold",
    FillType.SETTLED_WON: "at least the minimum size was held to the end and won",
    FillType.SETTLED_LOST: "at least the minimum size was held to the end and lost",
    FillType.NOT_SETTLED: "at least the minimum size was held to the end, the outcome is not known",
    FillType.DUST: "between 0.01 share and the minimum size was left at the end",
}


def fill_type(window: WindowHistory, minimum_u6: int) -> FillType:
    """Return how the window's round ended; `minimum_u6` is the config's smallest order, the market's counts too."""
    fills = [fill for fill in window.fills if not fill.is_reversed]
    if not fills:
        entered = any(history.order.side == Side.BUY for history in window.orders.values())
        return FillType.ENTRY_UNFILLED if entered else FillType.NO_ENTRY
    held_u6 = _held_u6(window)
    if held_u6 < FLAT_BELOW_U6:
        return _sold(window)
    if held_u6 < max(minimum_u6, window.minimum_u6):
        return FillType.DUST
    won = window.record.won if window.record is not None and window.record.settled else None
    if won is None:
        return FillType.NOT_SETTLED
    return FillType.SETTLED_WON if won else FillType.SETTLED_LOST


def _held_u6(window: WindowHistory) -> int:
    """Return what was held at the end: the record's word, which also knows of dust taken over; else the fills'."""
    if window.record is not None:
        return window.record.held_u6
    return sum(
        fill.size_u6 if fill.side == Side.BUY else -fill.size_u6 for fill in window.fills if not fill.is_reversed
    )


def _sold(window: WindowHistory) -> FillType:
    sales = [fill for fill in window.fills if fill.side == Side.SELL and not fill.is_reversed]
    if not sales:
        return FillType.DUST  # what was bought is less than can be sold
    last = max(sales, key=lambda fill: fill.ts_ns).order
    history = window.orders.get(last)
    if history is not None and history.order.purpose == Purpose.TAKE_PROFIT:
        return FillType.TAKE_PROFIT
    sent = window.sent.get(last)
    return FillType.LATE_STOP if sent is not None and sent.stage == "LATE_SL_PLACED" else FillType.STOP
