from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.journal.format import Header
from engine.journal.reader import Frame, JournalReader
from engine.journal.tail import JournalTail
from engine.model.errors import InputError
from tests.unit.engine.journal.harness import play_round


def read_all(tail: JournalTail) -> list[Frame]:
    frames: list[Frame] = []
    while new := tail.read():
        frames += [frame for frame in new if not isinstance(frame.entry, Header)]
    return frames


def test_a_tail_reads_what_the_reader_reads_over_all_segments(tmp_path: Path) -> None:
    play_round(tmp_path, segment_bytes_max=2_000)
    assert len(list(tmp_path.glob("*.bmj"))) > 3
    assert read_all(JournalTail(tmp_path)) == list(JournalReader(tmp_path))


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_journal_that_grows_by_any_pieces_is_read_once(tmp_path: Path, data: st.DataObject) -> None:
    whole = tmp_path / "whole"
    if not whole.exists():
        play_round(whole)
    content = (whole / "journal-000000.bmj").read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    growing = tmp_path / "growing"
    growing.mkdir(exist_ok=True)
    tail, found = JournalTail(growing), []
    for cut in [*cuts, len(content)]:
        (growing / "journal-000000.bmj").write_bytes(content[:cut])
        found += read_all(tail)
        tail = JournalTail(growing, tail.position)
    assert found == list(JournalReader(whole))


def test_a_journal_that_is_not_there_yet_has_nothing_new(tmp_path: Path) -> None:
    assert JournalTail(tmp_path).read() == []


def test_damage_in_the_middle_is_an_error(tmp_path: Path) -> None:
    play_round(tmp_path)
    path = tmp_path / "journal-000000.bmj"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(bytes(damaged))
    with pytest.raises(InputError, match=r"at byte [0-9]+"):
        read_all(JournalTail(tmp_path))


def test_a_segment_that_does_not_continue_the_one_before_it_is_an_error(tmp_path: Path) -> None:
    play_round(tmp_path, segment_bytes_max=2_000)
    (tmp_path / "journal-000002.bmj").rename(tmp_path / "journal-000001.bmj")
    with pytest.raises(InputError, match="does not continue"):
        read_all(JournalTail(tmp_path))


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal-000000.bmj").write_bytes(b"something else")
    with pytest.raises(InputError, match="expected a journal segment"):
        JournalTail(tmp_path).read()
