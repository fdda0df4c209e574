"""`bucketmm backtest` and `replay`: a recording becomes rounds and a journal, the journal repeats every decision."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from engine.journal.reader import journal_folders

RECORDINGS = Path(__file__).resolve().parents[3] / "fixtures" / "recordings"
VARYING = ("second", "path", "journal")
"""What may differ between two runs (decision 4): keys with one of these in their name."""


def bucketmm(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    folder = tmp_path / "journals"
    result = bucketmm("backtest", RECORDINGS, "--journal", folder, "--json")
    assert result.exit_code == 0, result.output
    return folder


def test_two_runs_say_the_same() -> None:
    reports = [json.loads(bucketmm("backtest", RECORDINGS, "--json").stdout) for _ in range(2)]
    first, second = ({k: v for k, v in one.items() if not any(word in k for word in VARYING)} for one in reports)
    assert first == second
    assert first["rounds"] > 0
    assert first["entered"] > 0


def test_the_tables_say_what_the_json_says() -> None:
    report = json.loads(bucketmm("backtest", RECORDINGS, "--json").stdout)
    shown = bucketmm("backtest", RECORDINGS, "--rounds").stdout
    assert all(slug in shown for slug in report["pnl_usd_by_round"])
    assert f"{report['wins']} / {report['losses']}" in shown


def test_a_journal_is_replayed_with_every_decision_equal(journals: Path) -> None:
    result = bucketmm("replay", journals, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["equal"]
    assert report["decisions"] > 0
    assert report["journals"] == len(list(journal_folders(journals)))


def test_a_torn_tail_is_said_and_the_rest_is_compared(journals: Path) -> None:
    segment = next(journals.rglob("*.bmj"))
    segment.write_bytes(segment.read_bytes()[:-3])
    result = bucketmm("replay", journals)
    assert "a torn tail of" in result.stdout
    assert "all equal" in result.stdout


def test_a_damaged_journal_is_exit_status_2(journals: Path) -> None:
    segment = next(journals.rglob("*.bmj"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)
    result = bucketmm("replay", journals)
    assert result.exit_code == 2
    assert segment.name in result.stderr


def test_a_file_that_is_no_recording_is_exit_status_2(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("hello\n", encoding="utf-8")
    result = bucketmm("backtest", path)
    assert result.exit_code == 2
    assert "notes.csv" in result.stderr


def test_nothing_to_replay_is_not_success(tmp_path: Path) -> None:
    assert bucketmm("replay", tmp_path).exit_code != 0
