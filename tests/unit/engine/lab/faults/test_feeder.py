import asyncio
import os
from pathlib import Path

import pytest

from engine.lab.faults import venue as venue_module
from engine.lab.faults.feeder import FeederProcess
from engine.lab.faults.venue import Venue
from engine.lab.faults.world import JOIN_S, LENGTH_S, START_S
from engine.lab.virtual.loop import VirtualLoop
from engine.model.units import NS_PER_S
from engine.worlds.params import Style
from shm.errors import RingError
from shm.registry import status
from tests.unit.engine.lab.faults.stage import nobody


def test_a_feeder_publishes_dies_and_comes_back_in_a_new_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue_module, "Crowd", nobody)
    loop = VirtualLoop((START_S + JOIN_S) * NS_PER_S)
    ring = f"bucketmm-test-feeder-{os.getpid()}"

    async def work() -> None:
        venue = Venue(loop, 1, Style.CALM, LENGTH_S)
        feeder = FeederProcess(loop, ring, tmp_path, LENGTH_S, 1, venue.account.credentials)
        feeder.start()
        await asyncio.sleep(3)
        first = status(ring)
        assert first.writer_alive
        assert first.instruments_count == 6
        feeder.freeze()
        await asyncio.sleep(3)
        assert status(ring).cursor == first.cursor
        feeder.thaw()
        await asyncio.sleep(1)
        assert status(ring).cursor > first.cursor
        feeder.kill()
        assert not feeder.is_running
        assert not status(ring).writer_alive
        feeder.start()
        await asyncio.sleep(1)
        assert (feeder.starts, status(ring).epoch) == (2, first.epoch + 1)
        assert feeder.failure is None
        await feeder.end()
        await venue.close()

    loop.run(work())
    with pytest.raises(RingError):
        status(ring)
