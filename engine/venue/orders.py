"""What an order's owner signs: its fields, its hash and its id, which are known before it is sent.

Facts (protocol.md 2.2, 2026-11-21): V2 and V3 sign the same struct and differ in the domain. The id of an order is the
EIP-712 digest of this struct for every signature type. Expiration, order type, post-only and the owner's API key are
not signed. V1's struct is refused by the venue, and known only to be recognised.
"""

from enum import IntEnum
from typing import Final

import msgspec

from engine.model.events import Side
from engine.venue.addresses import ZERO_BYTES32
from engine.venue.contracts import Exchange
from engine.venue.eip712 import ADDRESS_PADDING, address_word, typed_digest, word
from ext.keccak import keccak256

ORDER_TYPE: Final = (
    b"Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    b"uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
ORDER_TYPE_HASH: Final = keccak256(ORDER_TYPE)
ORDER_TYPE_V1: Final = (
    b"Order(uint256 salt,address maker,address signer,address taker,uint256 tokenId,uint256 makerAmount,"
    b"uint256 takerAmount,uint256 expiration,uint256 nonce,uint256 feeRateBps,uint8 side,uint8 signatureType)"
)
ORDER_TYPE_HASH_V1: Final = keccak256(ORDER_TYPE_V1)
SALT_BITS: Final = 53
"""Salts are JSON numbers on the wire, so they stay below 2**53."""


class SignatureType(IntEnum):
    """What kind of wallet the maker is, and with it the signature's form."""

    EOA = 0
    PROXY = 1
    SAFE = 2
    DEPOSIT_WALLET = 3


class OrderFields(msgspec.Struct, frozen=True, gc=False):
    """The signed fields. Addresses are 20 bytes, metadata and builder 32; amounts are in 1e-6 USD or shares.

    `maker` holds the funds; `signer` is the EOA, or the wallet itself for a deposit wallet.
    """

    salt: int
    maker: bytes
    signer: bytes
    token_id: int
    maker_amount: int
    taker_amount: int
    side: Side
    signature_type: SignatureType
    timestamp_ms: int
    metadata: bytes = ZERO_BYTES32
    builder: bytes = ZERO_BYTES32


class OrderFieldsV1(msgspec.Struct, frozen=True, gc=False):
    """The signed fields of a retired V1 order; `expiration` in Unix seconds."""

    salt: int
    maker: bytes
    signer: bytes
    taker: bytes
    token_id: int
    maker_amount: int
    taker_amount: int
    expiration: int
    nonce: int
    fee_rate_bps: int
    side: Side
    signature_type: SignatureType


_SIDE_AND_TYPE: Final = {
    (side, signature_type): word(side) + word(signature_type) for side in Side for signature_type in SignatureType
}


def order_hash(fields: OrderFields) -> bytes:
    """Return the EIP-712 hash of the Order struct; OverflowError when a number needs more than 256 bits."""
    return keccak256(
        b"".join(
            (
                ORDER_TYPE_HASH,
                fields.salt.to_bytes(32, "big"),
                ADDRESS_PADDING,
                fields.maker,
                ADDRESS_PADDING,
                fields.signer,
                fields.token_id.to_bytes(32, "big"),
                fields.maker_amount.to_bytes(32, "big"),
                fields.taker_amount.to_bytes(32, "big"),
                _SIDE_AND_TYPE[fields.side, fields.signature_type],
                fields.timestamp_ms.to_bytes(32, "big"),
                fields.metadata,
                fields.builder,
            )
        )
    )


def order_id(fields: OrderFields, exchange: Exchange) -> bytes:
    """Return the order's 32-byte id on an exchange: what the venue calls it, and what types 0 to 2 sign."""
    return typed_digest(exchange.separator, order_hash(fields))


def order_hash_v1(fields: OrderFieldsV1) -> bytes:
    """Return the EIP-712 hash of a retired V1 order."""
    numbers = (
        fields.token_id,
        fields.maker_amount,
        fields.taker_amount,
        fields.expiration,
        fields.nonce,
        fields.fee_rate_bps,
        fields.side,
        fields.signature_type,
    )
    addresses = b"".join(map(address_word, (fields.maker, fields.signer, fields.taker)))
    return keccak256(ORDER_TYPE_HASH_V1 + word(fields.salt) + addresses + b"".join(map(word, numbers)))


def order_id_v1(fields: OrderFieldsV1, exchange: Exchange) -> bytes:
    """Return the id of a retired V1 order on an exchange of its time: what its owner signed."""
    return typed_digest(exchange.separator, order_hash_v1(fields))
