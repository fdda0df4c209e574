"""The ring's protocols as Promela models, checked exhaustively by spin; and every mutant of them must be refused."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MODELS = Path(__file__).parent
COMPILE = ("gcc", "-O2", "-w", "-DSAFETY", "-DVECTORSZ=2048", "-o", "pan", "pan.c")
TIMEOUT_S = 300


@pytest.fixture
def check(tmp_path):
    """Run spin on a model and return (number of errors, the verifier's report)."""
    missing = [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"needed under CI=true and not found: {missing}")
    if missing:
        pytest.skip(f"not installed: {missing}")

    def run(model, *defines):
        commands = (
            ("spin", "-a", *(f"-D{define}" for define in defines), str(MODELS / model)),
            COMPILE,
            ("./pan", "-m2000000"),
        )
        for command in commands:
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        assert "max search depth too small" not in done.stdout
        return int(re.search(r"errors: (\d+)", done.stdout)[1]), done.stdout

    return run


@pytest.mark.parametrize("model", ["ring.pml", "wait.pml"])
def test_the_protocol_has_no_error_in_any_interleaving(check, model):
    errors, report = check(model)
    assert errors == 0, report
    stored = int(re.search(r"(\d+) states, stored", report)[1])
    assert stored > 100_000, "a model that hardly branches proves nothing"


@pytest.mark.parametrize(
    ("model", "mutant", "found"),
    [
        ("ring.pml", "NO_RELEASE_FENCE", "assertion violated"),
        ("ring.pml", "NO_ACQUIRE_FENCE", "assertion violated"),
        ("ring.pml", "NO_MARK", "assertion violated"),
        ("ring.pml", "NO_RECHECK", "assertion violated"),
        ("ring.pml", "RELAXED_COMMIT", "assertion violated"),
        ("ring.pml", "NO_REPAIR", "invalid end state"),
        ("wait.pml", "NO_WRITER_FENCE", "invalid end state"),
        ("wait.pml", "NO_READER_FENCE", "invalid end state"),
        ("wait.pml", "SLEEP_ON_FLAG", "invalid end state"),
    ],
)
def test_the_model_refuses_the_protocol_without_one_of_its_parts(check, model, mutant, found):
    errors, report = check(model, mutant)
    assert errors > 0
    assert found in report
