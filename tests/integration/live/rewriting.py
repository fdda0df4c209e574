"""A journal written again with something changed: what the gates have to notice, and what they have to overlook."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.journal.format import DecisionEntry, Entry, EventEntry, Header, RoundEntry
from engine.journal.reader import JournalReader
from engine.journal.writer import JournalWriter


def _same(entry: Entry) -> Entry:
    return entry


def rewrite(source: Path, target: Path, change: Callable[[Entry], Entry] = _same, **header: str | bytes) -> None:
    """Write a journal again, its entries changed and some fields of its header; its end is written anew."""
    reader = JournalReader(source)
    written: Header = msgspec.structs.replace(reader.header, **header)
    writer = JournalWriter(target, written)
    seq = written.first_seq
    for frame in reader:
        entry = change(frame.entry)
        if isinstance(entry, EventEntry):
            seq = entry.seq
            writer.event(entry.seq, entry.event)
        elif isinstance(entry, DecisionEntry):
            writer.decision(entry.seq, entry.intents, entry.verdicts, entry.commands, entry.stages)  # type: ignore[arg-type]
        elif isinstance(entry, RoundEntry):
            writer.round(entry.seq, entry.record)
    writer.close(seq)
