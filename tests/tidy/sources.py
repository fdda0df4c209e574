"""What the tidy tests look at: the repository's own files, found through git so that nothing generated counts."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("engine", "feeder", "shm", "ext")


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git knows or would know, relative to the root; the tests need a checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = tuple(Path(line) for line in listing.stdout.splitlines() if (ROOT / line).is_file())
    assert len(found) > 100, f"expected the repository's files, git lists {len(found)}"
    return found


def having(*suffixes: str, under: tuple[str, ...] = ()) -> list[Path]:
    """Return the tracked files with one of these endings, below one of these top folders if any is named."""
    return [path for path in tracked() if path.suffix in suffixes and (not under or path.parts[0] in under)]


def text(path: Path) -> str:
    """Return a file's text."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """Return a Python file's syntax tree."""
    return ast.parse(text(path), filename=str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a Python file, inner ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
