"""What an order must be before the book is asked: shape, owner, signature, wallet, approvals (protocol.md 4.8)."""

import orjson
import pytest

from engine.exchange.members import Wallet
from engine.model.events import Side
from engine.venue.contracts import CONDITIONAL_TOKENS, EXCHANGE_V2, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2
from engine.venue.orders import SignatureType
from tests.unit.engine.exchange.counter import Counter, Json, order_id

PAYLOAD = (400, {"error": "Invalid order payload"})
SIGNATURE = (400, {"error": "invalid signature"})
VERSION = (400, {"error": "order_version_mismatch"})
NOT_ALLOWED = (400, {"error": "maker address not allowed, please use the deposit wallet flow"})
SIGNER = (400, {"error": "the order signer address has to be the address of the API KEY"})


def with_order(counter: Counter, **changes: object) -> tuple[int, object]:
    """Place a good order with some fields of it changed after signing."""
    entry = counter.entry(4_000)
    return counter.send("POST", "/order", {**entry, "order": {**entry["order"], **changes}})


@pytest.mark.parametrize("kind", list(SignatureType))
def test_every_kind_of_wallet_may_trade(kind: SignatureType) -> None:
    counter = Counter()
    found = order_id(counter.place(4_000, kind=kind))
    assert counter.get(f"/data/order/{found}", 0)[1]["maker_address"] == counter.accounts[0].wallets[kind]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("salt", "12"),
        ("salt", -1),
        ("maker", "0x12"),
        ("makerAmount", "-1"),
        ("makerAmount", 4_000_000),
        ("side", "buy"),
        ("signatureType", 4),
        ("signatureType", "3"),
        ("metadata", "0x00"),
        ("timestamp", ""),
        ("signature", "0x"),
        ("signature", "0x" + "00" * 2_000),
        ("tokenId", "0x12"),
    ],
)
def test_a_malformed_field_is_refused(name: str, value: object) -> None:
    assert with_order(Counter(), **{name: value}) == PAYLOAD


@pytest.mark.parametrize("expiration", ["", "-1", "soon", "²", "9" * 13])
def test_an_expiration_is_a_unix_second(expiration: str) -> None:
    assert with_order(Counter(), expiration=expiration) == (400, {"error": "invalid expiration"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("salt", 77), ("makerAmount", "4100000"), ("takerAmount", "11000000"), ("side", "SELL"), ("timestamp", "1"),
     ("metadata", "0x" + "01" * 32), ("builder", "0x" + "01" * 32)],
)  # fmt: skip
def test_every_signed_field_is_signed(name: str, value: object) -> None:
    assert with_order(Counter(), **{name: value}) == SIGNATURE


def test_time_in_force_is_a_known_one() -> None:
    counter = Counter()
    assert counter.send("POST", "/order", {**counter.entry(4_000), "orderType": "IOC"}) == PAYLOAD


def test_the_owner_is_the_key_that_asks() -> None:
    counter = Counter()
    entry = {**counter.entry(4_000), "owner": counter.accounts[1].credentials.key}
    assert counter.send("POST", "/order", entry) == (
        400,
        {"error": "the order owner has to be the owner of the API KEY"},
    )


def test_nobody_signs_for_another_ones_wallet() -> None:
    counter = Counter()
    foreign = counter.order(4_000, account=1)
    entry = {**counter.entry(4_000), "order": foreign}
    assert counter.send("POST", "/order", entry)[0] == 400
    assert counter.desk.exchange.orders == {}


def test_an_order_of_version_one_is_told_its_version() -> None:
    counter = Counter()
    entry = counter.entry(4_000)
    old = {name: value for name, value in entry["order"].items() if name != "timestamp"}
    assert counter.send("POST", "/order", {**entry, "order": {**old, "nonce": "0", "feeRateBps": "0"}}) == VERSION


def test_an_order_signed_for_another_exchange_is_told_its_version() -> None:
    assert Counter().place(4_000, contract=EXCHANGE_V3) == VERSION
    assert Counter("v2").place(4_000, contract=EXCHANGE_V2) == VERSION
    assert Counter(neg_risk=True).place(4_000, contract=EXCHANGE_V2) == VERSION


@pytest.mark.parametrize("kind", list(SignatureType))
def test_protocol_v2_and_neg_risk_markets_take_orders_for_their_exchanges(kind: SignatureType) -> None:
    assert Counter("v2").place(4_000, kind=kind)[0] == 200
    assert Counter(neg_risk=True).place(4_000, kind=kind, contract=NEG_RISK_EXCHANGE_V2)[0] == 200
    assert Counter("v2", neg_risk=True).place(4_000, kind=kind, contract=EXCHANGE_V3)[0] == 200


def test_unsigned_fields_may_differ_and_the_id_does_not() -> None:
    counter = Counter()
    entry = counter.entry(4_000)
    first = order_id(counter.send("POST", "/order", entry))
    again = counter.send("POST", "/order", {**entry, "postOnly": True})
    assert again == (400, {"error": f"order {first} is invalid. Duplicated."})


def wallet_of(counter: Counter, kind: SignatureType = SignatureType.DEPOSIT_WALLET) -> Wallet:
    return counter.desk.members.wallets[counter.accounts[0].wallets[kind]]


def test_a_deposit_wallet_has_to_be_deployed() -> None:
    counter = Counter()
    wallet_of(counter).deployed = False
    assert counter.place(4_000) == SIGNER


def test_another_wallet_has_to_be_allowed() -> None:
    counter = Counter()
    wallet_of(counter, SignatureType.EOA).allowed = False
    assert counter.place(4_000, kind=SignatureType.EOA) == NOT_ALLOWED


def test_a_banned_address_trades_no_more_and_a_closing_one_only_sells() -> None:
    counter = Counter()
    counter.give(0)
    wallet, owner = wallet_of(counter).address, counter.accounts[0].address
    counter.desk.members.closed_only.add(owner)
    assert counter.place(4_000) == (400, {"error": f"'{owner}' address in closed only mode"})
    assert counter.place(6_000, side=Side.SELL)[0] == 200
    counter.desk.members.banned.add(wallet)
    assert counter.place(6_000, side=Side.SELL) == (400, {"error": f"'{wallet}' address banned"})


def test_a_buy_needs_an_allowance_and_a_sale_an_operator() -> None:
    counter = Counter()
    counter.give(0)
    wallet = wallet_of(counter)
    wallet.allowances[EXCHANGE_V2.address] = 3_999_999
    status, answer = counter.place(4_000)
    assert status == 400
    expected = f"the allowance is not enough -> spender: {EXCHANGE_V2.address}, allowance: 3999999"
    assert answer == {"error": f"not enough balance / allowance: {expected}"}
    wallet.operators.remove(f"{CONDITIONAL_TOKENS}:{EXCHANGE_V2.address}")
    status, answer = counter.place(6_000, side=Side.SELL)
    assert status == 400
    assert answer["error"].startswith("not enough balance / allowance: the allowance is not enough")


def test_an_unknown_token_has_no_book() -> None:
    counter = Counter()
    other = Counter().desk.list_market("unlisted here")
    body: Json = counter.entry(4_000, market=other)
    assert counter.send("POST", "/order", body) == (
        404,
        {"error": "No orderbook exists for the requested token id"},
    )


def test_an_envelope_may_leave_out_what_has_a_default() -> None:
    counter = Counter()
    entry = counter.entry(4_000)
    small = {"order": entry["order"], "owner": entry["owner"]}
    assert counter.send("POST", "/order", orjson.dumps(small))[0] == 200
