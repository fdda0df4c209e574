"""The relayer's calls, with what the official client really sent (submissions.jsonl) as input."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.exchange.chain import Chain
from engine.exchange.core.market import Market, MarketSpec
from engine.exchange.relay import Relay
from engine.exchange.rest.relayer import NOT_RELAYED, Relayer
from engine.exchange.server.routes import Routes
from engine.model.units import U6
from engine.venue import contracts
from tests.unit.engine.exchange.desks import TestDesk, ask

EOA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
DEPOSIT = "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50"
PROXY = "0x365f0CA36Ae1f641E02fE3B7743673da42A13A70"
KEYED = {"RELAYER_API_KEY": "any", "RELAYER_API_KEY_ADDRESS": EOA}
BUILDER = {f"POLY_BUILDER_{name}": "any" for name in ("API_KEY", "PASSPHRASE", "SIGNATURE", "TIMESTAMP")}
SENT = [orjson.loads(line) for line in Path(__file__).with_name("submissions.jsonl").read_text().splitlines()]
CREATE = SENT[0]
V1_CONDITION = "0x5f65177b394277fd294cd75650044e32ba009a95022d88a0c1d565897d72f8f1"
V2_CONDITION = "0x01" + "ab" * 15 + "00" * 15


class Scene:
    """The relayer of a desk on which account 0 may be open, with the two markets that the submissions are about."""

    def __init__(self, *, funded: bool = True, submits_per_minute: int = 0) -> None:
        self.desk = TestDesk()
        if funded:
            self.desk.accounts()
        relay = Relay(Chain(self.desk.exchange, self.desk.members), self.desk.members, self.desk.exchange.schedule)
        self.relayer = Relayer(self.desk, relay, submits_per_minute)
        self.routes = Routes()
        self.relayer.add_to(self.routes)
        self.first = self._list("first", V1_CONDITION, "v1")
        self.second = self._list("second", V2_CONDITION, "v2")

    def _list(self, slug: str, condition_id: str, version: str) -> Market:
        spec = MarketSpec(slug=slug, condition_id=condition_id, tokens=(f"{slug}-0", f"{slug}-1"), version=version)
        return self.desk.exchange.list_market(spec, self.desk.now_ms())

    def get(self, target: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        return ask(self.routes, "GET", target, headers=KEYED if headers is None else headers)

    def submit(self, content: object, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        return ask(self.routes, "POST", "/submit", content, headers=KEYED if headers is None else headers)

    def followed(self, content: dict[str, Any]) -> dict[str, Any]:
        """Submit something with the nonce that it has, and return what became of it."""
        if "nonce" in content:
            self.desk.members.wallets[DEPOSIT].nonce = int(content["nonce"])
        status, answer = self.submit(content)
        assert (status, answer["state"], answer["transactionHash"]) == (200, "STATE_NEW", ""), answer
        self.desk.wait(300)
        status, found = self.get(f"/v1/account/transactions/{answer['transactionID']}")
        assert status == 200
        assert isinstance(found, dict)
        return found


def sent(metadata: str) -> dict[str, Any]:
    """Return a recorded submission by the beginning of what it says it is."""
    found: dict[str, Any] = next(each for each in SENT if each["metadata"].startswith(metadata))
    return found


def test_a_recorded_deployment_makes_a_wallet_that_may_trade() -> None:
    scene = Scene(funded=False)
    assert scene.get(f"/deployed?address={DEPOSIT}&type=WALLET", {}) == (200, {"deployed": False})
    found = scene.followed(CREATE)
    assert (found["state"], found["error_msg"]) == ("STATE_CONFIRMED", "")
    assert len(found["transaction_hash"]) == 66
    assert scene.get(f"/relayer/deployed?address={DEPOSIT.lower()}&type=WALLET", {}) == (200, {"deployed": True})
    wallet = scene.desk.members.wallets[DEPOSIT]
    assert (wallet.owner, wallet.signature_type, wallet.allowed) == (EOA, 3, True)
    assert scene.submit(CREATE) == (400, {"error": f"wallet {DEPOSIT} is deployed already"})


def test_recorded_approvals_are_taken() -> None:
    scene = Scene()
    wallet = scene.desk.members.wallets[DEPOSIT]
    wallet.allowances.clear()
    wallet.operators.clear()
    assert scene.followed(sent("Approve max"))["state"] == "STATE_CONFIRMED"
    assert scene.followed(sent("Approve 0xE1"))["state"] == "STATE_CONFIRMED"
    assert wallet.allowances == {contracts.EXCHANGE_V2.address: 2**256 - 1}
    assert wallet.operators == {f"{contracts.CONDITIONAL_TOKENS}:{contracts.EXCHANGE_V2.address}"}


@pytest.mark.parametrize("prefix", ["0x5f", "0x01"])
def test_recorded_splits_merges_and_redemptions_move_shares(prefix: str) -> None:
    scene = Scene()
    market = scene.first if prefix == "0x5f" else scene.second
    account = scene.desk.exchange.ledger.account(DEPOSIT)
    assert scene.followed(sent(f"Split 10000000 positions for condition {prefix}"))["state"] == "STATE_CONFIRMED"
    assert [account.chain[token] for token in market.spec.tokens] == [10 * U6, 10 * U6]
    if prefix == "0x5f":
        assert scene.followed(sent("Merge 7000000"))["state"] == "STATE_CONFIRMED"
        assert account.chain[market.spec.tokens[0]] == 3 * U6
    early = scene.followed(sent(f"Redeem positions for condition {prefix}"))
    assert early["state"] == "STATE_FAILED"
    assert early["error_msg"] == "execution reverted: call 0: result for condition not received yet"
    scene.desk.exchange.resolve(market, 0, scene.desk.now_ms())
    assert scene.followed(sent(f"Redeem positions for condition {prefix}"))["state"] == "STATE_CONFIRMED"
    assert account.chain[""] == 1_000 * U6
    assert account.chain.get(market.spec.tokens[0], 0) == 0


def test_a_recorded_transfer_arrives() -> None:
    scene = Scene()
    assert scene.followed(sent("Transfer"))["state"] == "STATE_CONFIRMED"
    assert scene.desk.exchange.ledger.account(PROXY).chain[""] == 1_000 * U6 + 5


def test_nonces_count_the_batches_that_were_mined() -> None:
    scene = Scene()
    target = f"/v1/account/transactions/params?address={EOA}&type=WALLET"
    assert scene.get(target) == (200, {"address": EOA, "nonce": "0"})
    scene.followed(sent("Transfer"))
    assert scene.get(target) == (200, {"address": EOA, "nonce": "13"})
    assert scene.submit(sent("Transfer")) == (
        400,
        {"error": "batch nonce 12 does not match on-chain nonce 13"},
    )


def test_a_changed_batch_is_not_what_was_signed() -> None:
    scene = Scene()
    forged = orjson.loads(orjson.dumps(sent("Transfer")))
    forged["depositWalletParams"]["calls"][0]["data"] = forged["depositWalletParams"]["calls"][0]["data"][:-1] + "6"
    scene.desk.members.wallets[DEPOSIT].nonce = 12
    status, answer = scene.submit(forged)
    assert (status, answer) == (400, {"error": "invalid signature: the batch is not signed by the wallet's owner"})


@pytest.mark.parametrize("headers", [{}, {"RELAYER_API_KEY": "any"}, {"RELAYER_API_KEY": "", **BUILDER}])
def test_a_key_is_wanted(headers: dict[str, str]) -> None:
    scene = Scene()
    expected = 200 if len(headers) > 4 else 401
    for target in (f"/v1/account/transactions/params?address={EOA}&type=WALLET",):
        assert scene.get(target, headers)[0] == expected
    assert scene.submit(sent("Transfer"), headers)[0] == (400 if expected == 200 else 401)


def test_a_registered_key_is_the_only_one_of_its_address() -> None:
    scene = Scene()
    scene.relayer.keys[EOA] = "right"
    target = f"/v1/account/transactions/params?address={EOA}&type=WALLET"
    assert scene.get(target) == (401, {"error": "invalid authorization"})
    assert scene.get(target, KEYED | {"RELAYER_API_KEY": "right"})[0] == 200


def test_proxies_and_safes_are_told_that_they_are_not_served() -> None:
    scene = Scene()
    assert scene.get(f"/relay-payload?address={EOA}&type=PROXY") == (400, {"error": NOT_RELAYED})
    assert scene.get(f"/v1/account/transactions/params?address={EOA}&type=SAFE") == (400, {"error": NOT_RELAYED})
    for kind in ("PROXY", "SAFE"):
        assert scene.submit({"type": kind, "from": EOA, "to": PROXY}) == (400, {"error": NOT_RELAYED})


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"type": "WALLET"},
        CREATE | {"from": "0x12"},
        CREATE | {"metadata": "x" * 501},
        SENT[1] | {"nonce": "-1"},
        SENT[1] | {"signature": "0x12"},
        SENT[1] | {"depositWalletParams": None},
        SENT[1] | {"depositWalletParams": SENT[1]["depositWalletParams"] | {"deadline": "soon"}},
        SENT[1] | {"depositWalletParams": SENT[1]["depositWalletParams"] | {"calls": [{"target": EOA}]}},
        SENT[1]
        | {
            "depositWalletParams": SENT[1]["depositWalletParams"]
            | {"calls": [{"target": EOA, "value": "0", "data": "0xzz"}]}
        },
        SENT[1]
        | {
            "depositWalletParams": SENT[1]["depositWalletParams"]
            | {"calls": [{"target": EOA, "value": "0", "data": "0x"}] * 101}
        },
    ],
)
def test_malformed_submissions_are_refused_with_a_reason(content: object) -> None:
    status, answer = Scene().submit(content)
    assert status == 400
    assert len(answer["error"]) > 20


def test_unknown_transactions_and_addresses() -> None:
    scene = Scene()
    assert scene.get("/v1/account/transactions/nobody") == (404, {"error": "transaction not found"})
    assert scene.get("/deployed?address=0x12") == (400, {"error": "invalid address"})
    assert scene.get("/v1/account/transactions/params?type=WALLET") == (400, {"error": "invalid address"})


def test_submissions_are_limited_a_minute() -> None:
    scene = Scene(submits_per_minute=2)
    statuses = [scene.submit(CREATE)[0] for _ in range(3)]
    assert statuses == [400, 400, 429]
    scene.desk.wait(30_000)
    assert scene.submit(CREATE)[0] == 400
    assert scene.submit(CREATE, BUILDER)[0] == 400, "each key has its own"
