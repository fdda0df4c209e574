import os
from pathlib import Path
from uuid import uuid4

import pytest

from engine.model.errors import ResourceError
from engine.runtime.feeder_child import FeederChild, has_live_writer
from tests.unit.engine.runtime.ring import Ring

FIXTURE = Path(__file__).parents[3] / "fixtures" / "recordings" / "lively-seed-10"
PLAY = ("--source", "recording", "--path", str(FIXTURE), "--pace", "1", "--unlink")


@pytest.fixture
def ring_name() -> str:
    return f"/bmt_child_{os.getpid()}_{uuid4().hex[:8]}"


def test_a_ring_has_a_live_writer_only_while_its_feeder_lives(ring_name: str) -> None:
    assert not has_live_writer(ring_name)
    ring = Ring(ring_name)
    assert has_live_writer(ring_name)
    ring.writer.close()
    assert not has_live_writer(ring_name)
    Ring(ring_name).writer.close(unlink=True)


def test_a_child_is_ready_when_it_writes_the_ring_and_stop_ends_it(ring_name: str, tmp_path: Path) -> None:
    child = FeederChild((*PLAY, "--run-dir", str(tmp_path)), ring_name, tmp_path / "logs" / "feeder.log")
    child.wait_ready()
    assert has_live_writer(ring_name)
    child.stop()
    assert not child.is_running
    assert not Path("/dev/shm" + ring_name).exists()
    child.stop()


def test_a_feeder_that_does_not_come_up_is_an_error_with_the_end_of_its_log(ring_name: str, tmp_path: Path) -> None:
    child = FeederChild(("--source", "recording"), ring_name, tmp_path / "feeder.log")
    with pytest.raises(ResourceError, match=r"(?s)did not come up on ring .*expected --path with --source recording"):
        child.wait_ready()
