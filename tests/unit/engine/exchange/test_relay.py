"""The relayer's transactions: what is refused, how they proceed, and that a wallet has one at a time."""

import msgspec

from engine.exchange.chain import Chain
from engine.exchange.relay import Refused, Relay, State, Transaction
from engine.venue import contracts
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.batches import Batch, sign_batch
from engine.venue.calls import Action, Approve, Call, Split, encode
from engine.venue.wallets import wallets_of
from tests.unit.engine.exchange.desks import START_MS, TestDesk

KEY = known_account(0)
WALLET = wallets_of(KEY.address).deposit
FACTORY = contracts.DEPOSIT_WALLET_FACTORY
APPROVE = Approve(parse_address(contracts.COLLATERAL), parse_address(contracts.ROUTER), 9)


class Scene:
    """A relay whose owner has an undeployed wallet, or with `funded` a deployed one."""

    def __init__(self, *, funded: bool = True) -> None:
        self.desk = TestDesk()
        if funded:
            self.desk.accounts()
        chain = Chain(self.desk.exchange, self.desk.members)
        self.relay = Relay(chain, self.desk.members, self.desk.exchange.schedule, step_ms=100)

    def batch(self, *actions: Action, nonce: int = 0, deadline_s: int = START_MS // 1_000 + 600) -> Batch:
        return Batch(WALLET, nonce, deadline_s, tuple(map(encode, actions)))

    def submit(self, batch: Batch, signature: bytes = b"") -> Transaction | Refused:
        signed = signature or sign_batch(KEY, batch)
        return self.relay.submit(KEY.address, batch, signed, "about", self.desk.now_ms())

    def taken(self, batch: Batch) -> Transaction:
        found = self.submit(batch)
        assert isinstance(found, Transaction), found
        return found

    def refused(self, batch: Batch, signature: bytes = b"") -> str:
        found = self.submit(batch, signature)
        assert isinstance(found, Refused), found
        return found.text


def test_a_batch_is_executed_mined_and_confirmed() -> None:
    scene = Scene()
    sent = scene.taken(scene.batch(APPROVE))
    assert (sent.state, sent.transaction_hash) == (State.NEW, "")
    wallet = scene.desk.members.wallets[sent.wallet]
    states = []
    for _ in range(3):
        scene.desk.wait(100)
        states.append(sent.state)
    assert states == [State.EXECUTED, State.MINED, State.CONFIRMED]
    assert wallet.allowances[contracts.ROUTER] == 9
    assert wallet.nonce == 1
    assert scene.relay.by_hash[sent.transaction_hash] is sent


def test_nothing_is_done_before_it_is_mined() -> None:
    scene = Scene()
    sent = scene.taken(scene.batch(APPROVE))
    scene.desk.wait(199)
    assert sent.state == State.EXECUTED
    assert scene.desk.members.wallets[sent.wallet].allowances[contracts.ROUTER] != 9


def test_a_call_that_cannot_be_done_fails_the_batch_and_spends_no_nonce() -> None:
    scene = Scene()
    sent = scene.taken(scene.batch(APPROVE, Split(parse_address(contracts.COLLATERAL_ADAPTER), bytes(32), 1)))
    scene.desk.wait(300)
    assert sent.state == State.FAILED
    assert sent.error == f"execution reverted: call 1: condition 0x{'00' * 32} is not prepared"
    assert scene.desk.members.wallets[sent.wallet].nonce == 0
    assert isinstance(scene.submit(scene.batch(APPROVE)), Transaction)


def test_a_batch_whose_deadline_passes_on_the_way_is_invalid() -> None:
    scene = Scene()
    sent = scene.taken(scene.batch(APPROVE, deadline_s=START_MS // 1_000 + 1))
    scene.desk.at_ms += 900
    late = scene.relay.create(known_account(1).address, FACTORY, "", scene.desk.now_ms())
    assert isinstance(late, Transaction)
    scene.desk.wait(0)
    assert sent.state == State.CONFIRMED, "it was mined in time, whenever somebody looked"
    second = scene.taken(scene.batch(APPROVE, nonce=1, deadline_s=START_MS // 1_000 + 1))
    scene.desk.wait(300)
    assert (second.state, second.error) == (State.INVALID, f"batch deadline {START_MS // 1_000 + 1} has passed")


def test_a_wallet_has_one_action_at_a_time() -> None:
    scene = Scene()
    sent = scene.taken(scene.batch(APPROVE))
    text = scene.refused(scene.batch(APPROVE, nonce=1))
    assert text == f"wallet busy: {sent.wallet} has an active action {sent.transaction_id} in STATE_NEW"
    scene.desk.wait(300)
    assert isinstance(scene.submit(scene.batch(APPROVE, nonce=1)), Transaction)


def test_a_wrong_nonce_is_told_the_right_one() -> None:
    scene = Scene()
    assert scene.refused(scene.batch(APPROVE, nonce=4)) == "batch nonce 4 does not match on-chain nonce 0"


def test_only_the_owner_signs_for_a_wallet() -> None:
    scene = Scene()
    batch = scene.batch(APPROVE)
    stranger = sign_batch(known_account(1), batch)
    assert scene.refused(batch, stranger) == "invalid signature: the batch is not signed by the wallet's owner"
    other_nonce = sign_batch(KEY, scene.batch(APPROVE, nonce=1))
    assert scene.refused(batch, other_nonce).startswith("invalid signature")
    foreign = msgspec.structs.replace(batch, wallet=wallets_of(known_account(1).address).deposit)
    assert "is no deposit wallet of" in scene.refused(foreign)
    proxy = msgspec.structs.replace(batch, wallet=wallets_of(KEY.address).proxy)
    assert "is no deposit wallet of" in scene.refused(proxy)


def test_empty_late_and_unknown_batches() -> None:
    scene = Scene()
    assert scene.refused(scene.batch()) == "expected at least one call, was none"
    late = START_MS // 1_000
    assert scene.refused(scene.batch(APPROVE, deadline_s=late)) == f"batch deadline {late} has passed"
    unknown = Batch(WALLET, 0, late + 600, (Call(bytes(20), b"\1\2\3\4"),))
    sent = scene.taken(unknown)
    scene.desk.wait(300)
    assert sent.state == State.FAILED


def test_a_wallet_is_created_once_and_may_trade_then() -> None:
    scene = Scene(funded=False)
    address = checksum_address(WALLET)
    assert scene.refused(scene.batch(APPROVE)) == f"wallet {address} is not deployed"
    assert scene.relay.wallet_of(KEY.address) is None
    sent = scene.relay.create(KEY.address, FACTORY, "", scene.desk.now_ms())
    assert isinstance(sent, Transaction)
    again = scene.relay.create(KEY.address, FACTORY, "", scene.desk.now_ms())
    assert isinstance(again, Refused)
    assert again.text.startswith("wallet busy")
    scene.desk.wait(300)
    wallet = scene.desk.members.wallets[address]
    assert (sent.state, wallet.deployed, wallet.allowed, wallet.allowances) == (State.CONFIRMED, True, True, {})
    assert scene.relay.wallet_of(KEY.address) is wallet
    third = scene.relay.create(KEY.address, FACTORY, "", scene.desk.now_ms())
    assert third == Refused(f"wallet {address} is deployed already")
    elsewhere = scene.relay.create(known_account(3).address, contracts.ROUTER, "", scene.desk.now_ms())
    assert isinstance(elsewhere, Refused)
