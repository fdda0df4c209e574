"""Test accounts that everybody knows: the keys of the mnemonic that Ethereum's development tools share.

They must never be funded outside a local exchange. Source: BIP-39 (seed), BIP-32 (derivation), BIP-44 (path
m/44'/60'/0'/0/i).
"""

import hashlib
import hmac
from typing import Final

import coincurve

from engine.venue.keys import CURVE_ORDER, OwnerKey

TEST_MNEMONIC: Final = "test test test test test test test test test test test junk"
_HARDENED: Final = 1 << 31
_ACCOUNT_PATH: Final = (44 | _HARDENED, 60 | _HARDENED, _HARDENED, 0)
_SEED_ROUNDS: Final = 2048


def known_account(index: int) -> OwnerKey:
    """Return the key of test account `index` (0, 1, ...)."""
    return OwnerKey(known_secret(index))


def known_secret(index: int) -> bytes:
    """Return the private key itself, which is no secret at all: everybody knows it."""
    return derive_secret(mnemonic_seed(TEST_MNEMONIC), (*_ACCOUNT_PATH, index))


def mnemonic_seed(mnemonic: str) -> bytes:
    """Return the 64-byte BIP-39 seed of an English mnemonic without a passphrase; its checksum is not looked at."""
    assert mnemonic.isascii(), "only English mnemonics need no normalisation"
    return hashlib.pbkdf2_hmac("sha512", mnemonic.encode(), b"mnemonic", _SEED_ROUNDS)


def derive_secret(seed: bytes, path: tuple[int, ...]) -> bytes:
    """Return the 32-byte private key at a BIP-32 path; hardened steps have bit 31 set.

    Raises ValueError where BIP-32 asks for the next index, which has a chance of 2**-127.
    """
    node = hmac.digest(b"Bitcoin seed", seed, "sha512")
    for index in path:
        node = _child(node[:32], node[32:], index)
    return node[:32]


def _child(secret: bytes, chain_code: bytes, index: int) -> bytes:
    """Return the child's private key and chain code, 64 bytes."""
    parent = b"\0" + secret if index & _HARDENED else coincurve.PublicKey.from_secret(secret).format()
    node = hmac.digest(chain_code, parent + index.to_bytes(4, "big"), "sha512")
    tweak = int.from_bytes(node[:32], "big")
    child = (tweak + int.from_bytes(secret, "big")) % CURVE_ORDER
    if tweak >= CURVE_ORDER or child == 0:
        raise ValueError(f"expected a valid BIP-32 child, there is none at index {index}")
    return child.to_bytes(32, "big") + node[32:]
