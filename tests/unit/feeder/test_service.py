"""The feeder's shell around any source, on a real ring."""

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import orjson
import pytest

from feeder.service import HEARTBEAT_S, STOPPED, FeederService, ServiceOptions
from feeder.sources import SourceError
from shm.layout import RECORD_DTYPE, FeedChange, Kind
from shm.objects import unlink
from shm.ring import RingReader, RingWriter
from shm.sink import RecordSink


@pytest.fixture
def ring_name() -> Iterator[str]:
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    yield name
    unlink(name)


class Script:
    """A source that does what the test says."""

    name = "script"

    def __init__(self, *, ends: bool = False, error: str = "") -> None:
        self.ends = ends
        self.error = error
        self.started = asyncio.Event()

    async def run(self, sink: RecordSink, stop: asyncio.Event) -> None:
        self.started.set()
        if self.error:
            raise SourceError(self.error)
        if not self.ends:
            await stop.wait()

    def health(self) -> Mapping[str, object]:
        return {"messages": 42}


def serve(source: Script, ring_name: str, options: ServiceOptions, *, stop_after_s: float = 0) -> list[tuple[int, ...]]:
    """Run the service and return (kind, aux, w2) of every record."""

    async def scene() -> None:
        stop = asyncio.Event()
        service = FeederService(source, writer, options, say=lines.append)
        running = asyncio.create_task(service.run(stop))
        await asyncio.wait({running, asyncio.create_task(source.started.wait())}, return_when="FIRST_COMPLETED")
        await asyncio.sleep(stop_after_s)
        stop.set()
        await running

    lines: list[str] = []
    writer = RingWriter(ring_name, capacity=1024)
    reader = RingReader(ring_name, start="oldest")
    try:
        asyncio.run(scene())
    finally:
        rows = np.zeros(1024, RECORD_DTYPE)
        records = [(int(row["kind"]), int(row["aux"]), int(row["w2"])) for row in rows[: reader.drain(rows)]]
        reader.close()
    assert [line.split(",")[0] for line in lines] == [f"feeder ready: ring {writer.name}"]
    return records


def test_a_heartbeat_comes_at_once_and_at_least_every_second_with_the_messages_so_far(
    ring_name: str, tmp_path: Path
) -> None:
    records = serve(Script(), ring_name, ServiceOptions(tmp_path), stop_after_s=2.5 * HEARTBEAT_S)
    beats = [record for record in records if record[0] == Kind.HEARTBEAT]
    assert HEARTBEAT_S <= 0.5
    assert len(beats) >= 4
    assert {w2 for _, _, w2 in beats} == {42}


def test_a_stopped_feeder_says_so_in_its_last_records_and_in_its_file(ring_name: str, tmp_path: Path) -> None:
    records = serve(Script(), ring_name, ServiceOptions(tmp_path / "run"))
    assert records[-2] == (Kind.FEED, FeedChange.STALE, STOPPED)
    assert records[-1][0] == Kind.HEARTBEAT
    health = orjson.loads((tmp_path / "run" / "feeder.json").read_bytes())
    assert (health["state"], health["source"], health["ring"]) == ("stopped", "script", ring_name)
    assert health["health"] == {"messages": 42}
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["feeder.json"]


def test_a_source_that_ends_by_itself_has_the_last_word(ring_name: str, tmp_path: Path) -> None:
    records = serve(Script(ends=True), ring_name, ServiceOptions(tmp_path))
    assert [kind for kind, _, _ in records if kind == Kind.FEED] == []


def test_the_ring_is_closed_when_the_source_fails_and_removed_when_asked(ring_name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such thing"):
        serve(Script(error="no such thing"), ring_name, ServiceOptions(tmp_path, unlink=True))
    assert not unlink(ring_name)


def test_a_recording_waits_for_the_reader_that_must_see_everything(ring_name: str, tmp_path: Path) -> None:
    async def scene() -> None:
        source, stop = Script(), asyncio.Event()
        service = FeederService(source, writer, ServiceOptions(tmp_path, wait_for_reader=True), say=lambda _: None)
        running = asyncio.create_task(service.run(stop))
        await asyncio.sleep(0.05)
        assert not source.started.is_set()
        with RingReader(ring_name, gating=True):
            await asyncio.wait_for(source.started.wait(), 10)
            stop.set()
            await running

    writer = RingWriter(ring_name, capacity=1024)
    asyncio.run(scene())
