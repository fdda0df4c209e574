import os
from pathlib import Path

import pytest

from engine.execution.paper.ledger import FileLedger, Opened, Resting
from engine.model.errors import InputError, ResourceError
from engine.runtime.recovery import last_session
from engine.runtime.session import StateLock, check_ledger, claim
from tests.unit.engine.journal.harness import play_round
from tests.unit.engine.runtime.test_recovery import begin_round


def test_a_state_folder_has_one_engine_and_the_second_one_is_told_its_pid(tmp_path: Path) -> None:
    lock = StateLock(tmp_path / "state")
    with pytest.raises(ResourceError, match=f"the engine with pid {os.getpid()} uses it"):
        StateLock(tmp_path / "state")
    lock.release()
    StateLock(tmp_path / "state").release()


def test_a_folder_has_one_lock_for_each_kind_of_process(tmp_path: Path) -> None:
    lock, other = StateLock(tmp_path), StateLock(tmp_path, "exchange.lock", "exchange")
    with pytest.raises(ResourceError, match=f"the exchange with pid {os.getpid()} uses it"):
        StateLock(tmp_path, "exchange.lock", "exchange")
    lock.release()
    other.release()


def test_a_finished_recordings_state_is_moved_aside_each_time_it_is_played_again(tmp_path: Path) -> None:
    for number in (1, 2):
        play_round(tmp_path / "state" / "session-000001")
        claim(tmp_path / "state", anew_when_finished=True).release()
        assert (tmp_path / f"state.{number}" / "session-000001").is_dir()
        assert not list((tmp_path / "state").glob("session-*"))


def test_a_session_that_was_interrupted_is_gone_on_with(tmp_path: Path) -> None:
    begin_round(tmp_path / "state" / "session-000001", 2)
    claim(tmp_path / "state", anew_when_finished=True).release()
    assert (tmp_path / "state" / "session-000001").is_dir()


def test_a_live_sessions_state_stays_where_it_is(tmp_path: Path) -> None:
    play_round(tmp_path / "state" / "session-000001")
    claim(tmp_path / "state", anew_when_finished=False).release()
    assert (tmp_path / "state" / "session-000001").is_dir()


def test_the_state_of_an_engine_that_is_just_ending_is_not_moved_away_under_it(tmp_path: Path) -> None:
    play_round(tmp_path / "state" / "session-000001")
    lock = StateLock(tmp_path / "state")
    with pytest.raises(ResourceError, match="uses it"):
        claim(tmp_path / "state", anew_when_finished=True)
    assert (tmp_path / "state" / "session-000001").is_dir()
    lock.release()


def test_a_paper_file_whose_journals_are_missing_is_refused(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "paper.jsonl")
    ledger.write(Opened(1, 100_000_000))
    check_ledger(ledger, last_session(tmp_path))
    ledger.write(Resting(2, "slug/1/entry"))
    with pytest.raises(InputError, match=r"session folders that belong to .*paper\.jsonl"):
        check_ledger(ledger, last_session(tmp_path))
    play_round(tmp_path / "session-000001")
    check_ledger(ledger, last_session(tmp_path))
