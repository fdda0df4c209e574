"""Frames of the market and user channels, and their order when several things happen at once (protocol.md 5, 6)."""

from typing import Any

import orjson

from engine.exchange.core.market import Market, Phase
from engine.exchange.feeds import Feeds
from engine.exchange.streams.market import MarketChannel
from engine.exchange.streams.polybolt import PolyBoltChannel
from engine.exchange.streams.user import UserChannel
from engine.model.events import Side
from tests.unit.engine.exchange.counter import Counter
from tests.unit.engine.exchange.streams.fakes import Written, text


class _Books:
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def book_frame(self, token_id: str) -> bytes | None:
        market = self._counter.desk.exchange.by_token[token_id]
        return orjson.dumps(self._counter.desk.books.message(market, market.spec.tokens.index(token_id)))


class Streamed(Counter):
    """A counter with its streams: one follower of each token, one user stream for each account."""

    def __init__(self) -> None:
        super().__init__()
        desk = self.desk
        self.market_channel = MarketChannel(_Books(self), desk.now_ms)
        self.user_channel = UserChannel(desk.members, desk.now_ms)
        self.polybolt = PolyBoltChannel([], desk.members, desk.now_ms)
        self.feeds = Feeds(desk, self.market_channel, self.user_channel, self.polybolt)
        self.up, self.down = (self.follow(token_id) for token_id in self.market.spec.tokens)
        self.users = [self.listen(number) for number in range(3)]
        desk.pump()

    def follow(self, *token_ids: str, custom: bool = False) -> Written:
        connection = Written()
        self.market_channel.on_open(connection)
        first = text(type="market", assets_ids=[*token_ids], custom_feature_enabled=custom)
        self.market_channel.on_text(connection, first)
        connection.texts()
        return connection

    def listen(self, account: int) -> Written:
        connection = Written()
        self.user_channel.on_open(connection)
        keys = self.accounts[account].credentials
        auth = {"apiKey": keys.key, "secret": keys.secret, "passphrase": keys.passphrase}
        self.user_channel.on_text(connection, text(type="user", auth=auth))
        return connection

    def unpumped(self, price_e4: int, account: int, market: Market, token: int = 0, side: Side = Side.BUY) -> str:
        """Let an order come in without telling anybody yet."""
        entry = self.entry(price_e4, account=account, token=token, market=market, side=side)
        pump, self.desk.pump = self.desk.pump, lambda: None  # type: ignore[method-assign]
        try:
            status, answer = self.send("POST", "/order", entry, account)
        finally:
            self.desk.pump = pump  # type: ignore[method-assign]
        assert status == 200, answer
        order_id: str = answer["orderID"]
        return order_id


def types(frames: list[Any]) -> list[str]:
    return [frame["event_type"] for frame in frames]


def test_a_new_level_is_one_change_for_both_tokens_followers() -> None:
    counter = Streamed()
    counter.place(4_000)
    (up,), (down,) = counter.up.read(), counter.down.read()
    assert up == down
    assert [row["asset_id"] for row in up["price_changes"]] == [*counter.market.spec.tokens]


def test_a_trade_is_changes_then_the_book_then_the_traded_tokens_last_price() -> None:
    counter = Streamed()
    counter.place(4_000)
    counter.up.read(), counter.down.read()
    counter.place(6_000, account=1, token=1)
    up, down = counter.up.read(), counter.down.read()
    assert types(up) == ["price_change", "book"]
    assert types(down) == ["price_change", "book", "last_trade_price"]
    assert down[2] == {
        "event_type": "last_trade_price",
        "market": counter.market.spec.condition_id,
        "asset_id": counter.market.spec.tokens[1],
        "price": "0.6",
        "size": "10",
        "fee_rate_bps": "1000",
        "side": "BUY",
        "timestamp": str(counter.desk.at_ms),
    }
    assert up[0]["price_changes"][0]["hash"] == up[1]["hash"]
    assert up[0]["timestamp"] == up[1]["timestamp"]


def test_several_steps_at_once_are_one_change_of_the_newest_sizes() -> None:
    counter = Streamed()
    first = counter.unpumped(4_000, 0, counter.market)
    counter.desk.at_ms += 3
    counter.unpumped(4_100, 0, counter.market)
    counter.desk.at_ms += 3
    counter.unpumped(4_000, 1, counter.market)
    counter.desk.pump()
    (change,) = counter.up.read()
    rows = [(row["price"], row["size"]) for row in change["price_changes"] if row["side"] == "BUY"]
    assert rows == [("0.4", "20"), ("0.41", "10")]
    assert change["timestamp"] == str(counter.desk.at_ms), "that of the book it leads to"
    assert change["price_changes"][0]["hash"] == counter.desk.books.summary(counter.market, 0)["hash"]
    assert first in counter.desk.exchange.orders


def test_markets_that_take_turns_are_each_told_in_one_piece() -> None:
    counter = Streamed()
    other = counter.desk.list_market("other")
    follower = counter.follow(other.spec.tokens[0])
    counter.unpumped(4_000, 0, counter.market)
    counter.unpumped(3_000, 0, other)
    counter.unpumped(4_100, 0, counter.market)
    counter.desk.pump()
    (first,), (second,) = counter.up.read(), follower.read()
    assert len(first["price_changes"]) == 4
    assert {row["best_bid"] for row in first["price_changes"] if row["side"] == "BUY"} == {"0.41"}
    assert len(second["price_changes"]) == 2


def test_an_owner_hears_in_the_order_in_which_things_happened_in_all_markets() -> None:
    counter = Streamed()
    other = counter.desk.list_market("other")
    ids = [
        counter.unpumped(4_000, 0, counter.market),
        counter.unpumped(3_000, 0, other),
        counter.unpumped(4_100, 0, counter.market),
    ]
    counter.desk.pump()
    assert [frame["id"] for frame in counter.users[0].read()] == ids
    assert counter.users[1].read() == []


def test_both_sides_of_a_trade_hear_of_it_and_nobody_else() -> None:
    counter = Streamed()
    counter.place(4_000)
    counter.place(6_000, account=1, token=1)
    counter.desk.wait(1_000)
    maker, taker, nobody = (user.read() for user in counter.users)
    assert [(f["event_type"], f.get("status")) for f in maker if f["event_type"] == "trade"] == [
        ("trade", "MATCHED"),
        ("trade", "MINED"),
        ("trade", "CONFIRMED"),
    ]
    assert {f["trader_side"] for f in maker if f["event_type"] == "trade"} == {"MAKER"}
    assert {f["trader_side"] for f in taker if f["event_type"] == "trade"} == {"TAKER"}
    assert nobody == []


def test_the_best_prices_are_told_when_they_move_to_who_asked() -> None:
    counter = Streamed()
    custom = counter.follow(*counter.market.spec.tokens, custom=True)
    counter.place(4_000)
    counter.place(3_900)
    found = [frame for frame in custom.read() if frame["event_type"] == "best_bid_ask"]
    assert found == [
        {
            "event_type": "best_bid_ask",
            "market": counter.market.spec.condition_id,
            "asset_id": token_id,
            "best_bid": bid,
            "best_ask": ask,
            "spread": "0.6",
            "timestamp": str(counter.desk.at_ms),
        }
        for token_id, bid, ask in zip(counter.market.spec.tokens, ("0.4", "0"), ("1", "0.6"), strict=True)
    ]
    assert "best_bid_ask" not in types(counter.up.read())


def test_the_best_prices_reach_the_newer_stream() -> None:
    counter = Streamed()
    client = Written()
    counter.polybolt.on_open(client)
    item = {"channel": "price.polymarket", "filter": {"asset_id": counter.market.spec.tokens[1]}}
    counter.polybolt.on_text(client, text(op="subscribe", subscriptions=[item], rid="1"))
    client.read()
    counter.place(4_000)
    (frame,) = client.read()
    assert frame["payload"] == {
        "market": counter.market.spec.condition_id,
        "asset_id": counter.market.spec.tokens[1],
        "best_bid": "0",
        "best_ask": "0.6",
        "hash": counter.desk.books.summary(counter.market, 1)["hash"],
        "timestamp": counter.desk.at_ms,
    }


def test_a_new_market_is_announced_once_even_if_it_trades_at_once() -> None:
    counter = Streamed()
    custom = counter.follow(custom=True)
    market = counter.desk.list_market("new")
    counter.unpumped(4_000, 0, market)
    counter.desk.pump()
    (frame,) = custom.read()
    assert (frame["event_type"], frame["market"]) == ("new_market", market.spec.condition_id)
    assert frame["clob_token_ids"] == frame["assets_ids"] == [*market.spec.tokens]
    assert frame["fee_schedule"] == {"exponent": "1", "rate": "0.07", "taker_only": True, "rebate_rate": "0.2"}
    assert frame["order_price_min_tick_size"] == "0.01"
    for phase in (Phase.HALTED, Phase.OPEN):
        counter.desk.exchange.set_phase(market, phase, counter.desk.now_ms())
    counter.desk.pump()
    assert custom.read() == []


def test_a_resolved_market_empties_its_book_and_names_its_winner() -> None:
    counter = Streamed()
    custom = counter.follow(counter.market.spec.tokens[0], custom=True)
    counter.place(4_000)
    custom.read(), counter.users[0].read()
    counter.desk.exchange.resolve(counter.market, 1, counter.desk.now_ms())
    counter.desk.pump()
    change, best, resolved = custom.read()
    assert change["price_changes"][0]["size"] == "0"
    assert (best["best_bid"], best["best_ask"], best["spread"]) == ("0", "1", "1")
    assert resolved == {
        "event_type": "market_resolved",
        "id": resolved["id"],
        "market": counter.market.spec.condition_id,
        "assets_ids": [*counter.market.spec.tokens],
        "winning_asset_id": counter.market.spec.tokens[1],
        "winning_outcome": "Down",
        "timestamp": str(counter.desk.at_ms),
        "tags": [],
    }
    (cancelled,) = counter.users[0].read()
    assert (cancelled["type"], cancelled["status"]) == ("CANCELLATION", "CANCELED_MARKET_RESOLVED")


def test_a_tick_that_flips_is_told_for_each_token_after_the_levels() -> None:
    counter = Streamed()
    counter.place(9_700)
    found = counter.up.read()
    assert types(found) == ["price_change", "tick_size_change"]
    (flip,) = [frame for frame in found if frame["event_type"] == "tick_size_change"]
    assert flip == {
        "event_type": "tick_size_change",
        "asset_id": counter.market.spec.tokens[0],
        "market": counter.market.spec.condition_id,
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": str(counter.desk.at_ms),
    }


def test_killed_orders_may_be_told_blank() -> None:
    counter = Streamed()
    counter.feeds.blank_killed = True
    counter.place(4_000, tif="FOK")
    assert [frame["size_matched"] for frame in counter.users[0].read()][-1] == ""


def test_counterparties_orders_are_told_to_nobody() -> None:
    counter = Streamed()
    wallet = counter.accounts[0].wallets[3]
    counter.desk.exchange.ledger.accounts[wallet].background = True
    counter.place(4_000)
    assert counter.users[0].read() == []
    assert types(counter.up.read()) == ["price_change"]
