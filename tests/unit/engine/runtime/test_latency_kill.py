"""The kill switch is timed to the confirmed cancel and to an empty venue; how fast that is is no matter of tests."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine.model.errors import ResourceError
from engine.runtime import latency_kill
from engine.runtime.latency_kill import measure_kill
from engine.runtime.latency_run import Run


def test_each_market_has_an_order_that_a_kill_cancels(tmp_path: Path, latency_reach: dict[str, Any]) -> None:
    run = Run(tmp_path / "run", latency_reach, max(os.sched_getaffinity(0)), spin=False, late=False)
    figures = measure_kill(run, 3, 1)
    assert figures["samples"] == 3
    assert figures["kill_to_cancelled_ms"]["p50"] > 0
    assert figures["kill_to_none_resting_ms"]["p50"] > 0
    orders = {each.order.partition("/")[0] for each in run.taken().cancels}
    assert orders == {f"kill-updown-15m-{number}" for number in range(4)}


def test_what_never_comes_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_kill, "WITHIN_S", 0.01)
    with pytest.raises(ResourceError, match="expected pigs to fly within"):
        latency_kill._wait(lambda: False, "pigs to fly")
