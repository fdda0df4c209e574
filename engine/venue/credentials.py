"""The two proofs of who is calling: L1, a wallet's EIP-712 signature, and L2, an HMAC with API credentials.

Facts (protocol.md 3, 2026-11-21): L1 only creates and derives API keys; its domain names no contract. L2 signs
timestamp, method, path without query, and the exact bytes of the body where there is one. Both clients pad the
secret's base64; timestamps are Unix seconds. The key belongs to the EOA, whatever wallet its orders are for.
"""

import base64
import binascii
import hmac
from typing import Final

import msgspec

from engine.venue.addresses import checksum_address, parse_address, to_hex
from engine.venue.contracts import CHAIN_ID
from engine.venue.eip712 import address_word, domain_separator, typed_digest, word
from engine.venue.keys import OwnerKey, recover
from ext.keccak import keccak256

ADDRESS_HEADER: Final = "POLY_ADDRESS"
SIGNATURE_HEADER: Final = "POLY_SIGNATURE"
TIMESTAMP_HEADER: Final = "POLY_TIMESTAMP"
NONCE_HEADER: Final = "POLY_NONCE"
API_KEY_HEADER: Final = "POLY_API_KEY"
PASSPHRASE_HEADER: Final = "POLY_PASSPHRASE"

_AUTH_SEPARATOR: Final = domain_separator("ClobAuthDomain", "1", CHAIN_ID)
_AUTH_TYPE_HASH: Final = keccak256(b"ClobAuth(address address,string timestamp,uint256 nonce,string message)")
_AUTH_MESSAGE_HASH: Final = keccak256(b"This message attests that I control the given wallet")


class ApiCredentials(msgspec.Struct, frozen=True):
    """An API key as the venue gives it: a uuid, urlsafe base64 of 32 bytes, and hex digits. Shows the key alone."""

    key: str = msgspec.field(name="apiKey")
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return f"ApiCredentials(key={self.key!r})"


def auth_digest(address: bytes, timestamp_s: str, nonce: int) -> bytes:
    """Return what L1 signs: the wallet's address, the timestamp header's text and the nonce below 2**256."""
    members = address_word(address) + keccak256(timestamp_s.encode()) + word(nonce) + _AUTH_MESSAGE_HASH
    return typed_digest(_AUTH_SEPARATOR, keccak256(_AUTH_TYPE_HASH + members))


def sign_auth(key: OwnerKey, timestamp_s: str, nonce: int = 0) -> bytes:
    """Return the 65-byte L1 signature."""
    return key.sign(auth_digest(key.address, timestamp_s, nonce))


def auth_headers(key: OwnerKey, timestamp_s: int, nonce: int = 0) -> dict[str, str]:
    """Return the L1 headers of a call that creates or derives an API key."""
    return {
        ADDRESS_HEADER: checksum_address(key.address),
        SIGNATURE_HEADER: to_hex(sign_auth(key, str(timestamp_s), nonce)),
        TIMESTAMP_HEADER: str(timestamp_s),
        NONCE_HEADER: str(nonce),
    }


def proven_address(address: str, timestamp_s: str, nonce: str, signature: str) -> bytes | None:
    """Return the address that L1's four header texts prove; None when one is malformed or the signature not its own."""
    try:
        stated = parse_address(address)
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return None
    if not (_is_number(timestamp_s) and _is_number(nonce)):
        return None
    return stated if recover(auth_digest(stated, timestamp_s, int(nonce)), raw) == stated else None


def secret_bytes(secret: str) -> bytes:
    """Return the bytes of a secret's urlsafe base64, padded or not; ValueError, without the secret, otherwise."""
    try:
        return base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected a secret in urlsafe base64") from None


def request_signature(secret: bytes, timestamp_s: str, method: str, path: str, body: bytes = b"") -> str:
    """Return the L2 signature of a request in urlsafe base64; `path` has no query string."""
    digest = hmac.digest(secret, f"{timestamp_s}{method}{path}".encode() + body, "sha256")
    return base64.urlsafe_b64encode(digest).decode()


def request_headers(
    address: bytes, credentials: ApiCredentials, timestamp_s: int, method: str, path: str, body: bytes = b""
) -> dict[str, str]:
    """Return the L2 headers of a private call; ValueError for a secret that is none."""
    signature = request_signature(secret_bytes(credentials.secret), str(timestamp_s), method, path, body)
    return {
        ADDRESS_HEADER: checksum_address(address),
        API_KEY_HEADER: credentials.key,
        PASSPHRASE_HEADER: credentials.passphrase,
        TIMESTAMP_HEADER: str(timestamp_s),
        SIGNATURE_HEADER: signature,
    }


def is_request_signature(
    signature: str, secret: bytes, timestamp_s: str, method: str, path: str, body: bytes = b""
) -> bool:
    """Whether a request's L2 signature is the secret's, in a time that tells nothing about it."""
    expected = request_signature(secret, timestamp_s, method, path, body)
    return hmac.compare_digest(expected.encode(), signature.encode())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 77
