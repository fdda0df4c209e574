from pathlib import Path

import pytest

from engine.model.errors import InputError
from engine.model.events import Operator
from engine.runtime.control import ControlFiles, write_atomically


def test_a_kill_is_told_once_with_its_reason_and_a_resume_says_who_and_why(tmp_path: Path) -> None:
    files = ControlFiles(tmp_path / "run" / "KILL")
    assert files.poll(1, killed=False) is None
    files.kill("wrong spread")
    assert files.poll(2, killed=False) == Operator(2, "kill", "file", "wrong spread")
    assert files.poll(3, killed=True) is None
    files.resume("ada", "looked at it")
    assert files.poll(4, killed=True) == Operator(4, "resume", "ada", "looked at it")
    assert files.poll(5, killed=False) is None


def test_a_resume_without_a_kill_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is killed"):
        ControlFiles(tmp_path / "KILL").resume("ada", "why not")


def test_a_kill_withdraws_a_resume_that_was_not_yet_taken(tmp_path: Path) -> None:
    files = ControlFiles(tmp_path / "KILL")
    files.kill("one")
    files.resume("ada", "done")
    files.kill("two")
    (tmp_path / "KILL").unlink()
    assert files.poll(1, killed=True) is None


def test_a_damaged_resume_file_still_resumes(tmp_path: Path) -> None:
    files = ControlFiles(tmp_path / "KILL")
    files.resume_file.write_bytes(b"not json")
    assert files.poll(1, killed=True) == Operator(1, "resume", "?", "?")


def test_a_file_is_replaced_in_one_step_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "status.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


class VanishingPath(type(Path())):  # type: ignore[misc]
    """A file that is there when one looks and gone when one reads."""

    def exists(self) -> bool:
        return True


def test_a_kill_file_that_vanishes_before_it_is_read_is_no_kill(tmp_path: Path) -> None:
    assert ControlFiles(VanishingPath(tmp_path / "KILL")).poll(1, killed=False) is None


def test_a_kill_file_that_cannot_be_read_kills(tmp_path: Path) -> None:
    (tmp_path / "KILL").mkdir()
    word = ControlFiles(tmp_path / "KILL").poll(1, killed=False)
    assert word is not None
    assert word.action == "kill"
    assert "Is a directory" in word.reason


def test_a_resume_that_nobody_waited_for_does_not_end_a_later_kill(tmp_path: Path) -> None:
    files = ControlFiles(tmp_path / "KILL")
    files.kill("gone before anybody looked")
    files.resume("ada", "a mistake")
    assert files.poll(1, killed=False) is None
    (tmp_path / "KILL").write_text("by hand\n")
    assert files.poll(2, killed=False) == Operator(2, "kill", "file", "by hand")
    (tmp_path / "KILL").unlink()
    assert files.poll(3, killed=True) is None


def test_a_refused_resume_says_what_to_do_when_the_file_was_removed_by_hand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kill again, then resume"):
        ControlFiles(tmp_path / "KILL").resume("ada", "why not")
