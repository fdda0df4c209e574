import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import pytest

from engine.lab.faults.processes import play_in_processes


def first_last(signs: Path, seed: int) -> int:
    """Return the square of a seed; the first one's comes after the second one's."""
    if seed == 1:
        (signs / "1").touch()
    while seed == 0 and not (signs / "1").exists():
        time.sleep(0.01)
    return seed * seed


@pytest.mark.parametrize(("seeds", "jobs"), [(5, 2), (2, 3), (0, 2)])
def test_results_come_in_the_order_of_the_seeds_and_all_processes_are_gone(
    seeds: int, jobs: int, tmp_path: Path
) -> None:
    assert list(play_in_processes(partial(first_last, tmp_path), range(seeds), jobs)) == [n * n for n in range(seeds)]
    assert multiprocessing.active_children() == []


class Lingering:
    """A result whose original takes its time to go when it was sent."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, ("sent",)

    def __del__(self) -> None:
        time.sleep(0.3)


def linger(seed: int) -> object:
    return Lingering()


def test_a_process_that_still_tidies_up_when_the_last_run_is_over_ends_with_the_others() -> None:
    """It hung: the process was told to end by a signal, in a destructor, which swallows what the handler raises."""
    assert list(play_in_processes(linger, range(1), 2)) == ["sent"]
    assert multiprocessing.active_children() == []


def hold(signs: Path, seed: int) -> int:
    """Play without end, but for the first; clean up after itself."""
    sign = signs / str(seed)
    sign.touch()
    try:
        while seed > 0 or not (signs / "1").exists():
            time.sleep(0.01)
    finally:
        sign.rename(signs / f"{seed} cleaned")
    return seed


def test_who_is_interrupted_ends_the_runs_under_way_and_they_clean_up(tmp_path: Path) -> None:
    played = play_in_processes(partial(hold, tmp_path), range(5), 2)
    assert next(played) == 0
    while not (tmp_path / "2").exists():
        time.sleep(0.01)
    played.close()
    assert multiprocessing.active_children() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0 cleaned", "1 cleaned", "2 cleaned"]


def die(seed: int) -> int:
    if seed == 1:
        os._exit(7)
    return seed


def test_a_process_that_dies_is_named_by_its_seed() -> None:
    with pytest.raises(RuntimeError, match="the process that played seed 1 died"):
        list(play_in_processes(die, range(3), 1))
    assert multiprocessing.active_children() == []
