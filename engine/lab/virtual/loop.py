"""An asyncio loop in virtual time: when nothing is ready, it is at once the time of the next timer.

It has no sockets, no threads and no wall clock, so a run is a function of what is scheduled. Connections are made by a
network in memory (network.py), which the loop's own `create_connection` leads to: clients need not know. Pipes that are
written to in this very process, such as a ring's doorbell, are looked at before time moves on.
"""

import asyncio
import heapq
import math
import select
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

from engine.lab.virtual.network import MemoryNetwork
from engine.lab.virtual.party import PARTY, Party, PartyHandle, PartyTimer
from engine.model.units import NS_PER_S

TURNS_MAX: Final = 100_000
"""How often the loop may turn without time passing: more is a loop without end."""
HORIZON_S: Final = 3_600.0
Result = TypeVar("Result")


class VirtualTimeError(Exception):
    """A run that cannot go on: nothing is left to wait for, it never ends, or it turns without time passing."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`start_ns` is the Unix time at which it begins; `seed` decides how its network behaves.

    A run raises VirtualTimeError `horizon_s` after its begin. What callbacks raise is kept in `errors`.
    """

    def __init__(self, start_ns: int = 0, seed: str = "0", *, horizon_s: float = HORIZON_S) -> None:
        super().__init__()
        self.start_ns: Final = start_ns
        self.network: Final = MemoryNetwork(self, seed)
        self.errors: list[str] = []
        self.horizon_s = horizon_s
        self.parties: list[Party] = []
        self._elapsed_ns = 0
        self._turns = 0
        self._watched: dict[int, PartyHandle] = {}
        self._poll = select.poll()
        self._clock_resolution = 1 / NS_PER_S
        self._selector = _Jump(self)
        self.set_task_factory(_make_task)
        self.set_exception_handler(self._keep_error)

    # time

    def time(self) -> float:
        """Return the seconds since the begin."""
        return self._elapsed_ns / NS_PER_S

    def monotonic_ns(self) -> int:
        """Return the nanoseconds since the begin."""
        return self._elapsed_ns

    def wall_ns(self) -> int:
        """Return the Unix time in nanoseconds."""
        return self.start_ns + self._elapsed_ns

    def wall_ms(self) -> int:
        """Return the Unix time in milliseconds."""
        return self.wall_ns() // 1_000_000

    def turn(self, timeout_s: float | None) -> None:
        """Move time on to the next timer; called when the loop has nothing else to do until then."""
        if timeout_s == 0 or (self._watched and self._look()):
            self._turns += 1
            if self._turns > TURNS_MAX:
                raise VirtualTimeError(f"{TURNS_MAX} turns without time passing at {self.time()} s{self._pending()}")
            return
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if timeout_s is None or not scheduled:
            raise VirtualTimeError(f"nothing is left to wait for at {self.time()} s{self._pending()}")
        when_s = scheduled[0].when()
        if when_s > self.horizon_s:
            raise VirtualTimeError(f"expected an end within {self.horizon_s} s{self._pending()}")
        self._elapsed_ns = max(self._elapsed_ns, math.ceil(when_s * NS_PER_S))
        self._turns = 0

    # parties

    def party(self, name: str) -> Party:
        """Return a new party."""
        made = Party(name)
        self.parties.append(made)
        return made

    def go_on(self, party: Party) -> None:
        """Let a stopped party do what has waited, first of all else."""
        self._ready.extend(party.go_on())  # type: ignore[attr-defined]

    def kill(self, party: Party, *, power_off: bool = False) -> None:
        """Let a party never act again. Its machine ends its connections, unless it has lost its power, too."""
        party.kill()
        self.network.drop(party, power_off=power_off)

    def unwind(self) -> None:
        """End what still runs, dead parties included, so that the loop can be closed."""
        for party in self.parties:
            self._ready.extend(party.unwind())  # type: ignore[attr-defined]
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        if left:
            self.horizon_s, self._turns = math.inf, 0
            self.run_until_complete(asyncio.wait(left, timeout=60))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run something to its end, then everything else to its own, and close the loop."""
        try:
            return self.run_until_complete(work)
        finally:
            kept = list(self.errors)
            self.unwind()
            self.errors = kept
            self.close()

    # the network

    async def create_connection(  # type: ignore[override]
        self, factory: Callable[[], Any], host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        """Connect in memory; a client's wishes about addresses, sockets and delays mean nothing here."""
        return await self.network.dial(factory, str(host), int(port))

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        """Return the host as its own address."""
        return [(2, 1, 6, "", (str(host), int(port)))]

    def add_reader(  # type: ignore[override]
        self, fd: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """Call whenever a pipe can be read."""
        self._watched[fd] = PartyHandle(callback, args, self, None)
        self._poll.register(fd, select.POLLIN)

    def remove_reader(self, fd: Any) -> bool:
        """Watch a pipe no more; return whether it was watched."""
        if self._watched.pop(fd, None) is None:
            return False
        self._poll.unregister(fd)
        return True

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> NoReturn:
        """Refuse: there are no threads."""
        raise VirtualTimeError(f"expected no thread in virtual time, {func} wants one")

    # what BaseEventLoop asks of its subclasses

    def _call_soon(self, callback: Any, args: Any, context: Any) -> asyncio.Handle:
        handle = PartyHandle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """Call at a time of this loop."""
        timer = PartyTimer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """Call soon: there is one thread."""
        return self._call_soon(callback, args, context)

    def _process_events(self, event_list: Any) -> None:
        del event_list

    def _write_to_self(self) -> None:
        return

    def _look(self) -> bool:
        """Make ready who can read from a pipe; return whether there is anyone. A stopped party reads nothing."""
        rung = [self._watched[fd] for fd, _ in self._poll.poll(0)]
        ready = [handle for handle in rung if not handle.is_stopped]
        self._ready.extend(ready)  # type: ignore[attr-defined]
        return bool(ready)

    def _keep_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.errors.append(f"{context['message']}: {type(error).__name__}: {error}" if error else context["message"])

    def _pending(self) -> str:
        tasks = sorted(f"\n  {task.get_name()}: {task.get_coro()}" for task in asyncio.all_tasks(self))
        return f", {len(tasks)} tasks wait:{''.join(tasks[:20])}"


class _Jump:
    """Stands where a loop has its selector."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout_s: float | None) -> list[Any]:
        self._loop.turn(timeout_s)
        return []


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
    party = PARTY.get()
    if party is not None:
        party.tasks.add(task)
        task.add_done_callback(party.tasks.discard)
    return task
