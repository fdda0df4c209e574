"""What the venue's answers to reads mean: orders, trades, balances, books, positions; a strange one is a complaint.

Facts (protocol.md 4.1, 4.5, 4.6, 9; 2026-11-21): an unknown order may be answered with null, 404 or 500; statuses may
have a prefix; lists are paged, the last cursor is "LTE="; a book's best level is the highest bid and the lowest ask,
wherever they stand; balances are whole numbers in 1e-6; the Data API writes JSON numbers.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec
import orjson

from engine.model.units import parse_price_e4, parse_size_u6

LAST_CURSOR: Final = "LTE="
FIRST_CURSOR: Final = "MA=="
_ORDER_PREFIX: Final = "ORDER_STATUS_"
_RESTING: Final = frozenset({"LIVE", "DELAYED", "UNMATCHED"})
"""UNMATCHED is not explained by the venue: such an order is taken to be there still, so that it is cancelled."""


class OrderRow(msgspec.Struct, frozen=True):
    """One order as the venue has it now."""

    remote_id: str
    status: str
    matched_u6: int
    trade_ids: tuple[str, ...]
    token_id: str

    @property
    def is_resting(self) -> bool:
        """Whether it may still trade."""
        return self.status in _RESTING


class Page(msgspec.Struct, frozen=True):
    """One page of rows, and the cursor of the next; "" after the last."""

    rows: tuple[dict[str, Any], ...]
    next_cursor: str


class Level(msgspec.Struct, frozen=True):
    """A best level, (0, 0) for an empty side."""

    price_e4: int = 0
    size_u6: int = 0


class BookTop(msgspec.Struct, frozen=True):
    """The best levels of a book and the venue's time of it, Unix ns."""

    bid: Level
    ask: Level
    venue_ts_ns: int


def read_order(body: bytes) -> OrderRow | None:
    """Return the order of GET /data/order, None where the venue says null. Raises ValueError for anything else."""
    content = _json(body)
    return None if content is None else order_row(content)


def order_row(row: object) -> OrderRow:
    """Return one order object. Raises ValueError for something else."""
    if not isinstance(row, dict):
        raise ValueError(f"expected an order, was {type(row).__name__}")
    try:
        matched = row["size_matched"]
        return OrderRow(
            remote_id=_text(row["id"]).lower(),
            status=_text(row["status"]).removeprefix(_ORDER_PREFIX).upper(),
            matched_u6=parse_size_u6(matched) if matched else 0,
            trade_ids=tuple(_text(each) for each in row.get("associate_trades") or ()),
            token_id=_text(row["asset_id"]),
        )
    except KeyError as error:
        raise ValueError(f"expected {error.args[0]!r} in an order") from None


def read_page(body: bytes) -> Page:
    """Return a page of rows. Raises ValueError for something else."""
    content = _json(body)
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("expected a page with rows in data")
    assert isinstance(content, dict)
    cursor = content.get("next_cursor")
    return Page(tuple(rows), "" if cursor in (None, "", LAST_CURSOR) else _text(cursor))


def read_balance(body: bytes) -> int:
    """Return a balance in 1e-6. Raises ValueError for something else."""
    content = _json(body)
    text = content.get("balance") if isinstance(content, dict) else None
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        raise ValueError(f"expected a balance as digits, was {text!r}")
    return int(text)


def read_book(body: bytes) -> BookTop:
    """Return the best levels of GET /book. Raises ValueError for something else."""
    content = _json(body)
    if not isinstance(content, dict):
        raise ValueError("expected a book")
    bids, asks = (_levels(content.get(side)) for side in ("bids", "asks"))
    stamp = str(content.get("timestamp") or "0")
    return BookTop(
        bid=max(bids, key=lambda level: level.price_e4, default=Level()),
        ask=min(asks, key=lambda level: level.price_e4, default=Level()),
        venue_ts_ns=int(stamp) * 1_000_000 if stamp.isascii() and stamp.isdigit() else 0,
    )


def read_redeemable_u6(body: bytes) -> int:
    """Return what the redeemable positions of GET /v2/positions are worth, 1e-6 USD. Raises ValueError otherwise."""
    content = _json(body)
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise ValueError("expected positions in data")
    try:
        return sum(_u6(row["current_value"]) for row in rows if row["redeemable"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"expected positions with current_value and redeemable: {error}") from None


def read_winner(body: bytes) -> str | None:
    """Return the winning token of GET /markets/{id}, None before there is one. Raises ValueError otherwise."""
    content = _json(body)
    tokens = content.get("tokens") if isinstance(content, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, dict) for token in tokens):
        raise ValueError("expected a market with tokens")
    return next((_text(token.get("token_id")) for token in tokens if token.get("winner") is True), None)


def read_time_s(body: bytes) -> int:
    """Return the venue's Unix second. Raises ValueError for something else."""
    content = _json(body)
    if not isinstance(content, int) or isinstance(content, bool):
        raise ValueError(f"expected a Unix second, was {content!r}")
    return content


def _levels(side: object) -> list[Level]:
    if not isinstance(side, list):
        raise ValueError(f"expected a list of levels, was {type(side).__name__}")
    try:
        return [Level(parse_price_e4(_text(row["price"])), parse_size_u6(_text(row["size"]))) for row in side]
    except (KeyError, TypeError) as error:
        raise ValueError(f"expected levels with price and size: {error}") from None


def _u6(value: object) -> int:
    """Return a JSON number in 1e-6, rounded down: its shortest decimal is what was meant."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, was {value!r}")
    return int(Decimal(repr(value)).scaleb(6))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a text, was {value!r}")
    return value


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"expected JSON: {error}") from None
