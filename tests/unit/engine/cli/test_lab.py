import json
from collections.abc import Iterable

import pytest
from click.testing import CliRunner

from engine.cli import lab as lab_module
from engine.cli.lab import lab
from engine.lab.faults.campaign import Campaign, Progress, World, summarise
from engine.lab.faults.world import RunResult, run_seed
from engine.lab.sockets.world import run_seed_on_sockets

GOOD = RunResult(7, ("5 ms: slow",), (), {"slow": 2}, decisions=30, orders=4, trades=2)
BAD = RunResult(8, ("9 ms: restart",), ("money: lost",), {"restart": 1}, decisions=10)


def play(monkeypatch: pytest.MonkeyPatch, results: list[RunResult]) -> list[tuple[list[int], int, World]]:
    """Let every campaign have these results; return what it was asked for."""
    asked: list[tuple[list[int], int, World]] = []

    def run(seeds: Iterable[int], jobs: int, progress: Progress, world: World) -> Campaign:
        asked.append((list(seeds), jobs, world))
        for result in results:
            progress(result)
        return summarise(results)

    monkeypatch.setattr(lab_module, "run_campaign", run)
    return asked


def test_a_campaign_without_violations_is_shown_by_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = play(monkeypatch, [GOOD])
    result = CliRunner().invoke(lab, ["faults", "--seeds", "2", "--first-seed", "7", "--jobs", "2"])
    assert result.exit_code == 0
    assert asked == [([7, 8], 2, run_seed)]
    assert "slow                             1 runs" in result.output
    assert "1 runs, 30 decisions, 4 orders, 2 trades, 0 runs with violations" in result.output


def test_a_violation_is_said_with_seed_and_faults_and_is_exit_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, [GOOD, BAD])
    result = CliRunner().invoke(lab, ["faults", "--json"])
    assert result.exit_code == 1
    assert "seed 8:" in result.stderr
    assert "  money: lost" in result.stderr
    assert "  9 ms: restart" in result.stderr
    shown = json.loads(result.stdout)
    assert (shown["seeds"], shown["decisions"]) == (2, 40)
    assert shown["violations"] == [{"seed": 8, "violations": ["money: lost"], "troubles": ["9 ms: restart"]}]
    assert (shown["by_fault"]["slow"], shown["by_fault"]["restart"], shown["by_fault"]["ws_lose"]) == (1, 1, 0)


def test_real_processes_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = play(monkeypatch, [GOOD])
    assert CliRunner().invoke(lab, ["faults", "--seeds", "1", "--sockets"]).exit_code == 0
    assert asked == [([0], 1, run_seed_on_sockets)]


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(seeds: Iterable[int], jobs: int, progress: Progress, world: World) -> Campaign:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab_module, "run_campaign", run)
    assert CliRunner().invoke(lab, ["faults"]).exit_code == 130
