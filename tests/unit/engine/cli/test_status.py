"""`bucketmm status`: what the status files say, and what is not believed."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main


def status(run_dir: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["status", "--run-dir", str(run_dir), *options])


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "feeder.json").write_text(json.dumps({"pid": 7, "ring": "r", "state": "running"}), encoding="utf-8")
    return tmp_path


def test_nothing_running_is_exit_status_3(tmp_path: Path) -> None:
    result = status(tmp_path)
    assert result.exit_code == 3
    assert "is anything running?" in result.stderr


def test_json_has_both_processes(run_dir: Path) -> None:
    report = json.loads(status(run_dir, "--json").stdout)
    assert report["engine"] is None
    assert report["feeder"]["pid"] == 7


def test_the_local_exchange_alone_is_shown_too(tmp_path: Path) -> None:
    (tmp_path / "exchange.json").write_text(json.dumps({"pid": 9, "clob_url": "http://127.0.0.1:1", "trades": 3}))
    assert "local exchange" in status(tmp_path).stdout
    assert json.loads(status(tmp_path, "--json").stdout)["exchange"]["trades"] == 3


def test_what_has_names_gets_a_line_for_each(run_dir: Path) -> None:
    health = {"messages": 5, "stale": []}
    (run_dir / "feeder.json").write_text(json.dumps({"pid": 7, "state": "running", "health": health}), encoding="utf-8")
    shown = status(run_dir).stdout
    assert "messages: 5" in shown
    assert "{" not in shown


def test_a_running_process_that_does_not_write_is_silent(run_dir: Path) -> None:
    assert "running" in status(run_dir).stdout
    os.utime(run_dir / "feeder.json", (1_000, 1_000))
    assert "silent for" in status(run_dir).stdout


def test_half_a_file_is_said(run_dir: Path) -> None:
    (run_dir / "feeder.json").write_text("{", encoding="utf-8")
    result = status(run_dir)
    assert result.exit_code == 3
    assert "expected JSON" in result.stderr
