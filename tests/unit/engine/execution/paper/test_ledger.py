from pathlib import Path

import pytest

from engine.execution.paper.ledger import Ended, FileLedger, Filled, Opened, Refused, Resting, Row, Settled, Taken
from engine.model.errors import InputError, ResourceError
from engine.model.events import GoneReason, Side
from tests.unit.engine.execution.paper.harness import place
from tests.unit.engine.journal.disk import room_for

ROWS: tuple[Row, ...] = (
    Opened(0, 100_000_000),
    Taken(1, place("r/1/entry", Side.BUY, 6_100, 11), "0xabc"),
    Resting(2, "r/1/entry"),
    Filled(3, "r/1/entry", "t1", 0, Side.BUY, 6_100, 11_000_000, 0, True),
    Ended(3, "r/1/entry", GoneReason.FILLED),
    Refused(4, "r/2/stop", "fak_no_match"),
    Settled(5, 0, 11_000_000),
)


def written(path: Path) -> FileLedger:
    """Return a ledger that holds ROWS."""
    ledger = FileLedger(path)
    for row in ROWS:
        ledger.write(row)
    return ledger


def test_every_kind_of_row_is_read_back_by_the_next_process(tmp_path: Path) -> None:
    written(tmp_path / "deep" / "paper.jsonl").close()
    assert tuple(FileLedger(tmp_path / "deep" / "paper.jsonl").rows()) == ROWS


def test_a_row_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    written(tmp_path / "paper.jsonl")
    assert len((tmp_path / "paper.jsonl").read_bytes().splitlines()) == len(ROWS)


def test_a_line_that_is_not_ours_is_named_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "paper.jsonl"
    written(path).close()
    path.write_bytes(path.read_bytes() + b'{"type":"something"}\n')
    with pytest.raises(InputError, match=r"paper\.jsonl:8 is not a row"):
        list(FileLedger(path).rows())


def test_a_full_disk_is_told_and_the_line_that_was_cut_off_is_dropped_later(tmp_path: Path) -> None:
    path = tmp_path / "paper.jsonl"
    ledger = written(path)
    with room_for(path.stat().st_size + 7), pytest.raises(ResourceError, match="expected to write"):
        ledger.write(ROWS[0])
    with pytest.raises(ResourceError, match="expected to write"):
        ledger.write(ROWS[1])  # never behind half a line
    ledger.close()
    assert tuple(FileLedger(path).rows()) == ROWS
