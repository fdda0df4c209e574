"""The ports between the kernel's shells and the world: who takes commands, who knows the time, who keeps the record."""

from typing import Protocol

from engine.model.commands import Command
from engine.model.events import Event, Tob
from engine.model.records import RoundRecord, Verdict


class Gateway(Protocol):
    """Takes commands to a venue. It never raises into the engine: its answers are events, Unknown among them."""

    def submit(self, command: Command, now_ns: int) -> None:
        """Take one command; the answers come later, as events."""
        ...


class MarketGateway(Gateway, Protocol):
    """A gateway as a shell drives it: it sees the market before the kernel does, and is asked for its answers."""

    def observe(self, event: Event, now_ns: int) -> None:
        """See one market event, in order, before the kernel does."""
        ...

    def shown(self, tob: Tob) -> Tob:
        """Return the book that the kernel is to see: a venue that is not in it puts our own orders in."""
        ...

    def next_due_ns(self) -> int:
        """Return when `take` has something to do, Unix ns."""
        ...

    def take(self, now_ns: int) -> list[Event]:
        """Do what is due and return the answers that have come, stamped with `now_ns`."""
        ...


class Clock(Protocol):
    """The only source of now, asked once at the queue's mouth."""

    def now_ns(self) -> int:
        """Return the time in Unix nanoseconds; never less than the time before."""
        ...


class Recorder(Protocol):
    """Keeps what the kernel took in and what it decided, in order."""

    def event(self, seq: int, event: Event) -> None:
        """Record an input before anything is done with it."""
        ...

    def decision(
        self,
        seq: int,
        intents: list[Command],
        verdicts: list[Verdict],
        commands: list[Command],
        stages: list[str],
    ) -> None:
        """Record what the input led to: every intent, the verdict on each, what leaves, and stage moves as
        "slug:STAGE".
        """
        ...

    def round(self, seq: int, record: RoundRecord) -> None:
        """Record what a round came to, when it has ended and again when it is settled."""
        ...
