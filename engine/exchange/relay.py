"""The relayer: takes signed batches of deposit wallets, one at a time for each wallet, and brings them to the chain.

Facts (protocol.md 12; 2026-11-21): states go STATE_NEW, STATE_EXECUTED, STATE_MINED, STATE_CONFIRMED, or end in
STATE_FAILED or STATE_INVALID; a busy wallet and a wrong nonce are refused with these words, which clients look for. How
long the states last is not documented. A batch whose deadline passes before it is mined is STATE_INVALID here.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec

from engine.exchange.chain import Chain
from engine.exchange.core.schedule import Schedule
from engine.exchange.members import Members, Wallet
from engine.venue.addresses import checksum_address
from engine.venue.batches import Batch, recover_batch_owner
from engine.venue.calls import Action, UnknownCall, decode
from engine.venue.contracts import DEPOSIT_WALLET_FACTORY
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallet_type, wallets_of

KEPT_TRANSACTIONS: Final = 10_000
"""Older transactions that are over are forgotten."""


STEP_MS: Final = 100
"""How long a transaction is in each state but its last one."""


class State(StrEnum):
    """How far a transaction is."""

    NEW = "STATE_NEW"
    EXECUTED = "STATE_EXECUTED"
    MINED = "STATE_MINED"
    CONFIRMED = "STATE_CONFIRMED"
    FAILED = "STATE_FAILED"
    INVALID = "STATE_INVALID"


FINAL_STATES: Final = frozenset({State.CONFIRMED, State.FAILED, State.INVALID})


class Transaction(msgspec.Struct, kw_only=True):
    """One thing that the relayer was asked to do for a wallet; without actions it deploys the wallet."""

    transaction_id: str
    owner: str
    wallet: str
    submitted_ms: int
    metadata: str = ""
    actions: tuple[Action | UnknownCall, ...] = ()
    creates: bool = False
    deadline_s: int = 0
    state: State = State.NEW
    transaction_hash: str = ""
    error: str = ""
    mined_ms: int = 0


class Refused(msgspec.Struct, frozen=True):
    """Why a submission was not taken."""

    text: str


class Relay:
    """All transactions. `step_ms` is how long each of a transaction's states but its last one lasts."""

    def __init__(
        self, chain: Chain, members: Members, schedule: Schedule, step_ms: int = STEP_MS, seed: int = 0
    ) -> None:
        self.step_ms = step_ms
        self.transactions: dict[str, Transaction] = {}
        self.by_hash: dict[str, Transaction] = {}
        self._chain = chain
        self._members = members
        self._schedule = schedule
        self._seed = seed
        self._count = 0
        self._active: dict[str, Transaction] = {}

    def wallet_of(self, owner: bytes) -> Wallet | None:
        """Return an owner's deployed deposit wallet: of two the newer kind."""
        derived = wallets_of(owner)
        for address in (derived.deposit, derived.legacy_deposit):
            wallet = self._members.wallet(checksum_address(address))
            if wallet is not None and wallet.deployed:
                return wallet
        return None

    def create(self, owner: bytes, factory: str, metadata: str, now_ms: int) -> Transaction | Refused:
        """Deploy an owner's deposit wallet."""
        if factory.lower() != DEPOSIT_WALLET_FACTORY.lower():
            return Refused(f"expected to be the deposit wallet factory {DEPOSIT_WALLET_FACTORY}, was {factory[:100]}")
        address = checksum_address(wallets_of(owner).deposit)
        known = self._members.wallet(address)
        if known is not None and known.deployed:
            return Refused(f"wallet {address} is deployed already")
        busy = self._busy(address)
        if busy is not None:
            return busy
        return self._begin(
            Transaction(
                transaction_id="",
                owner=checksum_address(owner),
                wallet=address,
                submitted_ms=now_ms,
                metadata=metadata,
                creates=True,
            )
        )

    def submit(self, owner: bytes, batch: Batch, signature: bytes, metadata: str, now_ms: int) -> Transaction | Refused:
        """Take a signed batch."""
        address = checksum_address(batch.wallet)
        wallet = self._members.wallet(address)
        if wallet_type(batch.wallet, owner) != SignatureType.DEPOSIT_WALLET:
            return Refused(f"wallet {address} is no deposit wallet of {checksum_address(owner)}")
        if wallet is None or not wallet.deployed:
            return Refused(f"wallet {address} is not deployed")
        if recover_batch_owner(batch, signature) != owner:
            return Refused("invalid signature: the batch is not signed by the wallet's owner")
        if not batch.calls:
            return Refused("expected at least one call, was none")
        if batch.deadline_s * 1_000 <= now_ms:
            return Refused(f"batch deadline {batch.deadline_s} has passed")
        busy = self._busy(address)
        if busy is not None:
            return busy
        if batch.nonce != wallet.nonce:
            return Refused(f"batch nonce {batch.nonce} does not match on-chain nonce {wallet.nonce}")
        return self._begin(
            Transaction(
                transaction_id="",
                owner=checksum_address(owner),
                wallet=address,
                submitted_ms=now_ms,
                metadata=metadata,
                actions=tuple(map(decode, batch.calls)),
                deadline_s=batch.deadline_s,
            )
        )

    def _busy(self, address: str) -> Refused | None:
        active = self._active.get(address)
        if active is None:
            return None
        return Refused(f"wallet busy: {address} has an active action {active.transaction_id} in {active.state}")

    def _begin(self, transaction: Transaction) -> Transaction:
        self._count += 1
        name = f"relay:{self._seed}:{self._count}:{transaction.submitted_ms}"  # the count begins anew with each start
        digits = blake2b(name.encode(), digest_size=16).hexdigest()
        transaction.transaction_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        self.transactions[transaction.transaction_id] = transaction
        self._active[transaction.wallet] = transaction
        self._forget()
        at_ms = transaction.submitted_ms
        self._schedule.at(at_ms + self.step_ms, lambda _: self._execute(transaction))
        self._schedule.at(at_ms + 2 * self.step_ms, lambda due_ms: self._mine(transaction, due_ms))
        self._schedule.at(at_ms + 3 * self.step_ms, lambda _: self._confirm(transaction))
        return transaction

    def _forget(self) -> None:
        over = max(len(self.transactions) - KEPT_TRANSACTIONS, 0)
        for transaction_id in [*self.transactions][:over]:
            if self.transactions[transaction_id].state in FINAL_STATES:
                self.by_hash.pop(self.transactions.pop(transaction_id).transaction_hash, None)

    def _execute(self, transaction: Transaction) -> None:
        transaction.state = State.EXECUTED
        digest = blake2b(f"tx:relay:{transaction.transaction_id}".encode(), digest_size=32)
        transaction.transaction_hash = "0x" + digest.hexdigest()

    def _mine(self, transaction: Transaction, now_ms: int) -> None:
        if transaction.creates:
            self._deploy(transaction)
        elif transaction.deadline_s * 1_000 <= now_ms:
            self._end(transaction, State.INVALID, f"batch deadline {transaction.deadline_s} has passed")
            return
        else:
            wallet = self._members.wallets[transaction.wallet]
            why = self._carry_out(wallet, transaction.actions, transaction.transaction_hash, now_ms)
            if why is not None:
                self._end(transaction, State.FAILED, f"execution reverted: {why}")
                return
        transaction.state = State.MINED
        transaction.mined_ms = now_ms
        self.by_hash[transaction.transaction_hash] = transaction

    def _carry_out(
        self, wallet: Wallet, actions: Sequence[Action | UnknownCall], transaction_hash: str, now_ms: int
    ) -> str | None:
        why = self._chain.check(wallet, actions)
        if why is None:
            self._chain.perform(wallet, actions, transaction_hash, now_ms)
            wallet.nonce += 1
        return why

    def _deploy(self, transaction: Transaction) -> None:
        """A deposit wallet may trade as soon as it is deployed; it has neither money nor approvals."""
        wallet = self._members.add_wallet(
            Wallet(
                address=transaction.wallet,
                owner=transaction.owner,
                signature_type=int(SignatureType.DEPOSIT_WALLET),
            )
        )
        wallet.deployed = wallet.allowed = True

    def _confirm(self, transaction: Transaction) -> None:
        if transaction.state == State.MINED:
            self._end(transaction, State.CONFIRMED, "")

    def _end(self, transaction: Transaction, state: State, error: str) -> None:
        transaction.state = state
        transaction.error = error
        self._active.pop(transaction.wallet, None)
