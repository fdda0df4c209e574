"""`bucketmm config`: what cannot be played is refused with everything that is wrong; secrets are never printed."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.main import main


def config(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["config", *arguments])


def written(tmp_path: Path, content: object) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_check_shows_the_break_even_rate_of_each_entry_price(tmp_path: Path) -> None:
    result = config("check", written(tmp_path, {}), "--json")
    assert result.exit_code == 0
    odds = json.loads(result.stdout)["odds"]
    assert len(odds) > 5
    assert all(0.9 < row["break_even_rate"] < 1 for row in odds)


def test_check_refuses_with_every_problem_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"entry_exit": {"SL_FLOOR": 0.7, "NO_SUCH_KEY": 1}, "late_mode": {"MAX_LATE_REENTRIES": "x"}}
    )
    result = config("check", path)
    assert result.exit_code == 2
    assert "entry_exit.NO_SUCH_KEY" in result.stderr
    assert "late_mode.MAX_LATE_REENTRIES" in result.stderr


def test_check_warns_of_a_key_that_others_may_read(tmp_path: Path) -> None:
    path = written(tmp_path, {"api": {"PRIVATE_KEY": "0x" + "11" * 32}})
    Path(path).chmod(0o644)
    result = config("check", path)
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: ")
    assert "chmod" in result.stderr


def test_show_prints_every_value_and_masks_the_key(tmp_path: Path) -> None:
    secret = "0x" + "22" * 32
    result = config("show", written(tmp_path, {"api": {"PRIVATE_KEY": secret}}))
    assert result.exit_code == 0
    assert secret not in result.output
    assert json.loads(result.stdout)["entry_exit"]["ENTRY_BID_THRESHOLD"] == 0.6


def test_a_file_that_is_not_there_is_exit_status_2(tmp_path: Path) -> None:
    result = config("show", str(tmp_path / "none.json"))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
