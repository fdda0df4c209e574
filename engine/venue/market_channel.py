"""Wire shapes of the venue's public market channel: what a client sends and the names of what it receives.

Facts (protocol.md 5, 2026-11-21): the first frame carries `type`, later ones `operation`; a second first
frame is answered with the text INVALID OPERATION; a text PING every 10 s is answered with PONG, and without
it the server resets the connection after about 125 s; adding an asset that is already active brings no
snapshot, unsubscribing it first does.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import orjson

PING: Final = b"PING"
PONG: Final = b"PONG"
INVALID_OPERATION: Final = b"INVALID OPERATION"
PING_INTERVAL_S: Final = 10
IDLE_RESET_S: Final = 125
TICKS_E4: Final = frozenset({1000, 100, 50, 25, 10, 1})
"""Every tick the venue's clients accept (protocol.md 4.1), in 1e-4 USD."""


class EventType(StrEnum):
    """`event_type` of a message to the client."""

    BOOK = "book"
    PRICE_CHANGE = "price_change"
    TICK_SIZE_CHANGE = "tick_size_change"
    LAST_TRADE_PRICE = "last_trade_price"
    BEST_BID_ASK = "best_bid_ask"
    NEW_MARKET = "new_market"
    MARKET_RESOLVED = "market_resolved"


def first_frame(token_ids: Iterable[str]) -> bytes:
    """Return the frame that opens a connection's subscription; it may be sent only once."""
    return orjson.dumps({"type": "market", "assets_ids": sorted(token_ids), "custom_feature_enabled": True})


def subscribe_frame(token_ids: Iterable[str]) -> bytes:
    """Return the frame that adds assets to an open subscription."""
    return orjson.dumps({"operation": "subscribe", "assets_ids": sorted(token_ids), "custom_feature_enabled": True})


def unsubscribe_frame(token_ids: Iterable[str]) -> bytes:
    """Return the frame that takes assets out of an open subscription."""
    return orjson.dumps({"operation": "unsubscribe", "assets_ids": sorted(token_ids)})
