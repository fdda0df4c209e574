"""`bucketmm store`: the tables of a state folder, made, followed and shown."""

import json
import signal
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from tests.integration.runtime.processes import finish, start, wait_for
from tests.unit.engine.store.harness import Engine, play_two_sessions


def store(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["store", *arguments])


def test_rebuild_fills_a_file_whose_name_says_the_mode_and_show_shows_it(tmp_path: Path) -> None:
    play_two_sessions(tmp_path)
    result = store("rebuild", "--state", str(tmp_path), "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["where"] == str(tmp_path / "bucketmm-dry.sqlite")
    assert report["rows"]["rounds"] == 1
    rows = json.loads(store("show", "orders", "--state", str(tmp_path), "--json").stdout)
    assert len(rows) == report["rows"]["orders"] > 2
    assert rows[0]["price_e4"] == 100
    table = store("show", "--state", str(tmp_path))
    assert "btc-updown-15m" in table.stdout.replace("\n", "") or table.exit_code == 0


def test_nothing_to_show_is_said_with_what_to_do(tmp_path: Path) -> None:
    result = store("show", "--state", str(tmp_path))
    assert result.exit_code == 3
    assert "store rebuild" in result.stderr


def test_migrate_makes_the_tables(tmp_path: Path) -> None:
    assert store("migrate", "--state", str(tmp_path)).exit_code == 0
    with sqlite3.connect(tmp_path / "bucketmm-dry.sqlite") as connection:
        names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    connection.close()
    assert names >= {"sessions", "rounds", "orders", "fills", "decisions", "alerts"}


def test_the_url_comes_from_the_config_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETMM_STORE_URL", "mysql://u:secret@h/d")
    result = store("migrate", "--state", str(tmp_path))
    assert result.exit_code == 2
    assert "expected a URL of PostgreSQL" in result.stderr
    assert "secret" not in result.stderr


def test_a_password_among_the_arguments_is_refused(tmp_path: Path) -> None:
    result = store("migrate", "--state", str(tmp_path), "--url", "postgresql://user:hidden@host/database")
    assert result.exit_code == 2
    assert "BUCKETMM_STORE_URL" in result.stderr
    assert "hidden" not in result.stderr


def test_follow_takes_what_is_there_once(tmp_path: Path) -> None:
    play_two_sessions(tmp_path / "dry")
    result = store("follow", "--once", "--state", str(tmp_path / "dry"), "--run-dir", str(tmp_path / "run"))
    assert result.exit_code == 0, result.stderr
    assert json.loads((tmp_path / "run" / "store.json").read_text())["state"] == "following"


def test_a_follower_sees_a_session_as_it_is_written_and_ends_when_told(tmp_path: Path) -> None:
    root, status = tmp_path / "dry", tmp_path / "run" / "store.json"
    process = start(tmp_path, "store", "follow", "--state", str(root))

    def is_state(name: str) -> bool:
        return status.exists() and json.loads(status.read_text())["state"] == name

    try:
        wait_for(lambda: is_state("waiting"), "the follower waits for a first session")
        engine = Engine(root)
        engine.begin()
        engine.play(0, 40)
        wait_for(lambda: is_state("following"), "it follows")

        def filled() -> bool:
            rows = store("show", "fills", "--state", str(root), "--json")
            return rows.exit_code == 0 and len(json.loads(rows.stdout)) > 0

        wait_for(filled, "the first fill is in the tables")
        assert store("rebuild", "--state", str(root)).exit_code == 3, "one process alone writes"
        process.send_signal(signal.SIGTERM)
        finish(process)
        assert is_state("stopped")
    finally:
        process.kill()
        process.wait()


def test_a_follower_whose_database_fails_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_two_sessions(tmp_path / "dry")
    url = "postgresql://nobody:secret@127.0.0.1:1/nothing?connect_timeout=2"
    monkeypatch.setenv("BUCKETMM_STORE_URL", url)
    process = start(tmp_path, "store", "follow", "--state", str(tmp_path / "dry"))
    try:
        path = tmp_path / "run" / "store.json"
        wait_for(lambda: path.exists() and json.loads(path.read_text())["state"] == "failing", "it says so")
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, err = finish(process)
        assert "alert store: expected the database" in err
        assert "secret" not in err + path.read_text()
    finally:
        process.kill()
        process.wait()
