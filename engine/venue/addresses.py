"""20-byte addresses and other fixed-length hex values: from and to their text, with EIP-55 checksums."""

from functools import lru_cache
from typing import Final

from ext.keccak import keccak256

ADDRESS_BYTES: Final = 20
ZERO_ADDRESS: Final = bytes(ADDRESS_BYTES)
ZERO_BYTES32: Final = bytes(32)
_UPPER_FROM: Final = frozenset("89abcdef")
"""EIP-55: a letter is written large when the nibble of the hash at its place is 8 or more."""


def parse_hex(text: str, length: int) -> bytes:
    """Return the bytes of "0x" and exactly 2 x `length` hex digits. Raises ValueError for anything else."""
    if len(text) == 2 + 2 * length and text.startswith(("0x", "0X")):
        try:
            value = bytes.fromhex(text[2:])
        except ValueError:
            value = b""
        if len(value) == length:  # fromhex skips white space
            return value
    raise ValueError(f"expected 0x and {2 * length} hex digits, was {text[: 2 * length + 8]!r}")


def parse_address(text: str) -> bytes:
    """Return the 20 bytes of an address in any case, as the venue takes it. Raises ValueError when it is none."""
    return parse_hex(text, ADDRESS_BYTES)


@lru_cache(maxsize=1_024)
def checksum_address(address: bytes) -> str:
    """Return the address as text in the mixed case of EIP-55, which is how the venue writes addresses."""
    assert len(address) == ADDRESS_BYTES, f"an address has 20 bytes, was {len(address)}"
    digits = address.hex()
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if mark in _UPPER_FROM else digit for digit, mark in zip(digits, marks, strict=False)
    )


def to_hex(value: bytes) -> str:
    """Return "0x" and the value's hex digits in small letters: hashes, ids, signatures."""
    return "0x" + value.hex()
