"""The recorder: what it writes is what it was given, also when nobody closed it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from feeder.recording.collector import RecordCollector
from feeder.recording.errors import RecordingError
from feeder.recording.manifest import load_manifest
from feeder.recording.segments import open_recording, read_frames
from feeder.recording.writer import RecordingWriter
from shm.layout import Flag, Kind
from shm.sink import Instrument, RecordSink

NewWriter = Callable[..., RecordingWriter]
PublishRound = Callable[[RecordSink, int], None]


def test_records_and_instruments_come_back_as_they_were_published(
    new_writer: NewWriter, publish_round: PublishRound
) -> None:
    collector = RecordCollector()
    publish_round(collector, 30)
    with new_writer() as writer:
        publish_round(writer, 30)
    loaded = open_recording(writer.directory).load()
    assert np.array_equal(loaded.records(), collector.records())
    assert list(loaded.instruments.values()) == collector.instruments
    assert not +loaded.counts


def test_a_writer_that_died_loses_at_most_the_last_second(new_writer: NewWriter, publish_round: PublishRound) -> None:
    writer = new_writer()
    publish_round(writer, 30)
    loaded = open_recording(writer.directory).load()
    kept = loaded.records()
    assert kept["recv_ts_ns"][-1] >= kept["recv_ts_ns"][0] + 28 * 10**9
    assert loaded.counts["unfinished"] == 1
    writer.close()


def test_a_torn_tail_is_counted_and_the_rest_is_read(new_writer: NewWriter, publish_round: PublishRound) -> None:
    with new_writer() as writer:
        publish_round(writer, 30)
    segment = next(writer.directory.glob("*.bmr"))
    segment.write_bytes(segment.read_bytes()[:-10])
    loaded = open_recording(writer.directory).load()
    records = loaded.records()
    assert 0 < len(records) < writer.manifest(complete=True).records
    assert list(records["seq"]) == list(range(1, len(records) + 1))
    assert loaded.counts["torn_bytes"] > 0


def test_segments_rotate_and_read_as_one(new_writer: NewWriter, publish_round: PublishRound) -> None:
    with new_writer(segment_bytes_max=200) as writer:
        publish_round(writer, 40)
    assert len(list(writer.directory.glob("records-*.bmr"))) > 3
    records = open_recording(writer.directory).load().records()
    assert list(records["seq"]) == list(range(1, len(records) + 1))


def test_the_manifest_tells_times_counts_flags_and_results(new_writer: NewWriter, publish_round: PublishRound) -> None:
    with new_writer() as writer:
        publish_round(writer, 3)
        writer.drops = 4
    manifest = load_manifest(writer.directory)
    assert manifest is not None
    assert (manifest.complete, manifest.records, manifest.drops) == (True, 11, 4)
    assert manifest.end_ns - manifest.start_ns == 60 * 10**9
    assert manifest.flags == ["inferred", "mirrored"]
    assert [(market.result, market.inferred) for market in manifest.markets] == [("up", True)]


def test_arrays_keep_the_sequence_of_their_ring(new_writer: NewWriter, pair: tuple[Instrument, Instrument]) -> None:
    collector = RecordCollector()
    for second in range(3):
        collector.publish_tob(40, 0, 0, 0, 0, 0, 0, second * 10**9)
    records = collector.records().copy()
    records["seq"] += 900
    with new_writer() as writer:
        writer.put_instrument(40, pair[0])
        writer.append(records)
    loaded = open_recording(writer.directory).load()
    assert list(loaded.records()["seq"]) == [901, 902, 903]
    assert loaded.instruments == {40: pair[0]}


def test_raw_frames_come_back_with_their_times(new_writer: NewWriter) -> None:
    frames = [(number * 10**9, b"{}" * number) for number in range(1, 20)]
    with new_writer() as writer:
        for frame in frames:
            writer.add_frame(*frame)
    assert list(read_frames(writer.directory)) == frames
    assert writer.manifest(complete=True).frames == len(frames)


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(RecordingError, match="not empty"):
        RecordingWriter(tmp_path, kind="ring", source="test", software_version="0")


def test_synthetic_records_are_named_in_the_manifest(new_writer: NewWriter) -> None:
    with new_writer() as writer:
        writer.publish(Kind.SPOT, Flag.SYNTHETIC, 0, 3, 1, 2, 0, 0, 0, 10**9)
    assert writer.manifest(complete=True).flags == ["synthetic"]


def test_a_recording_that_an_error_ended_is_not_called_complete(
    new_writer: NewWriter, publish_round: PublishRound
) -> None:
    writer = new_writer()

    def record_and_fail() -> None:
        with writer:
            publish_round(writer, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()
    manifest = load_manifest(writer.directory)
    assert manifest is not None
    assert (manifest.complete, manifest.records) == (False, 11)
    assert open_recording(writer.directory).load().counts["unfinished"] == 1
