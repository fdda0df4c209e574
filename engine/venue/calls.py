"""What a deposit wallet asks contracts to do: calls to and from their ABI encoding, one typed value for each kind.

Facts (protocol.md 12 and polymarket-client 0.14.0, 2026-11-21): the official client sends approvals, splits, merges and
redemptions of "v1" markets to the collateral adapters (negRisk has its own, with the same calls), those of "v2" markets
to the router, and plain transfers. Partitions and index sets are always [1, 2], the parent collection always 0.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from engine.venue.addresses import ZERO_BYTES32, parse_address
from engine.venue.contracts import COLLATERAL
from engine.venue.eip712 import ADDRESS_PADDING, address_word, word
from ext.keccak import keccak256

CONDITION_BYTES: Final = 32
ROUTER_CONDITION_BYTES: Final = 31
UINT256_MAX: Final = (1 << 256) - 1


class Call(msgspec.Struct, frozen=True):
    """One call as the relayer gets it: the contract, the POL sent with it (always 0 so far) and the encoded call."""

    target: bytes
    data: bytes
    value: int = 0


class Approve(msgspec.Struct, frozen=True):
    """ERC-20: `spender` may take up to `amount` of `token`."""

    token: bytes
    spender: bytes
    amount: int


class Transfer(msgspec.Struct, frozen=True):
    """ERC-20: move `amount` of `token` to `recipient`."""

    token: bytes
    recipient: bytes
    amount: int


class ApproveAll(msgspec.Struct, frozen=True):
    """ERC-1155: `operator` may move every position of `token`, or no longer."""

    token: bytes
    operator: bytes
    approved: bool


class Split(msgspec.Struct, frozen=True):
    """Turn collateral into one share of each outcome; conditions of 31 bytes are the router's, of 32 an adapter's."""

    target: bytes
    condition_id: bytes
    amount: int


class Merge(msgspec.Struct, frozen=True):
    """Turn one share of each outcome into collateral; conditions as for Split."""

    target: bytes
    condition_id: bytes
    amount: int


class Redeem(msgspec.Struct, frozen=True):
    """Turn all shares of a resolved condition into what they pay, by an adapter."""

    target: bytes
    condition_id: bytes


class RedeemOutcome(msgspec.Struct, frozen=True):
    """Turn `amount` shares of one outcome (0 or 1) of a resolved condition into what they pay, by the router."""

    target: bytes
    condition_id: bytes
    outcome: int
    amount: int


class UnknownCall(msgspec.Struct, frozen=True):
    """A call that is none of the others, or not encoded as they are."""

    call: Call


Action = Approve | Transfer | ApproveAll | Split | Merge | Redeem | RedeemOutcome


def selector(signature: str) -> bytes:
    """Return the four bytes that a contract tells its functions by."""
    return keccak256(signature.encode())[:4]


_APPROVE: Final = selector("approve(address,uint256)")
_TRANSFER: Final = selector("transfer(address,uint256)")
_APPROVE_ALL: Final = selector("setApprovalForAll(address,bool)")
_SPLIT: Final = selector("splitPosition(address,bytes32,bytes32,uint256[],uint256)")
_MERGE: Final = selector("mergePositions(address,bytes32,bytes32,uint256[],uint256)")
_REDEEM: Final = selector("redeemPositions(address,bytes32,bytes32,uint256[])")
_ROUTER_SPLIT: Final = selector("split(bytes31,uint256)")
_ROUTER_MERGE: Final = selector("merge(bytes31,uint256)")
_ROUTER_REDEEM: Final = selector("redeem(bytes31,uint256,uint256)")

_COLLATERAL_WORD: Final = address_word(parse_address(COLLATERAL))
_BOTH_OUTCOMES: Final = word(2) + word(1) + word(2)
"""The array [1, 2]: its length and its items."""


def encode(action: Action) -> Call:
    """Return the call of an action, encoded as the official client does."""
    match action:
        case Approve(token, spender, amount):
            return Call(token, _APPROVE + address_word(spender) + word(amount))
        case Transfer(token, recipient, amount):
            return Call(token, _TRANSFER + address_word(recipient) + word(amount))
        case ApproveAll(token, operator, approved):
            return Call(token, _APPROVE_ALL + address_word(operator) + word(approved))
        case Split(target, condition_id, amount):
            return Call(target, _position_data(_SPLIT, _ROUTER_SPLIT, condition_id, amount))
        case Merge(target, condition_id, amount):
            return Call(target, _position_data(_MERGE, _ROUTER_MERGE, condition_id, amount))
        case Redeem(target, condition_id):
            assert len(condition_id) == CONDITION_BYTES, "adapters redeem by 32-byte conditions"
            head = _COLLATERAL_WORD + ZERO_BYTES32 + condition_id + word(4 * 32)
            return Call(target, _REDEEM + head + _BOTH_OUTCOMES)
        case RedeemOutcome(target, condition_id, outcome, amount):
            assert len(condition_id) == ROUTER_CONDITION_BYTES, "the router redeems by 31-byte conditions"
            return Call(target, _ROUTER_REDEEM + condition_id + b"\0" + word(outcome) + word(amount))


def decode(call: Call) -> Action | UnknownCall:
    """Return what a call does; unknown is whatever `encode` would not have written byte for byte."""
    reader = _READERS.get(call.data[:4])
    if reader is None:
        return UnknownCall(call)
    words = [call.data[at : at + 32] for at in range(4, len(call.data), 32)]
    if len(words) < 2 or len(words[-1]) != 32:
        return UnknownCall(call)
    try:
        action = reader(call.target, words)
    except IndexError:  # fewer words than the function has arguments
        return UnknownCall(call)
    return action if encode(action) == call else UnknownCall(call)


def _position_data(of_adapter: bytes, of_router: bytes, condition_id: bytes, amount: int) -> bytes:
    if len(condition_id) == ROUTER_CONDITION_BYTES:
        return of_router + condition_id + b"\0" + word(amount)
    assert len(condition_id) == CONDITION_BYTES, f"a condition has 31 or 32 bytes, was {len(condition_id)}"
    head = _COLLATERAL_WORD + ZERO_BYTES32 + condition_id + word(5 * 32) + word(amount)
    return of_adapter + head + _BOTH_OUTCOMES


def _address(raw: bytes) -> bytes:
    return raw[len(ADDRESS_PADDING) :]


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


# `decode` compares what is read with what `encode` writes, so readers look only where the arguments stand.
_READERS: Final[dict[bytes, Callable[[bytes, list[bytes]], Action]]] = {
    _APPROVE: lambda target, words: Approve(target, _address(words[0]), _number(words[1])),
    _TRANSFER: lambda target, words: Transfer(target, _address(words[0]), _number(words[1])),
    _APPROVE_ALL: lambda target, words: ApproveAll(target, _address(words[0]), words[1] == word(1)),
    _SPLIT: lambda target, words: Split(target, words[2], _number(words[4])),
    _MERGE: lambda target, words: Merge(target, words[2], _number(words[4])),
    _REDEEM: lambda target, words: Redeem(target, words[2]),
    _ROUTER_SPLIT: lambda target, words: Split(target, words[0][:-1], _number(words[1])),
    _ROUTER_MERGE: lambda target, words: Merge(target, words[0][:-1], _number(words[1])),
    _ROUTER_REDEEM: lambda target, words: RedeemOutcome(target, words[0][:-1], _number(words[1]), _number(words[2])),
}
