"""Print, from pytest's JUnit file, how many tests each suite ran and how long; fail when fewer passed than must."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Suite(NamedTuple):
    """One folder under tests/: its tests and the sum of their times; with parallel runs that exceeds the wall time."""

    name: str
    passed: int
    skipped: int
    failed: int
    seconds: float


def read_suites(junit: Path) -> list[Suite]:
    """Return the suites of a JUnit file in alphabetical order."""
    sums: dict[str, list[float]] = {}
    for name, outcome, seconds in _cases(junit):
        row = sums.setdefault(name, [0, 0, 0, 0])
        row[outcome] += 1
        row[3] += seconds
    return [Suite(name, int(row[0]), int(row[1]), int(row[2]), row[3]) for name, row in sorted(sums.items())]


def _cases(junit: Path) -> Iterator[tuple[str, int, float]]:
    """Yield (suite, 0 passed / 1 skipped / 2 failed, seconds) of each test."""
    for case in ElementTree.parse(junit).iter("testcase"):
        parts = case.get("classname", "").split(".")
        suite = parts[1] if len(parts) > 1 else "?"
        children = {child.tag for child in case}
        outcome = 2 if children & {"failure", "error"} else 1 if "skipped" in children else 0
        yield suite, outcome, float(case.get("time", 0))


def main() -> int:
    """Print the table; 1 when fewer tests passed than `--least`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("junit", type=Path)
    parser.add_argument("--least", type=int, default=0, help="how many tests must have passed")
    options = parser.parse_args()
    suites = read_suites(options.junit)
    print(f"{'suite':<14}{'passed':>8}{'skipped':>9}{'failed':>8}{'test seconds':>14}")
    for suite in suites:
        print(f"{suite.name:<14}{suite.passed:>8}{suite.skipped:>9}{suite.failed:>8}{suite.seconds:>14.1f}")
    passed = sum(suite.passed for suite in suites)
    if passed < options.least:
        print(f"error: expected at least {options.least} passed tests, was {passed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
