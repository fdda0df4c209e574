"""Check the import contracts, compiled modules included: import-linter over a copy in which each .pyx stands as a .py.

import-linter reads Python sources alone. `from ext.ring import ...` would count as an import of the package `ext`, and
what a compiled module imports would not count at all.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
CONTRACTS: Final = ROOT / ".ci" / "importlinter.ini"
PACKAGES: Final = ("engine", "feeder", "shm", "ext")
_IMPORT: Final = re.compile(
    r"^\s*(?:from\s+(?P<source>[\w.]+)\s+c?import\s+(?P<names>[\w ,]+)|c?import\s+(?P<plain>[\w.]+))"
)


def stand_in(source: str) -> str:
    """Return Python with the imports and cimports of a Cython source that concern our packages."""
    lines = []
    for match in map(_IMPORT.match, source.splitlines()):
        if match is None:
            continue
        module = match["source"] or match["plain"]
        if module.partition(".")[0] in PACKAGES:
            lines.append(f"from {module} import {match['names']}" if match["source"] else f"import {module}")
    return "\n".join(lines) + "\n"


def make_copy(target: Path) -> None:
    """Write the packages' Python sources, and a stand-in for each compiled module, under `target`."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            copy = target / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        for path in sorted((ROOT / package).rglob("*.pyx")):
            copy = (target / path.relative_to(ROOT)).with_suffix(".py")
            copy.write_text(stand_in(path.read_text(encoding="utf-8")), encoding="utf-8")


def lint(copy: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over a copy."""
    tool = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(tool), "--no-cache", "--config", str(CONTRACTS)],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    """Lint the repository; the status is import-linter's."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        make_copy(copy)
        result = lint(copy)
    print(result.stdout + result.stderr, end="")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
