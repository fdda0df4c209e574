"""The stage of the benchmark: what does not come up is said, with the reason."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine.model.errors import ResourceError
from engine.runtime.latency_run import Run, start_exchange
from shm.registry import names


def test_an_engine_that_does_not_come_up_is_said_with_its_log(tmp_path: Path, latency_reach: dict[str, Any]) -> None:
    run = Run(tmp_path / "run", latency_reach, max(os.sched_getaffinity(0)), spin=False, late=False)
    (run.folder / "config.json").write_text("{")
    with pytest.raises(ResourceError) as caught, run.running():
        pass
    assert str(caught.value).startswith("expected the engine to come up: ")
    assert "config.json is not JSON that can be read" in str(caught.value)
    assert run._name.removeprefix("/") not in names()


def test_an_exchange_that_does_not_come_up_is_said(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("a file where its folder would be")
    with pytest.raises(ResourceError, match="expected the local exchange to start, it ended"):
        start_exchange(tmp_path)
