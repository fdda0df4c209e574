"""The benchmark times what the engine does with each market; how fast that is is no matter of tests."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine.runtime import latency_bench
from engine.runtime.latency_bench import CASES, Case
from engine.runtime.latency_marks import STAGES
from engine.runtime.latency_run import Run
from shm.registry import names


@pytest.mark.parametrize("case", [CASES[0], CASES[2]], ids=lambda case: case.name)
def test_a_case_has_figures_of_every_stage_and_market(
    case: Case, tmp_path: Path, latency_reach: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency_bench, "WARM_UP", 0)
    run = Run(tmp_path / "run", latency_reach, max(os.sched_getaffinity(0)), spin=case.spin, late=case.late)
    figures = latency_bench._reactions(run, case, 3)
    assert figures["samples"] == 3
    assert list(figures["stages"]) == list(STAGES)
    assert figures["total_us_p50"] > 0
    assert case.late or (figures["tick_to_cancel_us"]["p50"] > 0 and figures["cancel_to_stop_us"]["p50"] > 0)
    assert run._name.removeprefix("/") not in names(), "no ring is left"
