"""tests/unit mirrors the source: engine/kernel/gate.py is tested by tests/unit/engine/kernel/test_gate.py."""

from pathlib import Path

from tests.tidy.sources import ROOT, having

ELSEWHERE = ROOT / "tests" / "tidy" / "tested_elsewhere.txt"
"""Modules without a mirrored test: a line `path  # where it is tested instead`. The list may only become shorter."""


def modules() -> list[Path]:
    """Return the modules that hold code: not the package markers."""
    found = having(".py", under=("engine", "feeder", "shm")) + having(".pyx", under=("ext",))
    return [path for path in found if path.name not in ("__init__.py", "__main__.py")]


def mirrored(path: Path) -> Path:
    return Path("tests", "unit", path.parent, f"test_{path.stem}.py")


def listed() -> dict[str, str]:
    rows = [line.partition("#") for line in ELSEWHERE.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {path.strip(): reason.strip() for path, _, reason in rows if path.strip()}


def test_every_module_has_a_mirrored_test_or_a_reason() -> None:
    missing = {str(path) for path in modules() if not (ROOT / mirrored(path)).exists()}
    assert missing - set(listed()) == set(), "expected a mirrored test of these"
    assert set(listed()) - missing == set(), "these have a mirrored test now, or are gone: take them off the list"


def test_every_reason_is_given_and_names_tests_that_exist() -> None:
    wrong = []
    for path, reason in listed().items():
        named = [word.rstrip(",;") for word in reason.split() if word.startswith("tests/")]
        if not reason or not all((ROOT / name).exists() for name in named):
            wrong.append(f"{path}: {reason!r}")
    assert wrong == []
