import subprocess
import sys
from pathlib import Path

from engine.config.load import parse_config
from engine.ops.preflight.facts import Lost
from engine.ops.preflight.machine import disk_free_bytes, known_orders, running, state_fact
from tests.unit.engine.store.harness import Engine, play_two_sessions

CONFIG = parse_config(b"{}", "test")


def test_a_folder_that_is_not_there_yet_is_a_fresh_start(tmp_path: Path) -> None:
    assert state_fact(CONFIG, tmp_path / "state" / "live") == f"{tmp_path}/state/live: a fresh start"
    assert known_orders(tmp_path / "state" / "live") == frozenset()


def test_the_last_session_is_named_with_how_it_ended(tmp_path: Path) -> None:
    play_two_sessions(tmp_path)
    assert state_fact(CONFIG, tmp_path) == f"{tmp_path}: session-000002 ended in order"
    engine = Engine(tmp_path / "other")
    engine.begin()
    engine.play(0, 5)
    engine.crash()
    found = state_fact(CONFIG, tmp_path / "other")
    assert isinstance(found, str)
    assert "broke off" in found


def test_a_damaged_journal_is_said(tmp_path: Path) -> None:
    play_two_sessions(tmp_path)
    path = tmp_path / "session-000002" / "journal-000000.bmj"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    found = state_fact(CONFIG, tmp_path)
    assert isinstance(found, Lost)
    assert "bad frame" in found.why


def test_the_orders_of_the_journals_are_known_by_the_venues_ids(tmp_path: Path) -> None:
    play_two_sessions(tmp_path)
    known = known_orders(tmp_path)
    assert len(known) > 2
    assert all(order_id == order_id.lower() for order_id in known)


def test_a_program_that_runs_is_found_by_its_name() -> None:
    code = "import time; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, "old-bot-of-this-test"])
    try:
        names = (Path(sys.executable).name, "no-such-program-anywhere")
        assert running(names) == names[:1]
    finally:
        process.kill()
        process.wait()
    assert running(()) == ()


def test_the_disk_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert disk_free_bytes(tmp_path / "not" / "yet") > 0
