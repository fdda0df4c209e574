from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.journal.format import FRAME, MAGIC, SEGMENT_BYTES_MAX, DecisionEntry, EndEntry, EventEntry, RoundEntry
from engine.journal.reader import JournalReader, journal_folders
from engine.journal.writer import JournalWriter
from engine.model.errors import InputError, ResourceError
from engine.model.events import Tick
from engine.runtime.compose import fresh_state, journal_header
from tests.unit.engine.journal.disk import room_for
from tests.unit.engine.journal.harness import CONFIG, play_round


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    events = play_round(tmp_path)
    entries = [frame.entry for frame in JournalReader(tmp_path)]
    assert [entry.seq for entry in entries if isinstance(entry, EventEntry)] == list(range(1, events + 1))
    assert any(isinstance(entry, DecisionEntry) for entry in entries)
    assert any(isinstance(entry, RoundEntry) for entry in entries)
    assert isinstance(entries[-1], EndEntry)


def test_a_missing_segment_in_the_middle_is_an_error(tmp_path: Path) -> None:
    play_round(tmp_path, segment_bytes_max=2_000)
    (tmp_path / "journal-000001.bmj").unlink()
    with pytest.raises(InputError, match="does not continue"):
        list(JournalReader(tmp_path))


def header_end(data: bytes) -> int:
    """Return where the first frame of a segment ends."""
    return len(MAGIC) + FRAME.size + int(FRAME.unpack_from(data, len(MAGIC))[0])


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_journal_cut_anywhere_is_readable_up_to_the_cut(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "whole"
    if not folder.exists():
        play_round(folder)
    whole = (folder / "journal-000000.bmj").read_bytes()
    first = next(iter(JournalReader(folder).segments)).stat().st_size
    cut = data.draw(st.integers(0, first))
    torn = tmp_path / "torn"
    torn.mkdir(exist_ok=True)
    (torn / "journal-000000.bmj").write_bytes(whole[:cut])
    if cut < header_end(whole):
        with pytest.raises(InputError, match="header"):
            JournalReader(torn)
        return
    reader = JournalReader(torn)
    frames = list(reader)
    complete = list(JournalReader(folder))
    assert [frame.payload for frame in frames] == [frame.payload for frame in complete[: len(frames)]]
    assert cut == first or reader.torn_bytes or len(frames) < len(complete)


def test_damage_in_the_middle_is_an_error_that_names_file_and_byte(tmp_path: Path) -> None:
    play_round(tmp_path)
    path = tmp_path / "journal-000000.bmj"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"journal-000000\.bmj at byte [0-9]+"):
        list(JournalReader(tmp_path))


@pytest.mark.parametrize("byte", range(8))
def test_damage_in_a_frames_length_or_check_is_no_torn_tail(tmp_path: Path, byte: int) -> None:
    play_round(tmp_path)
    path = tmp_path / "journal-000000.bmj"
    data = bytearray(path.read_bytes())
    data[header_end(bytes(data)) + byte] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="more frames follow"):
        list(JournalReader(tmp_path))


def test_zeros_that_a_disk_left_at_the_end_are_a_torn_tail(tmp_path: Path) -> None:
    play_round(tmp_path)
    frames = len(list(JournalReader(tmp_path)))
    path = tmp_path / "journal-000000.bmj"
    path.write_bytes(path.read_bytes() + bytes(5) + bytes(4096))
    reader = JournalReader(tmp_path)
    assert len(list(reader)) == frames
    assert reader.torn_bytes == 4101


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal-000000.bmj").write_bytes(b"something else")
    with pytest.raises(InputError, match="expected a journal segment"):
        JournalReader(tmp_path)


def test_an_unknown_entry_is_refused(tmp_path: Path) -> None:
    import zlib

    play_round(tmp_path)
    path = tmp_path / "journal-000000.bmj"
    payload = b"\x92\x63\x01"
    with path.open("ab") as file:
        file.write(len(payload).to_bytes(4, "little") + zlib.crc32(payload).to_bytes(4, "little") + payload)
    with pytest.raises(InputError, match="unknown entry"):
        list(JournalReader(tmp_path))


def test_journal_folders_finds_all_journals_below_a_folder_and_says_when_there_is_none(tmp_path: Path) -> None:
    play_round(tmp_path / "one")
    play_round(tmp_path / "deep" / "two")
    assert journal_folders(tmp_path) == [tmp_path / "deep" / "two", tmp_path / "one"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found none"):
        journal_folders(tmp_path / "empty")
    with pytest.raises(InputError, match="does not exist"):
        journal_folders(tmp_path / "missing")


def begun_journal(folder: Path, *, segment_bytes_max: int = SEGMENT_BYTES_MAX) -> JournalWriter:
    """Return a journal with its header and one decision."""
    header = journal_header(CONFIG, fresh_state(CONFIG), clock="test", mode="test")
    journal = JournalWriter(folder, header, segment_bytes_max=segment_bytes_max)
    journal.event(1, Tick(1))
    journal.decision(1, [], [], [], ["slug:DONE"])
    return journal


def test_a_full_disk_is_told_and_what_was_cut_off_is_a_torn_tail_and_never_written_again(tmp_path: Path) -> None:
    journal = begun_journal(tmp_path)
    size = (tmp_path / "journal-000000.bmj").stat().st_size
    journal.event(2, Tick(2))
    with room_for(size + 12), pytest.raises(ResourceError, match=r"expected to write the journal .* File too large"):
        journal.decision(2, [], [], [], ["slug:SAFE"])
    journal.close(2)  # there is room again, but half a frame stands there already
    reader = JournalReader(tmp_path)
    assert [frame.entry.seq for frame in reader] == [1, 1]  # type: ignore[union-attr]
    assert reader.torn_bytes == 12


def test_a_journal_that_has_failed_takes_nothing_more(tmp_path: Path) -> None:
    journal = begun_journal(tmp_path)
    size = (tmp_path / "journal-000000.bmj").stat().st_size
    with room_for(size), pytest.raises(ResourceError):
        journal.decision(1, [], [], [], [])
    with pytest.raises(ResourceError, match="expected to write the journal"):
        journal.decision(2, [], [], [], [])


def test_a_segment_that_cannot_be_begun_is_told(tmp_path: Path) -> None:
    journal = begun_journal(tmp_path, segment_bytes_max=4_000)
    (tmp_path / "journal-000001.bmj").mkdir()
    with pytest.raises(ResourceError, match="expected to write the journal"):
        journal.decision(2, [], [], [], ["a stage move" * 400])


def test_a_journal_that_is_abandoned_holds_everything_but_the_mark_of_an_orderly_end(tmp_path: Path) -> None:
    journal = begun_journal(tmp_path)
    journal.event(2, Tick(2))
    journal.abandon()
    journal.abandon()
    assert [type(frame.entry) for frame in JournalReader(tmp_path)] == [EventEntry, DecisionEntry, EventEntry]
