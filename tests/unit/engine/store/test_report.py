from pathlib import Path

from engine.store.database import Store
from engine.store.follow import rebuild
from engine.store.report import SUBJECTS, counts, newest
from tests.unit.engine.store.harness import play_two_sessions


def test_the_newest_rows_come_first_and_no_more_than_asked_for(store: Store, tmp_path: Path) -> None:
    play_two_sessions(tmp_path / "dry")
    rebuild(store, tmp_path / "dry")
    orders = newest(store, "orders", 2)
    assert [row["purpose"] for row in orders] == ["STOP", "TAKE_PROFIT"]
    assert orders[0]["sent_ns"] > orders[1]["sent_ns"]
    assert "config_json" not in newest(store, "sessions", 1)[0]


def test_every_subject_can_be_shown_and_counted(store: Store, tmp_path: Path) -> None:
    play_two_sessions(tmp_path / "dry")
    rebuild(store, tmp_path / "dry")
    rows = counts(store)
    for subject in SUBJECTS:
        assert len(newest(store, subject, 10_000)) == rows[subject] > 0
