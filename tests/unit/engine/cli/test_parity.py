"""`bucketmm compare`: two runs from the disk, the report in each form, the gate."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from engine.cli.parity import load_run
from engine.model.errors import InputError
from tests.unit.engine.analytics.runs import CAUTIOUS, journals
from tests.unit.engine.rounds import SLUG
from tests.unit.engine.store.harness import play_two_sessions


def compare(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *(str(argument) for argument in arguments)])


def test_equal_runs_pass_the_gate() -> None:
    result = compare(journals(), journals(), "--json", "--require-agreement", 100, "--least-decisions", 50)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["decisions"]["agreement"] == 1


def test_different_runs_do_not(tmp_path: Path) -> None:
    page = tmp_path / "parity.html"
    result = compare(journals(), journals(CAUTIOUS), "--windows", "--html", page, "--require-agreement", 100)
    assert result.exit_code == 1
    assert "expected 100 % of the decisions to agree" in result.stderr
    for text in ("ENTRY_BID_THRESHOLD", "parted first", "windows on both sides", "btc-updown-60s-1810000020  "):
        assert text in result.stdout
    assert "</html>" in page.read_text(encoding="utf-8")


def test_the_gate_can_be_about_what_trades() -> None:
    figures = json.loads(compare(journals(), journals(CAUTIOUS), "--json").stdout)
    rates = {name: 100 * figures[name]["agreement"] for name in ("decisions", "trading_decisions")}
    assert len(set(rates.values())) == 2
    between = sum(rates.values()) / 2
    for name, options in (("decisions", ()), ("trading_decisions", ("--trading",))):
        result = compare(journals(), journals(CAUTIOUS), "--require-agreement", between, *options)
        assert result.exit_code == (0 if rates[name] > between else 1)


def test_too_few_decisions_are_red_however_well_they_agree() -> None:
    result = compare(journals(), journals(), "--require-agreement", 100, "--least-decisions", 1_000_000)
    assert result.exit_code == 1
    assert "expected at least 1000000 compared decisions" in result.stderr


def test_the_sessions_of_a_state_folder_are_one_run(tmp_path: Path) -> None:
    play_two_sessions(tmp_path)
    run = load_run(tmp_path)
    window = run.windows[SLUG]
    assert window.record is not None
    assert window.record.settled
    assert len(window.fills) == window.record.fills
    assert run.mode == "dry"


def test_one_window_of_two_engines_is_refused(tmp_path: Path) -> None:
    source = min(path for path in journals().iterdir() if path.is_dir())
    for name in ("one", "two"):
        shutil.copytree(source, tmp_path / name)
    with pytest.raises(InputError, match="was played by two engines"):
        load_run(tmp_path)


def test_a_folder_without_journals_is_refused(tmp_path: Path) -> None:
    result = compare(tmp_path, tmp_path)
    assert result.exit_code == 2
    assert "found none" in result.stderr
