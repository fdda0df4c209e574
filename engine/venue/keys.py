"""One secp256k1 key and its signatures as Ethereum writes them: sign a digest, recover who signed one.

Facts (protocol.md 2.3, 2026-11-21): a signature is 65 bytes r, s, v with v 27 or 28. The contracts refuse an s in the
upper half of the curve's order, because each signature has such a twin.
"""

from enum import StrEnum
from typing import Final

import coincurve

from ext.keccak import keccak256

SIGNATURE_BYTES: Final = 65
KEY_BYTES: Final = 32
CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_ORDER: Final = (CURVE_ORDER // 2).to_bytes(32, "big")
_V_OFFSET: Final = 27


class SignatureFault(StrEnum):
    """Why a signature tells of no owner."""

    LENGTH = "the signature's length is not that of its type"
    RECOVERY_ID = "the signature's v is neither 27 nor 28"
    HIGH_S = "the signature's s is in the upper half of the curve's order"
    NO_KEY = "no key can have made the signature"
    SEPARATOR = "the signature names another exchange's domain"
    CONTENTS = "the signature names another order"
    CONTENTS_TYPE = "the signature names another type than Order"
    SESSION_KEY = "the signature is a session key's, not the owner's"


class OwnerKey:
    """The private key of an EOA; signs digests and never shows itself."""

    __slots__ = ("_key", "address")

    def __init__(self, secret: bytes) -> None:
        """Take 32 bytes; ValueError, without the bytes, when they are no private key."""
        if len(secret) != KEY_BYTES or not 0 < int.from_bytes(secret, "big") < CURVE_ORDER:
            raise ValueError("expected a private key of 32 bytes, below the order of secp256k1 and not zero")
        self._key = coincurve.PrivateKey(secret)
        self.address: Final = _address_of(self._key.public_key)

    @classmethod
    def parse(cls, text: str) -> "OwnerKey":
        """Read 64 hex digits, with or without 0x; ValueError, without the text, when they are no private key."""
        digits = text.removeprefix("0x")
        try:
            secret = bytes.fromhex(digits) if len(digits) == 2 * KEY_BYTES else b""
        except ValueError:
            secret = b""
        return cls(secret)

    def sign(self, digest: bytes) -> bytes:
        """Return the 65-byte signature of a 32-byte digest, the same one each time (RFC 6979), s in the lower half."""
        signature: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + _V_OFFSET,))

    def __repr__(self) -> str:
        return f"OwnerKey(0x{self.address.hex()})"


def recover(digest: bytes, signature: bytes) -> bytes | SignatureFault:
    """Return the address of the key that signed the digest, or why there is none."""
    if len(signature) != SIGNATURE_BYTES:
        return SignatureFault.LENGTH
    recovery_id = signature[64] - _V_OFFSET
    if recovery_id not in (0, 1):
        return SignatureFault.RECOVERY_ID
    if signature[32:64] > _HALF_ORDER:
        return SignatureFault.HIGH_S
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes((recovery_id,)), digest, hasher=None
        )
    except ValueError:
        return SignatureFault.NO_KEY
    return _address_of(key)


def _address_of(key: coincurve.PublicKey) -> bytes:
    return keccak256(key.format(compressed=False)[1:])[12:]
