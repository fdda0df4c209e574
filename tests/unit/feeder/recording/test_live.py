"""Recording a ring that runs already: what its records name is stored, what was lost is said."""

from collections.abc import Callable

import numpy as np

from feeder.recording.collector import RecordCollector
from feeder.recording.format import RecordArray
from feeder.recording.live import RingRecorder
from feeder.recording.segments import open_recording
from feeder.recording.writer import RecordingWriter
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind, MarketChange
from shm.sink import Instrument, RecordSink

NewWriter = Callable[..., RecordingWriter]


class FakeRing:
    """A reader of given batches of records, and of a table of instruments."""

    def __init__(self, instruments: list[Instrument], *batches: RecordArray) -> None:
        self._instruments = instruments
        self._batches = list(batches)

    @property
    def instruments_count(self) -> int:
        return len(self._instruments)

    def instrument(self, index: int, /) -> Instrument:
        return self._instruments[index]

    def drain(self, array: RecordArray, /) -> int:
        if not self._batches:
            return 0
        batch = self._batches.pop(0)
        array[: len(batch)] = batch
        return len(batch)


def record(writer: RecordingWriter, ring: FakeRing) -> RingRecorder:
    recorder = RingRecorder(ring, writer)
    with writer:
        while recorder.poll() and not recorder.ended:
            pass
    return recorder


def test_a_recording_from_the_start_is_what_the_ring_had(
    new_writer: NewWriter, publish_round: Callable[[RecordSink, int], None]
) -> None:
    collector = RecordCollector()
    publish_round(collector, 9)
    records = collector.records()
    writer = new_writer()
    record(writer, FakeRing(collector.instruments, records[:7], records[7:]))
    loaded = open_recording(writer.directory).load()
    assert np.array_equal(loaded.records(), records)
    assert loaded.instruments == dict(enumerate(collector.instruments))


def test_a_late_recorder_adds_the_markets_facts_before_the_first_record(
    new_writer: NewWriter, publish_round: Callable[[RecordSink, int], None]
) -> None:
    collector = RecordCollector()
    publish_round(collector, 9)
    late = collector.records()[4:]
    writer = new_writer()
    record(writer, FakeRing(collector.instruments, late))
    records = open_recording(writer.directory).load().records()
    assert list(records["seq"][:2]) == [0, 0]
    assert list(records["aux"][:2]) == [MarketChange.OPENED] * 2
    assert [int(r["w5"]) & 0xFFFF for r in records[:2]] == [1, 0]
    assert np.array_equal(records[2:], late)


def test_a_jump_in_the_sequence_is_a_gap_where_it_happened(
    new_writer: NewWriter, publish_round: Callable[[RecordSink, int], None]
) -> None:
    collector = RecordCollector()
    publish_round(collector, 9)
    kept = np.delete(collector.records(), slice(10, 15))
    writer = new_writer()
    record(writer, FakeRing(collector.instruments, kept[:12], kept[12:]))
    records = open_recording(writer.directory).load().records()
    gap = records[10]
    assert [int(gap[name]) for name in ("kind", "aux", "instrument", "w2", "seq")] == [
        Kind.FEED,
        FeedChange.GAP,
        ALL_INSTRUMENTS,
        5,
        0,
    ]
    assert np.array_equal(np.delete(records, 10), kept)
    manifest = writer.manifest(complete=True)
    assert (manifest.drops, manifest.gaps) == (5, 1)


def test_another_epoch_of_the_ring_ends_the_recording(
    new_writer: NewWriter, publish_round: Callable[[RecordSink, int], None]
) -> None:
    collector = RecordCollector()
    collector.publish(Kind.RESET, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    publish_round(collector, 2)
    before = len(collector)
    collector.publish(Kind.RESET, 0, 0, 0, 2, 0, 0, 0, 0, 9)
    publish_round(collector, 2)
    writer = new_writer()
    recorder = record(writer, FakeRing(collector.instruments, collector.records()))
    assert recorder.ended
    assert list(open_recording(writer.directory).load().records()["seq"]) == list(range(2, before + 1))
