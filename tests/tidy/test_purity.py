"""What decides is pure: no clock, chance, input or output, and no floats (docs/architecture.md, rule 2)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.sources import having, tree

PURE = ("model", "strategy", "risk", "firewall", "kernel")
BANNED_MODULES = frozenset(
    [
        "asyncio",
        "datetime",
        "http",
        "io",
        "locale",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "platform",
        "queue",
        "random",
        "secrets",
        "select",
        "signal",
        "socket",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "zoneinfo",
        "click",
        "httpx",
        "numpy",
        "rich",
        "uvloop",
        "websockets",
    ]
)
BANNED_CALLS = frozenset({"float", "open", "print", "input", "id", "hash", "eval", "exec", "__import__", "globals"})


def pure_files() -> list[Path]:
    return [path for path in having(".py", under=("engine",)) if len(path.parts) > 2 and path.parts[1] in PURE]


def offences(tree_of_file: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, what) of everything impure that can be seen in a syntax tree."""
    for node in ast.walk(tree_of_file):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from ((node.lineno, f"import {name}") for name in names if name.partition(".")[0] in BANNED_MODULES)
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"float literal {node.value}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            yield node.lineno, f"{node.func.id}()"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "true division"


def test_what_decides_is_pure() -> None:
    files = pure_files()
    assert {path.parts[1] for path in files} == set(PURE)
    found = [f"{path}:{line} {what}" for path in files for line, what in offences(tree(path))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from datetime import datetime",
        "import os.path",
        "x = 0.5",
        "x = float(y)",
        "x = a / b",
        "x /= 2",
        "def f():\n    from random import random",
    ],
)
def test_the_check_sees_what_it_forbids(source: str) -> None:
    assert list(offences(ast.parse(source))) != []
