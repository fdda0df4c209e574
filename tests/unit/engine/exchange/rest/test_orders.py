"""Orders, cancels and heartbeats over REST: answers field by field (protocol.md 4.2-4.4, 4.7)."""

import asyncio

import msgspec
import orjson
import pytest

from engine.exchange.server.limits import Mode as LimitMode
from engine.exchange.server.messages import Response
from engine.model.events import Side
from tests.unit.engine.exchange.counter import Counter, order_id

RESTING = {"success": True, "errorMsg": "", "status": "live", "makingAmount": "", "takingAmount": ""}
NOWHERE = "0x" + "ab" * 32


def test_a_resting_order_is_live_and_nothing_is_filled() -> None:
    counter = Counter()
    status, answer = counter.place(4_000)
    assert (status, answer) == (200, RESTING | {"orderID": answer["orderID"]})
    assert len(answer["orderID"]) == 66


def test_a_matched_order_tells_decimal_amounts_and_trades() -> None:
    counter = Counter()
    counter.place(4_000, account=0)
    status, answer = counter.place(6_500, account=1, token=1)
    assert (status, answer["status"], answer["makingAmount"], answer["takingAmount"]) == (200, "matched", "6", "10")
    assert [len(each) for each in answer["tradeIDs"]] == [36]


def test_a_partly_filled_order_is_matched_and_its_rest_stands() -> None:
    counter = Counter()
    counter.place(4_000, account=0, shares=10)
    found = counter.place(6_000, account=1, token=1, shares=25)[1]
    assert (found["status"], found["takingAmount"]) == ("matched", "10")
    row = counter.get(f"/data/order/{found['orderID']}", 1)[1]
    assert (row["status"], row["original_size"], row["size_matched"]) == ("LIVE", "25", "10")


def test_a_killed_fok_is_an_error_of_http_alone_and_an_entry_in_a_batch() -> None:
    counter = Counter()
    text = "order couldn't be fully filled. FOK orders are fully filled or killed."
    assert counter.place(4_000, tif="FOK") == (400, {"error": text})
    status, rows = counter.send("POST", "/orders", [counter.entry(4_000, tif="FOK")])
    refused = {"errorMsg": text, "orderID": "", "takingAmount": "", "makingAmount": "", "status": "", "success": True}
    assert (status, rows) == (200, [refused])


def test_a_batch_answers_in_order_whatever_becomes_of_each() -> None:
    counter = Counter()
    counter.place(4_000, account=1)
    twice = counter.entry(3_000)
    body = [counter.entry(3_500), {**counter.entry(3_000), "owner": "somebody"}, twice, twice,
            counter.entry(6_000, token=1), {"order": {}, "owner": counter.accounts[0].credentials.key}]  # fmt: skip
    status, rows = counter.send("POST", "/orders", body)
    assert status == 200
    assert [row["status"] for row in rows] == ["live", "", "live", "", "matched", ""]
    assert rows[1]["errorMsg"] == "the order owner has to be the owner of the API KEY"
    assert rows[3]["errorMsg"] == f"order {rows[2]['orderID']} is invalid. Duplicated."
    assert rows[5]["errorMsg"] == "Invalid order payload"


def test_a_batch_with_a_held_order_is_answered_when_the_hold_ends() -> None:
    async def main() -> None:
        counter = Counter()
        counter.place(4_000, account=1)
        counter.market.spec = msgspec.structs.replace(counter.market.spec, hold_ms=150)
        body = [counter.entry(3_500), counter.entry(6_000, token=1), counter.entry(9_900, tif="FOK", token=1)]
        answer = counter.start("/orders", body)
        assert isinstance(answer, asyncio.Future)
        counter.desk.wait(149)
        await asyncio.sleep(0)
        assert not answer.done()
        counter.desk.wait(1)
        rows = orjson.loads((await answer).body)
        assert [row["status"] for row in rows] == ["live", "matched", ""]
        assert rows[2]["errorMsg"].startswith("order couldn't be fully filled")

    asyncio.run(main())


def test_a_held_order_is_not_cancellable_and_is_matched_after_the_hold() -> None:
    async def main() -> None:
        counter = Counter()
        counter.place(4_000, account=1)
        counter.market.spec = msgspec.structs.replace(counter.market.spec, hold_ms=150)
        answer = counter.start("/order", counter.entry(6_000, token=1))
        assert isinstance(answer, asyncio.Future)
        (held,) = counter.desk.exchange.held
        refused = counter.send("DELETE", "/order", {"orderID": held})[1]
        assert refused["canceled"] == []
        assert "pending" in refused["not_canceled"][held]
        counter.desk.wait(150)
        response = await answer
        assert (response.status, orjson.loads(response.body)["status"]) == (200, "matched")

    asyncio.run(main())


def test_a_client_that_goes_away_does_not_stop_its_held_order() -> None:
    async def main() -> None:
        counter = Counter()
        counter.place(4_000, account=1)
        counter.market.spec = msgspec.structs.replace(counter.market.spec, hold_ms=150)
        answer = counter.start("/order", counter.entry(6_000, token=1))
        assert isinstance(answer, asyncio.Future)
        await asyncio.sleep(0)
        answer.cancel()
        await asyncio.sleep(0)
        counter.desk.wait(150)
        assert len(counter.get("/data/trades", 0)[1]["data"]) == 1

    asyncio.run(main())


def test_a_batch_is_at_most_fifteen_and_not_empty() -> None:
    counter = Counter()
    many = [counter.entry(3_500)] * 20
    expected = {"error": "Too many orders in payload: 20, max allowed: 15"}
    assert counter.send("POST", "/orders", many) == (400, expected)
    assert counter.send("POST", "/orders", []) == (400, {"error": "Invalid order payload"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"order":{},"owner":1}', b"\xff", b'{"order":{"a":' + b"[" * 50_000]
)
def test_a_malformed_payload_is_refused(body: bytes) -> None:
    counter = Counter()
    assert counter.send("POST", "/order", body) == (400, {"error": "Invalid order payload"})
    assert counter.send("POST", "/orders", body) == (400, {"error": "Invalid order payload"})


def test_deep_nesting_is_a_malformed_payload() -> None:
    body = b'{"order":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b'},"owner":"x"}'
    assert Counter().send("POST", "/order", body) == (400, {"error": "Invalid order payload"})


def test_during_a_restart_a_batch_is_refused_as_a_whole() -> None:
    counter = Counter()
    counter.desk.exchange.mode.restart(counter.desk.advance())
    assert counter.place(4_000)[0] == 425
    assert counter.send("POST", "/orders", [counter.entry(4_000)])[0] == 425
    assert counter.send("DELETE", "/cancel-all")[0] == 425


def test_every_answer_tells_what_is_left_of_the_limits() -> None:
    counter = Counter()
    counter.desk.limits.mode = LimitMode.WARN
    good, bad = counter.entry(4_000), counter.entry(4_000, tif="FOK")
    for path, content in (("/order", good), ("/orders", [counter.entry(4_000)]), ("/order", bad)):
        answer = counter.start(path, content)
        assert isinstance(answer, Response)
        assert "Poly-RateLimit-Remaining" in dict(answer.headers), (path, answer)


def test_only_own_orders_can_be_cancelled() -> None:
    counter = Counter()
    mine = order_id(counter.place(4_000))
    _, answer = counter.send("DELETE", "/order", {"orderID": mine}, account=1)
    assert answer == {"canceled": [], "not_canceled": {mine: "Order not found or already canceled"}}
    assert counter.send("DELETE", "/cancel-all", account=1)[1] == {"canceled": [], "not_canceled": {}}
    assert counter.send("DELETE", "/order", {"orderID": mine}) == (200, {"canceled": [mine], "not_canceled": {}})


def test_a_batch_of_cancels_tells_each_ones_fate() -> None:
    counter = Counter()
    gone, done, live = (order_id(counter.place(price)) for price in (3_000, 4_000, 3_500))
    counter.send("DELETE", "/order", {"orderID": gone})
    counter.place(6_000, account=1, token=1)
    _, answer = counter.send("DELETE", "/orders", [gone, done, live, live, NOWHERE])
    assert answer["canceled"] == [live]
    assert answer["not_canceled"].keys() == {gone, done, NOWHERE}
    assert "matched" in answer["not_canceled"][done]


def test_cancels_of_a_market_take_both_tokens_and_those_of_a_token_take_one() -> None:
    counter = Counter()
    other = counter.desk.list_market("other")
    up, down = order_id(counter.place(4_000)), order_id(counter.place(4_000, token=1))
    elsewhere = order_id(counter.place(4_000, market=other))
    path = "/cancel-market-orders"
    assert counter.send("DELETE", path, {"asset_id": counter.market.spec.tokens[1]})[1]["canceled"] == [down]
    assert counter.send("DELETE", path, {"market": counter.market.spec.condition_id.upper()})[1]["canceled"] == [up]
    assert counter.send("DELETE", "/cancel-all")[1]["canceled"] == [elsewhere]


@pytest.mark.parametrize(
    ("path", "content", "text"),
    [
        ("/order", {"orderID": "0x12"}, "Invalid orderID"),
        ("/order", {"orderID": 5}, "Invalid order payload"),
        ("/order", [], "Invalid order payload"),
        ("/orders", {"a": 1}, "Invalid order payload"),
        ("/orders", [5], "Invalid order payload"),
        ("/orders", [NOWHERE, "zz"], "Invalid orderID"),
        ("/orders", [NOWHERE] * 1_001, "Too many orders in payload, max allowed: 1000"),
        ("/cancel-market-orders", {}, "Invalid order payload"),
        ("/cancel-market-orders", {"market": 5}, "Invalid order payload"),
        ("/cancel-market-orders", None, "Invalid order payload"),
    ],
)
def test_a_malformed_cancel_is_refused(path: str, content: object, text: str) -> None:
    assert Counter().send("DELETE", path, content) == (400, {"error": text})


def test_a_good_till_date_order_is_gone_a_minute_early() -> None:
    counter = Counter()
    now_s = counter.desk.at_ms // 1_000
    assert counter.place(4_000, tif="GTD", expiration_s=now_s + 179) == (400, {"error": "invalid expiration"})
    found = order_id(counter.place(4_000, tif="GTD", expiration_s=now_s + 240))
    counter.desk.wait(179_999)
    assert counter.get(f"/data/order/{found}", 0)[1]["status"] == "LIVE"
    counter.desk.wait(1)
    row = counter.get(f"/data/order/{found}", 0)[1]
    assert (row["status"], row["expiration"], row["order_type"]) == (
        "CANCELED_EXPIRED_ORDER",
        str(now_s + 240),
        "GTD",
    )
    assert counter.get("/data/orders", 0)[1]["data"] == []


def test_a_stopped_heartbeat_cancels_everything() -> None:
    counter = Counter()
    counter.place(4_000)
    status, first = counter.send("POST", "/v1/heartbeats", {"heartbeat_id": ""})
    assert status == 200
    status, wrong = counter.send("POST", "/v1/heartbeats", {"heartbeat_id": "nonsense"})
    assert (status, wrong) == (400, {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": first["heartbeat_id"]})
    counter.desk.wait(9_000)
    assert counter.send("POST", "/v1/heartbeats", first)[0] == 200
    counter.desk.wait(9_999)
    assert len(counter.get("/data/orders", 0)[1]["data"]) == 1
    counter.desk.wait(5_001)
    assert counter.get("/data/orders", 0)[1]["data"] == []


def test_a_heartbeat_may_be_empty_or_null_but_nothing_else() -> None:
    assert Counter().send("POST", "/v1/heartbeats")[0] == 200
    assert Counter().send("POST", "/v1/heartbeats", {"heartbeat_id": None})[0] == 200
    for body in (b"[]", b"{", b"5", b'{"heartbeat_id":5}'):
        assert Counter().send("POST", "/v1/heartbeats", body) == (400, {"error": "Invalid order payload"})
    assert Counter().send("POST", "/heartbeats") == (200, {"status": "ok"})


def test_a_sale_tells_shares_made_and_money_taken() -> None:
    counter = Counter()
    counter.give(1)
    counter.place(4_000, account=0)
    answer = counter.place(4_000, account=1, side=Side.SELL, tif="FAK", shares=4)[1]
    assert (answer["status"], answer["makingAmount"], answer["takingAmount"]) == ("matched", "4", "1.6")
