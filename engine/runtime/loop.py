"""The one loop body of every shell: market events in, commands out, answers and ticks when they are
due.
"""

from collections.abc import Callable

from engine.kernel.kernel import NEVER_NS, Kernel
from engine.model.commands import Alert
from engine.model.events import Event, Tick, Tob
from engine.model.ports import MarketGateway


def _ignore(alert: Alert) -> None:
    """Let an alert pass: it is in the journal."""


class Loop:
    """Kernel and gateway in one time, `now_ns`, which the shell moves: from a clock, or from the records."""

    def __init__(self, kernel: Kernel, gateway: MarketGateway, on_alert: Callable[[Alert], None] = _ignore) -> None:
        self.kernel = kernel
        self.gateway = gateway
        self.now_ns = 0
        self._on_alert = on_alert

    def market(self, event: Event, *, visible: bool = True) -> None:
        """Show a market event to the gateway, and to the kernel unless a newer one of the same
        drain replaces it.
        """
        self.gateway.observe(event, self.now_ns)
        if visible:
            self.receive(self.gateway.shown(event) if isinstance(event, Tob) else event)

    def receive(self, event: Event) -> None:
        """Give the kernel one event and hand on what it commands."""
        for command in self.kernel.receive(event):
            if isinstance(command, Alert):
                self._on_alert(command)
            else:
                self.gateway.submit(command, self.now_ns)

    def next_due_ns(self) -> int:
        """Return when the next answer or tick is due."""
        return min(self.gateway.next_due_ns(), self.kernel.wake_at_ns())

    def catch_up(self, until_ns: int) -> None:
        """Do everything that is due by `until_ns`, in the order of its time, answers before ticks.

        What is overdue (`now_ns` is later) is stamped with `now_ns`: a wall clock is past the moment by then.
        """
        while True:
            due_ns, wake_ns = self.gateway.next_due_ns(), self.kernel.wake_at_ns()
            next_ns = due_ns if due_ns <= wake_ns else wake_ns
            if next_ns > until_ns or next_ns == NEVER_NS:
                return
            self.now_ns = max(next_ns, self.now_ns)
            if due_ns <= wake_ns:
                for answer in self.gateway.take(self.now_ns):
                    self.receive(answer)
            else:
                self.receive(Tick(self.now_ns))
