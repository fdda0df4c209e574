"""Public reads, field by field as protocol.md 4.1 has them, and what is answered to nonsense."""

import base64
from typing import Any

import pytest

from engine.exchange.core.market import Phase
from engine.exchange.rest.public import page, read_count, read_cursor
from tests.unit.engine.exchange.counter import Counter

NO_BOOK = (404, {"error": "No orderbook exists for the requested token id"})
INVALID = (400, {"error": "Invalid token id"})
OF_TOKEN = ("/book", "/price", "/midpoint", "/spread", "/last-trade-price", "/tick-size", "/neg-risk", "/fee-rate")


def quoted() -> Counter:
    """Return a counter at which Up is bid 0.4 and offered at 0.45, after a trade at 0.42."""
    counter = Counter()
    counter.place(4_200, account=0, shares=10)
    counter.place(5_800, account=1, token=1, shares=10)
    counter.place(4_000, account=0, shares=20)
    counter.place(5_500, account=1, token=1, shares=30)
    return counter


def test_time_and_version_are_plain() -> None:
    counter = Counter()
    counter.desk.skew_ms = 5_000
    assert counter.get("/time") == (200, counter.desk.at_ms // 1_000 + 5)
    assert counter.get("/ok") == (200, "OK")
    assert counter.get("/version") == (200, {"version": 2})


def test_a_book_has_the_best_levels_last_and_its_mirror_the_other_sides() -> None:
    counter = quoted()
    up, down = counter.market.spec.tokens
    status, book = counter.get(f"/book?token_id={up}")
    assert status == 200
    assert [*book] == ["market", "asset_id", "timestamp", "hash", "bids", "asks", "min_order_size", "tick_size",
                       "neg_risk", "last_trade_price"]  # fmt: skip
    assert book | {"hash": ""} == {
        "market": counter.market.spec.condition_id,
        "asset_id": up,
        "timestamp": str(counter.desk.at_ms),
        "hash": "",
        "bids": [{"price": "0.4", "size": "20"}],
        "asks": [{"price": "0.45", "size": "30"}],
        "min_order_size": "5",
        "tick_size": "0.01",
        "neg_risk": False,
        "last_trade_price": "0.42",
    }
    mirror = counter.get(f"/book?token_id={down}")[1]
    assert (mirror["bids"], mirror["asks"]) == ([{"price": "0.55", "size": "30"}], [{"price": "0.6", "size": "20"}])
    assert mirror["last_trade_price"] == "0.58"


@pytest.mark.parametrize(
    ("path", "up_says", "down_says"),
    [
        ("/price?side=BUY", {"price": "0.4"}, {"price": "0.55"}),
        ("/price?side=sell", {"price": "0.45"}, {"price": "0.6"}),
        ("/midpoint?", {"mid": "0.425"}, {"mid": "0.575"}),
        ("/spread?", {"spread": "0.05"}, {"spread": "0.05"}),
        ("/last-trade-price?", {"price": "0.42", "side": "SELL"}, {"price": "0.58", "side": "BUY"}),
        ("/tick-size?", {"minimum_tick_size": 0.01}, {"minimum_tick_size": 0.01}),
        ("/neg-risk?", {"neg_risk": False}, {"neg_risk": False}),
        ("/fee-rate?", {"base_fee": 1_000}, {"base_fee": 1_000}),
    ],
)
def test_a_token_reads_in_its_own_terms(path: str, up_says: object, down_says: object) -> None:
    counter = quoted()
    up, down = counter.market.spec.tokens
    assert counter.get(f"{path}&token_id={up}") == (200, up_says)
    assert counter.get(f"{path}&token_id={down}") == (200, down_says)


def test_an_empty_book_has_no_prices() -> None:
    counter = Counter()
    up = counter.market.spec.tokens[0]
    assert counter.get(f"/price?token_id={up}&side=BUY")[1] == {"price": "0"}
    assert counter.get(f"/midpoint?token_id={up}")[1] == {"mid": "0.5"}
    assert counter.get(f"/spread?token_id={up}")[1] == {"spread": "1"}
    assert counter.get(f"/last-trade-price?token_id={up}")[1] == {"price": "0.5", "side": ""}
    assert counter.get(f"/prices-history?market={up}")[1] == {"history": []}


def test_batches_answer_for_the_tokens_that_are_known() -> None:
    counter = quoted()
    up, down = counter.market.spec.tokens
    rows = [{"token_id": up, "side": "BUY"}, {"token_id": up, "side": "SELL"}, {"token_id": "12", "side": "BUY"},
            {"token_id": 5, "side": "BUY"}, {"token_id": [], "side": "BUY"}, {"side": "BUY"}]  # fmt: skip

    def post(path: str) -> Any:
        status, content = counter.send("POST", path, rows)
        assert status == 200, content
        return content

    assert post("/prices") == {up: {"BUY": "0.4", "SELL": "0.45"}}
    assert post("/midpoints") == {up: "0.425"}
    assert post("/spreads") == {up: "0.05"}
    assert [book["asset_id"] for book in post("/books")] == [up, up]
    rows[:] = [{"token_id": down}]
    assert post("/last-trades-prices") == [{"token_id": down, "price": "0.58", "side": "BUY"}]
    assert counter.send("POST", "/prices", rows) == (400, {"error": "Invalid side"})


@pytest.mark.parametrize("body", [b"", b"{}", b"[5]", b"null"])
def test_a_malformed_batch_is_refused(body: bytes) -> None:
    assert Counter().send("POST", "/books", body) == (400, {"error": "Invalid payload"})


def test_a_batch_has_a_limit() -> None:
    rows = [{"token_id": "1"}] * 501
    assert Counter().send("POST", "/books", rows) == (400, {"error": "Payload exceeds the limit"})


@pytest.mark.parametrize("path", OF_TOKEN)
@pytest.mark.parametrize("token_id", ["", "abc", "-1", "0x12", "²"])
def test_what_is_no_token_id_is_refused(path: str, token_id: str) -> None:
    assert Counter().get(f"{path}?token_id={token_id}") == INVALID
    assert Counter().get(path) == INVALID


@pytest.mark.parametrize("path", OF_TOKEN)
def test_an_unknown_token_and_one_without_a_book_yet_are_not_found(path: str) -> None:
    counter = Counter()
    assert counter.get(f"{path}?token_id=12") == NO_BOOK
    counter.market.phase = Phase.HYDRATING
    assert counter.get(f"{path}?token_id={counter.market.spec.tokens[0]}") == NO_BOOK


def test_the_book_is_gone_after_resolution_and_the_winner_told() -> None:
    counter = Counter()
    counter.desk.exchange.resolve(counter.market, 1, counter.desk.now_ms())
    counter.desk.pump()
    assert counter.get(f"/book?token_id={counter.market.spec.tokens[0]}") == NO_BOOK
    found = counter.get(f"/markets/{counter.market.spec.condition_id}")[1]
    assert (found["closed"], found["accepting_orders"]) == (True, False)
    assert [(row["price"], row["winner"]) for row in found["tokens"]] == [(0.0, False), (1.0, True)]


def test_an_expired_order_is_in_no_book_even_before_the_clock_rings() -> None:
    counter = Counter()
    counter.place(4_000, tif="GTD", expiration_s=counter.desk.at_ms // 1_000 + 240)
    up = counter.market.spec.tokens[0]
    counter.desk.at_ms += 240_000
    assert counter.send("POST", "/books", [{"token_id": up}])[1][0]["bids"] == []


def test_a_price_needs_a_side() -> None:
    counter = Counter()
    up = counter.market.spec.tokens[0]
    assert counter.get(f"/price?token_id={up}") == (400, {"error": "Invalid side"})


def test_market_lists_are_paged() -> None:
    counter = Counter()
    for number in range(120):
        counter.desk.list_market(f"more-{number}")
    first = counter.get("/simplified-markets")[1]
    assert (first["limit"], first["count"], len(first["data"])) == (100, 100, 100)
    assert base64.b64decode(first["next_cursor"]) == b"100"
    second = counter.get(f"/simplified-markets?next_cursor={first['next_cursor']}")[1]
    assert (second["count"], second["next_cursor"]) == (21, "LTE=")
    assert counter.get("/markets?next_cursor=LTE=") == (400, {"error": "Invalid next_cursor"})


@pytest.mark.parametrize(
    ("text", "place"), [(None, 0), ("", 0), ("MA==", 0), ("MTAw", 100), ("LTE=", None), ("!", None), ("é", None)]
)
def test_a_cursor_is_a_place_in_base64(text: str | None, place: int | None) -> None:
    assert read_cursor(text) == place


def test_a_page_beyond_the_end_is_empty_and_the_last() -> None:
    assert page([], 500, 10) == {"limit": 100, "next_cursor": "LTE=", "count": 0, "data": []}


@pytest.mark.parametrize(("text", "count"), [("12", 12), ("0", 0), ("", None), (None, None), ("-1", None),
                                             ("²", None), ("9" * 19, None), ("1_0", None)])  # fmt: skip
def test_a_count_is_digits(text: str | None, count: int | None) -> None:
    assert read_count(text) == count


def test_a_market_by_condition_and_by_token() -> None:
    counter = Counter()
    spec = counter.market.spec
    found = counter.get(f"/clob-markets/{spec.condition_id.upper().replace('X', 'x', 1)}")[1]
    assert (found["mos"], found["mts"], found["nr"], found["itode"]) == (5, 0.01, False, False)
    assert found["t"] == [{"t": spec.tokens[0], "o": "Up"}, {"t": spec.tokens[1], "o": "Down"}]
    expected = {"condition_id": spec.condition_id, "primary_token_id": spec.tokens[0],
                "secondary_token_id": spec.tokens[1]}  # fmt: skip
    assert counter.get(f"/markets-by-token/{spec.tokens[1]}") == (200, expected)
    assert counter.get(f"/tick-size/{spec.tokens[1]}") == (200, {"minimum_tick_size": 0.01})
    assert counter.get("/clob-markets/0x12") == (404, {"error": "market not found"})


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
def test_another_method_is_refused(method: str) -> None:
    assert Counter().send(method, "/book") == (405, {"error": "method not allowed"})


def test_head_is_answered_as_get() -> None:
    assert Counter().send("HEAD", "/time")[0] == 200
