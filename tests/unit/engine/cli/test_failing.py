from pathlib import Path

import pytest

from engine.cli.failing import clean_exit
from engine.model.errors import InputError, InternalError, ResourceError
from feeder.recording.errors import RecordingError


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (InputError("a wrong price"), 2, "error: a wrong price"),
        (RecordingError(Path("a.jsonl"), 3, "a torn line"), 2, "error: a.jsonl:3: a torn line"),
        (ResourceError("no ring"), 3, "error: no ring"),
        (
            PermissionError(13, "Permission denied", "state/lock"),
            3,
            "error: [Errno 13] Permission denied: 'state/lock'",
        ),
        (InternalError("a bug"), 1, "error: a bug"),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
    ],
)
def test_each_end_has_its_message_and_its_exit_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, clean_exit():
        raise error
    assert ended.value.code == status
    assert capsys.readouterr().err == said + "\n"


def test_a_reader_that_has_gone_away_is_left_to_click() -> None:
    with pytest.raises(BrokenPipeError), clean_exit():
        raise BrokenPipeError


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), clean_exit():
        raise ZeroDivisionError
