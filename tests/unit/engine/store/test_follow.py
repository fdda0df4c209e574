from pathlib import Path

import pytest

from engine.model.errors import InputError
from engine.store.database import Store
from engine.store.follow import catch_up, mode_of, rebuild
from tests.unit.engine.store.harness import Engine, content, play_two_sessions


def test_a_rebuild_holds_what_the_journals_say(store: Store, tmp_path: Path) -> None:
    play_two_sessions(tmp_path / "dry")
    progress = rebuild(store, tmp_path / "dry")
    found = content(store)
    assert progress.sessions == 2
    assert [row["is_closed"] for row in found["sessions"]] == [False, True]
    assert found["sessions"][1]["first_seq"] == found["sessions"][0]["last_seq"] + 1
    (played,) = found["rounds"]
    assert (played["leg"], played["stage"], played["is_settled"], played["stops"]) == ("YES", "SETTLING", True, 1)
    orders = {row["purpose"]: row for row in found["orders"]}
    assert orders["ENTRY"]["status"] == "MATCHED"
    assert orders["STOP"]["status"] == "MATCHED"
    assert orders["TAKE_PROFIT"]["status"] == "CANCELED"
    spent_u6 = sum(row["price_e4"] * row["size_u6"] // 10_000 for row in found["fills"] if row["side"] == "BUY")
    assert spent_u6 == played["spent_u6"] > 0
    assert len(found["fills"]) == played["fills"]
    assert sum(row["intents"] for row in found["decisions"]) == len(found["intents"])
    assert {row["code"] for row in found["alerts"]} >= {"stop_fired"}
    assert {(row["kind"], row["collateral_u6"]) for row in found["balances"]} >= {("wallet", 99_000_000)}
    assert {row["kind"] for row in found["incidents"]} == {"breaker", "operator", "gap"}
    assert {row["won"] for row in found["markets"]} == {False, None}


def test_a_rebuild_can_be_repeated(store: Store, tmp_path: Path) -> None:
    play_two_sessions(tmp_path / "dry")
    rebuild(store, tmp_path / "dry")
    before = content(store)
    rebuild(store, tmp_path / "dry")
    assert content(store) == before


def test_following_live_gives_the_same_content_as_a_rebuild(store: Store, tmp_path: Path) -> None:
    root = tmp_path / "dry"
    engine = Engine(root)
    engine.begin()
    for second in range(0, 40, 3):
        engine.play(second, min(second + 3, 40))
        catch_up(store, root)
    engine.crash()
    assert catch_up(store, root).frames == 0
    engine.begin()
    for second in range(40, 120, 7):
        engine.play(second, min(second + 7, 120))
        catch_up(store, root)
    engine.finish()
    catch_up(store, root)
    followed = content(store)
    rebuild(store, root)
    assert content(store) == followed


def test_what_was_taken_is_not_taken_again(store: Store, tmp_path: Path) -> None:
    play_two_sessions(tmp_path / "dry")
    first = catch_up(store, tmp_path / "dry")
    assert first.frames > 100
    before = content(store)
    assert catch_up(store, tmp_path / "dry") == (0, 0)
    assert content(store) == before


def test_a_folder_without_sessions_cannot_be_rebuilt_from(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="session-"):
        rebuild(store, tmp_path)


def test_the_mode_is_that_of_the_newest_journal(tmp_path: Path) -> None:
    assert mode_of(tmp_path, "live") == "live"
    Engine(tmp_path).begin()
    (tmp_path / "session-000002").mkdir()
    assert mode_of(tmp_path, "live") == "dry"
