"""What the tidy tests look at: the repository's own files, found through git so that nothing generated counts."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("engine", "feeder", "shm", "ext")


GENERATED: Final = frozenset({".git", ".venv", "build", "dist", "run", "logs", "state", "__pycache__"})


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git knows or would know, relative to the root; else all that is not generated."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = map(Path, listing.stdout.splitlines()) if listing.returncode == 0 else _walk()
    found = tuple(path for path in names if (ROOT / path).is_file())
    assert len(found) > 100, f"expected the repository's files, found {len(found)}"
    return found


def _walk() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        relative = path.relative_to(ROOT)
        if not any(part in GENERATED or part.endswith(("_cache", ".egg-info", ".so")) for part in relative.parts):
            yield relative


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
