import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.backtest import backtest
from tests.unit.engine.runtime.test_backtest import FIXTURES

LIVELY = FIXTURES / "lively-seed-10"


def said(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(backtest, arguments)


def report_of(*arguments: str) -> dict[str, object]:
    """Return the report of a run."""
    result = said(*arguments, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report


def test_the_parts_of_the_report_add_up() -> None:
    report = report_of(str(FIXTURES))
    by_round = report["pnl_usd_by_round"]
    assert isinstance(by_round, dict)
    assert round(sum(float(pnl) for pnl in by_round.values()), 6) == float(report["pnl_usd"])  # type: ignore[arg-type]
    assert report["wins"] + report["losses"] == len(by_round)  # type: ignore[operator]


def test_a_chosen_window_is_played_alone_and_an_unknown_one_is_refused() -> None:
    report = report_of(str(FIXTURES), "--slug", "btc-updown-60s-1800000060")
    assert report["rounds"] == 1
    result = said(str(FIXTURES), "--slug", "btc-updown-60s-7")
    assert result.exit_code == 2
    assert "btc-updown-60s-7" in result.stderr


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    said(str(LIVELY), "--journal", str(tmp_path))
    before = (tmp_path / "lively-seed-10" / "journal-000000.bmj").read_bytes()
    result = said(str(LIVELY), "--journal", str(tmp_path))
    assert result.exit_code == 2
    assert "holds one already" in result.stderr
    assert (tmp_path / "lively-seed-10" / "journal-000000.bmj").read_bytes() == before


def test_rounds_without_an_entry_give_a_report_without_rates(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"guards": {"MIN_WINDOW_REMAINING": 899}}')
    report = report_of(str(LIVELY), "--config", str(tmp_path / "c.json"))
    assert (report["entered"], report["win_rate"], report["break_even_rate"], report["pnl_usd"]) == (0, None, None, "0")
    assert report["rounds"] == 1
    result = said(str(LIVELY), "--config", str(tmp_path / "c.json"), "--rounds")
    assert result.exit_code == 0
    assert "btc-updown-60s" in result.stdout
