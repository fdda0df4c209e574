"""The benchmark's arguments and report; what it measures is tested beside the measuring modules."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from engine.cli import latency as module
from engine.cli.latency import latency
from engine.runtime.latency_marks import STAGES

CELLS = {"p50": 12.5, "p99": 1234.5, "p999": float("nan")}
CASE = {
    "samples": 20,
    "stages": dict.fromkeys(STAGES, CELLS),
    **{f"total_us_{name}": value for name, value in CELLS.items()},
}
REPORT = {
    "default": CASE | {"tick_to_cancel_us": CELLS, "cancel_to_stop_us": CELLS},
    "spin": CASE,
    "presigned_stop": CASE,
    "kill": {"samples": 20, "kill_to_cancelled_ms": CELLS, "kill_to_none_resting_ms": CELLS},
    "clients_us": {"polymarket-client": CELLS, "py-clob-client-v2": "not measured: no such module"},
    "conditions": {"cores": 2},
}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the measuring itself take no time; return what it was asked for."""
    wanted: list[int] = []

    def measure(samples: int, say: Callable[[str], None], records_per_s: int) -> dict[str, Any]:
        wanted.append(samples)
        say("default: so many markets")
        return REPORT

    monkeypatch.setattr(module, "measure", measure)
    return wanted


def test_the_report_is_one_json_object_and_progress_is_beside_it(asked: list[int]) -> None:
    result = CliRunner().invoke(latency, ["bench", "--samples", "40", "--json"])
    assert orjson.loads(result.stdout)["kill"]["samples"] == 20
    assert result.stderr == "default: so many markets\n"
    assert asked == [40]


def test_without_json_it_is_a_table_with_every_case_stage_and_condition() -> None:
    result = CliRunner().invoke(latency, ["bench"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    wanted = [f"{case}: {stage}" for case in ("default", "spin", "presigned_stop") for stage in STAGES]
    wanted += ["default: tick to cancel", "default: cancel to stop", "kill to cancelled, milliseconds"]
    wanted += [
        "presigned_stop: total of 20",
        "polymarket-client: from the call",
        "no such module",
        "1,234.5",
        "cores: 2",
    ]
    assert [each for each in wanted if each not in result.stdout] == []


@pytest.mark.parametrize("samples", ["0", "19", "1801"])
def test_too_few_or_too_many_samples_are_refused(samples: str) -> None:
    assert CliRunner().invoke(latency, ["bench", "--samples", samples]).exit_code == 2
