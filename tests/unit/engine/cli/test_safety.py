"""`bucketmm status --safety`: of the engine that runs, or of the config."""

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.main import main

ROW = {
    "group": "guardian",
    "name": "daily_loss",
    "meaning": "lost",
    "threshold": "20.00 USD",
    "off": "",
    "now": "3.00 USD",
    "last_fired_ns": 1_800_000_000_000_000_000,
    "detail": "twice",
    "armed": True,
}


def safety(run_dir: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["status", "--safety", "--run-dir", str(run_dir), *options])


def running(run_dir: Path, **changes: object) -> Path:
    path = run_dir / "engine.json"
    told = {"pid": 7, "state": "running", "mode": "live", "safety": [ROW], **changes}
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def test_a_running_engine_is_asked(tmp_path: Path) -> None:
    running(tmp_path)
    told = json.loads(safety(tmp_path, "--json").stdout)
    assert told == {"source": "the engine with pid 7", "mode": "live", "guards": [ROW]}
    shown = safety(tmp_path).stdout
    assert "20.00 USD" in shown
    assert "2027-01-15" in shown


def test_without_an_engine_the_config_is_shown(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"risk": {"DAILY_LOSS_LIMIT": 0}, "runtime": {"mode": "shadow"}}', encoding="utf-8")
    told = json.loads(safety(tmp_path, "--json", "--config", str(config)).stdout)
    assert told["source"] == f"{config} (no engine runs here)"
    assert told["mode"] == "shadow"
    (daily,) = [row for row in told["guards"] if row["name"] == "daily_loss"]
    assert (daily["armed"], daily["off"]) == (False, "0 in the config")


def test_an_engine_that_has_stopped_or_fell_silent_is_not_one_that_runs(tmp_path: Path) -> None:
    running(tmp_path, state="stopped")
    assert "no engine runs here" in safety(tmp_path).stdout
    path = running(tmp_path)
    os.utime(path, (1, 1))
    assert "no engine runs here" in safety(tmp_path).stdout


def test_a_status_file_that_is_no_json_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text("{", encoding="utf-8")
    result = safety(tmp_path)
    assert result.exit_code == 3
    assert "expected JSON" in result.stderr
