"""The recording source on a real ring: pace, gating readers, and nothing lost on the way."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from feeder.recording.reader import open_recordings
from feeder.sources.pacing import UNPACED_MILLI
from feeder.sources.recording import RecordingSource
from shm import objects
from shm.layout import RECORD_DTYPE, FeedChange, Kind
from shm.ring import RingReader, RingWriter

FIXTURES = Path(__file__).parents[1] / "fixtures" / "recordings"
CAPACITY = 16_384


@pytest.fixture
def ring_name() -> Iterator[str]:
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    yield name
    objects.unlink(name)


async def play_and_drain(source: RecordingSource, writer: RingWriter, reader: RingReader) -> np.ndarray:
    """Play into the ring while a slow reader takes 100 records at a time; return what it got."""
    batch = np.empty(100, RECORD_DTYPE)
    got: list[np.ndarray] = []
    task = asyncio.create_task(source.run(writer, asyncio.Event()))
    while not task.done() or reader.position <= writer.cursor:
        if count := reader.drain(batch):
            got.append(batch[:count].copy())
        await asyncio.sleep(0)
    await task
    return np.concatenate(got)


def test_an_unpaced_recording_never_laps_a_gating_reader(ring_name: str) -> None:
    files = open_recordings(FIXTURES) * 12
    published = sum(len(file.load().records()) for file in files)
    assert published > 2 * CAPACITY
    with RingWriter(ring_name, capacity=CAPACITY) as writer:
        reader = RingReader(ring_name, gating=True)
        got = asyncio.run(play_and_drain(RecordingSource(files, UNPACED_MILLI), writer, reader))
        assert reader.lost == 0
        assert reader.pace is not None
        assert reader.pace.rate_milli == UNPACED_MILLI
        reader.close()
    ended = (got["kind"] == Kind.FEED) & (got["aux"] == FeedChange.ENDED)
    assert len(got) == published - len(files) + 1
    assert list(np.flatnonzero(ended)) == [len(got) - 1]
    assert bool(np.all(np.diff(got["seq"].astype(np.int64)) == 1))


def test_the_rings_pace_is_that_of_the_recording(ring_name: str) -> None:
    (file,) = open_recordings(FIXTURES / "lively-seed-10")
    now_ns = 5_000
    with RingWriter(ring_name, capacity=CAPACITY) as writer:
        reader = RingReader(ring_name)

        def clock_ns() -> int:
            nonlocal now_ns
            now_ns += 1_000_000
            return now_ns

        asyncio.run(play_and_drain(RecordingSource([file], 1_000_000, clock_ns=clock_ns), writer, reader))
        assert reader.pace == (1_005_000, int(file.load().records()["recv_ts_ns"][0]), 1_000_000)
        reader.close()
