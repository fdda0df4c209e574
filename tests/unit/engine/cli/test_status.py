import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli.status import status

ENGINE = {
    "pid": 1,
    "state": "running",
    "mode": "dry",
    "ring": "/ring",
    "journal": "state/session-000001",
    "pnl_usd": "-1.2",
    "bankroll_usd": "98.8",
    "cash_usd": "92.1",
    "feeder_silent": True,
    "records": 12_345,
    "records_lost": 6,
    "books_skipped": 7,
    "events": 1_000,
    "decisions": 9,
    "refusals": {"risk_cap": 3},
    "killed": "the spread",
    "alerts": ["one", "two", "three", "four"],
    "rounds": [
        {
            "slug": "btc-updown-15m-1800000000",
            "stage": "EXIT",
            "seconds_left": 12.5,
            "leg": "YES",
            "held": "11",
            "entry": "0.61",
            "sellable": "11",
            "books": {
                "YES": {"bid": "0.61", "ask": None, "fresh": True},
                "NO": {"bid": None, "ask": "0.4", "fresh": False},
            },
            "orders": [
                {"order": "slug/2/take_profit", "side": "SELL", "price": "0.63", "size": "11", "status": "LIVE"}
            ],
            "pnl_usd": "-6.71",
        }
    ],
    "last_rounds": [
        {"slug": "old", "leg": "NO", "stages": ["WAIT_ENTRY", "EXIT", "DONE"], "pnl_usd": "0.2", "settled": False}
    ],
}


def shown(folder: Path, *arguments: str, engine: dict[str, object] | None = None) -> Result:
    """Run the command on a folder with an engine's file."""
    if engine is not None:
        (folder / "engine.json").write_text(json.dumps(engine))
    return CliRunner(env={"COLUMNS": "200"}).invoke(status, ["--run-dir", str(folder), *arguments])


def test_everything_that_an_operator_must_see_is_in_the_view(tmp_path: Path) -> None:
    result = shown(tmp_path, engine=ENGINE)
    assert result.exit_code == 0
    for text in ("KILLED: the spread", "silent", "3 risk_cap", "0.61 / -", "(not fresh)", "SELL 11 @ 0.63", "0.2 open"):
        assert text in result.stdout, text
    assert "four" in result.stdout
    assert "one\n" not in result.stdout


def test_a_running_engine_that_has_not_written_for_a_while_is_not_believed(tmp_path: Path) -> None:
    import os

    shown(tmp_path, engine=ENGINE | {"feeder_silent": False})
    os.utime(tmp_path / "engine.json", (1, 1))
    assert "silent for" in shown(tmp_path).stdout


def test_a_feeder_alone_is_shown_too(tmp_path: Path) -> None:
    (tmp_path / "feeder.json").write_text(json.dumps({"state": "running", "cursor": 5}))
    result = shown(tmp_path)
    assert result.exit_code == 0
    assert "cursor" in result.stdout


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text("{")
    result = shown(tmp_path, "--json")
    assert result.exit_code == 3
    assert f"expected JSON in {tmp_path / 'engine.json'}" in result.stderr


def test_json_holds_what_the_engine_wrote_and_how_old_it_is(tmp_path: Path) -> None:
    report = json.loads(shown(tmp_path, "--json", engine=ENGINE).stdout)
    assert report["feeder"] is None
    assert report["engine"].pop("age_seconds") < 60
    assert report["engine"] == ENGINE
