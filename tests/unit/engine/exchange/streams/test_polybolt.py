from typing import Any

import pytest

from engine.exchange.streams.polybolt import (
    AUTH_FRAMES_MAX,
    CHANGES_PER_S_MAX,
    DROPPED_MAX,
    FRAME_BYTES_MAX,
    PING_INTERVAL_MS,
    SLOW_BYTES,
    SUBSCRIPTIONS_MAX,
    PolyBoltChannel,
)
from engine.exchange.streams.polybolt_wire import BEST, SPOT, TWAP, Feed
from engine.exchange.streams.prices import PricePoint
from tests.unit.engine.exchange.streams.fakes import BAD, GOOD, OneOwner, Written, text

BTC = Feed(SPOT, "btcusd")
AVERAGE = Feed(TWAP, "btcusd", 60)
SPOT_ITEM = {"channel": SPOT, "filter": {"symbol": "btcusd", "provider": "chainlink"}}
TWAP_ITEM = {"channel": TWAP, "filter": {"symbol": "btcusd", "window_seconds": 60}}
BEST_ITEM = {"channel": BEST, "filter": {"asset_id": "71"}}


class Stream:
    """A channel with one client, at a time that is set."""

    def __init__(self, *, authenticated: bool = True) -> None:
        self.now_ms = 1_000_000
        self.channel = PolyBoltChannel([BTC, AVERAGE], OneOwner(), lambda: self.now_ms)
        self.client = Written()
        self.channel.on_open(self.client)
        if authenticated:
            assert self.say(op="auth", auth=GOOD, rid="1") == [{"op": "authed", "rid": "1"}]

    def say(self, **frame: Any) -> list[Any]:
        self.channel.on_text(self.client, text(**frame))
        return self.client.read()

    def subscribe(self, *items: dict[str, Any], rid: str = "2") -> list[Any]:
        return self.say(op="subscribe", subscriptions=items, rid=rid)

    def publish(self, value: int, feed: Feed = BTC) -> list[Any]:
        self.channel.publish(feed, PricePoint(value * 10**8, self.now_ms))
        return self.client.read()


def test_items_are_acknowledged_in_order_and_then_come_snapshots() -> None:
    stream = Stream()
    stream.publish(5)
    stream.now_ms += 1_000
    found = stream.subscribe(TWAP_ITEM, SPOT_ITEM)
    assert found[:2] == [
        {"op": "subscribed", "channel": TWAP, "rid": "2"},
        {"op": "subscribed", "channel": SPOT, "rid": "2"},
    ]
    assert [(each["channel"], each["seq"], each["snapshot"]) for each in found[2:]] == [
        (TWAP, 1, True),
        (SPOT, 1, True),
    ]
    assert found[2]["payload"]["data"] == []
    assert found[3]["payload"]["data"] == [{"timestamp": 1_000_000, "value": 5.0, "full_accuracy_value": "5.00000000"}]
    assert found[3]["ts"] == 1_001_000


def test_sequence_numbers_count_per_connection_and_channel() -> None:
    stream = Stream()
    stream.subscribe(TWAP_ITEM, SPOT_ITEM)
    found = stream.publish(5) + stream.publish(6) + stream.publish(7, AVERAGE)
    assert [(each["channel"], each["seq"]) for each in found] == [(SPOT, 2), (SPOT, 3), (TWAP, 2)]
    other = Written()
    stream.channel.on_open(other)
    for frame in (text(op="auth", auth=GOOD), text(op="subscribe", subscriptions=[SPOT_ITEM])):
        stream.channel.on_text(other, frame)
    assert other.read()[-1]["seq"] == 1


def test_a_duplicate_is_acknowledged_without_a_snapshot() -> None:
    stream = Stream()
    stream.subscribe(SPOT_ITEM)
    again = {"channel": SPOT, "filter": {"symbol": "BTCUSD"}}
    assert stream.subscribe(again, rid="3") == [{"op": "subscribed", "channel": SPOT, "rid": "3"}]
    assert len(stream.publish(5)) == 1


def test_a_snapshot_is_the_previous_two_minutes() -> None:
    stream = Stream()
    for value in range(1, 6):
        stream.publish(value)
        stream.now_ms += 60_000
    (_, snapshot) = stream.subscribe(SPOT_ITEM)
    assert [each["value"] for each in snapshot["payload"]["data"]] == [4.0, 5.0]


def test_an_unsubscribed_feed_is_sent_no_more() -> None:
    stream = Stream()
    stream.subscribe(SPOT_ITEM)
    found = stream.say(op="unsubscribe", subscriptions=[SPOT_ITEM, TWAP_ITEM], rid="4")
    assert [(each["op"], each["channel"]) for each in found] == [("unsubscribed", SPOT), ("unsubscribed", TWAP)]
    assert stream.publish(5) == []
    assert len(stream.subscribe(SPOT_ITEM)) == 2, "expected a snapshot again"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"channel": "price.tea", "filter": {}}, "bad_channel"),
        ({"channel": SPOT, "filter": {"symbol": "dogeusd"}}, "bad_filter"),
        ({"channel": SPOT}, "bad_filter"),
        ({"channel": TWAP, "filter": {"symbol": "btcusd", "window_seconds": 30}}, "bad_filter"),
    ],
)
def test_a_bad_item_is_refused_and_the_others_are_not(item: dict[str, Any], code: str) -> None:
    stream = Stream()
    found = stream.subscribe(item, SPOT_ITEM)
    assert found[0] == {"op": "error", "code": code, "channel": item["channel"], "rid": "2"}
    assert found[1]["op"] == "subscribed"
    refused = stream.say(op="unsubscribe", subscriptions=[item], rid="3")[0]
    assert refused["op"] in ("error", "unsubscribed")


def test_an_item_without_a_channel_is_refused() -> None:
    stream = Stream()
    for op in ("subscribe", "unsubscribe"):
        assert stream.say(op=op, subscriptions=[{}], rid="2") == [{"op": "error", "code": "bad_channel", "rid": "2"}]
    unfiltered = stream.say(op="unsubscribe", subscriptions=[{"channel": SPOT}], rid="2")
    assert unfiltered == [{"op": "error", "code": "bad_filter", "channel": SPOT, "rid": "2"}]


def test_prices_need_credentials_and_best_prices_do_not() -> None:
    stream = Stream(authenticated=False)
    found = stream.subscribe(SPOT_ITEM, BEST_ITEM)
    assert [each.get("code", each.get("op")) for each in found] == ["auth_required", "subscribed", None]


def test_best_prices_begin_empty_when_they_are_cold() -> None:
    stream = Stream(authenticated=False)
    best = {"market": "0x1", "asset_id": "71", "best_bid": "0.5", "best_ask": "0.6", "hash": "ab", "timestamp": 5}
    assert stream.subscribe(BEST_ITEM)[1]["payload"] == []
    stream.channel.publish_best("71", text(**best).encode())
    stream.channel.publish_best("72", b"{}")
    (update,) = stream.client.read()
    assert (update["channel"], update["seq"], update["payload"]) == (BEST, 2, best)
    stream.say(op="unsubscribe", subscriptions=[BEST_ITEM], rid="3")
    assert stream.subscribe(BEST_ITEM)[1]["payload"] == [best]


@pytest.mark.parametrize("frame", [{}, {"op": "dance"}, {"op": "subscribe"}, {"op": "subscribe", "subscriptions": [3]}])
def test_what_is_not_understood_is_a_bad_op(frame: dict[str, Any]) -> None:
    assert Stream().say(**frame, rid="9") == [{"op": "error", "code": "bad_op", "rid": "9"}]
    assert Stream().say(**frame, rid=9) == [{"op": "error", "code": "bad_op"}]


def test_a_ping_is_answered() -> None:
    assert Stream(authenticated=False).say(op="ping") == [{"op": "pong"}]


def test_bad_credentials_may_be_tried_again_but_not_for_ever() -> None:
    stream = Stream(authenticated=False)
    for _ in range(AUTH_FRAMES_MAX):
        assert stream.say(op="auth", auth=BAD, rid="1") == [{"op": "error", "code": "auth_invalid", "rid": "1"}]
    assert stream.say(op="auth", auth=GOOD, rid="1") == [{"op": "error", "code": "auth_attempts", "rid": "1"}]
    assert stream.client.done == [(4008, "auth_attempts")]


def test_credentials_that_cannot_be_checked_are_not_refused() -> None:
    stream = Stream(authenticated=False)
    stream.channel.feeds.auth_available = False
    assert stream.say(op="auth", auth=GOOD, rid="1") == [{"op": "error", "code": "auth_unavailable", "rid": "1"}]


def test_expired_credentials_end_their_owners_sessions_alone() -> None:
    stream, other = Stream(), Written()
    stream.channel.on_open(other)
    stream.channel.expire("owner-a")
    assert stream.client.read() == [{"op": "error", "code": "auth_expired"}]
    assert (stream.client.done, other.done) == ([(4001, "auth failed")], [])


def test_too_many_subscriptions_close() -> None:
    stream = Stream()
    items = [{"channel": BEST, "filter": {"asset_id": str(number)}} for number in range(SUBSCRIPTIONS_MAX + 1)]
    found = stream.subscribe(*items)
    assert found[-1] == {"op": "error", "code": "sub_limit", "channel": BEST, "rid": "2"}
    assert (len(found), stream.client.done) == (SUBSCRIPTIONS_MAX + 1, [(4008, "sub_limit")])


def test_too_frequent_changes_close() -> None:
    stream = Stream()
    for number in range(CHANGES_PER_S_MAX + 5):
        stream.now_ms += 50
        stream.subscribe(SPOT_ITEM, rid=str(number))
    assert stream.client.done == [], "expected 20 in a second to be allowed"
    stream.subscribe(SPOT_ITEM)
    assert stream.client.done == [(4008, "rate_limited")]


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_frame_that_is_too_large_closes(letter: str) -> None:
    stream = Stream()
    stream.channel.on_text(stream.client, letter * (FRAME_BYTES_MAX // len(letter.encode()) + 1))
    assert stream.client.done == [(4008, "frame too large")]


def test_a_slow_client_is_told_what_it_missed() -> None:
    stream = Stream()
    stream.subscribe(SPOT_ITEM)
    stream.client.buffered_bytes = SLOW_BYTES + 1
    assert [stream.publish(value) for value in (5, 6)] == [[], []]
    stream.client.buffered_bytes = SLOW_BYTES
    (update,) = stream.publish(7)
    assert (update["seq"], update["dropped"], update["payload"]["value"]) == (2, 2, 7.0)
    assert "dropped" not in stream.publish(8)[0]


def test_best_prices_are_conflated_for_a_slow_client() -> None:
    stream = Stream()
    stream.subscribe(BEST_ITEM, SPOT_ITEM)
    stream.client.buffered_bytes = SLOW_BYTES + 1
    for best in (1, 2):
        stream.channel.publish_best("71", f'{{"best_bid":"{best}"}}'.encode())
    stream.client.buffered_bytes = 0
    found = stream.publish(7)
    assert [(each["channel"], each["payload"].get("best_bid"), "dropped" in each) for each in found] == [
        (BEST, "2", False),
        (SPOT, None, False),
    ]


def test_a_client_that_stays_slow_is_given_up() -> None:
    stream = Stream()
    stream.subscribe(SPOT_ITEM)
    stream.client.buffered_bytes = SLOW_BYTES + 1
    for value in range(DROPPED_MAX):
        stream.publish(value)
    assert stream.client.done == []
    stream.publish(0)
    assert stream.client.done == [(4002, "slow consumer")]


def test_a_client_that_does_not_answer_pings_is_given_up() -> None:
    stream = Stream()
    for expected in (["ping"], ["ping", "ping"], ["ping", "ping", (4002, "pong timeout")]):
        assert stream.channel.wake_at_ms() == stream.now_ms + PING_INTERVAL_MS
        stream.channel.wake(stream.now_ms + PING_INTERVAL_MS - 1)
        stream.now_ms += PING_INTERVAL_MS
        stream.channel.wake(stream.now_ms)
        assert stream.client.done == expected


def test_a_client_that_answers_pings_lives() -> None:
    stream = Stream()
    for _ in range(5):
        stream.now_ms += PING_INTERVAL_MS
        stream.channel.wake(stream.now_ms)
        stream.channel.on_pong(stream.client)
    assert stream.client.done == ["ping"] * 5


def test_clients_are_asked_to_connect_again() -> None:
    stream = Stream()
    stream.channel.drain()
    assert stream.client.done == [(4003, "draining")]


def test_a_gone_connection_is_sent_nothing() -> None:
    stream = Stream()
    stream.subscribe(SPOT_ITEM)
    stream.channel.on_close(stream.client)
    assert stream.publish(5) == []


def test_a_feed_that_was_not_declared_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="expected a feed that was declared"):
        Stream().publish(5, Feed(SPOT, "dogeusd"))
