"""Reference prices from the frames of protocol.md 7.2 and 7.3."""

from typing import Any

import orjson
import pytest

from feeder.collect import MemorySink
from feeder.reference import ReferencePrices, polybolt_frames, rtds_frame
from shm.layout import ALL_INSTRUMENTS, Flag, Kind, SpotSource

START_S = 1_788_972_300
START_MS = START_S * 1000


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def prices(sink: MemorySink) -> ReferencePrices:
    return ReferencePrices(sink, "btc", 900)


def twap(seq: int, stamp_ms: int, accurate: str, **more: Any) -> bytes:
    payload = {"symbol": "btcusd", "value": 1.5, "full_accuracy_value": accurate, "timestamp": stamp_ms,
               "window_seconds": 60, "source": "chainlink"}  # fmt: skip
    return orjson.dumps({"v": 1, "channel": "price.crypto.twap", "seq": seq, "ts": stamp_ms, "payload": payload | more})


def test_a_twap_tick_is_a_spot_record_with_its_own_time(prices: ReferencePrices, sink: MemorySink) -> None:
    prices.receive_polybolt(twap(1, START_MS + 2000, "64120.70000000"), 7)
    (record,) = sink.records
    assert (record.kind, record.flags, record.instrument, record.aux) == (
        Kind.SPOT, 0, ALL_INSTRUMENTS, SpotSource.CHAINLINK_TWAP_60,
    )  # fmt: skip
    assert (record.w2, record.w3, record.recv_ts_ns) == (6_412_070_000_000, (START_MS + 2000) * 10**6, 7)


def test_the_price_to_beat_is_the_tick_stamped_exactly_at_the_start(prices: ReferencePrices, sink: MemorySink) -> None:
    assert prices.strike_e8(START_S) is None
    for seq, offset_ms in enumerate((-1000, 0, 1000), 1):
        prices.receive_polybolt(twap(seq, START_MS + offset_ms, f"{64000 + seq}"), 7)
    assert [record.flags for record in sink.records] == [0, Flag.STRIKE, 0]
    assert prices.strike_e8(START_S) == 6_400_200_000_000


def test_without_that_tick_the_strike_is_unknown_and_not_guessed(prices: ReferencePrices) -> None:
    prices.receive_polybolt(twap(1, START_MS - 1, "64000"), 7)
    prices.receive_polybolt(twap(2, START_MS + 1, "64000"), 7)
    assert prices.strike_e8(START_S) is None


def test_a_spot_tick_at_the_start_is_no_strike(prices: ReferencePrices, sink: MemorySink) -> None:
    payload = {"symbol": "btcusd", "full_accuracy_value": "64126", "timestamp": START_MS, "source": "chainlink"}
    prices.receive_polybolt(orjson.dumps({"v": 1, "channel": "price.crypto", "seq": 1, "payload": payload}), 7)
    assert (sink.records[0].aux, sink.records[0].flags) == (SpotSource.CHAINLINK, 0)
    assert prices.strike_e8(START_S) is None


def test_the_snapshot_brings_a_strike_that_was_missed(prices: ReferencePrices, sink: MemorySink) -> None:
    points = [
        {"timestamp": START_MS + n * 1000, "value": 64000.5, "full_accuracy_value": "64000.5"} for n in (-1, 0, 1)
    ]
    payload = {"symbol": "btcusd", "window_seconds": 60, "source": "chainlink", "data": points}
    frame = orjson.dumps({"v": 1, "channel": "price.crypto.twap", "seq": 1, "snapshot": True, "payload": payload})
    prices.receive_polybolt(frame, 7)
    assert prices.strike_e8(START_S) == 6_400_050_000_000
    prices.receive_polybolt(twap(2, START_MS + 1000, "1"), 8)
    assert len(sink.records) == 3
    assert prices.complaints.counts["copies"] == 1


@pytest.mark.parametrize(
    ("more", "count"),
    [({"source": "pyth"}, "foreign_price"), ({"symbol": "ethusd"}, "foreign_price"), ({"timestamp": "1"}, "malformed"),
     ({"full_accuracy_value": "abc"}, "malformed"), ({"full_accuracy_value": 5}, "malformed"),
     ({"data": 7}, "malformed")],
)  # fmt: skip
def test_what_is_not_the_price_is_counted_and_not_published(
    prices: ReferencePrices, sink: MemorySink, more: dict[str, Any], count: str
) -> None:
    prices.receive_polybolt(twap(1, START_MS, "64000", **more), 7)
    assert (sink.records, prices.complaints.counts[count]) == ([], 1)


def test_another_averaging_window_is_not_ours(prices: ReferencePrices, sink: MemorySink) -> None:
    prices.receive_polybolt(twap(1, START_MS, "64000", window_seconds=30), 7)
    assert sink.records == []


def test_sequence_gaps_are_counted_per_channel_and_connection(prices: ReferencePrices) -> None:
    for seq in (1, 2, 4):
        prices.receive_polybolt(twap(seq, START_MS + seq, "64000"), 7)
    assert prices.complaints.counts["sequence_gap"] == 1
    prices.connected()
    prices.receive_polybolt(twap(1, START_MS + 9, "64000"), 7)
    assert prices.complaints.counts["sequence_gap"] == 1


def test_acknowledgements_errors_and_rubbish_are_counted(prices: ReferencePrices) -> None:
    for frame in (b'{"op":"authed","rid":"1"}', b'{"op":"error","code":"auth_required"}', b"{", b"[]",
                  b'{"channel":"x","payload":{}}'):  # fmt: skip
        prices.receive_polybolt(frame, 7)
    names = ("acknowledged", "error", "malformed", "unknown_channel")
    assert {name: prices.complaints.counts[name] for name in names} == {
        "acknowledged": 1, "error": 1, "malformed": 2, "unknown_channel": 1,
    }  # fmt: skip


def test_rtds_gives_the_same_records_from_its_integers_of_1e18(prices: ReferencePrices, sink: MemorySink) -> None:
    for topic, value in (
        ("crypto_prices_twap_sixty", {"full_accuracy_value": "65000500000000000000000", "window_s": 60}),
        ("crypto_prices_chainlink", {"value": 67234.5}),
    ):
        payload = {"symbol": "btc/usd", "timestamp": START_MS, **value}
        prices.receive_rtds(orjson.dumps({"topic": topic, "type": "update", "timestamp": 1, "payload": payload}), 7)
    assert [(record.aux, record.w2, record.flags) for record in sink.records] == [
        (SpotSource.CHAINLINK_TWAP_60, 6_500_050_000_000, Flag.STRIKE),
        (SpotSource.CHAINLINK, 6_723_450_000_000, 0),
    ]


def test_rtds_snapshots_and_the_binance_price_are_ignored(prices: ReferencePrices, sink: MemorySink) -> None:
    for topic, kind in (("crypto_prices", "update"), ("crypto_prices_chainlink", "subscribe")):
        prices.receive_rtds(orjson.dumps({"topic": topic, "type": kind, "payload": {"symbol": "btc/usd"}}), 7)
    assert (sink.records, prices.complaints.counts["ignored"]) == ([], 2)


def test_the_subscriptions_are_what_the_venue_documents() -> None:
    login, subscribe = map(orjson.loads, polybolt_frames("btc", 900, {"apiKey": "k"}))
    assert login == {"op": "auth", "auth": {"apiKey": "k"}, "rid": "1"}
    assert [item["channel"] for item in subscribe["subscriptions"]] == ["price.crypto.twap", "price.crypto"]
    assert orjson.loads(rtds_frame("btc"))["subscriptions"][0] == {
        "topic": "crypto_prices_twap_sixty", "type": "update", "filters": '{"symbol":"btc/usd"}',
    }  # fmt: skip
