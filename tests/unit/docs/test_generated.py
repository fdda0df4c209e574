"""The pages that are built from the code are current, and say everything."""

import subprocess
import sys
from pathlib import Path

from engine.cli.main import VERBS
from engine.config.schema import SCHEMA
from engine.model.codes import AlertCode, Code
from engine.strategy.bucket.stages import TRANSITIONS

ROOT = Path(__file__).resolve().parents[3]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_generated_page_is_current() -> None:
    result = subprocess.run(
        [sys.executable, "scripts/make_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_every_key_has_its_row() -> None:
    text = page("config.md")
    assert [f"{section}.{key}" for section, keys in SCHEMA.items() for key in keys if f"| `{key}` |" not in text] == []


def test_every_verb_has_its_heading() -> None:
    text = page("cli.md")
    assert [verb for verb in VERBS if f"## bucketmm {verb}\n" not in text] == []


def test_every_move_is_drawn() -> None:
    text = page("state-machine.md")
    rows = {
        stage.name: row for stage in TRANSITIONS for row in text.splitlines() if row.startswith(f"| {stage.name} |")
    }
    assert set(rows) == {stage.name for stage in TRANSITIONS}
    for before, afters in TRANSITIONS.items():
        assert all(after.name in rows[before.name].split("|")[2] for after in afters)


def test_every_code_has_its_line() -> None:
    text = page("codes.md")
    assert [code.value for code in (*Code, *AlertCode) if f"- `{code.value}`: " not in text] == []
