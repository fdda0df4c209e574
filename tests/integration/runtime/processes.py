"""Real processes for the integration tests: the command, its output, its end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

FIXTURES = Path(__file__).parents[2] / "fixtures" / "recordings"
WAIT_S = 30.0


def ring_name() -> str:
    """Return a ring name of this test's own."""
    return f"/bmt_test_{os.getpid()}_{uuid4().hex[:8]}"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `bucketmm` in a folder, its outputs captured."""
    return subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    """Wait for a process, check its exit status and return what it printed."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, f"exit status {process.returncode}, expected {status}\n{out}\n{err}"
    return out, err


def bucketmm(folder: Path, *arguments: str, status: int = 0) -> tuple[str, str]:
    """Run `bucketmm` to its end."""
    return finish(start(folder, *arguments), status)


def wait_for(what: Callable[[], Any], text: str) -> Any:
    """Return the first true value of `what`; fail with `text` when there is none in time."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {WAIT_S} s in vain: {text}")


def status_of(folder: Path) -> dict[str, Any]:
    """Return the engine's status file, empty before it is there."""
    path = folder / "run" / "engine.json"
    try:
        status: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return status
