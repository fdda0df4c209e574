"""Reads the venue's market-channel messages strictly: the fields of a decoded message as integers, or
ValueError.

Facts (protocol.md 5, 2026-11-21): all numbers are strings, in old captures without a leading zero; a best
price of "0" or "" (bid), "1" or "" (ask) stands for an empty side; `timestamp` is the venue's time in
milliseconds.
"""

from typing import Any, Final, NamedTuple

from engine.model.units import NS_PER_MS, PRICE_ONE_E4, parse_price_e4, parse_size_u6
from engine.venue.market_channel import TICKS_E4, EventType
from feeder.book import ASK, BID, NOT_SAID, Change, Level
from shm.layout import LEVEL_SIZE_U6_MAX

Message = dict[str, Any]
TIMESTAMP_MS_MAX: Final = (2**63 - 1) // NS_PER_MS
"""The year 2262, where nanoseconds leave 63 bits."""
STATEFUL: Final = frozenset({EventType.BOOK, EventType.PRICE_CHANGE, EventType.TICK_SIZE_CHANGE})
"""Kinds that must not be missed: one that cannot be read makes the books it names doubtful."""
_SIDES: Final = {"BUY": BID, "SELL": ASK}


class TokenChanges(NamedTuple):
    """What one price_change message says of one token; the best prices are those of its last entry."""

    token_id: str
    changes: list[Change]
    best_bid_e4: int
    best_ask_e4: int


def kind_of(message: Message) -> str:
    """Return the event type; array elements of early captures have none and are told by their fields."""
    kind = message.get("event_type")
    if isinstance(kind, str):
        return kind
    if "bids" in message and "asks" in message:
        return EventType.BOOK
    if "price_changes" in message or "changes" in message:
        return EventType.PRICE_CHANGE
    raise ValueError(f"expected an event_type, was {sorted(message)!r}")


def text_of(message: Message, key: str) -> str:
    """Return a field that must be a string."""
    value = message.get(key)
    if not isinstance(value, str):
        raise ValueError(f"expected a string in {key!r}, was {value!r}")
    return value


def objects_of(message: Message, key: str) -> list[Message]:
    """Return a field that must be a list of objects."""
    value = message.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"expected a list of objects in {key!r}, was {value!r}")
    return value


def venue_ts_ns_of(message: Message) -> int:
    """Return the venue's time of a message in nanoseconds."""
    text = text_of(message, "timestamp")
    if not (text.isascii() and text.isdigit() and len(text) <= 13 and int(text) <= TIMESTAMP_MS_MAX):
        raise ValueError(f"expected a timestamp in milliseconds, was {text!r}")
    return int(text) * NS_PER_MS


def level_of(entry: Message) -> Level:
    """Return (price_e4, size_u6) of a level; size 0 is allowed, a price of 0 or 1 is not one."""
    price_e4, size_u6 = parse_price_e4(text_of(entry, "price")), parse_size_u6(text_of(entry, "size"))
    if not 0 < price_e4 < PRICE_ONE_E4:
        raise ValueError(f"expected a price between 0 and 1, was {entry['price']!r}")
    if size_u6 > LEVEL_SIZE_U6_MAX:
        raise ValueError(f"expected a size below 2^48 millionths, was {entry['size']!r}")
    return price_e4, size_u6


def side_of(entry: Message) -> int:
    """Return BID for BUY and ASK for SELL."""
    side = _SIDES.get(text_of(entry, "side"))
    if side is None:
        raise ValueError(f"expected BUY or SELL, was {entry['side']!r}")
    return side


def tick_of(text: str) -> int:
    """Return a tick in 1e-4 USD; ValueError for one that the venue does not have."""
    tick_e4 = parse_price_e4(text)
    if tick_e4 not in TICKS_E4:
        raise ValueError(f"expected one of the venue's ticks, was {text!r}")
    return tick_e4


def token_changes_of(message: Message) -> list[TokenChanges]:
    """Return the changes of a price_change message by token, in order of first appearance; both schemas are
    read.

    The schema before 2025-09-15 has `changes` of the one `asset_id` and no best prices.
    """
    if "price_changes" in message:
        entries = objects_of(message, "price_changes")
        named = [(text_of(entry, "asset_id"), entry) for entry in entries]
    else:
        named = [(text_of(message, "asset_id"), entry) for entry in objects_of(message, "changes")]
    by_token: dict[str, TokenChanges] = {}
    for token_id, entry in named:
        before = by_token.get(token_id) or TokenChanges(token_id, [], NOT_SAID, NOT_SAID)
        before.changes.append((side_of(entry), *level_of(entry)))
        best_bid_e4, best_ask_e4 = best_of(entry, "best_bid"), best_of(entry, "best_ask")
        by_token[token_id] = before._replace(best_bid_e4=best_bid_e4, best_ask_e4=best_ask_e4)
    return list(by_token.values())


def best_of(entry: Message, key: str) -> int:
    """Return a best price, 0 for the empty side, NOT_SAID where the message has none."""
    if key not in entry:
        return NOT_SAID
    text = text_of(entry, key)
    price_e4 = parse_price_e4(text) if text else 0
    return price_e4 % PRICE_ONE_E4 if key == "best_ask" else price_e4


def tokens_named(message: Message) -> list[str]:
    """Return every token id that a message names, readable or not as a whole."""
    changes = message.get("price_changes")
    entries = [message, *(changes if isinstance(changes, list) else [])]
    found = [entry.get("asset_id") for entry in entries if isinstance(entry, dict)]
    return [token_id for token_id in found if isinstance(token_id, str)]
