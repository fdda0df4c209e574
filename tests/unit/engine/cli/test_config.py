import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.config import config

KEY = "0x" + "ab" * 32


def said(*arguments: str) -> Result:
    """Run `config`."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(config, arguments)


def test_check_tells_gain_loss_and_break_even_of_each_entry_price() -> None:
    result = said("check", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["odds"][0]["entry_e4"] == 6_000
    assert all(row["loss_u6"] > row["gain_u6"] > 0 for row in report["odds"])
    assert json.loads(said("check", "--json").stdout) == report


def test_check_refuses_a_bad_config_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"entry_exit": {"SL_FLOR": 0.1}}')
    result = said("check", str(tmp_path / "c.json"))
    assert result.exit_code == 2
    assert "entry_exit.SL_FLOR: unknown key" in result.stderr


def test_a_config_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    result = said("show", str(tmp_path / "none.json"))
    assert result.exit_code == 2
    assert "none.json" in result.stderr


def test_show_prints_every_value_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"api": {"PRIVATE_KEY": KEY}, "paper": {"latency_ms": 77}}))
    path.chmod(0o600)
    result = said("show", str(path))
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert shown["paper"]["latency_ms"] == 77
    assert "entry_exit" in shown
    assert KEY not in result.output
