"""Two processes, a real ring, wall time: what backtest says is what the ring gives, and every way to stop is clean."""

import json
import signal
from pathlib import Path

import pytest

from tests.integration.runtime.processes import FIXTURES, bucketmm, finish, ring_name, start, status_of, wait_for

LIVELY = FIXTURES / "lively-seed-10"


def run_arguments(recording: Path, pace: str, ring: str) -> tuple[str, ...]:
    return (
        "run",
        "--source",
        "recording",
        "--path",
        str(recording),
        "--pace",
        pace,
        "--ring",
        ring,
        "--state",
        "state",
    )


@pytest.mark.parametrize("recording", sorted(path for path in FIXTURES.iterdir()), ids=lambda path: path.name)
def test_an_unpaced_recording_through_the_ring_gives_what_the_backtest_gives(recording: Path, tmp_path: Path) -> None:
    ring = ring_name()
    out, _ = bucketmm(tmp_path, *run_arguments(recording, "max", ring), "--json")
    through_ring = json.loads(out)
    out, _ = bucketmm(tmp_path, "backtest", str(recording), "--json")
    simulated = json.loads(out)
    assert through_ring["records_lost"] == 0
    for key in ("fills", "pnl_usd", "fees_usd", "entered", "states_reached", "decisions"):
        assert through_ring[key] == simulated[key], key


def test_windows_that_overlap_go_through_the_ring_in_the_order_of_their_time(tmp_path: Path) -> None:
    """The first window is settled while the second one trades: each must still give what its backtest gives."""
    out, _ = bucketmm(tmp_path, *run_arguments(FIXTURES, "max", ring_name()), "--json")
    through_ring = json.loads(out)
    out, _ = bucketmm(tmp_path, "backtest", str(FIXTURES), "--json")
    simulated = json.loads(out)
    for key in ("rounds", "fills", "pnl_usd", "fees_usd", "entered", "states_reached", "decisions"):
        assert through_ring[key] == simulated[key], key


def test_a_paced_run_journals_what_it_decided_and_the_journal_replays_equal(tmp_path: Path) -> None:
    ring = ring_name()
    out, _ = bucketmm(tmp_path, *run_arguments(LIVELY, "20", ring), "--json")
    report = json.loads(out)
    assert report["rounds"] == 1
    assert report["decisions"] > 0
    out, _ = bucketmm(tmp_path, "replay", "state", "--json")
    replayed = json.loads(out)
    assert replayed["equal"]
    assert replayed["decisions"] == report["decisions"]
    assert not Path("/dev/shm" + ring).exists()


def test_sigterm_in_a_round_cancels_closes_the_journal_and_removes_the_ring(tmp_path: Path) -> None:
    ring = ring_name()
    engine = start(tmp_path, *run_arguments(LIVELY, "5", ring))
    wait_for(lambda: (status_of(tmp_path).get("rounds") or [{}])[0].get("orders"), "an order")
    engine.send_signal(signal.SIGTERM)
    finish(engine)
    assert status_of(tmp_path)["state"] == "stopped"
    assert not [order for one in status_of(tmp_path)["rounds"] for order in one["orders"]]
    out, _ = bucketmm(tmp_path, "replay", "state", "--json")
    assert json.loads(out)["equal"]
    wait_for(lambda: not Path("/dev/shm" + ring).exists(), "the ring's removal")


def test_sigterm_while_the_feeder_comes_up_ends_both(tmp_path: Path) -> None:
    ring = ring_name()
    engine = start(tmp_path, *run_arguments(LIVELY, "5", ring))
    wait_for((tmp_path / "logs" / "feeder.log").exists, "the feeder's start")
    engine.send_signal(signal.SIGTERM)
    finish(engine, 143)
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.parent.exists()]
    assert not [command for command in commands if ring.encode() in command]


def test_one_engine_a_state_folder(tmp_path: Path) -> None:
    ring = ring_name()
    engine = start(tmp_path, *run_arguments(LIVELY, "5", ring))
    wait_for(lambda: status_of(tmp_path).get("pid"), "the engine")
    _, err = bucketmm(tmp_path, *run_arguments(LIVELY, "5", ring), status=3)
    assert f"the engine with pid {engine.pid} uses it" in err
    engine.send_signal(signal.SIGINT)
    finish(engine)


def test_a_kill_stops_trading_across_a_restart_until_it_is_resumed(tmp_path: Path) -> None:
    ring = ring_name()
    bucketmm(tmp_path, "kill", "test of the switch")
    engine = start(tmp_path, *run_arguments(LIVELY, "10", ring))
    wait_for(lambda: status_of(tmp_path).get("killed") == "test of the switch", "the kill switch")
    bucketmm(tmp_path, "resume", "the test is over", "--who", "tester")
    wait_for(lambda: "killed" in status_of(tmp_path) and status_of(tmp_path)["killed"] is None, "the resume")
    engine.send_signal(signal.SIGTERM)
    finish(engine)
    out, _ = bucketmm(tmp_path, "replay", "state", "--json")
    assert json.loads(out)["differing_journals"] == []


def test_a_run_without_a_ring_says_so(tmp_path: Path) -> None:
    _, err = bucketmm(tmp_path, "run", "--ring", ring_name(), "--state", "state", status=3)
    assert "is the feeder running?" in err


def test_a_recording_without_its_path_is_refused(tmp_path: Path) -> None:
    _, err = bucketmm(tmp_path, "run", "--source", "recording", "--ring", ring_name(), status=2)
    assert "--path" in err


def test_status_of_nothing_says_so_and_status_of_a_run_shows_it(tmp_path: Path) -> None:
    _, err = bucketmm(tmp_path, "status", status=3)
    assert "is anything running?" in err
    bucketmm(tmp_path, *run_arguments(LIVELY, "max", ring_name()))
    out, _ = bucketmm(tmp_path, "status")
    assert "btc-updown-60s" in out
    assert "KILLED" not in out
    out, _ = bucketmm(tmp_path, "status", "--json")
    assert json.loads(out)["engine"]["state"] == "stopped"
