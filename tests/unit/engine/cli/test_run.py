"""`bucketmm run`: the whole chain on a recording, and what it refuses."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from shm.registry import names

RECORDING = Path(__file__).resolve().parents[3] / "fixtures" / "recordings" / "lively-seed-10"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--source", "recording"], 2, "expected --path with --source recording"),
        (["--source", "polymarket", "--path", str(RECORDING)], 2, "was --source polymarket"),
        (["--ring", "no-such-ring-of-the-tests", "--path", str(RECORDING)], 3, "no-such-ring-of-the-tests"),
    ],
)
def test_what_cannot_be_run_is_said(
    arguments: list[str], status: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, message in result.stderr) == (status, True), result.output


def test_live_orders_need_a_venue_not_a_recording(tmp_path: Path) -> None:
    result = run("--mode", "live", "--path", str(RECORDING), "--run-dir", str(tmp_path))
    assert result.exit_code == 2
    assert "expected market data of a venue for live orders, was a recording" in result.stderr


def test_live_without_a_local_exchange_says_what_to_start(tmp_path: Path) -> None:
    result = run("--mode", "live", "--run-dir", str(tmp_path))
    assert result.exit_code == 2
    assert "start bucketmm exchange" in result.stderr


def test_an_unpaced_run_gives_what_the_backtest_gives_and_leaves_no_ring(tmp_path: Path) -> None:
    ring = f"test_run_{uuid.uuid4().hex[:12]}"
    played = bucketmm(
        tmp_path, "run", "--source", "recording", "--path", str(RECORDING), "--pace", "max", "--ring", ring
    )
    judged = bucketmm(tmp_path, "backtest", str(RECORDING))
    same = ("rounds", "entered", "fills", "fees_usd", "pnl_usd")
    assert {key: played[key] for key in same} == {key: judged[key] for key in same}
    assert played["records_lost"] == 0
    assert ring not in names()


def test_an_engine_joins_a_feeder_that_waits_for_it_and_sees_everything(tmp_path: Path) -> None:
    ring = f"test_run_{uuid.uuid4().hex[:12]}"
    options = ["--source", "recording", "--path", str(RECORDING), "--pace", "max", "--ring", ring]
    command = [sys.executable, "-m", "engine", "feed", *options, "--wait-for-reader", "--unlink"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as feeder:
        assert feeder.stdout is not None
        assert feeder.stdout.readline().startswith("feeder ready")
        report = bucketmm(tmp_path, "run", "--ring", ring, "--path", str(RECORDING))
        assert feeder.wait(20) == 0
    assert report["rounds"] > 0
    assert report["records_lost"] == 0
    assert report["pnl_usd"] == bucketmm(tmp_path, "backtest", str(RECORDING))["pnl_usd"]


def bucketmm(folder: Path, *arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "engine", *arguments, "--json"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report
