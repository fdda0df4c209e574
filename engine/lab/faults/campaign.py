"""Many runs: each seed in a folder of its own, one after the other or in several processes, and their sum."""

import contextlib
import logging
import shutil
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine.lab.faults.processes import play_in_processes
from engine.lab.faults.troubles import NAMES, Trouble, draw_troubles
from engine.lab.faults.world import RunResult, run_seed
from shm.objects import SHM_DIRECTORY

Progress = Callable[[RunResult], None]
World = Callable[[int, list[Trouble], Path], RunResult]
"""Plays one run in an empty folder: in virtual time, or with real processes."""


class Found(msgspec.Struct, frozen=True):
    """What was wrong after the run of a seed, and what its seed let go wrong."""

    seed: int
    violations: tuple[str, ...]
    troubles: tuple[str, ...]


class Campaign(msgspec.Struct, frozen=True):
    """What all runs came to; `by_fault` says in how many of them each fault has taken effect."""

    seeds: int
    violations: tuple[Found, ...]
    decisions: int
    orders: int
    trades: int
    by_fault: dict[str, int]


def play_seed(seed: int, world: World = run_seed) -> RunResult:
    """Play the run of one seed in a folder of its own; an exception of the world itself is a violation, too."""
    memory = str(SHM_DIRECTORY) if SHM_DIRECTORY.is_dir() else None  # where the ring is, too
    folder = Path(tempfile.mkdtemp(prefix=f"bucketmm-faults-{seed}-", dir=memory))
    troubles = draw_troubles(seed)
    try:
        return world(seed, troubles, folder)
    except Exception:
        return RunResult(seed=seed, troubles=tuple(map(str, troubles)), violations=(traceback.format_exc(limit=-6),))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_campaign(seeds: Iterable[int], jobs: int, progress: Progress, world: World = run_seed) -> Campaign:
    """Play all seeds in `jobs` processes; `progress` hears of each run, in the order of the seeds."""
    results = []
    with contextlib.closing(_play_all(seeds, jobs, world)) as played:
        for result in played:
            progress(result)
            results.append(result)
    return summarise(results)


def summarise(results: Iterable[RunResult]) -> Campaign:
    """Return what runs came to in all."""
    rows = list(results)
    return Campaign(
        seeds=len(rows),
        violations=tuple(Found(row.seed, row.violations, row.troubles) for row in rows if row.violations),
        decisions=sum(row.decisions for row in rows),
        orders=sum(row.orders for row in rows),
        trades=sum(row.trades for row in rows),
        by_fault={name: sum(name in row.effects for row in rows) for name in NAMES},
    )


def as_json(campaign: Campaign) -> dict[str, Any]:
    """Return it as values that JSON can hold."""
    found: dict[str, Any] = msgspec.to_builtins(campaign)
    return found


def _play_all(seeds: Iterable[int], jobs: int, world: World) -> Generator[RunResult]:
    """Play seeds in their order. The faults are meant: what the parts would say of them in a log is not wanted."""
    play = partial(play_seed, world=world)
    if jobs > 1:
        yield from play_in_processes(play, seeds, jobs)
        return
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield from map(play, seeds)
    finally:
        logging.disable(before)
