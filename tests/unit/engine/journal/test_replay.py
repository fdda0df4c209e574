import zlib
from pathlib import Path

import msgspec
import pytest

from engine.journal.format import ENCODER, FRAME, DecisionEntry, EndEntry, EventEntry
from engine.journal.reader import JournalReader
from engine.journal.replay import replay
from engine.journal.writer import JournalWriter
from engine.model.commands import Place
from engine.model.errors import InputError
from engine.runtime.compose import fresh_state, journal_header, kernel_of_header
from tests.unit.engine.journal.harness import CONFIG, play_round


def rewrite(folder: Path, change: object) -> None:
    """Apply `change(entry) -> entry | None` to every entry of a one-segment journal; None drops it."""
    path = folder / "journal-000000.bmj"
    frames = list(JournalReader(folder))
    data = path.read_bytes()
    first = 8 + FRAME.size + FRAME.unpack_from(data, 8)[0]
    out = bytearray(data[:first])
    for frame in frames:
        entry = change(frame.entry)  # type: ignore[operator]
        if entry is not None:
            payload = ENCODER.encode(entry)
            out += FRAME.pack(len(payload), zlib.crc32(payload)) + payload
    path.write_bytes(bytes(out))


def test_a_journal_replays_equal_and_says_how_many_decisions_it_compared(tmp_path: Path) -> None:
    events = play_round(tmp_path)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert result.is_equal
    assert result.events == events
    assert result.decisions >= 5
    assert result.rounds == 2


def test_a_journal_over_many_segments_replays_equal(tmp_path: Path) -> None:
    play_round(tmp_path, segment_bytes_max=2_000)
    assert replay(JournalReader(tmp_path), kernel_of_header).is_equal


def test_a_changed_price_of_one_intent_is_the_first_difference(tmp_path: Path) -> None:
    play_round(tmp_path)

    def dearer(entry: object) -> object:
        if isinstance(entry, DecisionEntry) and entry.intents and isinstance(entry.intents[0], Place):
            changed = msgspec.structs.replace(entry.intents[0], price_e4=entry.intents[0].price_e4 + 100)
            return msgspec.structs.replace(entry, intents=[changed, *entry.intents[1:]])
        return entry

    rewrite(tmp_path, dearer)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert not result.is_equal
    assert result.difference is not None
    assert isinstance(result.difference.recorded, DecisionEntry)
    assert isinstance(result.difference.replayed, DecisionEntry)
    assert result.difference.recorded.intents[0].price_e4 == result.difference.replayed.intents[0].price_e4 + 100


def test_a_decision_that_is_missing_in_the_journal_is_a_difference(tmp_path: Path) -> None:
    play_round(tmp_path)
    dropped: list[int] = []

    def without_first(entry: object) -> object:
        if isinstance(entry, DecisionEntry) and not dropped:
            dropped.append(entry.seq)
            return None
        return entry

    rewrite(tmp_path, without_first)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert result.difference is not None
    assert result.difference.recorded is None


def test_a_decision_that_the_replay_does_not_take_is_a_difference(tmp_path: Path) -> None:
    play_round(tmp_path)

    def quieter(entry: object) -> object:
        if isinstance(entry, EventEntry) and type(entry.event).__name__ == "Tob":
            return msgspec.structs.replace(entry, event=msgspec.structs.replace(entry.event, bid1_size_u6=0))
        return entry

    rewrite(tmp_path, quieter)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert result.difference is not None
    assert result.difference.replayed is None


def test_a_journal_without_a_decision_is_not_equal(tmp_path: Path) -> None:
    state = fresh_state(CONFIG)
    JournalWriter(tmp_path, journal_header(CONFIG, state, clock="test", mode="test")).close(0)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert result.difference is None
    assert not result.is_equal


def test_a_crash_between_event_and_decision_still_replays(tmp_path: Path) -> None:
    play_round(tmp_path)
    last: list[int] = [frame.entry.seq for frame in JournalReader(tmp_path) if isinstance(frame.entry, DecisionEntry)]

    def cut(entry: object) -> object:
        keeps = entry.seq < last[-1] or (isinstance(entry, EventEntry) and entry.seq == last[-1])  # type: ignore[attr-defined]
        return entry if keeps else None

    rewrite(tmp_path, cut)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert result.is_equal
    assert result.decisions == len(last) - 1


def test_a_decision_that_is_missing_before_an_orderly_end_is_a_difference(tmp_path: Path) -> None:
    """Only a crash may leave an event without what it led to: a closed journal holds all of it."""
    play_round(tmp_path)
    last: list[int] = [frame.entry.seq for frame in JournalReader(tmp_path) if isinstance(frame.entry, DecisionEntry)]

    def cut(entry: object) -> object:
        if isinstance(entry, EndEntry):
            return EndEntry(last[-1])
        keeps = entry.seq < last[-1] or (isinstance(entry, EventEntry) and entry.seq == last[-1])  # type: ignore[attr-defined]
        return entry if keeps else None

    rewrite(tmp_path, cut)
    result = replay(JournalReader(tmp_path), kernel_of_header)
    assert result.difference is not None
    assert result.difference.recorded is None
    assert isinstance(result.difference.replayed, DecisionEntry)


def test_events_that_are_missing_before_an_orderly_end_are_an_error(tmp_path: Path) -> None:
    events = play_round(tmp_path)
    rewrite(tmp_path, lambda entry: entry if isinstance(entry, EndEntry) or entry.seq < 5 else None)
    with pytest.raises(InputError, match=f"expected the end at event 4, was {events}"):
        replay(JournalReader(tmp_path), kernel_of_header)
