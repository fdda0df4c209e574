import orjson

from engine.venue import market_channel as wire


def test_the_first_frame_is_the_clients_own_byte_for_byte() -> None:
    expected = b'{"type":"market","assets_ids":["1","2"],"custom_feature_enabled":true}'
    assert wire.first_frame(["2", "1"]) == expected


def test_later_frames_carry_an_operation() -> None:
    assert orjson.loads(wire.subscribe_frame(["3"])) == {
        "operation": "subscribe", "assets_ids": ["3"], "custom_feature_enabled": True,
    }  # fmt: skip
    assert orjson.loads(wire.unsubscribe_frame(["3"])) == {"operation": "unsubscribe", "assets_ids": ["3"]}


def test_the_ticks_are_those_of_the_venues_clients() -> None:
    assert sorted(wire.TICKS_E4) == [1, 10, 25, 50, 100, 1000]
