"""A caller's own orders, trades and balances, field by field (protocol.md 4.5, 4.6)."""

import pytest

from engine.model.events import Side
from engine.venue.contracts import COLLATERAL, EXCHANGE_V2, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2
from tests.unit.engine.exchange.counter import Counter, order_id

UNLIMITED = str((1 << 256) - 1)
EMPTY = {"limit": 100, "next_cursor": "LTE=", "count": 0, "data": []}


def traded() -> Counter:
    """Return a counter where account 1's buy of Down has taken account 0's bid for Up, and it is confirmed."""
    counter = Counter()
    counter.place(4_000, account=0)
    counter.place(6_000, account=1, token=1)
    counter.desk.wait(1_000)
    return counter


def test_an_order_is_told_as_it_is() -> None:
    counter = Counter()
    found = order_id(counter.place(4_000))
    account = counter.accounts[0]
    expected = {
        "id": found,
        "status": "LIVE",
        "owner": account.credentials.key,
        "maker_address": account.wallets[3],
        "market": counter.market.spec.condition_id,
        "asset_id": counter.market.spec.tokens[0],
        "side": "BUY",
        "original_size": "10",
        "size_matched": "0",
        "price": "0.4",
        "outcome": "Up",
        "expiration": "0",
        "order_type": "GTC",
        "associate_trades": [],
        "created_at": counter.desk.at_ms // 1_000,
    }
    assert counter.get(f"/data/order/{found}", 0) == (200, expected)
    assert counter.get("/data/orders", 0) == (200, EMPTY | {"count": 1, "data": [expected]})


def test_nobody_reads_another_ones_orders() -> None:
    counter = Counter()
    found = order_id(counter.place(4_000))
    assert counter.get(f"/data/order/{found}", 1) == (404, {"error": "order not found"})
    assert counter.get("/data/orders", 1) == (200, EMPTY)
    assert counter.get(f"/data/orders?id={found}", 1) == (200, EMPTY)
    assert counter.get("/data/orders")[0] == 401


def test_open_orders_are_filtered_and_an_id_finds_those_that_are_over() -> None:
    counter = Counter()
    up, down = order_id(counter.place(4_000)), order_id(counter.place(4_000, token=1))
    spec = counter.market.spec

    def ids(query: str) -> list[str]:
        return [row["id"] for row in counter.get(f"/data/orders?{query}", 0)[1]["data"]]

    assert ids("") == [up, down]
    assert ids(f"asset_id={spec.tokens[1]}") == [down]
    assert ids(f"market={spec.condition_id.upper()}") == [up, down]
    assert ids("market=0x12") == []
    counter.send("DELETE", "/order", {"orderID": up})
    assert ids("") == [down]
    assert ids(f"id={up.upper().replace('X', 'x', 1)}") == [up]


def test_a_trade_is_told_from_each_side() -> None:
    counter = traded()
    taker, maker = (counter.get("/data/trades", account)[1]["data"] for account in (1, 0))
    spec = counter.market.spec
    assert len(taker) == 1
    row = taker[0]
    matched_s = str((counter.desk.at_ms - 1_000) // 1_000)
    assert row == {
        "id": row["id"],
        "taker_order_id": row["taker_order_id"],
        "market": spec.condition_id,
        "asset_id": spec.tokens[1],
        "side": "BUY",
        "size": "10",
        "fee_rate_bps": "0",
        "price": "0.6",
        "status": "CONFIRMED",
        "match_time": matched_s,
        "last_update": matched_s,
        "outcome": "Down",
        "bucket_index": 0,
        "owner": counter.accounts[1].credentials.key,
        "maker_address": counter.accounts[1].wallets[3],
        "transaction_hash": row["transaction_hash"],
        "trader_side": "TAKER",
        "maker_orders": [
            {
                "order_id": row["maker_orders"][0]["order_id"],
                "owner": counter.accounts[0].credentials.key,
                "maker_address": counter.accounts[0].wallets[3],
                "matched_amount": "10",
                "price": "0.4",
                "fee_rate_bps": "0",
                "asset_id": spec.tokens[0],
                "outcome": "Up",
                "outcome_index": 0,
                "side": "BUY",
            }
        ],
    }
    assert len(row["transaction_hash"]) == 66
    assert maker == [row | {"trader_side": "MAKER"}]


def test_trades_come_newest_first_and_are_filtered() -> None:
    counter = traded()
    counter.place(3_000, account=0)
    counter.place(7_000, account=2, token=1)
    spec = counter.market.spec
    first_s = counter.desk.at_ms // 1_000 - 1
    newer, older = counter.get("/data/trades", 0)[1]["data"]
    assert int(newer["match_time"]) > int(older["match_time"])

    def ids(query: str, account: int = 0) -> list[str]:
        return [row["id"] for row in counter.get(f"/data/trades?{query}", account)[1]["data"]]

    both = [newer["id"], older["id"]]
    assert ids(f"id={older['id']}") == [older["id"]]
    assert ids(f"market={spec.condition_id}") == both
    assert ids("market=0x12") == []
    assert ids(f"asset_id={spec.tokens[0]}") == both
    assert ids(f"maker_address={counter.accounts[2].wallets[3].lower()}") == [newer["id"]]
    assert ids(f"after={first_s}") == [newer["id"]]
    assert ids(f"before={first_s + 1}") == [older["id"]]
    assert ids(f"before={first_s}") == []
    assert ids("before=²&after=soon") == both
    assert ids("", 1) == [older["id"]]


def test_lists_are_paged_and_a_bad_cursor_refused() -> None:
    counter = Counter()
    for number in range(105):
        counter.place(100 * (1 + number % 30), shares=5)
    first = counter.get("/data/orders", 0)[1]
    second = counter.get(f"/data/orders?next_cursor={first['next_cursor']}", 0)[1]
    assert (first["count"], second["count"], second["next_cursor"]) == (100, 5, "LTE=")
    assert not {row["id"] for row in first["data"]} & {row["id"] for row in second["data"]}
    for path in ("/data/orders", "/data/trades"):
        assert counter.get(f"{path}?next_cursor=LTE=", 0) == (400, {"error": "Invalid next_cursor"})


@pytest.mark.parametrize("kind", range(4))
def test_a_balance_is_that_of_the_kind_of_wallet(kind: int) -> None:
    counter = Counter()
    counter.desk.exchange.deposit(counter.accounts[0].wallets[kind], 7_000_000)
    found = counter.get(f"/balance-allowance?asset_type=COLLATERAL&signature_type={kind}", 0)[1]
    exchanges = (EXCHANGE_V2.address, NEG_RISK_EXCHANGE_V2.address, EXCHANGE_V3.address)
    assert found == {"balance": "1007000000", "allowances": dict.fromkeys(exchanges, UNLIMITED)}


@pytest.mark.parametrize(("version", "kind"), [("v1", "CONDITIONAL"), ("v2", "CONDITIONAL-V2")])
def test_shares_are_counted_for_a_token(version: str, kind: str) -> None:
    counter = Counter(version)
    counter.give(0, 25)
    token_id = counter.market.spec.tokens[1]
    found = counter.get(f"/balance-allowance?signature_type=3&asset_type={kind}&token_id={token_id}", 0)[1]
    assert found["balance"] == "25000000"
    wallet = counter.desk.members.wallets[counter.accounts[0].wallets[3]]
    wallet.operators.clear()
    found = counter.get(f"/balance-allowance?signature_type=3&asset_type={kind}&token_id={token_id}", 0)[1]
    assert set(found["allowances"].values()) == {"0"}


def test_an_update_lets_the_service_see_the_chain() -> None:
    counter = Counter()
    counter.desk.exchange.settlement.lag_ms = 60_000
    counter.place(4_000, account=0)
    counter.place(6_000, account=1, token=1)
    counter.desk.wait(1_000)
    token_id = counter.market.spec.tokens[0]
    query = f"?asset_type=CONDITIONAL&signature_type=3&token_id={token_id}"
    assert counter.get(f"/balance-allowance{query}", 0)[1]["balance"] == "0"
    assert counter.place(4_000, side=Side.SELL)[0] == 400
    assert counter.get(f"/balance-allowance/update{query}", 0) == (200, None)
    assert counter.get(f"/balance-allowance{query}", 0)[1]["balance"] == "10000000"
    assert counter.place(4_000, side=Side.SELL)[0] == 200


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "Invalid asset type"),
        ("asset_type=SHARES", "Invalid asset type"),
        ("asset_type=COLLATERAL&signature_type=4", "Invalid signature type"),
        ("asset_type=COLLATERAL&signature_type=x", "Invalid signature type"),
        ("asset_type=CONDITIONAL", "Invalid token id"),
        ("asset_type=CONDITIONAL&token_id=12", "Invalid token id"),
    ],
)
def test_a_malformed_balance_request_is_refused(query: str, text: str) -> None:
    for path in ("/balance-allowance", "/balance-allowance/update"):
        assert Counter().get(f"{path}?{query}", 0) == (400, {"error": text})


def test_rebates_of_a_day_are_told_by_market() -> None:
    counter = traded()
    wallet = counter.accounts[0].wallets[3]
    (row,) = counter.get(f"/rebates/current?date=2026-11-21&maker_address={wallet.lower()}")[1]
    assert row["rebated_fees_usdc"] > "0"
    assert row | {"rebated_fees_usdc": ""} == {
        "date": "2026-11-21",
        "condition_id": counter.market.spec.condition_id,
        "asset_address": COLLATERAL,
        "maker_address": wallet,
        "rebated_fees_usdc": "",
    }
    assert counter.get(f"/rebates/current?date=2026-11-20&maker_address={wallet}") == (200, [])
    for query in ("", "date=today&maker_address=0x12", "date=2026-11-21"):
        assert counter.get(f"/rebates/current?{query}")[0] == 400


def test_what_is_not_offered_is_empty() -> None:
    counter = Counter()
    assert counter.get("/notifications", 0) == (200, [])
    assert counter.get("/order-scoring?order_id=0x12", 0) == (200, {"scoring": False})
    assert counter.send("POST", "/orders-scoring", []) == (200, {})
    assert counter.send("DELETE", "/notifications") == (200, "OK")
