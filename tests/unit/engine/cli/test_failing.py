"""Errors of ours become a message on stderr and the documented status; bugs stay tracebacks."""

from pathlib import Path

import pytest

from engine.cli.failing import clean_exit
from engine.model.errors import InputError, ResourceError
from feeder.recording.errors import RecordingError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("expected a number"), 2),
        (RecordingError(Path("x.bmr"), 3, "expected a recording"), 2),
        (ResourceError("expected a ring"), 3),
    ],
)
def test_an_error_of_ours_is_a_message_and_a_status(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, clean_exit():
        raise error
    assert ended.value.code == status
    assert capsys.readouterr().err == f"error: {error}\n"


def test_ctrl_c_is_status_130() -> None:
    with pytest.raises(SystemExit) as ended, clean_exit():
        raise KeyboardInterrupt
    assert ended.value.code == 130


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), clean_exit():
        raise ZeroDivisionError
