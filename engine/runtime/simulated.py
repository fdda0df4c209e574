"""The simulated shell: records in their own time, paper answers and ticks at theirs, one queue, one consumer, no wall clock."""

from collections.abc import Iterable

from engine.execution.paper.venue import PaperVenue
from engine.kernel.kernel import NEVER_NS, Kernel
from engine.model.commands import Command
from engine.model.events import Event, Tick, Tob
from engine.runtime.decode import Decoder, Record


class SimulatedShell:
    """Plays records through kernel and paper venue; `counts` says how many there were of what."""

    def __init__(self, kernel: Kernel, paper: PaperVenue, decoder: Decoder) -> None:
        self.kernel = kernel
        self.paper = paper
        self.decoder = decoder
        self.records = 0
        self.events = 0
        self.commands: dict[str, int] = {}
        self.now_ns = 0

    def play(self, records: Iterable[Record]) -> None:
        """Play all records, then whatever the paper venue and the timers still have to say up to the last record's time."""
        decode = self.decoder.events
        for record in records:
            at_ns = record[10]
            if at_ns < self.now_ns:
                at_ns = self.now_ns  # a recorder's clock that steps back: time does not
            self._catch_up(at_ns)
            self.now_ns = at_ns
            self.records += 1
            for event in decode(record, at_ns):
                self._market(event, at_ns)

    def drain(self, until_ns: int) -> None:
        """Let answers and timers run on without records, up to `until_ns`."""
        self._catch_up(until_ns)

    def _market(self, event: Event, now_ns: int) -> None:
        self.paper.observe(event, now_ns)
        if event.__class__ is Tob:
            event = self.paper.shown(event)
        self._receive(event)

    def _catch_up(self, until_ns: int) -> None:
        """Do everything that is due before `until_ns`, in the order of its time; answers come before ticks."""
        kernel, paper = self.kernel, self.paper
        while True:
            due_ns = paper.next_due_ns()
            wake_ns = kernel.wake_at_ns()
            next_ns = due_ns if due_ns <= wake_ns else wake_ns
            if next_ns > until_ns or next_ns == NEVER_NS:
                return
            self.now_ns = max(next_ns, self.now_ns)
            if due_ns <= wake_ns:
                for answer in paper.take(self.now_ns):
                    self._receive(answer)
            else:
                self._receive(Tick(self.now_ns))

    def _receive(self, event: Event) -> None:
        self.events += 1
        for command in self.kernel.receive(event):
            self._send(command)

    def _send(self, command: Command) -> None:
        name = type(command).__name__
        self.commands[name] = self.commands.get(name, 0) + 1
        self.paper.submit(command, self.now_ns)
