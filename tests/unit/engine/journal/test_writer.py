from pathlib import Path

import pytest

from engine.journal.format import MAGIC, DecisionEntry, EventEntry
from engine.journal.reader import JournalReader
from engine.journal.writer import JournalWriter
from engine.kernel.state import decode_state
from engine.model.errors import InputError
from engine.model.events import Tick
from engine.runtime.compose import fresh_state, journal_header
from tests.unit.engine.journal.harness import CONFIG, play_round


def test_the_header_holds_config_hash_version_clock_host_and_the_kernels_whole_starting_state(tmp_path: Path) -> None:
    play_round(tmp_path)
    header = JournalReader(tmp_path).header
    assert header.config_hash == CONFIG.hash
    assert header.version == "0.1.0"
    assert (header.clock, header.host, header.mode) == ("test", "", "test")
    assert decode_state(header.kernel_state) == fresh_state(CONFIG)


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    play_round(tmp_path / "a")
    play_round(tmp_path / "b")
    assert [p.read_bytes() for p in sorted((tmp_path / "a").iterdir())] == [
        p.read_bytes() for p in sorted((tmp_path / "b").iterdir())
    ]


def test_a_full_segment_is_followed_by_another_that_continues_it(tmp_path: Path) -> None:
    events = play_round(tmp_path, segment_bytes_max=2_000)
    assert len(list(tmp_path.glob("journal-*.bmj"))) > 3
    seqs = [frame.entry.seq for frame in JournalReader(tmp_path) if isinstance(frame.entry, EventEntry)]
    assert seqs == list(range(1, events + 1))


def test_a_folder_that_holds_a_journal_is_not_written_to(tmp_path: Path) -> None:
    play_round(tmp_path)
    with pytest.raises(InputError, match="holds one already"):
        play_round(tmp_path)


def test_a_decision_is_with_the_system_when_it_returns_and_market_data_may_wait(tmp_path: Path) -> None:
    state = fresh_state(CONFIG)
    journal = JournalWriter(tmp_path, journal_header(CONFIG, state, clock="test", mode="test"))
    path = tmp_path / "journal-000000.bmj"
    before = path.stat().st_size
    journal.event(1, Tick(1))
    assert path.stat().st_size == before
    journal.decision(1, [], [], [], ["slug:DONE"])
    assert path.stat().st_size > before
    assert [type(frame.entry) for frame in JournalReader(tmp_path)] == [EventEntry, DecisionEntry]
    journal.close(1)


def test_a_closed_journal_stays_closed(tmp_path: Path) -> None:
    state = fresh_state(CONFIG)
    journal = JournalWriter(tmp_path, journal_header(CONFIG, state, clock="test", mode="test"))
    journal.close(0)
    size = (tmp_path / "journal-000000.bmj").stat().st_size
    journal.close(0)
    assert (tmp_path / "journal-000000.bmj").stat().st_size == size
    assert (tmp_path / "journal-000000.bmj").read_bytes().startswith(MAGIC)
