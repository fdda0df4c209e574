"""Books on the wire: hashes as the official client computes them, mirrored tokens, changes of several levels."""

import pytest

from engine.exchange.core.notices import AnyNotice, LevelChanged
from engine.exchange.render.books import Books, best_prices, last_trade_text, mid_e4_of, price_text, size_text
from tests.unit.engine.exchange.counter import Counter

UP_HASH = "ec2b5d5d850b0baa5a8b007fa37e2407ffff194e"
DOWN_HASH = "42e1a1fdefce66a4cecf8fdc74aa05e78b585364"
EMPTY_HASH = "5fc88382ceb092fecc42eaeea83491a4cce500d9"
"""What py_clob_client_v2's generate_orderbook_summary_hash (1.2.1) returns for the books of these tests."""


def quoted() -> Counter:
    counter = Counter()
    counter.place(4_200, shares=10)
    counter.place(5_800, account=1, token=1, shares=10)
    counter.place(4_000, shares=20)
    counter.place(3_900, shares=21)
    counter.place(5_500, account=1, token=1, shares=30)
    return counter


def test_hashes_are_those_of_the_official_client() -> None:
    counter = quoted()
    hashes = [counter.desk.books.summary(counter.market, token)["hash"] for token in (0, 1)]
    assert hashes == [UP_HASH, DOWN_HASH]
    fresh = Counter()
    assert fresh.desk.books.summary(fresh.market, 0)["hash"] == EMPTY_HASH


def test_levels_end_with_the_best_on_both_sides_of_both_tokens() -> None:
    counter = quoted()
    up, down = (counter.desk.books.summary(counter.market, token) for token in (0, 1))
    assert up["bids"] == [{"price": "0.39", "size": "21"}, {"price": "0.4", "size": "20"}]
    assert down["asks"] == [{"price": "0.61", "size": "21"}, {"price": "0.6", "size": "20"}]
    assert (up["asks"], down["bids"]) == ([{"price": "0.45", "size": "30"}], [{"price": "0.55", "size": "30"}])


def test_a_book_is_rendered_again_when_it_or_its_tick_changes() -> None:
    counter = quoted()
    books, market = counter.desk.books, counter.market
    first = books.summary(market, 0)
    assert books.summary(market, 0) is first
    market.tick_e4 = 10
    assert books.summary(market, 0)["tick_size"] == "0.001"
    counter.desk.wait(5)
    counter.place(3_000)
    again = books.summary(market, 0)
    assert again["timestamp"] == str(counter.desk.at_ms)
    assert again["hash"] not in (first["hash"], "")


def test_a_forgotten_market_has_no_kept_books() -> None:
    counter = quoted()
    first = counter.desk.books.summary(counter.market, 0)
    counter.desk.books.forget(counter.market)
    assert counter.desk.books.summary(counter.market, 0) is not first


def test_a_message_is_the_book_with_its_type_first() -> None:
    counter = quoted()
    message = counter.desk.books.message(counter.market, 1)
    assert [*message][:3] == ["event_type", "market", "asset_id"]
    assert (message["event_type"], message["hash"]) == ("book", DOWN_HASH)


def test_a_change_of_several_levels_tells_each_for_both_tokens() -> None:
    counter = Counter()
    seen: list[AnyNotice] = []
    counter.desk.listeners.append(seen.extend)
    counter.place(4_000)
    counter.desk.wait(7)
    counter.place(4_500, token=1, shares=7)
    levels = [notice for notice in seen if isinstance(notice, LevelChanged)]
    up, down = counter.market.spec.tokens
    message = counter.desk.books.price_change(counter.market, levels[::-1], levels[-1].at_ms)
    hashes = [counter.desk.books.summary(counter.market, token)["hash"] for token in (0, 1)]
    top = {"hash": hashes[0], "best_bid": "0.4", "best_ask": "0.55"}
    mirror = {"hash": hashes[1], "best_bid": "0.45", "best_ask": "0.6"}
    assert message == {
        "market": counter.market.spec.condition_id,
        "price_changes": [
            {"asset_id": up, "price": "0.55", "size": "7", "side": "SELL", **top},
            {"asset_id": down, "price": "0.45", "size": "7", "side": "BUY", **mirror},
            {"asset_id": up, "price": "0.4", "size": "10", "side": "BUY", **top},
            {"asset_id": down, "price": "0.6", "size": "10", "side": "SELL", **mirror},
        ],
        "timestamp": str(counter.desk.at_ms),
        "event_type": "price_change",
    }
    assert message["timestamp"] == counter.desk.books.summary(counter.market, 0)["timestamp"]


def test_a_level_that_is_gone_has_size_zero_and_empty_sides_their_signs() -> None:
    counter = Counter()
    change = LevelChanged(1, counter.market, is_bid=True, up_price_e4=4_000, size_u6=0)
    up, down = counter.desk.books.price_change(counter.market, [change], change.at_ms)["price_changes"]  # type: ignore[misc]
    assert (up["size"], up["best_bid"], up["best_ask"]) == ("0", "0", "1")
    assert (down["size"], down["best_bid"], down["best_ask"]) == ("0", "0", "1")


def test_touch_and_last_trade_are_mirrored() -> None:
    counter = quoted()
    assert [best_prices(counter.market, token) for token in (0, 1)] == [(4_000, 4_500), (5_500, 6_000)]
    assert [mid_e4_of(counter.market, token) for token in (0, 1)] == [8_500, 11_500]
    assert [last_trade_text(counter.market, token) for token in (0, 1)] == ["0.42", "0.58"]
    fresh = Counter()
    assert (best_prices(fresh.market, 1), mid_e4_of(fresh.market, 0)) == ((0, 0), None)
    assert last_trade_text(fresh.market, 0) == ""


@pytest.mark.parametrize(("price_e4", "text"), [(0, "0"), (5, "0.0005"), (100, "0.01"), (5_000, "0.5"), (10_000, "1")])
def test_prices_have_no_zeros_at_the_end(price_e4: int, text: str) -> None:
    assert price_text(price_e4) == text


def test_sizes_have_no_zeros_at_the_end() -> None:
    assert [size_text(each) for each in (0, 5_000_000, 5_250_000, 1)] == ["0", "5", "5.25", "0.000001"]


def test_nothing_is_kept_of_a_new_store() -> None:
    counter = quoted()
    assert Books().summary(counter.market, 0)["timestamp"] == "0"
