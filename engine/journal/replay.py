"""Replay: feed a journal's events to a fresh kernel and compare every decision, byte for byte, with
what was recorded.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from engine.journal.format import ENCODER, DecisionEntry, EndEntry, EventEntry, Header, RoundEntry
from engine.journal.reader import JournalReader
from engine.model.commands import Command
from engine.model.errors import InputError
from engine.model.events import Event
from engine.model.ports import Recorder
from engine.model.records import RoundRecord, Verdict


class Difference(NamedTuple):
    """The first place where the replay parts from the journal; None = that side has nothing there."""

    seq: int
    recorded: object
    replayed: object


class ReplayResult(NamedTuple):
    """What a replay compared. It is equal only if nothing differs and something was compared."""

    events: int
    decisions: int
    rounds: int
    torn_bytes: int
    difference: Difference | None

    @property
    def is_equal(self) -> bool:
        """Whether every decision was repeated, and there was at least one."""
        return self.difference is None and self.decisions > 0


class _Collector:
    """A Recorder that keeps the decisions of one event as the bytes that a journal would hold."""

    def __init__(self) -> None:
        self.entries: list[DecisionEntry | RoundEntry] = []

    def event(self, seq: int, event: Event) -> None:
        """Forget what the kernel was just given."""

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        """Keep the decision."""
        self.entries.append(DecisionEntry(seq, intents, verdicts, commands, stages))  # type: ignore[arg-type]

    def round(self, seq: int, record: RoundRecord) -> None:
        """Keep the round's record."""
        self.entries.append(RoundEntry(seq, record))


class _State(Protocol):
    seq: int


class KernelLike(Protocol):
    """What a replay needs of a kernel."""

    @property
    def state(self) -> _State:
        """The state, with the sequence number of the last event."""
        ...

    def receive(self, event: Event, /) -> list[Command]:
        """Take one event."""
        ...


KernelBuilder = Callable[[Header, Recorder], KernelLike]
"""Builds the kernel that the journal's header describes, with its starting state; the shells' composition root has one.
"""


def replay(reader: JournalReader, build: KernelBuilder) -> ReplayResult:
    """Replay one journal up to the first difference. Raises InputError for a journal that cannot be read."""
    collector = _Collector()
    kernel = build(reader.header, collector)
    events = decisions = rounds = 0
    pending: list[DecisionEntry | RoundEntry] = []
    seq = kernel.state.seq
    difference: Difference | None = None
    for frame in reader:
        entry = frame.entry
        if isinstance(entry, EventEntry):
            if pending:
                difference = Difference(seq, None, pending[0])
                break
            if entry.seq != seq + 1:
                raise InputError(f"{reader.folder}: expected event {seq + 1}, was {entry.seq}")
            seq = entry.seq
            collector.entries.clear()
            kernel.receive(entry.event)
            pending = list(collector.entries)
            events += 1
        elif isinstance(entry, DecisionEntry | RoundEntry):
            expected = pending.pop(0) if pending else None
            if expected is None or ENCODER.encode(expected) != frame.payload:
                difference = Difference(entry.seq, entry, expected)
                break
            decisions += isinstance(entry, DecisionEntry)
            rounds += isinstance(entry, RoundEntry)
        elif isinstance(entry, EndEntry):
            if pending:
                difference = Difference(seq, None, pending[0])
                break
            if entry.seq != seq:
                raise InputError(f"{reader.folder}: expected the end at event {seq}, was {entry.seq}")
    # what the last event led to may be missing after a crash between event and decision: recovery sends it again
    return ReplayResult(events, decisions, rounds, reader.torn_bytes, difference)
