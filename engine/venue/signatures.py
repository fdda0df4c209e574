"""Signatures of orders: make them for a key, and recover the owner's EOA from one.

Facts (protocol.md 2.3, 2026-11-21): types 0, 1 and 2 are 65 bytes over the order's id. Type 3, a deposit wallet, nests
the order in a TypedDataSign of the wallet's own domain (ERC-7739): 65 bytes over that, then the exchange's separator,
the order's hash, the Order type's text and its length, 317 bytes in all. A session key's signature is ABI-encoded with
the key's address and ends with 32 bytes of 6492.
"""

from collections.abc import Iterable
from typing import Final

from engine.venue.contracts import CHAIN_ID, Exchange
from engine.venue.eip712 import ADDRESS_PADDING, typed_digest, word
from engine.venue.keys import SIGNATURE_BYTES, OwnerKey, SignatureFault, recover
from engine.venue.orders import (
    ORDER_TYPE,
    OrderFields,
    OrderFieldsV1,
    SignatureType,
    order_hash,
    order_id_v1,
)
from ext.keccak import keccak256

WALLET_NAME: Final = "DepositWallet"
WALLET_VERSION: Final = "1"
_NESTED_TYPE_HASH: Final = keccak256(
    b"TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    + ORDER_TYPE
)
_WALLET_DOMAIN: Final = keccak256(WALLET_NAME.encode()) + keccak256(WALLET_VERSION.encode()) + word(CHAIN_ID)
_NO_SALT: Final = bytes(32)
_TRAILER: Final = ORDER_TYPE + len(ORDER_TYPE).to_bytes(2, "big")
_SEPARATOR: Final = slice(SIGNATURE_BYTES, SIGNATURE_BYTES + 32)
_CONTENTS: Final = slice(SIGNATURE_BYTES + 32, SIGNATURE_BYTES + 64)
WALLET_SIGNATURE_BYTES: Final = SIGNATURE_BYTES + 64 + len(_TRAILER)

_SESSION_MAGIC: Final = bytes.fromhex("6492" * 16)
_SESSION_HEAD: Final = word(96)
"""Where the inner signature's length stands: after the session key's word, an empty word and this one."""


def sign_order(key: OwnerKey, fields: OrderFields, exchange: Exchange) -> bytes:
    """Return the signature that goes with the order on the wire: 65 bytes, or 317 for a deposit wallet."""
    contents = order_hash(fields)
    if fields.signature_type != SignatureType.DEPOSIT_WALLET:
        return key.sign(typed_digest(exchange.separator, contents))
    inner = key.sign(_nested_digest(contents, fields.signer, exchange))
    return inner + exchange.separator + contents + _TRAILER


def recover_owner(fields: OrderFields, signature: bytes, exchange: Exchange) -> bytes | SignatureFault:
    """Return the EOA that signed the order for the exchange, or why the signature tells of none.

    Whether that EOA may sign for the order's maker is another question: engine.venue.wallets answers it.
    """
    contents = order_hash(fields)
    if fields.signature_type != SignatureType.DEPOSIT_WALLET:
        return recover(typed_digest(exchange.separator, contents), signature)
    if signature.endswith(_SESSION_MAGIC):
        return SignatureFault.SESSION_KEY
    return _recover_nested(contents, fields.signer, signature, exchange)


def recover_session_key(
    fields: OrderFields, signature: bytes, exchange: Exchange
) -> tuple[bytes, bytes] | SignatureFault:
    """Return (the session key's address as stated, the address that signed) of a session key's signature."""
    unwrapped = unwrap_session(signature)
    if unwrapped is None:
        return SignatureFault.LENGTH
    stated, inner = unwrapped
    recovered = _recover_nested(order_hash(fields), fields.signer, inner, exchange)
    return recovered if isinstance(recovered, SignatureFault) else (stated, recovered)


def wrap_session(session_key: bytes, signature: bytes) -> bytes:
    """Return a deposit wallet's signature by a session key: whose it is, the signature, and the mark at the end."""
    padding = bytes(-len(signature) % 32)
    head = ADDRESS_PADDING + session_key + bytes(32) + _SESSION_HEAD + word(len(signature))
    return head + signature + padding + _SESSION_MAGIC


def unwrap_session(signature: bytes) -> tuple[bytes, bytes] | None:
    """Return (session key's address, inner signature); None when it is not exactly what `wrap_session` makes."""
    length = int.from_bytes(signature[96:128], "big")
    if length > len(signature):
        return None
    session_key, inner = signature[12:32], signature[128 : 128 + length]
    if len(session_key) != 20 or wrap_session(session_key, inner) != signature:
        return None
    return session_key, inner


def signed_for(fields: OrderFields, signature: bytes, owner: bytes, exchanges: Iterable[Exchange]) -> Exchange | None:
    """Return the exchange that `owner` signed the order for: how a signature for another version is recognised."""
    for exchange in exchanges:
        if recover_owner(fields, signature, exchange) == owner:
            return exchange
    return None


def recover_owner_v1(fields: OrderFieldsV1, signature: bytes, exchange: Exchange) -> bytes | SignatureFault:
    """Return the EOA that signed a retired V1 order, or why the signature tells of none."""
    return recover(order_id_v1(fields, exchange), signature)


def _recover_nested(contents: bytes, wallet: bytes, signature: bytes, exchange: Exchange) -> bytes | SignatureFault:
    if len(signature) != WALLET_SIGNATURE_BYTES:
        return SignatureFault.LENGTH
    if signature[_SEPARATOR] != exchange.separator:
        return SignatureFault.SEPARATOR
    if signature[_CONTENTS] != contents:
        return SignatureFault.CONTENTS
    if not signature.endswith(_TRAILER):
        return SignatureFault.CONTENTS_TYPE
    return recover(_nested_digest(contents, wallet, exchange), signature[:SIGNATURE_BYTES])


def _nested_digest(contents: bytes, wallet: bytes, exchange: Exchange) -> bytes:
    nested = b"".join((_NESTED_TYPE_HASH, contents, _WALLET_DOMAIN, ADDRESS_PADDING, wallet, _NO_SALT))
    return typed_digest(exchange.separator, keccak256(nested))
