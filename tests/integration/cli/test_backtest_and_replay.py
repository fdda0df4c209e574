"""The commands as a user calls them: recorded rounds, their journals, and what a difference looks like."""

import json
import os
from pathlib import Path

import pytest

from tests.integration.runtime.processes import FIXTURES, bucketmm

DATA = Path(os.environ.get("BUCKETMM_DATA", Path(__file__).parents[4] / "shared" / "data"))
VOLATILE = ("second", "path", "journal")


def needs_data() -> None:
    """Skip without the recorded data, but not in CI."""
    if not DATA.is_dir():
        assert os.environ.get("CI") != "true", f"expected recorded data in {DATA}"
        pytest.skip(f"no recorded data in {DATA}")


def stable(text: str) -> dict[str, object]:
    """Return a report without what may differ from run to run (decision 4)."""
    return {key: value for key, value in json.loads(text).items() if not any(word in key for word in VOLATILE)}


def test_two_backtests_print_and_journal_the_same(tmp_path: Path) -> None:
    first, _ = bucketmm(tmp_path, "backtest", str(FIXTURES), "--json", "--journal", "one")
    second, _ = bucketmm(tmp_path, "backtest", str(FIXTURES), "--json", "--journal", "two")
    assert stable(first) == stable(second)
    for segment in sorted((tmp_path / "one").rglob("*.bmj")):
        assert segment.read_bytes() == (tmp_path / "two" / segment.relative_to(tmp_path / "one")).read_bytes()


def test_the_table_shows_rounds_money_and_fill_model(tmp_path: Path) -> None:
    out, _ = bucketmm(tmp_path, "backtest", str(FIXTURES), "--rounds")
    for text in ("strict/cross", "win rate", "break-even win rate", "P&L after fees", "btc-updown-60s-1800000000"):
        assert text in out


def test_a_journal_replays_and_a_changed_one_shows_the_first_difference(tmp_path: Path) -> None:
    bucketmm(tmp_path, "backtest", str(FIXTURES), "--journal", "journals")
    out, _ = bucketmm(tmp_path, "replay", "journals")
    assert "2 journal(s)" in out
    assert "all equal" in out
    from engine.journal.format import DecisionEntry
    from tests.unit.engine.journal.test_replay import rewrite

    dropped: list[int] = []

    def without_first(entry: object) -> object:
        if isinstance(entry, DecisionEntry) and not dropped:
            dropped.append(entry.seq)
            return None
        return entry

    rewrite(tmp_path / "journals" / "lively-seed-10", without_first)
    out, _ = bucketmm(tmp_path, "replay", "journals", status=1)
    assert f"first difference at event {dropped[0]}" in out
    assert "recorded: nothing" in out


def test_no_journal_is_bad_input(tmp_path: Path) -> None:
    _, err = bucketmm(tmp_path, "replay", ".", status=2)
    assert "found none" in err


def test_a_config_with_problems_is_refused_with_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(
        '{"entry_exit": {"SL_FLOOR": 0.7, "UNKNOWN": 1}, "risk": {"INITIAL_BANKROLL": "x"}}'
    )
    _, err = bucketmm(tmp_path, "backtest", str(FIXTURES), "--config", "bad.json", status=2)
    assert "entry_exit.UNKNOWN" in err
    assert "risk.INITIAL_BANKROLL" in err


def test_every_recorded_fifteen_minute_round_runs_and_replays(tmp_path: Path) -> None:
    needs_data()
    out, _ = bucketmm(tmp_path, "backtest", str(DATA / "btc15m_tob_1hz"), "--json", "--journal", "journals")
    report = json.loads(out)
    assert report["rounds"] == 88
    assert report["entries"] >= 60
    assert report["stops"] >= 15
    assert not report["broken"]
    assert not report["never_ended"]
    out, _ = bucketmm(tmp_path, "replay", "journals", "--json")
    replayed = json.loads(out)
    assert replayed["equal"]
    assert replayed["decisions"] == report["decisions"]


def test_every_recorded_five_minute_round_runs_and_replays(tmp_path: Path) -> None:
    needs_data()
    out, _ = bucketmm(tmp_path, "backtest", str(DATA / "btc5m_ws_book"), "--json", "--journal", "journals")
    report = json.loads(out)
    assert report["rounds"] == 44
    assert not report["broken"]
    assert not report["never_ended"]
    out, _ = bucketmm(tmp_path, "replay", "journals", "--json")
    assert json.loads(out)["equal"]
