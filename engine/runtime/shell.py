"""The shell of a running engine: ring in, a gateway out, wall time; one ordered queue and one consumer, until it is
told to stop or the data ends. `run` waits on the ring; a live engine's driver (live.py) waits on the network too.
"""

from collections.abc import Callable
from typing import Final

from engine.kernel.kernel import NEVER_NS
from engine.model.commands import Command
from engine.model.events import Event, Operator
from engine.model.units import NS_PER_MS, NS_PER_S
from engine.runtime.clock import ShellClock, wall_seconds
from engine.runtime.control import ControlFiles
from engine.runtime.loop import Loop
from engine.runtime.ring_feed import RingFeed, Seen

HOUSEKEEPING_NS: Final = 200 * NS_PER_MS
CONTROL_NS: Final = 20 * NS_PER_MS
"""How often the operator's files are looked at: this is most of what a kill takes."""
STOP_WITHIN_NS: Final = 15 * NS_PER_S
"""How long a stop waits for cancels to be confirmed before it gives up and says so."""
WAIT_S_MAX: Final = CONTROL_NS / NS_PER_S
WAIT_S_MIN: Final = 0.0005
SETTLE_NS: Final = 5 * NS_PER_S


class Shell:
    """One engine on one ring. `run` returns when everything of ours is cancelled and the journal holds it."""

    def __init__(
        self,
        loop: Loop,
        feed: RingFeed,
        clock: ShellClock,
        control: ControlFiles,
        on_status: Callable[["Shell"], None],
    ) -> None:
        self.loop = loop
        self.feed = feed
        self.stopping = False
        self.gave_up = False
        self._clock = clock
        self._control = control
        self.twin: Loop | None = None
        self.on_twin_lost: Callable[[Exception], None] = lambda error: None
        self._on_status = on_status
        self._stop_by_ns = NEVER_NS
        self._housekeeping_ns = self._control_ns = 0

    def request_stop(self) -> None:
        """Ask for a clean end: everything is cancelled, nothing starts; a signal handler may call it."""
        self.stopping = True

    def begin(self, events: list[Event], commands: list[Command]) -> None:
        """Say what recovery found, before the first record."""
        for event in events:
            self.loop.receive(event)
        for command in commands:
            self.loop.gateway.submit(command, self.loop.now_ns)

    def run(self) -> None:
        """Loop until the end; a kill that was said while no engine ran is heard before the first record."""
        self.hear_operator()
        while not self.turn():
            self.feed.wait(self.wait_s())
        self.show()

    def show(self) -> None:
        """Write the status as it is now."""
        self._on_status(self)

    def turn(self) -> bool:
        """Do everything that is due once; True when there is nothing more to be done."""
        rows = self.feed.drain()
        unpaced = self.feed.is_unpaced
        if not unpaced or not rows:
            self.tell_time()
        seen: list[Seen] = []
        for event, visible in self.feed.events(rows, self.loop.now_ns):
            if unpaced:
                self.loop.catch_up(event.ts_ns)
                self.loop.now_ns = max(self.loop.now_ns, event.ts_ns)
            self.loop.market(event, visible=visible)
            if self.twin is not None:
                seen.append(Seen(event, visible))
        self.loop.catch_up(self.loop.now_ns)
        self._follow(seen)
        self._housekeeping(idle=not rows)
        return self._is_done()

    def _follow(self, seen: list[Seen], said: Event | None = None) -> None:
        """Let the paper twin see the same records, after what the engine sends has left; or hear a word of the shell's.

        What goes wrong there (a full disk, a bug of the paper venue) ends the twin and nothing else.
        """
        twin = self.twin
        if twin is None:
            return
        try:
            twin.now_ns = self.loop.now_ns
            for event, visible in seen:
                twin.market(event, visible=visible)
            if said is not None:
                twin.receive(said)
            twin.catch_up(twin.now_ns)
        except Exception as error:
            self.twin = None
            self.on_twin_lost(error)

    def _say(self, event: Event) -> None:
        """Give an event of the shell's own to the kernel, and to the twin's."""
        self.loop.receive(event)
        self._follow([], event)

    def tell_time(self) -> int:
        """Move the loop's time on to the present and return it."""
        self.loop.now_ns = self._clock.now_ns(self.feed.pace, self.loop.now_ns)
        return self.loop.now_ns

    def _housekeeping(self, *, idle: bool) -> None:
        """Look at the feeder's pulse, the operator's files and a stop that was asked for; show what there is to see.

        The feeder is only judged when the ring is empty: one that ended in order has left records to be read.
        """
        wall_ns = self._clock.wall_ns()
        if self.stopping and self._stop_by_ns == NEVER_NS:
            self._stop_by_ns = wall_ns + STOP_WITHIN_NS
            self._say(Operator(self.loop.now_ns, "stop", "shell", "asked to stop"))
        if wall_ns >= self._control_ns:
            self._control_ns = wall_ns + CONTROL_NS
            self.hear_operator()
        if wall_ns < self._housekeeping_ns:
            return
        self._housekeeping_ns = wall_ns + HOUSEKEEPING_NS
        now_ns = self.loop.now_ns
        if idle:
            self.feed.reopen()
        pulse = self.feed.liveness(wall_ns, now_ns) if idle and not self.feed.ended else None
        if pulse is not None:
            self._say(pulse)
        if not self.loop.kernel.is_engaged(now_ns):
            self._clock.reread_offset()
        self._on_status(self)

    def hear_operator(self) -> None:
        """Take in what the operator's files say."""
        state = self.loop.kernel.state
        word = self._control.poll(self.loop.now_ns, killed=state.killed, why=state.kill_reason)
        if word is not None:
            self._say(word)

    def _is_done(self) -> bool:
        if self.feed.ended:
            self.loop.catch_up(self.loop.now_ns + SETTLE_NS)
            return True
        if self._stop_by_ns == NEVER_NS:
            return False
        if not self.loop.kernel.working_orders():
            return True
        self.gave_up = self._clock.wall_ns() > self._stop_by_ns
        return self.gave_up

    def wait_s(self) -> float:
        """Return how long nothing is due, in seconds, between 0.5 ms and 20 ms."""
        next_ns = self.loop.next_due_ns()
        if next_ns == NEVER_NS or self.feed.is_unpaced:
            return WAIT_S_MAX
        wait_s = wall_seconds(next_ns - self.loop.now_ns, self.feed.pace)
        return min(max(wait_s, WAIT_S_MIN), WAIT_S_MAX)
