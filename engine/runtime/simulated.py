"""The simulated shell: records in their own time, paper answers and ticks at theirs, one queue, one consumer, no wall
clock.
"""

from collections.abc import Iterable

from engine.execution.paper.venue import PaperVenue
from engine.kernel.kernel import Kernel
from engine.runtime.decode import Decoder, Record
from engine.runtime.loop import Loop


class SimulatedShell:
    """Plays records through kernel and paper venue."""

    def __init__(self, kernel: Kernel, paper: PaperVenue, decoder: Decoder) -> None:
        self.loop = Loop(kernel, paper)
        self.decoder = decoder
        self.records = 0

    def play(self, records: Iterable[Record]) -> None:
        """Play records in order; before each one, whatever is due until then."""
        loop = self.loop
        for record in records:
            at_ns = max(record[10], loop.now_ns)  # a recorder's clock may step back: time does not
            loop.catch_up(at_ns)
            loop.now_ns = at_ns
            self.records += 1
            for event in self.decoder.events(record, at_ns):
                loop.market(event)

    def run_out(self, span_ns: int) -> None:
        """Let answers and timers run on without records for a span of time."""
        self.loop.catch_up(self.loop.now_ns + span_ns)
