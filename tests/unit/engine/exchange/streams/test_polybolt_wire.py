import orjson
import pytest

from engine.exchange.streams.out import FrameKind
from engine.exchange.streams.polybolt_wire import (
    BEST,
    SPOT,
    TWAP,
    Feed,
    envelope,
    error,
    filter_name,
    reply,
    snapshot_payload,
    update_payload,
)
from engine.exchange.streams.prices import PricePoint

AVERAGE = Feed(TWAP, "btcusd", 60)
POINT = PricePoint(6_412_070_000_000, 1_788_973_002_000)


def test_an_update_is_that_of_the_documentation() -> None:
    frame = envelope(TWAP, 3, 1_788_973_002_000, update_payload(AVERAGE, POINT))
    assert (frame.frame, frame.kind) == (
        b'{"v":1,"channel":"price.crypto.twap","seq":3,"ts":1788973002000,"payload":{"symbol":"btcusd","value":64120.7,'
        b'"full_accuracy_value":"64120.70000000","timestamp":1788973002000,"window_seconds":60,"source":"chainlink"}}',
        FrameKind.DATA,
    )


def test_a_snapshot_is_that_of_the_documentation() -> None:
    points = [PricePoint(6_412_350_000_000, 1_788_972_880_000)]
    frame = envelope(TWAP, 1, 1_788_973_000_000, snapshot_payload(AVERAGE, points), snapshot=True)
    assert (frame.frame, frame.kind) == (
        b'{"v":1,"channel":"price.crypto.twap","seq":1,"ts":1788973000000,"snapshot":true,"payload":{"symbol":"btcusd",'
        b'"window_seconds":60,"source":"chainlink","data":[{"timestamp":1788972880000,"value":64123.5,'
        b'"full_accuracy_value":"64123.50000000"}]}}',
        FrameKind.SNAPSHOT,
    )


def test_a_spot_price_has_no_window() -> None:
    payload = orjson.loads(update_payload(Feed(SPOT, "btcusd"), POINT))
    assert list(payload) == ["symbol", "value", "full_accuracy_value", "timestamp", "source"]
    assert list(orjson.loads(snapshot_payload(Feed(SPOT, "btcusd"), []))) == ["symbol", "source", "data"]


def test_dropped_frames_are_said_when_there_are_any() -> None:
    assert orjson.loads(envelope(SPOT, 1, 0, "{}", dropped=4).frame)["dropped"] == 4


def test_replies_echo_what_they_answer() -> None:
    assert reply("subscribed", "2", TWAP).frame == b'{"op":"subscribed","channel":"price.crypto.twap","rid":"2"}'
    assert reply("pong", None).frame == b'{"op":"pong"}'
    expected = b'{"op":"error","code":"auth_required","channel":"price.crypto","rid":"s1"}'
    assert error("auth_required", "s1", SPOT).frame == expected


@pytest.mark.parametrize(
    ("channel", "wanted", "expected"),
    [
        (SPOT, {"symbol": "BTCUSD", "provider": "chainlink"}, (SPOT, "btcusd", None)),
        (TWAP, {"symbol": "btcusd", "window_seconds": 60}, (TWAP, "btcusd", 60)),
        (TWAP, {"symbol": "btcusd"}, None),
        (TWAP, {"symbol": "btcusd", "window_seconds": True}, None),
        (SPOT, {"symbol": 1}, None),
        (BEST, {"asset_id": "71"}, (BEST, "71", None)),
        (BEST, {"asset_id": ""}, None),
        (BEST, {"symbol": "btcusd"}, None),
    ],
)
def test_a_filter_names_one_feed(channel: str, wanted: dict[str, object], expected: object) -> None:
    assert filter_name(channel, wanted) == expected
    if expected is not None and channel != BEST:
        assert expected in (Feed(SPOT, "btcusd").name, AVERAGE.name)
