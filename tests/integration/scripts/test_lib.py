"""The scripts' ground: only our processes are found, what is missing is said, no ring is removed without its name."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def bash(script: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lines after lib.sh, with PID files in a folder of the test's own and this interpreter as the venv's."""
    (tmp_path / "venv" / "bin").mkdir(parents=True, exist_ok=True)
    python = tmp_path / "venv" / "bin" / "python"
    if not python.exists():
        python.symlink_to(sys.executable)
    head = (
        f"set -euo pipefail; root={ROOT}; cd $root; source scripts/lib.sh; run_dir={tmp_path}; venv={tmp_path}/venv\n"
    )
    return subprocess.run(
        ["/bin/bash", "-c", head + script],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
        timeout=30,
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line is that of an engine."""
    script = tmp_path / "bucketmm"
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n", encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(script), "run", "--ring", "x"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_process_is_known_by_pid_start_time_and_command(engine: subprocess.Popen[bytes], tmp_path: Path) -> None:
    script = f"write_pid_file engine {engine.pid}; running_pid engine run; echo; running_pid engine feed"
    assert bash(script, tmp_path).stdout.split() == [str(engine.pid)]


def test_a_recycled_pid_is_not_ours(engine: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (tmp_path / "engine.pid").write_text(f"{engine.pid} 12345\n", encoding="utf-8")
    assert bash("running_pid engine run", tmp_path).stdout == ""


def test_an_ended_process_is_not_running(engine: subprocess.Popen[bytes], tmp_path: Path) -> None:
    bash(f"write_pid_file engine {engine.pid}", tmp_path)
    engine.kill()  # not waited for: a zombie has a pid and a start time, and is not running
    os.waitid(os.P_PID, engine.pid, os.WEXITED | os.WNOWAIT)
    assert bash("running_pid engine run", tmp_path).stdout == ""


@pytest.mark.parametrize("content", ["", "x y", "1", "-1 5"])
def test_a_broken_pid_file_names_nobody(content: str, tmp_path: Path) -> None:
    (tmp_path / "engine.pid").write_text(content, encoding="utf-8")
    result = bash("running_pid engine run", tmp_path)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("name", ["''", "/"])
def test_without_the_rings_name_nothing_is_removed(name: str, tmp_path: Path) -> None:
    result = bash(f"remove_orphans {name}", tmp_path)
    assert result.returncode == 3
    assert "expected the ring's name" in result.stderr


def test_what_is_missing_is_said_together_with_the_command_that_installs_it(tmp_path: Path) -> None:
    result = bash("require_system", tmp_path, CC="no-such-compiler", PYTHON="no-such-python")
    assert result.returncode == 3
    assert "missing: no-such-python" in result.stderr
    assert "missing: no-such-compiler" in result.stderr
    assert "sudo apt-get install -y python3 gcc libc6-dev" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--pase 3", "expected one of the options"),
        ("--path", "expected a value after --path"),
        ("--path nowhere", "does not exist"),
        ("--source tape", "expected local, recording or polymarket"),
        ("--source polymarket --path README.md", "--path goes with"),
    ],
)
def test_bad_arguments_of_the_start_script_are_said(arguments: str, message: str, tmp_path: Path) -> None:
    script = f"usage() {{ :; }}; source scripts/session.sh; parse_options {arguments}"
    result = bash(script, tmp_path)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "source"),
    [("", "local"), ("--path README.md", "recording"), ("--source polymarket", "polymarket")],
)
def test_a_path_says_the_source_where_none_is_named(arguments: str, source: str, tmp_path: Path) -> None:
    script = f"usage() {{ :; }}; source scripts/session.sh; parse_options {arguments}; say $source"
    assert bash(script, tmp_path).stdout.strip() == source
