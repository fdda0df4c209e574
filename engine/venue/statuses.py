"""The venue's words for what became of an order and of a trade, as REST and the user channel say them.

Facts (protocol.md 4.2, 4.5, 6; 2026-11-21): a killed order's status is `CANCELED_` and the reason as free text; REST
may put `ORDER_STATUS_` or `TRADE_STATUS_` before a word; MATCHED_NOT_BROADCASTED is said by REST only.
"""

from enum import StrEnum


class OrderStatus(StrEnum):
    """How an order stands."""

    LIVE = "LIVE"
    MATCHED = "MATCHED"
    DELAYED = "DELAYED"
    UNMATCHED = "UNMATCHED"
    CANCELED = "CANCELED"
    CANCELED_MARKET_RESOLVED = "CANCELED_MARKET_RESOLVED"
    CANCELED_NOT_ENOUGH_BALANCE = "CANCELED_NOT_ENOUGH_BALANCE"
    CANCELED_MARKET_NOT_FOUND = "CANCELED_MARKET_NOT_FOUND"
    CANCELED_EXPIRED_ORDER = "CANCELED_EXPIRED_ORDER"
    CANCELED_ORDER_TIMED_OUT = "CANCELED_ORDER_TIMED_OUT"
    INVALID = "INVALID"


class OrderEventType(StrEnum):
    """`type` of an order event on the user channel."""

    PLACEMENT = "PLACEMENT"
    UPDATE = "UPDATE"
    CANCELLATION = "CANCELLATION"


class TradeStatus(StrEnum):
    """How far a trade is on its way to the chain."""

    MATCHED = "MATCHED"
    MATCHED_NOT_BROADCASTED = "MATCHED_NOT_BROADCASTED"
    MINED = "MINED"
    CONFIRMED = "CONFIRMED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


FINAL_TRADE_STATUSES = frozenset({TradeStatus.CONFIRMED, TradeStatus.FAILED})
