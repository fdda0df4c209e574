"""The `order` object of POST /order: its exact shape on the wire, and back and forth to the signed fields.

Facts (protocol.md 4.2, 2026-11-21): salt and signatureType are JSON numbers, all else is text; amounts are decimal
integers in 1e-6. `expiration` (Unix seconds, "0" for none) is not signed. A V1 client still sends taker, nonce and
feeRateBps, and no timestamp.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from engine.model.events import Side
from engine.venue.addresses import checksum_address, parse_address, parse_hex, to_hex
from engine.venue.orders import OrderFields, OrderFieldsV1, SignatureType

SIGNATURE_BYTES_MAX: Final = 1024
"""More than any known signature has: a deposit wallet's by a session key has 480."""
_UINT_LIMIT: Final = 1 << 256
_UINT_DIGITS_MAX: Final = 78
_SIDES: Final[Mapping[str, Side]] = {side.name: side for side in Side}
_TYPES: Final[Mapping[int, SignatureType]] = {int(kind): kind for kind in SignatureType}


class WireOrder(msgspec.Struct, frozen=True, rename="camel"):
    """The `order` object as clients write it, in the order of py-clob-client-v2."""

    salt: int
    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: str
    expiration: str
    signature_type: int
    timestamp: str
    metadata: str
    builder: str
    signature: str


class WireOrderV1(msgspec.Struct, frozen=True, rename="camel"):
    """The `order` object of the retired V1."""

    salt: int
    maker: str
    signer: str
    taker: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: str
    expiration: str
    nonce: str
    fee_rate_bps: str
    signature_type: int
    signature: str


def is_v1_order(order: Mapping[str, object]) -> bool:
    """Whether a decoded `order` object has V1's fields: what production answers with order_version_mismatch."""
    return "timestamp" not in order and "nonce" in order and "feeRateBps" in order


def wire_order(fields: OrderFields, signature: bytes, expiration_s: int = 0) -> WireOrder:
    """Return the wire's object for signed fields; `expiration_s` is Unix seconds, 0 for none."""
    return WireOrder(
        salt=fields.salt,
        maker=checksum_address(fields.maker),
        signer=checksum_address(fields.signer),
        token_id=str(fields.token_id),
        maker_amount=str(fields.maker_amount),
        taker_amount=str(fields.taker_amount),
        side=Side(fields.side).name,
        expiration=str(expiration_s),
        signature_type=int(fields.signature_type),
        timestamp=str(fields.timestamp_ms),
        metadata=to_hex(fields.metadata),
        builder=to_hex(fields.builder),
        signature=to_hex(signature),
    )


def parse_order(order: WireOrder) -> OrderFields:
    """Return the signed fields of a wire order. Raises ValueError with the field's name when one is malformed."""
    return OrderFields(
        salt=_salt(order.salt),
        maker=_address("maker", order.maker),
        signer=_address("signer", order.signer),
        token_id=parse_uint("order.tokenId", order.token_id),
        maker_amount=parse_uint("order.makerAmount", order.maker_amount),
        taker_amount=parse_uint("order.takerAmount", order.taker_amount),
        side=_side(order.side),
        signature_type=_signature_type(order.signature_type),
        timestamp_ms=parse_uint("order.timestamp", order.timestamp),
        metadata=_bytes32("metadata", order.metadata),
        builder=_bytes32("builder", order.builder),
    )


def parse_order_v1(order: WireOrderV1) -> OrderFieldsV1:
    """Return the signed fields of a V1 wire order. Raises ValueError with the field's name when one is malformed."""
    return OrderFieldsV1(
        salt=_salt(order.salt),
        maker=_address("maker", order.maker),
        signer=_address("signer", order.signer),
        taker=_address("taker", order.taker),
        token_id=parse_uint("order.tokenId", order.token_id),
        maker_amount=parse_uint("order.makerAmount", order.maker_amount),
        taker_amount=parse_uint("order.takerAmount", order.taker_amount),
        expiration=parse_uint("order.expiration", order.expiration),
        nonce=parse_uint("order.nonce", order.nonce),
        fee_rate_bps=parse_uint("order.feeRateBps", order.fee_rate_bps),
        side=_side(order.side),
        signature_type=_signature_type(order.signature_type),
    )


def parse_signature(text: str) -> bytes:
    """Return the bytes of a signature's hex text. Raises ValueError when it is none, or longer than any known."""
    digits = len(text) - 2
    if digits <= 0 or digits % 2 or digits > 2 * SIGNATURE_BYTES_MAX:
        raise ValueError(f"order.signature: expected 0x and up to {2 * SIGNATURE_BYTES_MAX} hex digits, was {digits}")
    return parse_hex(text, digits // 2)


def parse_uint(name: str, text: str) -> int:
    """Return the uint256 that a plain decimal text says. Raises ValueError with the field's name otherwise."""
    if text.isascii() and text.isdigit() and len(text) <= _UINT_DIGITS_MAX:
        value = int(text)
        if value < _UINT_LIMIT:
            return value
    raise ValueError(f"{name}: expected a decimal integer below 2**256, was {text[: _UINT_DIGITS_MAX + 2]!r}")


def _salt(salt: int) -> int:
    if not 0 <= salt < _UINT_LIMIT:
        raise ValueError(f"order.salt: expected an integer from 0 to 2**256, was {salt}")
    return salt


def _side(text: str) -> Side:
    side = _SIDES.get(text)
    if side is None:
        raise ValueError(f"order.side: expected BUY or SELL, was {text[:16]!r}")
    return side


def _signature_type(number: int) -> SignatureType:
    kind = _TYPES.get(number)
    if kind is None:
        raise ValueError(f"order.signatureType: expected 0, 1, 2 or 3, was {number}")
    return kind


def _address(name: str, text: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        raise ValueError(f"order.{name}: {error}") from None


def _bytes32(name: str, text: str) -> bytes:
    try:
        return parse_hex(text, 32)
    except ValueError as error:
        raise ValueError(f"order.{name}: {error}") from None
