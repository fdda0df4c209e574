"""The import contracts hold, and the checker sees compiled modules: a forbidden import of one is found."""

import sys
from pathlib import Path

import pytest

from tests.tidy.sources import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import lint_imports


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    lint_imports.make_copy(tmp_path)
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    result = lint_imports.lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_compiled_module_is_in_the_copy(copy: Path) -> None:
    compiled = {path.stem for path in (ROOT / "ext").glob("*.pyx")}
    assert compiled
    assert {path.stem for path in (copy / "ext").glob("*.py")} - {"__init__"} == compiled


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("engine/strategy/bucket/planted.py", "from ext.ring import RingReader"),
        ("engine/kernel/planted.py", "import ext.scan"),
        ("feeder/planted.py", "from ext.book import Book"),
        ("feeder/planted.py", "from engine.kernel.kernel import Kernel"),
        ("engine/kernel/planted.py", "from engine.journal.writer import JournalWriter"),
        ("engine/strategy/planted.py", "from engine.runtime.loop import Loop"),
        ("engine/execution/planted.py", "from feeder.book import BookKeeper"),
        ("shm/planted.py", "from engine.model.units import NS_PER_S"),
        ("engine/venue/planted.py", "from ext.ring import RingReader"),
        ("engine/kernel/planted.py", "from ext.keccak import keccak256"),
        ("engine/execution/planted.py", "from ext.keccak import keccak256"),
        ("feeder/planted.py", "from ext.keccak import keccak256"),
    ],
)
def test_a_forbidden_import_is_found(copy: Path, module: str, statement: str) -> None:
    (copy / module).write_text(f'"""Planted."""\n{statement}\n', encoding="utf-8")
    result = lint_imports.lint(copy)
    assert result.returncode == 1
    assert "BROKEN" in result.stdout


def test_what_a_compiled_module_imports_is_seen(copy: Path) -> None:
    scan = ROOT / "ext" / "scan.pyx"
    planted = scan.read_text(encoding="utf-8") + "\nfrom engine.model.units import NS_PER_S\n"
    (copy / "ext" / "scan.py").write_text(lint_imports.stand_in(planted), encoding="utf-8")
    assert lint_imports.lint(copy).returncode == 1
