"""A deposit wallet's batch of calls as its owner signs it for the relayer.

Source: protocol.md 12 (gasless relayer). Domain: name "DepositWallet", version "1", the wallet as verifying contract.
Facts (2026-11-21): the signature is 65 bytes of the owner's EOA, not nested; nonces count up from what the relayer
says, and the deadline is Unix seconds.
"""

from typing import Final

import msgspec

from engine.venue.calls import Call
from engine.venue.contracts import CHAIN_ID
from engine.venue.eip712 import address_word, domain_separator, typed_digest, word
from engine.venue.keys import OwnerKey, SignatureFault, recover
from engine.venue.signatures import WALLET_NAME, WALLET_VERSION
from ext.keccak import keccak256

_CALL_TYPE: Final = b"Call(address target,uint256 value,bytes data)"
_CALL_TYPE_HASH: Final = keccak256(_CALL_TYPE)
_BATCH_TYPE_HASH: Final = keccak256(b"Batch(address wallet,uint256 nonce,uint256 deadline,Call[] calls)" + _CALL_TYPE)


class Batch(msgspec.Struct, frozen=True):
    """Calls that a deposit wallet makes in order, all or none; the deadline is Unix seconds."""

    wallet: bytes
    nonce: int
    deadline_s: int
    calls: tuple[Call, ...]


def batch_digest(batch: Batch) -> bytes:
    """Return the 32 bytes that the wallet's owner signs."""
    calls = keccak256(b"".join(map(_call_hash, batch.calls)))
    members = address_word(batch.wallet) + word(batch.nonce) + word(batch.deadline_s) + calls
    separator = domain_separator(WALLET_NAME, WALLET_VERSION, CHAIN_ID, batch.wallet)
    return typed_digest(separator, keccak256(_BATCH_TYPE_HASH + members))


def sign_batch(key: OwnerKey, batch: Batch) -> bytes:
    """Return the 65-byte signature that goes with the batch to the relayer."""
    return key.sign(batch_digest(batch))


def recover_batch_owner(batch: Batch, signature: bytes) -> bytes | SignatureFault:
    """Return the EOA that signed the batch, or why the signature tells of none."""
    return recover(batch_digest(batch), signature)


def _call_hash(call: Call) -> bytes:
    return keccak256(_CALL_TYPE_HASH + address_word(call.target) + word(call.value) + keccak256(call.data))
