"""Playing a recording into a sink that numbers instruments its own way."""

from collections.abc import Callable

import numpy as np

from feeder.recording.collector import RecordCollector
from feeder.recording.files import Loaded
from feeder.recording.player import Player
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind
from shm.sink import Instrument, RecordSink


def load(collector: RecordCollector) -> Loaded:
    records = collector.records()
    return Loaded(dict(enumerate(collector.instruments)), {}, lambda: iter([records]))  # type: ignore[arg-type]


def test_a_recording_played_into_an_empty_sink_is_the_same(
    publish_round: Callable[[RecordSink, int], None],
) -> None:
    source, target = RecordCollector(), RecordCollector()
    publish_round(source, 5)
    Player(target, load(source), last=True).publish(source.records())
    assert np.array_equal(target.records(), source.records())
    assert target.instruments == source.instruments


def test_instruments_and_peers_get_the_sinks_numbers(
    publish_round: Callable[[RecordSink, int], None], pair: tuple[Instrument, Instrument]
) -> None:
    source, target = RecordCollector(), RecordCollector()
    publish_round(source, 1)
    for _ in range(3):
        target.add_instrument(pair[0])
    Player(target, load(source), last=True).publish(source.records())
    played = target.records()
    assert list(played["instrument"]) == [3, 4, 3, 4, 3, 4, ALL_INSTRUMENTS]
    opened = played[played["kind"] == Kind.MARKET][:2]
    assert [int(word) & 0xFFFF for word in opened["w5"]] == [4, 3]


def test_only_the_last_recording_says_that_the_feed_has_ended(
    publish_round: Callable[[RecordSink, int], None],
) -> None:
    source = RecordCollector()
    publish_round(source, 1)
    source.publish(Kind.RESET, 0, 0, 0, 1, 0, 0, 0, 0, 0)
    ends = []
    for last in (False, True):
        target = RecordCollector()
        Player(target, load(source), last=last).publish(source.records())
        played = target.records()
        assert Kind.RESET not in played["kind"]
        ends.append(int(((played["kind"] == Kind.FEED) & (played["aux"] == FeedChange.ENDED)).sum()))
    assert ends == [0, 1]
