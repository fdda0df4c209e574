"""The wallets that belong to one EOA, derived as the factories do, and whether an order's maker is one of them.

Facts (protocol.md 12, 2026-11-21): each factory deploys by CREATE2, so a wallet's address follows from the EOA alone.
Deposit wallets of before 2026-06-29 delegate to one implementation (UUPS), later ones ask a beacon; both are in use.
The byte strings are the creation code of Solady's ERC-1967 proxies and of the minimal proxy, as deployed.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from engine.venue.addresses import parse_address
from engine.venue.contracts import (
    DEPOSIT_WALLET_BEACON,
    DEPOSIT_WALLET_FACTORY,
    DEPOSIT_WALLET_IMPLEMENTATION,
    PROXY_FACTORY,
    PROXY_IMPLEMENTATION,
    SAFE_FACTORY,
)
from engine.venue.eip712 import address_word, word
from engine.venue.orders import SignatureType
from ext.keccak import keccak256

DERIVED_CACHE: Final = 4096
"""EOAs whose wallets are remembered; deriving takes some 5 microseconds."""

_PROXY_FACTORY: Final = parse_address(PROXY_FACTORY)
_SAFE_FACTORY: Final = parse_address(SAFE_FACTORY)
_DEPOSIT_FACTORY: Final = parse_address(DEPOSIT_WALLET_FACTORY)
_PROXY_CODE_HASH: Final = keccak256(
    b"".join(
        (
            bytes.fromhex("3d3d606380380380913d393d73"),
            _PROXY_FACTORY,
            bytes.fromhex("5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73"),
            parse_address(PROXY_IMPLEMENTATION),
            bytes.fromhex("5af43d82803e903d91602b57fd5bf352e831dd"),
            word(32),
            word(0),
        )
    )
)
_SAFE_CODE_HASH: Final = bytes.fromhex("2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf")
_WALLET_ARGUMENTS_BYTES: Final = 64
_LEGACY_CODE: Final = b"".join(
    (
        (0x61003D3D8160233D3973 + (_WALLET_ARGUMENTS_BYTES << 56)).to_bytes(10, "big"),
        parse_address(DEPOSIT_WALLET_IMPLEMENTATION),
        bytes.fromhex("6009"),
        bytes.fromhex("5155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"),
        bytes.fromhex("cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"),
    )
)
_BEACON_CODE: Final = b"".join(
    (
        (0x6100523D8160233D3973 + (_WALLET_ARGUMENTS_BYTES << 56)).to_bytes(10, "big"),
        parse_address(DEPOSIT_WALLET_BEACON),
        bytes.fromhex("60195155f3363d3d373d3d363d602036600436635c60da"),
        bytes.fromhex("1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"),
        bytes.fromhex("b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"),
    )
)


class Wallets(msgspec.Struct, frozen=True):
    """The addresses, 20 bytes each, of the wallets that belong to an EOA, whether they are deployed or not."""

    proxy: bytes
    safe: bytes
    deposit: bytes
    legacy_deposit: bytes


class OwnershipFault(StrEnum):
    """Why an EOA may not sign for an order's maker."""

    SIGNER = "the order's signer is not the one that its signature type asks for"
    MAKER = "the order's maker is no wallet of that type of the EOA"


@lru_cache(DERIVED_CACHE)
def wallets_of(eoa: bytes) -> Wallets:
    """Return the four wallets of an EOA."""
    padded = address_word(eoa)
    arguments = address_word(_DEPOSIT_FACTORY) + padded
    salt = keccak256(arguments)
    return Wallets(
        proxy=_create2(_PROXY_FACTORY, keccak256(eoa), _PROXY_CODE_HASH),
        safe=_create2(_SAFE_FACTORY, keccak256(padded), _SAFE_CODE_HASH),
        deposit=_create2(_DEPOSIT_FACTORY, salt, keccak256(_BEACON_CODE + arguments)),
        legacy_deposit=_create2(_DEPOSIT_FACTORY, salt, keccak256(_LEGACY_CODE + arguments)),
    )


def classify(maker: bytes, signer: bytes, signature_type: SignatureType, eoa: bytes) -> OwnershipFault | None:
    """Return None when `eoa` may sign an order of this type for `maker` and `signer`, else what is wrong."""
    if signature_type == SignatureType.DEPOSIT_WALLET:
        wallets = wallets_of(eoa)
        if maker not in (wallets.deposit, wallets.legacy_deposit):
            return OwnershipFault.MAKER
        return None if signer == maker else OwnershipFault.SIGNER
    if signer != eoa:
        return OwnershipFault.SIGNER
    return None if maker == _funder(signature_type, eoa) else OwnershipFault.MAKER


def wallet_type(wallet: bytes, eoa: bytes) -> SignatureType | None:
    """Return how orders of a wallet are signed by its EOA; None when the wallet is not the EOA's."""
    for kind in (SignatureType.EOA, SignatureType.PROXY, SignatureType.SAFE):
        if wallet == _funder(kind, eoa):
            return kind
    wallets = wallets_of(eoa)
    return SignatureType.DEPOSIT_WALLET if wallet in (wallets.deposit, wallets.legacy_deposit) else None


def _funder(signature_type: SignatureType, eoa: bytes) -> bytes:
    if signature_type == SignatureType.EOA:
        return eoa
    wallets = wallets_of(eoa)
    return wallets.proxy if signature_type == SignatureType.PROXY else wallets.safe


def _create2(factory: bytes, salt: bytes, code_hash: bytes) -> bytes:
    return keccak256(b"\xff" + factory + salt + code_hash)[12:]
