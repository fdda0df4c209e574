from typing import Any

import pytest

from engine.exchange.streams.prices import PricePoint
from engine.exchange.streams.rtds import BINANCE, CHAINLINK, RtdsChannel
from tests.unit.engine.exchange.streams.fakes import Written, text

SIXTY = "crypto_prices_twap_sixty"
BTC = '{"symbol":"btc/usd"}'


class Stream:
    """A channel with one client."""

    def __init__(self) -> None:
        self.now_ms = 1_785_178_800_123
        self.channel = RtdsChannel(lambda: self.now_ms)
        self.client = Written()
        self.channel.on_open(self.client)

    def say(self, action: str, *items: Any) -> list[Any]:
        self.channel.on_text(self.client, text(action=action, subscriptions=items))
        return self.client.read()

    def publish(self, topic: str, symbol: str) -> list[Any]:
        self.channel.publish(topic, symbol, PricePoint(6_500_050_000_000, 1_785_178_800_000))
        return self.client.read()


def item(topic: str, filters: Any = None, kind: str = "update") -> dict[str, Any]:
    return {"topic": topic, "type": kind} | ({} if filters is None else {"filters": filters})


def test_an_average_is_that_of_the_documentation() -> None:
    stream = Stream()
    stream.say("subscribe", item(SIXTY, BTC))
    stream.channel.publish(SIXTY, "btc/usd", PricePoint(6_500_050_000_000, 1_785_178_800_000))
    assert stream.client.texts() == [
        '{"topic":"crypto_prices_twap_sixty","type":"update","timestamp":1785178800123,"payload":{"symbol":"btc/usd",'
        '"value":65000.5,"full_accuracy_value":"65000500000000000000000","timestamp":1785178800000,"window_s":60}}'
    ]


def test_each_topic_has_its_own_fields() -> None:
    stream = Stream()
    stream.say("subscribe", item(CHAINLINK, kind="*"), item(BINANCE))
    assert list(stream.publish(CHAINLINK, "btc/usd")[0]["payload"]) == ["symbol", "timestamp", "value"]
    (binance,) = stream.publish(BINANCE, "btcusdt")
    assert binance["payload"] == {
        "symbol": "btcusdt", "timestamp": 1_785_178_800_000, "value": 65000.5, "full_accuracy_value": "65000.50000000",
    }  # fmt: skip


def test_a_snapshot_comes_only_with_a_symbol() -> None:
    stream = Stream()
    for topic, symbol in ((CHAINLINK, "btc/usd"), (BINANCE, "btcusdt"), (SIXTY, "btc/usd")):
        stream.publish(topic, symbol)
    assert stream.say("subscribe", item(CHAINLINK), item(BINANCE)) == []
    found = stream.say("subscribe", item(CHAINLINK, BTC), item(BINANCE, "ethusdt,btcusdt"), item(SIXTY, BTC))
    assert [(each["topic"], each["type"], each["payload"]["symbol"]) for each in found] == [
        (BINANCE, "subscribe", "btc/usd"), (BINANCE, "subscribe", "btcusdt"), (SIXTY, "subscribe", "btc/usd"),
    ]  # fmt: skip
    assert found[0]["payload"]["data"] == [{"timestamp": 1_785_178_800_000, "value": 65000.5}]


@pytest.mark.parametrize("filters", ['{"symbol": "btc/usd"}', '{"symbol":1}', "{}", "btc/usd", " "])
def test_a_filter_that_is_not_written_exactly_means_silence(filters: str) -> None:
    stream = Stream()
    stream.publish(SIXTY, "btc/usd")
    assert stream.say("subscribe", item(SIXTY, filters)) == []
    assert stream.publish(SIXTY, "btc/usd") == []


def test_a_comma_list_is_a_filter_of_one_topic() -> None:
    stream = Stream()
    stream.say("subscribe", item(BINANCE, "btcusdt"))
    assert len(stream.publish(BINANCE, "btcusdt")) == 1
    assert stream.publish(BINANCE, "ethusdt") == []


@pytest.mark.parametrize(
    "bad", [item("comments"), item(SIXTY, kind="agg"), item(SIXTY, 3), {"type": "update"}, "x", {"topic": 3}]
)
def test_one_bad_item_poisons_the_batch(bad: Any) -> None:
    stream = Stream()
    assert stream.say("subscribe", item(SIXTY), bad) == []
    assert stream.publish(SIXTY, "btc/usd") == []


def test_an_update_comes_once() -> None:
    stream = Stream()
    stream.say("subscribe", item(SIXTY), item(SIXTY, BTC))
    assert len(stream.publish(SIXTY, "btc/usd")) == 1


def test_an_unsubscribed_topic_is_sent_no_more() -> None:
    stream = Stream()
    stream.say("subscribe", item(SIXTY, BTC))
    assert stream.say("unsubscribe", item(SIXTY, BTC)) == []
    assert stream.publish(SIXTY, "btc/usd") == []


@pytest.mark.parametrize("frame", ["PING", "", "[]", text(action="dance", subscriptions=[item(SIXTY)]), text(action=1)])
def test_nothing_else_is_answered(frame: str) -> None:
    stream = Stream()
    stream.channel.on_text(stream.client, frame)
    stream.channel.on_pong(stream.client)
    assert stream.channel.wake_at_ms() is None
    stream.channel.wake(stream.now_ms)
    assert (stream.publish(SIXTY, "btc/usd"), stream.client.done) == ([], [])


def test_a_stalled_stream_sends_snapshots_and_no_updates() -> None:
    stream = Stream()
    stream.channel.is_stalled = True
    stream.publish(SIXTY, "btc/usd")
    assert len(stream.say("subscribe", item(SIXTY, BTC))) == 1
    assert stream.publish(SIXTY, "btc/usd") == []


def test_a_gone_connection_is_sent_nothing() -> None:
    stream = Stream()
    stream.say("subscribe", item(SIXTY))
    stream.channel.on_close(stream.client)
    assert stream.publish(SIXTY, "btc/usd") == []


def test_a_topic_that_does_not_exist_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="expected a topic"):
        Stream().publish("crypto_tea", "btc/usd")
