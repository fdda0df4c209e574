"""Wallets' own calls: what each needs, what each does, and that a batch is done as a whole or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.exchange.chain import Chain, Deed, contract_of, holder_of
from engine.exchange.core.audit import audit
from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.market import Market
from engine.exchange.members import Wallet
from engine.model.events import Side
from engine.model.units import U6
from engine.venue import contracts
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.calls import (
    Action,
    Approve,
    ApproveAll,
    Call,
    Merge,
    Redeem,
    RedeemOutcome,
    Split,
    Transfer,
    UnknownCall,
)
from engine.venue.statuses import OrderStatus
from tests.unit.engine.exchange.desks import TestDesk, order

PUSD = parse_address(contracts.COLLATERAL)
CTF = parse_address(contracts.CONDITIONAL_TOKENS)
HASH = "0x" + "ab" * 32


class Scene:
    """A chain with one wallet of 1,000 USD, and one market."""

    def __init__(self, version: str = "v1", *, neg_risk: bool = False) -> None:
        self.desk = TestDesk()
        self.market = self.desk.list_market("one", version, neg_risk=neg_risk)
        self.wallet: Wallet = self.desk.members.wallets[self.desk.accounts()[0].wallets[3]]
        self.account = self.desk.exchange.ledger.account(self.wallet.address)
        self.chain = Chain(self.desk.exchange, self.desk.members)
        self.deeds: list[Deed] = []
        self.chain.listeners.append(self.deeds.append)
        self.target = parse_address(contract_of(self.market))
        self.condition = bytes.fromhex(self.market.spec.condition_id[2:])

    def do(self, *actions: Action | UnknownCall) -> str | None:
        why = self.chain.check(self.wallet, actions)
        if why is None:
            self.chain.perform(self.wallet, actions, HASH, self.desk.now_ms())
        assert audit(self.desk.exchange) == []
        return why

    def split(self, usd: int) -> Split:
        return Split(self.target, self.condition, usd * U6)

    def merge(self, usd: int) -> Merge:
        return Merge(self.target, self.condition, usd * U6)

    def resolve(self, winner: int = 0) -> None:
        self.desk.exchange.resolve(self.market, winner, self.desk.now_ms())

    def held(self) -> tuple[int, int, int]:
        """Return whole dollars and whole shares of both tokens."""
        chain, tokens = self.account.chain, self.market.spec.tokens
        amounts = (chain[COLLATERAL], chain.get(tokens[0], 0), chain.get(tokens[1], 0))
        return amounts[0] // U6, amounts[1] // U6, amounts[2] // U6


KINDS = (("v1", False), ("v1", True), ("v2", False))


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
def test_a_split_makes_pairs_and_a_merge_dissolves_them(version: str, neg_risk: bool) -> None:
    scene = Scene(version, neg_risk=neg_risk)
    assert scene.do(scene.split(10)) is None
    assert scene.held() == (990, 10, 10)
    assert scene.do(scene.merge(4)) is None
    assert scene.held() == (994, 6, 6)
    assert [(deed.kind, deed.size_u6, deed.transaction_hash) for deed in scene.deeds] == [
        ("SPLIT", 10 * U6, HASH),
        ("MERGE", 4 * U6, HASH),
    ]


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
def test_a_market_has_one_contract_that_serves_it(version: str, neg_risk: bool) -> None:
    scene = Scene(version, neg_risk=neg_risk)
    known = {contracts.COLLATERAL_ADAPTER, contracts.NEG_RISK_COLLATERAL_ADAPTER, contracts.ROUTER}
    for other in known - {contract_of(scene.market)}:
        why = scene.do(Split(parse_address(other), scene.condition, U6))
        assert why == f"call 0: expected the market's contract {contract_of(scene.market)}, was {other}"


def test_a_split_needs_the_contracts_allowance_and_uses_it_up() -> None:
    scene = Scene()
    adapter = contracts.COLLATERAL_ADAPTER
    scene.wallet.allowances[adapter] = 5 * U6
    why = scene.do(scene.split(6))
    assert why == f"call 0: ERC20: transfer amount 6000000 exceeds allowance 5000000 of {adapter}"
    assert scene.do(scene.split(4)) is None
    assert scene.wallet.allowances[adapter] == U6
    why = scene.do(scene.split(1), scene.split(1))
    assert why == f"call 1: ERC20: transfer amount 1000000 exceeds allowance 0 of {adapter}"
    assert scene.held() == (996, 4, 4)


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
def test_merges_and_redemptions_need_the_contract_as_operator(version: str, neg_risk: bool) -> None:
    scene = Scene(version, neg_risk=neg_risk)
    assert scene.do(scene.split(3)) is None
    scene.wallet.operators.clear()
    refused = f"call 0: ERC1155: {contract_of(scene.market)} is not an approved operator on {holder_of(scene.market)}"
    assert scene.do(scene.merge(1)) == refused
    scene.resolve()
    redeem = RedeemOutcome(scene.target, scene.condition, 0, U6)
    assert scene.do(redeem if version == "v2" else Redeem(scene.target, scene.condition)) == refused


def test_a_batch_may_approve_and_use_it_in_one_go() -> None:
    scene = Scene()
    scene.wallet.allowances.clear()
    scene.wallet.operators.clear()
    approve = Approve(PUSD, scene.target, 2 * U6)
    assert scene.do(approve, scene.split(2), ApproveAll(CTF, scene.target, True), scene.merge(1)) is None
    assert scene.held() == (999, 1, 1)
    assert scene.wallet.allowances == {contracts.COLLATERAL_ADAPTER: 0}
    assert scene.do(ApproveAll(CTF, scene.target, False)) is None
    assert scene.wallet.operators == set()


def test_a_batch_with_one_bad_call_changes_nothing() -> None:
    scene = Scene()
    approve = Approve(PUSD, parse_address(contracts.ROUTER), 7)
    before = scene.wallet.allowances.copy()
    why = scene.do(approve, scene.split(3), scene.merge(4))
    token = scene.market.spec.tokens[0]
    assert why == f"call 2: transfer amount 4000000 exceeds balance 3000000 of {token}"
    assert scene.held() == (1000, 0, 0)
    assert scene.wallet.allowances == before
    assert scene.deeds == []


def test_winning_shares_are_paid_and_losing_ones_are_gone() -> None:
    scene = Scene()
    assert scene.do(scene.split(10)) is None
    assert scene.do(Redeem(scene.target, scene.condition)) == "call 0: result for condition not received yet"
    scene.resolve(winner=1)
    assert scene.do(Redeem(scene.target, scene.condition)) is None
    assert scene.held() == (1000, 0, 0)
    assert (scene.deeds[-1].paid_u6, scene.deeds[-1].sizes_u6) == (10 * U6, (10 * U6, 10 * U6))
    assert scene.do(Redeem(scene.target, scene.condition)) is None, "nothing is left, which is no error on chain"


def test_the_router_redeems_outcome_by_outcome() -> None:
    scene = Scene("v2")
    assert scene.do(scene.split(10)) is None
    scene.resolve(winner=0)
    part = RedeemOutcome(scene.target, scene.condition, 0, 4 * U6)
    assert scene.do(part, RedeemOutcome(scene.target, scene.condition, 1, 10 * U6)) is None
    assert scene.held() == (994, 6, 0)
    too_many = scene.do(RedeemOutcome(scene.target, scene.condition, 0, 7 * U6))
    assert too_many is not None
    assert "exceeds balance 6000000" in too_many
    assert scene.do(RedeemOutcome(scene.target, scene.condition, 2, U6)) is not None


def test_nobody_splits_what_is_over_or_unknown() -> None:
    scene = Scene()
    unknown = Split(scene.target, bytes(32), U6)
    assert scene.do(unknown) == f"call 0: condition 0x{'00' * 32} is not prepared"
    assert scene.do(scene.split(0)) == "call 0: expected an amount above 0"
    assert scene.do(scene.merge(0)) == "call 0: expected an amount above 0"
    scene.resolve()
    assert scene.do(scene.split(1)) == "call 0: the market is resolved"


def test_a_transfer_moves_collateral_to_any_address() -> None:
    scene = Scene()
    recipient = bytes(range(20))
    assert scene.do(Transfer(PUSD, recipient, 5 * U6)) is None
    assert scene.desk.exchange.ledger.accounts[checksum_address(recipient)].chain[COLLATERAL] == 5 * U6
    assert scene.held()[0] == 995
    assert scene.deeds[-1].recipient == checksum_address(recipient)
    why = scene.do(Transfer(PUSD, recipient, 996 * U6))
    assert why == "call 0: transfer amount 996000000 exceeds balance 995000000 of collateral"
    assert scene.do(Transfer(PUSD, parse_address(scene.wallet.address), 995 * U6)) is None
    assert scene.do(Transfer(CTF, recipient, 1)) == f"call 0: there is no token {contracts.CONDITIONAL_TOKENS} here"


def test_what_is_not_known_is_refused() -> None:
    scene = Scene()
    assert scene.do(Approve(CTF, scene.target, 1)) is not None
    assert scene.do(ApproveAll(PUSD, scene.target, True)) is not None
    unknown = UnknownCall(Call(scene.target, b"\1\2\3\4"))
    assert scene.do(unknown) == "call 0: expected an approval, transfer, split, merge or redemption, was something else"


def test_orders_that_are_no_longer_covered_are_cancelled() -> None:
    scene = Scene()
    token = scene.market.spec.tokens[0]
    new = order(scene.wallet.address, token, Side.BUY, 5_000, 1_000, "bid")
    assert scene.desk.exchange.submit(new, scene.desk.now_ms()).refusal is None
    assert scene.do(scene.split(501)) is None
    assert scene.desk.exchange.orders["bid"].status == OrderStatus.CANCELED_NOT_ENOUGH_BALANCE


def test_a_condition_of_protocol_v2_is_known_by_31_bytes_and_by_32() -> None:
    scene = Scene("v2")
    assert scene.chain.market_of(scene.condition) is scene.market
    assert scene.chain.market_of(scene.condition + b"\0") is scene.market
    assert scene.chain.market_of(scene.condition + b"\1") is scene.market
    assert scene.chain.market_of(scene.condition + b"\2") is None


def _actions(market: Market) -> st.SearchStrategy[Action]:
    target, condition = parse_address(contract_of(market)), bytes.fromhex(market.spec.condition_id[2:])
    amounts = st.integers(0, 600 * U6)
    return st.one_of(
        st.builds(Split, st.just(target), st.just(condition), amounts),
        st.builds(Merge, st.just(target), st.just(condition), amounts),
        st.builds(Transfer, st.just(PUSD), st.just(bytes(20)), amounts),
        st.builds(Approve, st.just(PUSD), st.just(target), amounts),
        st.builds(ApproveAll, st.just(CTF), st.just(target), st.booleans()),
    )


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_passes_the_check_can_be_done_and_balances(data: st.DataObject) -> None:
    scene = Scene()
    for batch in data.draw(st.lists(st.lists(_actions(scene.market), min_size=1, max_size=4), max_size=5)):
        scene.do(*batch)
