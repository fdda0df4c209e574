"""A child process writes into its log, ends when it is told to, and is no trouble when it has ended by itself."""

import time
from pathlib import Path

from engine.runtime.child import Child


def test_what_a_child_says_is_in_its_log(tmp_path: Path) -> None:
    child = Child(["no-such-verb"], tmp_path / "logs" / "child.log")
    deadline = time.monotonic() + 20
    while child.is_running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.is_running
    assert "No such command" in child.log.read_text()
    child.stop()


def test_a_child_that_goes_on_is_ended(tmp_path: Path) -> None:
    child = Child(["exchange", "--style", "empty", "--run-dir", str(tmp_path)], tmp_path / "child.log")
    deadline = time.monotonic() + 20
    while not (tmp_path / "exchange.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert child.is_running
    child.stop()
    assert not child.is_running
