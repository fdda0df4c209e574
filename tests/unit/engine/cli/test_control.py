import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.control import kill, resume


def config_of(folder: Path) -> tuple[str, str]:
    """Return options that name a config whose kill file lies in the folder."""
    path = folder / "config.json"
    path.write_text(json.dumps({"risk": {"kill_file": str(folder / "run" / "KILL")}}))
    return "--config", str(path)


def said(command: object, *arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(command, arguments)  # type: ignore[arg-type]


def test_kill_writes_the_configs_kill_file_with_its_reason_and_says_what_ends_it(tmp_path: Path) -> None:
    result = said(kill, "too wild", *config_of(tmp_path))
    assert result.exit_code == 0
    assert "bucketmm resume" in result.stdout
    assert (tmp_path / "run" / "KILL").read_text() == "too wild\n"


def test_resume_takes_it_away_and_leaves_who_and_why_for_the_engine(tmp_path: Path) -> None:
    options = config_of(tmp_path)
    said(kill, "too wild", *options)
    result = said(resume, "calm again", "--who", "ada", *options)
    assert result.exit_code == 0
    assert not (tmp_path / "run" / "KILL").exists()
    assert json.loads((tmp_path / "run" / "RESUME").read_bytes()) == {"who": "ada", "reason": "calm again"}


def test_resume_without_a_kill_is_bad_input(tmp_path: Path) -> None:
    result = said(resume, "why not", *config_of(tmp_path))
    assert result.exit_code == 2
    assert "nothing is killed" in result.stderr


def test_a_kill_file_that_cannot_be_written_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    options = config_of(tmp_path)
    (tmp_path / "run").write_text("a file where the folder should be")
    result = said(kill, "too wild", *options)
    assert result.exit_code == 3
    assert "error:" in result.stderr
