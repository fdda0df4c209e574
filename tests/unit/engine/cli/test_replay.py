"""What `bucketmm replay` says of many journals at once."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.replay import replay_command
from tests.unit.engine.journal.harness import play_round


def replayed(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(replay_command, arguments)


def test_many_journals_are_summed_up(tmp_path: Path) -> None:
    for number in range(5):
        play_round(tmp_path / f"session-{number:06d}")
    result = replayed(str(tmp_path), "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["journals"], report["rounds"], report["equal"]) == (5, 10, True)


def test_a_journal_that_was_never_begun_is_told_and_does_not_hide_the_others(tmp_path: Path) -> None:
    play_round(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "journal-000000.bmj").write_bytes(b"BMMJ0001half a header")
    result = replayed(str(tmp_path))
    assert result.exit_code == 0
    assert f"{tmp_path / 'two'}: a torn tail of 21 bytes was dropped" in result.stdout
    assert "2 journal(s)" in result.stdout
    assert "all equal" in result.stdout


def test_a_journal_that_cannot_be_replayed_is_named(tmp_path: Path) -> None:
    play_round(tmp_path / "one")
    path = tmp_path / "one" / "journal-000000.bmj"
    data = path.read_bytes()
    path.write_bytes(data[:2_000] + b"\x00" + data[2_001:])
    result = replayed(str(tmp_path))
    assert result.exit_code == 2
    assert f"bad frame in {path} at byte" in result.stderr


def test_journals_without_a_decision_are_not_called_equal(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "journal-000000.bmj").write_bytes(b"")
    result = replayed(str(tmp_path))
    assert result.exit_code == 1
    assert "nothing to compare" in result.stdout
