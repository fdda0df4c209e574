"""World events as ring records."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.model.events import Event, Feed, FeedChange, Market, MarketChange, Side, Spot, Tick, Tob, Trade
from engine.model.fees import CRYPTO_FEES
from engine.worlds.params import WorldParams
from engine.worlds.world import generate_events
from feeder.recording.collector import RecordCollector
from feeder.recording.events import EventRecorder
from feeder.recording.manifest import load_manifest
from feeder.recording.reader import open_recordings
from shm.layout import ALL_INSTRUMENTS, Flag, Kind, pack_level

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"


def market(asset: int, change: MarketChange, result: int = 0, tick_e4: int = 100) -> Market:
    return Market(
        ts_ns=5,
        asset=asset,
        peer=asset ^ 1,
        change=change,
        token_id=f"t{asset}",
        condition_id="c",
        slug="btc-updown-60s-1800000000",
        window_start_s=1_800_000_000,
        window_length_s=60,
        outcome=1 + asset % 2,
        tick_e4=tick_e4,
        min_size_u6=5_000_000,
        fees=CRYPTO_FEES,
        result=result,
    )


def record(*events: Event) -> RecordCollector:
    collector = RecordCollector()
    recorder = EventRecorder(collector)
    for event in (market(6, MarketChange.OPENED), market(7, MarketChange.OPENED), *events):
        recorder.publish(event)
    return collector


def test_a_market_opens_when_both_tokens_are_known_and_each_names_its_peer() -> None:
    collector = record()
    assert [row.token_id for row in collector.instruments] == ["t6", "t7"]
    assert [(int(r["instrument"]), int(r["w5"]) & 0xFFFF) for r in collector.records()] == [(0, 1), (1, 0)]


def test_every_kind_is_written_and_flagged_as_synthetic() -> None:
    tob = Tob(9, 7, 5_000, 10, 5_100, 20, 4_900, 30, 5_200, 40, venue_ts_ns=8)
    collector = record(
        market(6, MarketChange.TICK, tick_e4=10),
        market(7, MarketChange.TICK, tick_e4=10),
        tob,
        Trade(10, 6, Side.SELL, 5_000, 7),
        Spot(11, 3, 65_000, 10, strike=True),
        market(7, MarketChange.RESOLVED, result=2),
        Feed(12, -1, FeedChange.ENDED),
    )
    records = collector.records()[4:]
    assert all(int(r["flags"]) & Flag.SYNTHETIC for r in records)
    top, trade, spot, resolved, ended = records
    assert [int(top[n]) for n in ("kind", "instrument", "aux", "venue_ts_ns", "recv_ts_ns")] == [
        Kind.TOB,
        1,
        10,
        8,
        9,
    ]
    levels = [pack_level(5_000, 10), pack_level(5_100, 20), pack_level(4_900, 30), pack_level(5_200, 40)]
    assert [int(top[n]) for n in ("w2", "w3", "w4", "w5")] == levels
    assert [int(trade[n]) for n in ("kind", "instrument", "w2", "w3")] == [
        Kind.TRADE,
        0,
        pack_level(5_000, 7),
        2,
    ]
    assert [int(spot[n]) for n in ("kind", "aux", "w2", "w3")] == [Kind.SPOT, 3, 65_000, 10]
    assert int(spot["flags"]) & Flag.STRIKE
    assert (int(resolved["aux"]), int(resolved["w5"]) >> 24) == (MarketChange.RESOLVED, 2)
    assert (int(ended["kind"]), int(ended["instrument"]), int(ended["aux"])) == (
        Kind.FEED,
        ALL_INSTRUMENTS,
        5,
    )


def test_an_event_that_is_not_market_data_is_refused() -> None:
    with pytest.raises(TypeError, match="market data, was Tick"):
        record(Tick(1))


@pytest.mark.parametrize("name", ["lively-seed-10", "wild-seed-5"])
def test_a_committed_round_is_generated_again_from_its_parameters_record_by_record(name: str) -> None:
    manifest = load_manifest(FIXTURES / name)
    assert manifest is not None
    params = msgspec.json.decode(manifest.source.removeprefix("world "), type=WorldParams)
    collector = RecordCollector()
    recorder = EventRecorder(collector)
    for event in generate_events(params, 1):
        recorder.publish(event)
    (recording,) = open_recordings(FIXTURES / name)
    loaded = recording.load()
    assert np.array_equal(loaded.records(), collector.records())
    assert list(loaded.instruments.values()) == collector.instruments
    assert len(collector) > 1_000
