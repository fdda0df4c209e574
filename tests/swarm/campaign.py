"""Many seeds at once: `python -m tests.swarm.campaign --seeds 20000` prints what was seen and every
seed that broke a rule.
"""

import argparse
import multiprocessing
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from engine.strategy.bucket.stages import TRANSITIONS, Stage
from tests.swarm.run import run_seed

CHUNK = 50
ROWS = frozenset((before, after) for before, targets in TRANSITIONS.items() for after in targets)


class Result(NamedTuple):
    """What a range of seeds came to: how often each row of the table was taken, and the failures by seed."""

    seeds: int
    events: int
    moves: Counter[tuple[Stage, Stage]]
    failures: dict[int, str]
    presigned: int = 0
    pulled: int = 0

    @property
    def missing(self) -> frozenset[tuple[Stage, Stage]]:
        """The rows of the table that no seed took."""
        return ROWS - self.moves.keys()


def run_range(first: int, count: int) -> Result:
    """Run seeds one after the other; a broken rule is kept, the next seed goes on."""
    events = 0
    moves: Counter[tuple[Stage, Stage]] = Counter()
    failures: dict[int, str] = {}
    presigned = pulled = 0
    for seed in range(first, first + count):
        try:
            report = run_seed(seed)
        except AssertionError as error:
            failures[seed] = str(error)[:500]
            continue
        events += report.events
        moves.update(report.moves)
        presigned += report.presigned
        pulled += report.pulled
    return Result(count, events, moves, failures, presigned, pulled)


def run_many(seeds: int, first: int = 0, processes: int = 2, *, show_progress: bool = False) -> Result:
    """Run many seeds over several processes."""
    total = Result(0, 0, Counter(), {})
    starts = range(first, first + seeds, CHUNK)
    # new processes: a forked one has the locks of threads that it does not have
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for result in pool.map(partial(_chunk, first + seeds), starts):
            total = Result(
                total.seeds + result.seeds,
                total.events + result.events,
                total.moves + result.moves,
                total.failures | result.failures,
                total.presigned + result.presigned,
                total.pulled + result.pulled,
            )
            if show_progress:
                print(f"\r{total.seeds:,} seeds, {len(total.failures)} failures", end="", file=sys.stderr, flush=True)
    return total


def _chunk(end: int, start: int) -> Result:
    return run_range(start, min(CHUNK, end - start))


def main() -> None:
    """Run a campaign; exit status 1 if a rule broke or a row of the table was never taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    result = run_many(wanted.seeds, wanted.first_seed, wanted.processes, show_progress=True)
    print(f"\n{result.seeds:,} seeds, {result.events:,} events, {len(result.failures)} broke a rule")
    print(f"{result.presigned:8,}  stops signed ahead, {result.pulled:,} buys pulled by a breaker")
    for (before, after), count in sorted(result.moves.items()):
        print(f"{count:8,}  {before.name} -> {after.name}")
    for before, after in sorted(result.missing):
        print(f"   never  {before.name} -> {after.name}")
    kinds = Counter(re.sub(r"\d+", "N", text)[:120] for text in result.failures.values())
    for kind, count in kinds.most_common():
        print(f"{count} x {kind}")
    for seed, text in list(result.failures.items())[:10]:
        print(f"seed {seed}: {text}")
    sys.exit(1 if result.failures or result.missing else 0)


if __name__ == "__main__":
    main()
