"""Every refusal of protocol.md 4.8 that has a known cause: the situation is made, and status and text are the venue's.

What has no known cause is not here: the 403 of blocked regions, `order canceled in the CTF exchange contract`, `order
match delayed due to market conditions`, `order {id} crosses the book`, and the rarer texts of status 500.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.venue.addresses import parse_address
from engine.venue.contracts import EXCHANGE_V1, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2
from engine.venue.contracts import EXCHANGE_V2 as STANDARD
from tests.conformance.trader import Trader, split, stand
from tests.conformance.venue import Venue, l1_headers

BALANCE = "not enough balance / allowance: the balance is not enough -> "
MARKETABLE = "invalid amount for a marketable BUY order"
RESTING_DECIMALS = " ".join(
    (
        "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals,",
        "taker amount a max of 2 decimals",
    )
)
IMMEDIATE_DECIMALS = " ".join(
    (
        "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals,",
        "taker amount a max of 4 decimals",
    )
)
FOK_KILLED = "order couldn't be fully filled. FOK orders are fully filled or killed."
FAK_KILLED = "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."


@pytest.fixture
def trader(venue: Venue) -> Trader:
    return Trader(venue, venue.account())


def told(response: httpx.Response) -> tuple[int, str]:
    """Return (status, text) of a refusal."""
    return response.status_code, response.json()["error"]


def order_error(trader: Trader, body: dict[str, Any]) -> str:
    """Return the text with which an order is refused, which must be the same in a batch."""
    single, batch = trader.post("/order", body), trader.post("/orders", [body])
    status, text = told(single)
    assert status == 400
    row = batch.json()[0]
    assert (batch.status_code, row["success"], row["orderID"], row["errorMsg"]) == (200, True, "", text)
    return text


def test_keys_that_are_none(venue: Venue, trader: Trader) -> None:
    unauthorized = (401, "Unauthorized/Invalid api key")
    for header in ("POLY_API_KEY", "POLY_PASSPHRASE", "POLY_SIGNATURE", "POLY_ADDRESS"):
        assert told(trader.request("GET", "/data/orders", None, **{header: "0x12"})) == unauthorized
    assert told(trader.request("GET", "/data/orders", None, POLY_TIMESTAMP="1")) == unauthorized
    assert told(venue.http.get("/data/orders")) == unauthorized
    assert told(trader.request("POST", "/order", {"a": 1}, POLY_SIGNATURE="AAAA")) == unauthorized


def test_l1_headers_that_prove_nothing(venue: Venue) -> None:
    good = l1_headers(venue.stranger())
    for header, wrong in (
        ("POLY_ADDRESS", venue.stranger().eoa),
        ("POLY_TIMESTAMP", "1"),
        ("POLY_NONCE", "9"),
        ("POLY_SIGNATURE", "0x" + "11" * 65),
    ):
        for method, path in (("POST", "/auth/api-key"), ("GET", "/auth/derive-api-key")):
            response = venue.http.request(method, path, headers=good | {header: wrong})
            assert told(response) == (401, "Invalid L1 Request headers")


def test_a_key_is_created_once_and_derived_only_then(venue: Venue) -> None:
    account = venue.stranger()
    assert venue.http.get("/auth/derive-api-key", headers=l1_headers(account)).status_code == 400
    assert venue.http.post("/auth/api-key", headers=l1_headers(account)).status_code == 200
    assert venue.http.post("/auth/api-key", headers=l1_headers(account)).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"order": None},
        {"order": {}},
        {"orderType": "IOC"},
        {"postOnly": "yes"},
        {"salt": "12"},
        {"side": "buy"},
        {"makerAmount": "-1"},
        {"makerAmount": "0"},
        {"signatureType": 7},
        {"signature": "0x"},
        {"maker": "0x12"},
    ],
)
def test_what_is_no_order(venue: Venue, trader: Trader, change: dict[str, Any]) -> None:
    body = trader.order(venue.market().up)
    inner = {name: value for name, value in change.items() if name in body["order"]}
    outer = {name: value for name, value in change.items() if name not in body["order"]}
    body = body | {"order": body["order"] | inner} | outer
    if change == {"makerAmount": "0"}:
        body = trader.order(venue.market().up, amounts=(0, 10_000_000))
    assert told(trader.post("/order", body)) == (400, "Invalid order payload")


def test_payloads_that_are_no_json_and_empty_batches(trader: Trader) -> None:
    for path, content in (("/order", []), ("/orders", {}), ("/orders", []), ("/orders", [[]])):
        assert told(trader.post(path, content)) == (400, "Invalid order payload")
    for path, content in (("/order", {}), ("/order", {"orderID": 1}), ("/orders", {}), ("/cancel-market-orders", {})):
        assert told(trader.delete(path, content)) == (400, "Invalid order payload")


def test_orders_of_another_version(venue: Venue, trader: Trader) -> None:
    market, modern, grouped = venue.market(), venue.market(version="v2"), venue.market(neg_risk=True)
    for token_id, exchanges in (
        (market.up, (EXCHANGE_V1, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2)),
        (modern.up, (STANDARD, NEG_RISK_EXCHANGE_V2)),
        (grouped.up, (STANDARD, EXCHANGE_V3)),
    ):
        for exchange in exchanges:
            body = trader.order(token_id, exchange=exchange)
            assert order_error(trader, body) == "order_version_mismatch"


def test_whose_order_it_is(venue: Venue, trader: Trader) -> None:
    market, other, stranger = venue.market(), venue.account(), venue.stranger()
    body = trader.order(market.up)
    foreign = body | {"owner": other.api_key}
    assert order_error(trader, foreign) == "the order owner has to be the owner of the API KEY"
    not_its_signer = "the order signer address has to be the address of the API KEY"
    assert order_error(trader, trader.order(market.up, kind=0, signer=other.key.address)) == not_its_signer
    assert order_error(trader, trader.order(market.up, signer=trader.account.key.address)) == not_its_signer
    not_its_wallet = trader.order(market.up, maker=parse_address(stranger.eoa), kind=0)
    assert order_error(trader, not_its_wallet) == "maker address not allowed, please use the deposit wallet flow"
    changed = body | {"order": body["order"] | {"takerAmount": "9990000"}}
    assert order_error(trader, changed) == "invalid signature"


def test_wallets_that_may_not_trade(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    fresh = Trader(venue, venue.opened(venue.stranger()))
    use_the_flow = "maker address not allowed, please use the deposit wallet flow"
    for kind in (0, 1, 2):
        assert order_error(fresh, fresh.order(market.up, kind=kind)) == use_the_flow
    undeployed = "the order signer address has to be the address of the API KEY"
    assert order_error(fresh, fresh.order(market.up)) == undeployed
    wallet = trader.account.deposit
    venue.wallet(trader.account, banned=True)
    assert order_error(trader, trader.order(market.up)) == f"'{wallet}' address banned"
    venue.wallet(trader.account, closed_only=True)
    assert order_error(trader, trader.order(market.up)) == f"'{wallet}' address in closed only mode"
    venue.wallet(trader.account)
    trader.place(market.up)


def test_post_only_that_crosses(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    stand(venue, market, ask=0.5)
    body = trader.order(market.up, post_only=True)
    assert order_error(trader, body) == "invalid post-only order: order crosses book"


def test_prices_off_the_grid_and_sizes_under_the_minimum(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    for price, shown in ((0.505, "0.505"), (0.999, "0.999")):
        body = trader.order(market.up, price=price)
        rule = f"order {body['id']} is invalid. Price ({shown}) breaks minimum tick size rule: 0.01"
        assert order_error(trader, body) == rule
    body = trader.order(market.up, size=4.99)
    assert order_error(trader, body) == f"order {body['id']} is invalid. Size (4.99) lower than the minimum: 5"


def test_the_same_order_twice(venue: Venue, trader: Trader) -> None:
    body = trader.order(venue.market().up)
    assert trader.post("/order", body).status_code == 200
    duplicated = f"order {body['id']} is invalid. Duplicated."
    assert order_error(trader, body) == duplicated
    assert trader.delete("/order", {"orderID": body["id"]}).status_code == 200
    assert order_error(trader, body) == duplicated, "a cancelled order stays known"


def test_balances_that_do_not_suffice(venue: Venue, trader: Trader) -> None:
    market = venue.market(fees=True)
    too_much = order_error(trader, trader.order(market.up, price=0.5, size=2_002))
    assert too_much == f"{BALANCE}balance: 1000000000, order amount: 1001000000"
    trader.place(market.up, price=0.4, size=1_000)
    with_orders = order_error(trader, trader.order(market.up, price=0.5, size=1_202))
    assert with_orders == f"{BALANCE}balance: 1000000000, sum of active orders: 400000000, order amount: 601000000"
    nothing = order_error(trader, trader.order(market.up, "SELL", 0.6, 10))
    assert nothing == f"{BALANCE}balance: 0, order amount: 10000000"
    trader.delete("/cancel-all")
    stand(venue, market, ask=0.5, size=1_000)
    with venue.fault("settlement_slow", delay_ms=3_000):
        trader.place(market.up, price=0.5, size=100)
    matched = order_error(trader, trader.order(market.up, price=0.5, size=1_900))
    assert matched.startswith(
        f"{BALANCE}balance: 1000000000, sum of matched orders: 51750000, order amount (inc. fees): "
    )
    shares = order_error(trader, trader.order(market.up, "SELL", 0.6, 100))
    assert shares == f"{BALANCE}balance: 0, order amount: 100000000", "what was bought is not there yet"


def test_allowances_that_do_not_suffice(venue: Venue, trader: Trader) -> None:
    market, modern = venue.market(), venue.market(version="v2")
    split(venue, trader.account, market, 10)
    venue.wallet(trader.account, approved=False)
    short = "not enough balance / allowance: the allowance is not enough -> spender: {}, allowance: 0"
    assert order_error(trader, trader.order(market.up)) == short.format(STANDARD.address)
    assert order_error(trader, trader.order(market.up, "SELL")) == short.format(STANDARD.address)
    body = trader.order(modern.up, exchange=EXCHANGE_V3)
    assert order_error(trader, body) == short.format(EXCHANGE_V3.address)
    venue.wallet(trader.account)
    assert trader.post("/order", body).status_code == 200, "an order refused for that is not remembered"


def test_amounts_that_are_too_fine(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    body = trader.order(market.up, amounts=(5_002_500, 10_005_000))
    assert order_error(trader, body) == RESTING_DECIMALS
    stand(venue, market, ask=0.5)
    for tif in ("FOK", "FAK"):
        for amounts in ((5_001_000, 10_002_000), (5_000_000, 9_999_990)):
            assert order_error(trader, trader.order(market.up, amounts=amounts, tif=tif)) == IMMEDIATE_DECIMALS


def test_marketable_orders_of_less_than_a_dollar(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    stand(venue, market, ask=0.1)
    for tif in ("GTC", "FAK", "FOK"):
        body = trader.order(market.up, price=0.1, size=5, tif=tif)
        assert order_error(trader, body) == f"{MARKETABLE} ($0.5), min size: $1"


def test_expirations_too_soon_or_where_none_belongs(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    for tif, expiration_s in (("GTD", int(time.time()) + 100), ("GTD", 0), ("GTC", int(time.time()) + 900)):
        assert order_error(trader, trader.order(market.up, tif=tif, expiration_s=expiration_s)) == "invalid expiration"


def test_immediate_orders_that_find_nothing(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    for tif, text in (("FOK", FOK_KILLED), ("FAK", FAK_KILLED)):
        body = trader.order(market.up, tif=tif)
        assert told(trader.post("/order", body)) == (400, text)
        row = trader.post("/orders", [trader.order(market.up, tif=tif)]).json()[0]
        assert (row["success"], row["orderID"], row["errorMsg"]) == (True, "", text)
        assert trader.get(f"/data/order/{body['id']}")["status"] == f"CANCELED_{text}"


def test_markets_that_take_no_orders(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    venue.control("POST", f"/markets/{market.condition_id}/halt")
    assert order_error(trader, trader.order(market.up)) == "the market is not yet ready to process new orders"
    venue.control("POST", f"/markets/{market.condition_id}/open")
    resting = trader.place(market.up)
    venue.resolve(market)
    assert trader.get(f"/data/order/{resting}")["status"] == "CANCELED_MARKET_RESOLVED"
    no_book = (404, "No orderbook exists for the requested token id")
    assert told(trader.post("/order", trader.order(market.up))) == no_book
    assert told(venue.http.get(f"/book?token_id={market.up}")) == no_book
    assert told(venue.http.get("/book?token_id=12345")) == no_book
    assert told(venue.http.get("/book?token_id=abc")) == (400, "Invalid token id")


def test_batches_that_are_too_large(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    bodies = [trader.order(market.up)] * 16
    assert told(trader.post("/orders", bodies)) == (400, "Too many orders in payload: 16, max allowed: 15")
    ids = [f"0x{number:064x}" for number in range(1_001)]
    assert told(trader.delete("/orders", ids)) == (400, "Too many orders in payload, max allowed: 1000")
    payload = [{"token_id": market.up}] * 501
    assert told(venue.http.post("/books", json=payload)) == (400, "Payload exceeds the limit")


def test_cancels_that_cannot_be(venue: Venue, trader: Trader) -> None:
    market, held = venue.market(), venue.market(hold_ms=1_500)
    assert told(trader.delete("/order", {"orderID": "0x12"})) == (400, "Invalid orderID")
    unknown = "0x" + "12" * 32
    assert trader.delete("/order", {"orderID": unknown}).json() == {
        "canceled": [],
        "not_canceled": {unknown: "Order not found or already canceled"},
    }
    stand(venue, market, ask=0.5)
    filled, gone = trader.place(market.up, price=0.5), trader.place(market.up, price=0.2)
    trader.delete("/order", {"orderID": gone})
    answer = trader.delete("/orders", [filled, gone]).json()["not_canceled"]
    assert answer == {filled: "Order already matched", gone: "already canceled or matched"}
    foreign = Trader(venue, venue.account()).place(market.up, price=0.2)
    assert list(trader.delete("/order", {"orderID": foreign}).json()["not_canceled"]) == [foreign]
    stand(venue, held, ask=0.5)
    body = trader.order(held.up, price=0.5)
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(trader.post, "/order", body)
        time.sleep(0.3)
        refused = trader.delete("/order", {"orderID": body["id"]}).json()["not_canceled"]
        assert refused == {body["id"]: "cannot cancel because the order is in pending/delayed status"}
        assert told(trader.post("/order", body)) == (400, f"order {body['id']} is invalid. Duplicated.")
        assert sent.result().json()["status"] == "matched"


def test_modes_of_the_venue(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    resting = trader.place(market.up, price=0.2)
    with venue.fault("post_only", for_ms=60_000):
        refused = trader.post("/order", trader.order(market.up))
        assert told(refused) == (503, "post-only mode: only post-only orders and cancels are allowed")
        content = refused.json()
        assert content["code"] == "post_only_mode"
        assert 50 <= content["retry_after_seconds"] <= 60
        assert refused.headers["retry-after"] == str(content["retry_after_seconds"])
        assert trader.post("/order", trader.order(market.up, post_only=True)).status_code == 200
        entry = trader.post("/orders", [trader.order(market.up)]).json()[0]
        assert (entry["success"], entry["orderID"]) == (True, "")
        assert entry["errorMsg"] == told(refused)[1]
    with venue.fault("cancel_only"):
        text = "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
        assert told(trader.post("/order", trader.order(market.up, post_only=True))) == (503, text)
        assert trader.delete("/order", {"orderID": resting}).json()["canceled"] == [resting]
    with venue.fault("disabled"):
        text = "Trading is currently disabled. Check polymarket.com for updates"
        assert told(trader.post("/order", trader.order(market.up))) == (503, text)
        assert told(trader.delete("/cancel-all")) == (503, text)
    trader.place(market.up)


def test_a_restart(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    with venue.fault("restart", for_ms=500, delay_ms=500):
        assert trader.post("/order", trader.order(market.up)).status_code == 425
        assert trader.delete("/cancel-all").status_code == 425
        time.sleep(0.6)
        assert trader.post("/order", trader.order(market.up)).status_code == 503
        time.sleep(0.6)
    trader.place(market.up)


def test_answers_of_a_venue_in_trouble(venue: Venue, trader: Trader) -> None:
    market = venue.market()
    with venue.fault("order_timed_out", count=1):
        body = trader.order(market.up)
        assert told(trader.post("/order", body)) == (500, "order timed out")
        assert trader.post("/order", body).status_code == 200, "it was not booked: the same order is sent again"
    with venue.fault("too_many_requests", count=1):
        refused = trader.post("/order", trader.order(market.up))
        assert told(refused) == (429, "Too Many Requests")
        assert refused.headers["retry-after"] == "1"
    with venue.fault("rate_limits"):
        answers = [trader.post("/order", trader.order(market.up, price=0.01)) for _ in range(120)]
        refused = next(answer for answer in answers if answer.status_code != 200)
        assert told(refused) == (429, "Too Many Requests")
        assert {"retry-after", "poly-ratelimit-remaining", "poly-ratelimit-reset", "poly-ratelimit-tier"} <= {
            *refused.headers
        }
    trader.delete("/cancel-all")


def test_a_wrong_heartbeat(trader: Trader) -> None:
    first = trader.post("/v1/heartbeats", {"heartbeat_id": ""}).json()["heartbeat_id"]
    wrong = trader.post("/v1/heartbeats", {"heartbeat_id": "wrong"})
    assert (wrong.status_code, wrong.json()) == (400, {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": first})


def test_an_order_that_nobody_knows(trader: Trader) -> None:
    assert trader.request("GET", "/data/order/0x" + "12" * 32).status_code == 404
