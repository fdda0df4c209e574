"""Reads the user channel's frames without I/O: our fills, and what became of our orders; nothing is dropped silently.

Facts (protocol.md 6, 2026-11-21): a trade's top level is the taker's; a maker's part is in `maker_orders`, possibly of
the other token (the prices of a mint or merge sum to 1). A killed order was seen with `size_matched` and `created_at`
empty, on which the official client loses the whole event. Frames may be arrays, `maker_orders` may be null, the same
trade comes once for each status.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from engine.model.events import Settlement, Side
from engine.model.units import PRICE_ONE_E4, parse_price_e4, parse_size_u6, proceeds_u6

_SIDES: Final = {side.name: side for side in Side}
_STATUS_PREFIX: Final = "TRADE_STATUS_"
_NOT_BROADCAST: Final = "MATCHED_NOT_BROADCASTED"
"""Said by REST alone (protocol.md 4.5)."""


class Part(NamedTuple):
    """A share of a fill at one price, in 1e-4 USD of our own token and 1e-6 shares, and the money that it moved.

    The maker's side of each match is rounded down (the chain divides whole numbers), and the taker's is the rest: the
    same money where both trade one token, what is left of 1 USD a share where they mint or merge.
    """

    price_e4: int
    size_u6: int
    cash_u6: int


class OwnFill(msgspec.Struct, frozen=True):
    """What one trade did to one order of ours; the same pair of ids comes again for each settlement of it.

    A taker has a part for each maker it met, since the price at the trade's top level is not dependable.
    """

    order_id: str
    trade_id: str
    token_id: str
    side: Side
    maker: bool
    settlement: Settlement
    parts: tuple[Part, ...]
    matched_s: int = 0  # Unix second of the match, 0 where it is not said

    @property
    def size_u6(self) -> int:
        """Return the shares in all."""
        return sum(part.size_u6 for part in self.parts)


class OwnOrder(msgspec.Struct, frozen=True):
    """What became of an order of ours: PLACEMENT, UPDATE or CANCELLATION. `matched_u6` is -1 where it is not said."""

    order_id: str
    what: str
    status: str
    matched_u6: int


class Complaint(msgspec.Struct, frozen=True):
    """A message that could not be read, and why."""

    why: str
    message: str


Update = OwnFill | OwnOrder | Complaint


def read_frame(frame: bytes, owner: str) -> list[Update]:
    """Return what a frame says of the orders of an API key, in order; PONG says nothing."""
    if frame == b"PONG":
        return []
    try:
        decoded = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        return [Complaint(f"expected JSON: {error}", frame[:200].decode(errors="replace"))]
    updates: list[Update] = []
    for message in decoded if isinstance(decoded, list) else [decoded]:
        try:
            updates += _read(message, owner)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"expected {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
            updates.append(Complaint(why, str(message)[:500]))
    return updates


def read_trade(row: Mapping[str, Any], owner: str) -> list[OwnFill]:
    """Return what one trade, as REST or the channel has it, did to our orders. Raises ValueError for what is none."""
    try:
        return list(_trade(row, owner))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"expected a trade: {type(error).__name__} {error}") from None


def _read(message: Any, owner: str) -> Iterator[Update]:
    if not isinstance(message, dict):
        raise ValueError(f"expected an object, was {type(message).__name__}")
    kind = message.get("event_type")
    if kind == "order":
        if owner in (message.get("owner"), message.get("order_owner")):
            yield _order(message)
    elif kind == "trade":
        yield from _trade(message, owner)
    else:
        raise ValueError(f"expected an order or a trade, was {kind!r}")


def _order(message: Mapping[str, Any]) -> OwnOrder:
    matched = message.get("size_matched")
    return OwnOrder(
        order_id=_text(message, "id").lower(),
        what=_text(message, "type"),
        status=str(message.get("status") or ""),
        matched_u6=parse_size_u6(matched) if matched else -1,
    )


def _trade(message: Mapping[str, Any], owner: str) -> Iterator[OwnFill]:
    settlement = _settlement(_text(message, "status"))
    makers = message.get("maker_orders") or []
    own_makers = [maker for maker in makers if maker.get("owner") == owner]
    takes = message.get("trader_side", "TAKER") != "MAKER" and owner in (
        message.get("owner"),
        message.get("trade_owner"),
    )
    if takes:
        yield OwnFill(
            order_id=_text(message, "taker_order_id").lower(),
            trade_id=_text(message, "id"),
            token_id=_text(message, "asset_id"),
            side=_side(message),
            maker=False,
            settlement=settlement,
            parts=tuple(_taker_parts(message, makers)),
            matched_s=_matched_s(message),
        )
    for maker in own_makers:
        yield OwnFill(
            order_id=_text(maker, "order_id").lower(),
            trade_id=_text(message, "id"),
            token_id=_text(maker, "asset_id"),
            side=_side(maker) if "side" in maker else _opposite_or_same(message, maker),
            maker=True,
            settlement=settlement,
            parts=(_part(parse_price_e4(_text(maker, "price")), parse_size_u6(_text(maker, "matched_amount"))),),
            matched_s=_matched_s(message),
        )


def _taker_parts(message: Mapping[str, Any], makers: list[Mapping[str, Any]]) -> Iterator[Part]:
    """Yield the taker's prices: a maker's own, or what is left of 1 where the maker has the other token."""
    if not makers:  # later statuses may come without them; the ids tell which fill it is
        yield _part(parse_price_e4(_text(message, "price")), parse_size_u6(_text(message, "size")))
        return
    for maker in makers:
        part = _part(parse_price_e4(_text(maker, "price")), parse_size_u6(_text(maker, "matched_amount")))
        same = _text(maker, "asset_id") == _text(message, "asset_id")
        yield part if same else Part(PRICE_ONE_E4 - part.price_e4, part.size_u6, part.size_u6 - part.cash_u6)


def _part(price_e4: int, size_u6: int) -> Part:
    return Part(price_e4, size_u6, proceeds_u6(price_e4, size_u6))


def _opposite_or_same(message: Mapping[str, Any], maker: Mapping[str, Any]) -> Side:
    """Return a maker's side where older messages leave it out: of the taker's token the other one, else the same."""
    taker = _side(message)
    if _text(maker, "asset_id") == _text(message, "asset_id"):
        return Side.SELL if taker == Side.BUY else Side.BUY
    return taker


def _matched_s(message: Mapping[str, Any]) -> int:
    said = str(message.get("match_time") or message.get("matchtime") or "")
    return int(said) if said.isascii() and said.isdigit() else 0


def _side(message: Mapping[str, Any]) -> Side:
    name = _text(message, "side")
    if name not in _SIDES:
        raise ValueError(f"expected BUY or SELL, was {name!r}")
    return _SIDES[name]


def _settlement(status: str) -> Settlement:
    name = status.removeprefix(_STATUS_PREFIX)
    if name == _NOT_BROADCAST:
        return Settlement.MATCHED
    if name not in Settlement.__members__:
        raise ValueError(f"expected a trade's status, was {status!r}")
    return Settlement[name]


def _text(message: Mapping[str, Any], field: str) -> str:
    value = message[field]
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a text in {field}, was {value!r}")
    return value
