"""Playing recordings: records, pace, slow readers, stopping at once; on a clock of the test's own."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feeder.recording.collector import RecordCollector
from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded, RecordingFile, Window
from feeder.recording.reader import open_recordings
from feeder.sources import SourceError
from feeder.sources.pacing import UNPACED_MILLI
from feeder.sources.recording import BACKLOG_RECORDS_MAX, BURST_RECORDS_MAX, RecordingSource
from shm.layout import FeedChange, Kind

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"


class RingLikeSink(RecordCollector):
    """A collector that is asked for its pace and has one gating reader, whose position the test sets."""

    def __init__(self, slowest: Callable[["RingLikeSink"], int | None] = lambda sink: None) -> None:
        super().__init__()
        self.paces: list[tuple[int, int, int]] = []
        self._slowest = slowest

    @property
    def cursor(self) -> int:
        return len(self)

    def set_pace(self, wall_start_ns: int, recording_start_ns: int, rate_milli: int, /) -> None:
        self.paces.append((wall_start_ns, recording_start_ns, rate_milli))

    def slowest_gating_position(self) -> int | None:
        return self._slowest(self)


def play(source: RecordingSource, sink: RingLikeSink) -> None:
    asyncio.run(source.run(sink, asyncio.Event()))


def test_unpaced_a_generated_recording_comes_out_as_it_was_written() -> None:
    (file,) = open_recordings(FIXTURES / "lively-seed-10")
    sink = RingLikeSink()
    source = RecordingSource([file], UNPACED_MILLI, clock_ns=lambda: 42)
    play(source, sink)
    assert np.array_equal(sink.records(), file.load().records())
    assert sink.paces == [(42, int(sink.records()["recv_ts_ns"][0]), UNPACED_MILLI)]
    assert source.health()["messages"] == len(sink)


def later(file: RecordingFile, span_ns: int) -> RecordingFile:
    """Return the recording as if it had been made later."""

    def load() -> Loaded:
        loaded = file.load()
        records = loaded.records()
        records["recv_ts_ns"] += span_ns
        return Loaded(loaded.instruments, loaded.counts, lambda: iter([records]))

    windows = tuple(window._replace(start_s=window.start_s + span_ns // 1_000_000_000) for window in file.windows)
    return replace(file, windows=windows, load=load)


def test_recordings_that_overlap_are_interleaved_on_one_pace_and_end_once() -> None:
    files = open_recordings(FIXTURES)
    sink = RingLikeSink()
    play(RecordingSource(files[::-1], UNPACED_MILLI, clock_ns=lambda: 42), sink)
    records = sink.records()
    assert list(records["recv_ts_ns"]) == sorted(records["recv_ts_ns"])
    ended = (records["kind"] == Kind.FEED) & (records["aux"] == FeedChange.ENDED)
    assert list(np.flatnonzero(ended)) == [len(records) - 1]
    assert len(sink.paces) == 1
    assert len(sink.instruments) == 4
    assert len(records) == sum(len(file.load().records()) for file in files) - 1  # the first one's FEED/ENDED


def test_a_recording_that_begins_after_the_last_one_sets_the_pace_anew() -> None:
    first, second = open_recordings(FIXTURES)
    sink = RingLikeSink()
    play(RecordingSource([first, later(second, 3_600_000_000_000)], UNPACED_MILLI, clock_ns=lambda: 42), sink)
    starts = [int(file.load().records()["recv_ts_ns"][0]) for file in (first, second)]
    assert [start for _, start, _ in sink.paces] == [starts[0], starts[1] + 3_600_000_000_000]


def test_paced_no_record_is_published_before_it_is_due() -> None:
    (file,) = open_recordings(FIXTURES / "lively-seed-10")
    now_ns = 1_000

    def clock_ns() -> int:
        nonlocal now_ns
        now_ns += 10_000
        return now_ns

    class WatchingSink(RingLikeSink):
        def publish_tob(self, *words: int) -> None:
            wall_start_ns, recording_start_ns, _ = self.paces[0]
            assert words[7] - recording_start_ns <= (now_ns - wall_start_ns) * 1_000_000
            super().publish_tob(*words)

    sink = WatchingSink()
    play(RecordingSource([file], 1_000_000_000, clock_ns=clock_ns), sink)
    assert np.array_equal(sink.records(), file.load().records())
    assert now_ns >= 1_000 + 70_000


def test_unpaced_a_slow_gating_reader_is_waited_for() -> None:
    (file,) = open_recordings(FIXTURES / "lively-seed-10")
    looks: list[int] = []

    def slowest(sink: RingLikeSink) -> int:
        looks.append(len(sink))
        return len(sink) if len(looks) % 3 == 0 else len(sink) - BACKLOG_RECORDS_MAX - 1

    sink = RingLikeSink(slowest)
    play(RecordingSource([file], UNPACED_MILLI), sink)
    assert np.array_equal(sink.records(), file.load().records())
    bursts = np.diff([*looks[::3], len(sink)])
    assert looks == [seen for seen in looks[::3] for _ in range(3)]
    assert max(bursts) <= BURST_RECORDS_MAX


def test_stop_ends_a_long_sleep_at_once() -> None:
    (file,) = open_recordings(FIXTURES / "lively-seed-10")
    sink = RingLikeSink()

    async def stop_after_the_first_records() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(RecordingSource([file], 1, clock_ns=lambda: 42).run(sink, stop))
        while not len(sink):
            await asyncio.sleep(0)
        stop.set()
        await task

    asyncio.run(asyncio.wait_for(stop_after_the_first_records(), 30))
    assert 0 < len(sink) < 10


def test_a_recording_that_cannot_be_read_is_a_source_error() -> None:
    def fail() -> Loaded:
        raise RecordingError(Path("x.gz"), 7, "expected something else")

    file = RecordingFile("x", Path("x.gz"), "test", (Window("btc-updown-5m-0", 0, 300),), fail)
    with pytest.raises(SourceError, match=r"x\.gz:7: expected something else"):
        play(RecordingSource([file], UNPACED_MILLI), RingLikeSink())
