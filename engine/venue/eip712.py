"""EIP-712: how typed data becomes the 32 bytes that a wallet signs.

Source: eips.ethereum.org/EIPS/eip-712. A struct's hash is the hash of its type's hash and its members, each one 32-byte
word; `string` and `bytes` members stand as their hash.
"""

from typing import Final

from ext.keccak import keccak256

ADDRESS_PADDING: Final = bytes(12)
"""What stands before the 20 bytes of an address in a word."""
DOMAIN_TYPE_HASH: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
DOMAIN_WITHOUT_CONTRACT_TYPE_HASH: Final = keccak256(b"EIP712Domain(string name,string version,uint256 chainId)")
_PREFIX: Final = b"\x19\x01"


def word(value: int) -> bytes:
    """Return an unsigned integer below 2**256 as a word; OverflowError when it does not fit."""
    return value.to_bytes(32, "big")


def address_word(address: bytes) -> bytes:
    """Return an address as a word."""
    assert len(address) == 20, f"an address has 20 bytes, was {len(address)}"
    return ADDRESS_PADDING + address


def domain_separator(name: str, version: str, chain_id: int, contract: bytes | None = None) -> bytes:
    """Return the hash of a domain; `contract` is the verifying contract's address where the domain names one."""
    type_hash = DOMAIN_WITHOUT_CONTRACT_TYPE_HASH if contract is None else DOMAIN_TYPE_HASH
    members = keccak256(name.encode()) + keccak256(version.encode()) + word(chain_id)
    return keccak256(type_hash + members + (b"" if contract is None else address_word(contract)))


def typed_digest(separator: bytes, struct_hash: bytes) -> bytes:
    """Return the 32 bytes to sign for a struct in a domain."""
    return keccak256(_PREFIX + separator + struct_hash)
