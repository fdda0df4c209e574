from pathlib import Path

from engine.lab.faults.campaign import as_json, play_seed, run_campaign, summarise
from engine.lab.faults.troubles import NAMES, Trouble
from engine.lab.faults.world import RunResult


def test_a_campaign_plays_each_seed_and_counts_in_how_many_runs_each_fault_took_effect() -> None:
    def run(seed: int, troubles: list[Trouble], folder: Path) -> RunResult:
        assert list(folder.iterdir()) == []
        wrong = ("money: lost",) if seed == 3 else ()
        return RunResult(seed, ("1 ms: slow",), wrong, {"slow": seed}, decisions=10, orders=2, trades=1)

    heard: list[int] = []
    result = run_campaign(range(2, 5), 1, lambda result: heard.append(result.seed), run)
    assert heard == [2, 3, 4]
    shown = as_json(result)
    assert shown["by_fault"].pop("slow") == 3
    assert set(shown.pop("by_fault").values()) == {0}
    assert shown == {
        "seeds": 3,
        "violations": ({"seed": 3, "violations": ("money: lost",), "troubles": ("1 ms: slow",)},),
        "decisions": 30,
        "orders": 6,
        "trades": 3,
    }


def test_a_world_that_breaks_is_a_violation_and_leaves_no_folder() -> None:
    folders: list[Path] = []

    def run(seed: int, troubles: list[Trouble], folder: Path) -> RunResult:
        folders.append(folder)
        raise RuntimeError("the world ended")

    result = play_seed(6, run)
    assert "the world ended" in result.violations[0]
    assert result.troubles
    assert not folders[0].exists()


def test_processes_give_what_one_gives() -> None:
    alone, together = ([], [])  # type: list[str], list[str]
    run_campaign(range(4, 5), 1, lambda result: alone.append(result.digest))
    run_campaign(range(4, 5), 2, lambda result: together.append(result.digest))
    assert alone == together
    assert all(alone)


def test_no_runs_are_no_campaign() -> None:
    empty = summarise([])
    assert (empty.seeds, empty.violations) == (0, ())
    assert tuple(empty.by_fault) == NAMES
