"""The scanner's memory safety; what it reads is held to the Python reader in tests/unit/feeder/test_equivalence.py."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROUNDS = 300_000


def test_no_mutated_frame_is_read_beyond_its_end_or_gives_a_level_off_the_grid(tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        if os.environ.get("CI") == "true":
            pytest.fail("needs gcc or clang")
        pytest.skip("needs gcc or clang")
    program = tmp_path / "frame_fuzz"
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", *sanitize]
    source = ROOT / "tests" / "c" / "frame_fuzz.c"
    subprocess.run([compiler, *flags, f"-I{ROOT / 'ext'}", source, "-o", program], check=True)
    run = subprocess.run([program, "1", str(ROUNDS)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert ROUNDS // 10 < int(run.stdout) < ROUNDS * 9 // 10
