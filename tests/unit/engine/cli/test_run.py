import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from engine.cli.run import run
from tests.unit.engine.runtime.test_backtest import FIXTURES


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Give this process its signal handlers back: `run` takes SIGTERM and SIGINT."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def refused(tmp_path: Path, *arguments: str) -> Result:
    """Run the command where no ring is."""
    ring = f"/bmt_none_{os.getpid()}_{uuid4().hex[:8]}"
    options = ("--ring", ring, "--state", str(tmp_path / "state"), "--run-dir", str(tmp_path / "run"))
    return CliRunner().invoke(run, (*options, *arguments))


def test_live_trading_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"runtime": {"mode": "live"}}))
    result = refused(tmp_path, "--config", str(tmp_path / "c.json"))
    assert result.exit_code == 2
    assert not (tmp_path / "state").exists()


def test_a_path_with_the_venues_source_is_refused(tmp_path: Path) -> None:
    result = refused(tmp_path, "--source", "polymarket", "--path", str(FIXTURES))
    assert result.exit_code == 2
    assert "was --source polymarket" in result.stderr


@pytest.mark.parametrize("seconds", ["0", "-5"])
def test_windows_of_no_length_are_refused(seconds: str, tmp_path: Path) -> None:
    result = refused(tmp_path, "--window-seconds", seconds)
    assert result.exit_code == 2
    assert "--window-seconds" in result.stderr


def test_a_missing_ring_leaves_no_session_behind(tmp_path: Path) -> None:
    result = refused(tmp_path)
    assert result.exit_code == 3
    assert "is the feeder running?" in result.stderr
    assert not list((tmp_path / "state").glob("session-*"))


def test_a_state_that_is_no_folder_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    result = refused(tmp_path)
    assert result.exit_code == 3
    assert "error:" in result.stderr
