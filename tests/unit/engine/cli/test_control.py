"""`bucketmm kill` and `resume`: files that any engine finds, and that outlive it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main


@pytest.fixture
def config_path(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"risk": {"kill_file": str(tmp_path / "run" / "KILL")}}), encoding="utf-8")
    return str(path)


def bucketmm(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_kill_writes_the_reason(config_path: str, tmp_path: Path) -> None:
    result = bucketmm("kill", "the spread looks wrong", "--config", config_path)
    assert result.exit_code == 0
    assert (tmp_path / "run" / "KILL").read_text(encoding="utf-8") == "the spread looks wrong\n"


def test_resume_says_who_and_why_and_takes_the_kill_away(config_path: str, tmp_path: Path) -> None:
    bucketmm("kill", "x", "--config", config_path)
    result = bucketmm("resume", "checked", "--who", "Ada", "--config", config_path)
    assert result.exit_code == 0
    assert not (tmp_path / "run" / "KILL").exists()
    assert json.loads((tmp_path / "run" / "RESUME").read_bytes()) == {"who": "Ada", "reason": "checked"}


def test_resume_without_a_kill_is_exit_status_2(config_path: str) -> None:
    result = bucketmm("resume", "checked", "--config", config_path)
    assert result.exit_code == 2
    assert "nothing is killed" in result.stderr
