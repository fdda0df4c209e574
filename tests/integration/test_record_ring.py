"""`bucketmm record` on a real ring, in a process of its own."""

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from feeder.recording.collector import RecordCollector
from feeder.recording.manifest import load_manifest
from feeder.recording.player import Player
from feeder.recording.reader import open_recordings
from shm import objects
from shm.layout import ALL_INSTRUMENTS, Kind
from shm.ring import RingWriter

StartRecorder = Callable[[str, Path], "subprocess.Popen[str]"]
FIXTURES = Path(__file__).parents[1] / "fixtures" / "recordings"


@pytest.fixture
def ring_name() -> Iterator[str]:
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    yield name
    objects.unlink(name)


@pytest.fixture
def start_recorder() -> Iterator[StartRecorder]:
    """A function that starts `bucketmm record`; what it started is gone when the test is."""
    started: list[subprocess.Popen[str]] = []

    def start(ring_name: str, out: Path) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", "from engine.cli.main import main; main()"]
        command = [*program, "record", "--ring", ring_name, "--out", str(out)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until_recording(writer: RingWriter, out: Path) -> None:
    """Publish heartbeats until the recorder has written one: it begins when it has attached."""
    deadline_s = time.monotonic() + 30
    second = 0
    while not list(out.glob("*.bmr")):
        assert time.monotonic() < deadline_s, "the recorder did not begin within 30 s"
        second += 1
        writer.publish(Kind.HEARTBEAT, 0, ALL_INSTRUMENTS, 0, 0, 0, 0, 0, 0, second * 10**9)
        time.sleep(0.05)


def test_a_recorded_ring_plays_back_the_records_that_were_published(
    start_recorder: StartRecorder, ring_name: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (source,) = open_recordings(FIXTURES / "wild-seed-5")
    loaded = source.load()
    published = loaded.records()
    with RingWriter(ring_name) as writer:
        recorder = start_recorder(ring_name, out)
        wait_until_recording(writer, out)
        Player(writer, loaded, last=True).publish(published)
    stdout, stderr = recorder.communicate(timeout=60)
    assert (recorder.returncode, stderr) == (0, "")
    assert "0 dropped" in stdout
    again = RecordCollector()
    (recording,) = open_recordings(out)
    Player(again, recording.load(), last=True).publish(recording.load().records())
    played = again.records()
    played = played[played["kind"] != Kind.HEARTBEAT].copy()
    played["seq"] = published["seq"]
    assert np.array_equal(played, published)


def test_a_killed_recorder_leaves_a_recording_that_can_be_read(
    start_recorder: StartRecorder, ring_name: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (source,) = open_recordings(FIXTURES / "wild-seed-5")
    loaded = source.load()
    with RingWriter(ring_name) as writer:
        recorder = start_recorder(ring_name, out)
        wait_until_recording(writer, out)
        Player(writer, loaded, last=True).publish(loaded.records())
        deadline_s = time.monotonic() + 30
        while not (list(out.glob("*.bmr")) and open_any(out) > 500):
            assert time.monotonic() < deadline_s, "the recorder wrote nothing within 30 s"
            time.sleep(0.05)
        recorder.kill()
        recorder.communicate(timeout=30)
    (recording,) = open_recordings(out)
    assert recording.load().counts["unfinished"] == 1
    assert len(recording.load().records()) > 500


def open_any(out: Path) -> int:
    """Return how many records can be read by now; 0 as long as there are no instruments."""
    try:
        (recording,) = open_recordings(out)
    except ValueError:
        return 0
    return len(recording.load().records())


def test_ctrl_c_ends_a_recording_that_is_complete(
    start_recorder: StartRecorder, ring_name: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with RingWriter(ring_name) as writer:
        recorder = start_recorder(ring_name, out)
        wait_until_recording(writer, out)
        recorder.send_signal(signal.SIGINT)
        stdout, stderr = recorder.communicate(timeout=60)
    manifest = load_manifest(out)
    assert (recorder.returncode, stderr) == (130, "")
    assert manifest is not None
    assert manifest.complete
    assert f"{manifest.records} records" in stdout


def test_a_ring_that_is_not_there_is_status_3(start_recorder: StartRecorder, tmp_path: Path) -> None:
    recorder = start_recorder(f"bucketmm_test_{uuid.uuid4().hex[:12]}", tmp_path / "out")
    _, stderr = recorder.communicate(timeout=60)
    assert recorder.returncode == 3
    assert "Traceback" not in stderr
    assert not (tmp_path / "out").exists()
