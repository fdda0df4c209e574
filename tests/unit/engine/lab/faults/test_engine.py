import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.lab.faults import venue as venue_module
from engine.lab.faults.engine import EngineProcess, KilledError, Moment
from engine.lab.faults.feeder import FeederProcess
from engine.lab.faults.venue import Venue
from engine.lab.faults.world import JOIN_S, LENGTH_S, START_S, world_config
from engine.lab.virtual.loop import VirtualLoop
from engine.model.units import NS_PER_S
from engine.runtime.recovery import sessions, was_closed
from engine.worlds.params import Style
from tests.unit.engine.lab.faults.stage import nobody


def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: Callable[[EngineProcess], Awaitable[None]]) -> None:
    """Let something happen to an engine that has been up for 3 s, then end it in order."""
    monkeypatch.setattr(venue_module, "Crowd", nobody)
    loop = VirtualLoop((START_S + JOIN_S) * NS_PER_S)
    ring = f"bucketmm-test-engine-{os.getpid()}"

    async def work() -> None:
        (tmp_path / "run").mkdir()
        venue = Venue(loop, 1, Style.CALM, LENGTH_S)
        feeder = FeederProcess(loop, ring, tmp_path / "run", LENGTH_S, 1, venue.account.credentials)
        feeder.start()
        engine = EngineProcess(loop, world_config(tmp_path), tmp_path, ring, venue.account, accept_foreign=False)
        running = asyncio.create_task(engine.keep_running())
        await asyncio.sleep(3)
        await story(engine)
        engine.stop(for_good=True)
        await running
        assert engine.failures == []
        assert engine.results[-1].clean
        await feeder.end()
        await venue.close()

    loop.run(work())
    assert [error for error in loop.errors if "KilledError" not in error] == []


def test_an_engine_that_is_ended_in_order_closes_its_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(engine: EngineProcess) -> None:
        assert engine.is_running
        engine.stop(for_good=False)
        await asyncio.sleep(5)
        assert engine.sessions == 2

    play(tmp_path, monkeypatch, story)
    assert [was_closed(folder) for folder in sessions(tmp_path / "state")] == [True, True]


def test_a_killed_engine_does_nothing_more_and_another_one_goes_on_from_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(engine: EngineProcess) -> None:
        engine.kill(2.0)
        (folder,) = sessions(engine.root)
        size = [path.stat().st_size for path in folder.iterdir()]
        await asyncio.sleep(1.5)
        assert not engine.is_running
        await asyncio.sleep(3)
        assert (engine.is_running, engine.sessions) == (True, 2)
        assert [path.stat().st_size for path in folder.iterdir()] == size
        assert not was_closed(folder)

    play(tmp_path, monkeypatch, story)


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.HALF, Moment.AFTER])
def test_an_engine_can_die_in_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: Moment) -> None:
    async def story(engine: EngineProcess) -> None:
        engine.kill_in_request(moment, b"POST /v1/heartbeats", 1.0)
        await asyncio.sleep(8)
        assert engine.died_in_request == 1
        assert engine.sessions == 2

    play(tmp_path, monkeypatch, story)


def test_a_frozen_engine_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(engine: EngineProcess) -> None:
        engine.freeze()
        await asyncio.sleep(12)
        engine.thaw()
        await asyncio.sleep(3)
        assert engine.sessions == 1

    play(tmp_path, monkeypatch, story)


def test_death_is_no_exception_that_anybody_handles() -> None:
    assert not issubclass(KilledError, Exception)
