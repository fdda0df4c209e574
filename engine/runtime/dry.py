"""The dry shell: ring in, paper venue out, wall time; one ordered queue and one consumer, until it is told to stop or the data ends."""

from collections.abc import Callable
from typing import Final

import msgspec

from engine.execution.paper.venue import PaperVenue
from engine.kernel.kernel import NEVER_NS, Kernel
from engine.model.commands import Alert, Command
from engine.model.events import Event, Operator, Tick, Tob
from engine.model.units import NS_PER_MS, NS_PER_S
from engine.runtime.clock import ShellClock, wall_seconds
from engine.runtime.control import ControlFiles
from engine.runtime.ring_feed import RingFeed

HOUSEKEEPING_NS: Final = 200 * NS_PER_MS
STOP_WITHIN_NS: Final = 15 * NS_PER_S
"""How long a stop waits for cancels to be confirmed before it gives up and says so."""
WAIT_S_MAX: Final = 0.1
SETTLE_NS: Final = 5 * NS_PER_S


class DryShell:
    """One engine on one ring. `run` returns when everything of ours is cancelled and the journal holds it."""

    def __init__(
        self,
        kernel: Kernel,
        paper: PaperVenue,
        feed: RingFeed,
        clock: ShellClock,
        control: ControlFiles,
        on_status: Callable[["DryShell"], None],
        on_alert: Callable[[Alert], None],
    ) -> None:
        self.kernel = kernel
        self.paper = paper
        self.feed = feed
        self.now_ns = 0
        self.stopping = False
        self.gave_up = False
        self._clock = clock
        self._control = control
        self._on_status = on_status
        self._on_alert = on_alert
        self._newest_ns = 0
        self._stop_by_ns = NEVER_NS
        self._housekeeping_ns = 0

    def request_stop(self) -> None:
        """Ask for a clean end: everything is cancelled, nothing starts; a signal handler may call it."""
        self.stopping = True

    def begin(self, events: list[Event], commands: list[Command]) -> None:
        """Say what recovery found, before the first record."""
        self._tell_time()
        for event in events:
            self._receive(event)
        for command in commands:
            self.paper.submit(command, self.now_ns)

    def tell_now(self) -> int:
        """Return the shell's present time, Unix ns."""
        self._tell_time()
        return self.now_ns

    def run(self) -> None:
        """Loop until the end."""
        while not self._turn():
            self.feed.wait(self._wait_s())
        self._on_status(self)

    def _turn(self) -> bool:
        """Do everything that is due once; True when there is nothing more to be done."""
        rows = self.feed.drain()
        if rows:
            self._newest_ns = max(self._newest_ns, rows[-1][10])
        self._tell_time()
        unpaced = self.feed.pace is not None and self.feed.pace.rate_milli == 0
        for seen in self.feed.events(rows, self.now_ns):
            if unpaced and seen.recorded_ns < self.now_ns:
                self._catch_up(seen.recorded_ns)
            self._market(seen.event, visible=seen.visible)
        self._catch_up(self.now_ns)
        self._housekeeping()
        return self._is_done()

    def _tell_time(self) -> None:
        self.now_ns = self._clock.now_ns(self.feed.pace, self._newest_ns)

    def _market(self, event: Event, *, visible: bool) -> None:
        self.paper.observe(event, self.now_ns)
        if visible:
            self._receive(self.paper.shown(event) if isinstance(event, Tob) else event)

    def _catch_up(self, until_ns: int) -> None:
        """Take every answer and send every tick that is due."""
        for answer in self.paper.take(until_ns):
            self._receive_at(answer)
        if self.kernel.wake_at_ns() <= until_ns:
            self._receive(Tick(self.now_ns))

    def _receive_at(self, event: Event) -> None:
        self._receive(event if event.ts_ns == self.now_ns else _stamped(event, self.now_ns))

    def _receive(self, event: Event) -> None:
        for command in self.kernel.receive(event):
            if isinstance(command, Alert):
                self._on_alert(command)
            else:
                self.paper.submit(command, self.now_ns)

    def _housekeeping(self) -> None:
        """Look at the feeder's pulse, the operator's files and a stop that was asked for; show what there is to see."""
        wall_ns = self._clock.wall_ns()
        if self.stopping and self._stop_by_ns == NEVER_NS:
            self._stop_by_ns = wall_ns + STOP_WITHIN_NS
            self._receive(Operator(self.now_ns, "stop", "shell", "asked to stop"))
        if wall_ns < self._housekeeping_ns:
            return
        self._housekeeping_ns = wall_ns + HOUSEKEEPING_NS
        self.feed.reopen()
        pulse = None if self.feed.ended else self.feed.liveness(wall_ns, self.now_ns)
        if pulse is not None:
            self._receive(pulse)
        word = self._control.poll(self.now_ns, killed=self.kernel.state.killed)
        if word is not None:
            self._receive(word)
        if not self.kernel.state.rounds:
            self._clock.reread_offset()
        self._on_status(self)

    def _is_done(self) -> bool:
        if self.feed.ended:
            self._run_out()
            return True
        if self._stop_by_ns == NEVER_NS:
            return False
        if not self.kernel.working_orders():
            return True
        self.gave_up = self._clock.wall_ns() > self._stop_by_ns
        return self.gave_up

    def _run_out(self) -> None:
        """After a recording's last record: let answers and timers come to their end in the recording's own time."""
        until_ns = self.now_ns + SETTLE_NS
        while True:
            next_ns = min(self.paper.next_due_ns(), self.kernel.wake_at_ns())
            if next_ns > until_ns:
                return
            self.now_ns = max(self.now_ns, next_ns)
            self._catch_up(self.now_ns)

    def _wait_s(self) -> float:
        next_ns = min(self.paper.next_due_ns(), self.kernel.wake_at_ns())
        if next_ns == NEVER_NS:
            return WAIT_S_MAX
        wait_s = wall_seconds(next_ns - self.now_ns, self.feed.pace)
        return min(max(wait_s, 0.0005), WAIT_S_MAX)


def _stamped(event: Event, now_ns: int) -> Event:
    return msgspec.structs.replace(event, ts_ns=now_ns)
