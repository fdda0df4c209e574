"""A recorder that counts what passes through it to another recorder: what a run's report is made of."""

from collections import Counter

from engine.model.commands import Command
from engine.model.events import Event
from engine.model.ports import Recorder
from engine.model.records import RoundRecord, Verdict


class Tally:
    """Counts events, decisions, refusals by code and stage moves, keeps the newest record of each
    round, and forwards.
    """

    def __init__(self, inner: Recorder | None = None) -> None:
        self.events = 0
        self.decisions = 0
        self.refusals: Counter[str] = Counter()
        self.commands: Counter[str] = Counter()
        self.stages: Counter[str] = Counter()
        self.rounds: dict[str, RoundRecord] = {}
        self._inner = inner

    def event(self, seq: int, event: Event) -> None:
        """Count and forward an input."""
        self.events += 1
        if self._inner is not None:
            self._inner.event(seq, event)

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        """Count and forward a decision."""
        self.decisions += 1
        self.refusals.update(str(verdict.code) for verdict in verdicts if not verdict.allowed)
        self.commands.update(type(command).__name__ for command in commands)
        self.stages.update(move.partition(":")[2] for move in stages)
        if self._inner is not None:
            self._inner.decision(seq, intents, verdicts, commands, stages)

    def round(self, seq: int, record: RoundRecord) -> None:
        """Keep and forward a round's record."""
        self.rounds[record.slug] = record
        if self._inner is not None:
            self._inner.round(seq, record)
