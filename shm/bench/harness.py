"""Two pinned processes and the conditions they were measured under."""

import multiprocessing
import os
import platform
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from ext import ring_bench
from ext.ring import calibrate

_CHILD_TIMEOUT_S = 120
_PROBE_STEPS = 2_000_000


class Cores(NamedTuple):
    """Where the two sides run; the same core twice where the process may use only one."""

    here: int
    there: int


class Child:
    """A running helper process: `ready` waits until it is set up, `result` for what it returns."""

    def __init__(self, connection: Connection, process: Any) -> None:
        self._connection = connection
        self._process = process

    def ready(self) -> Any:
        """Wait for the child's first word and return it."""
        return self._receive()

    def result(self) -> Any:
        """Wait for the child's result, and for its end."""
        answer = self._receive()
        self._process.join(_CHILD_TIMEOUT_S)
        return answer

    def _receive(self) -> Any:
        if not self._connection.poll(_CHILD_TIMEOUT_S):
            raise TimeoutError(f"the other side of the measurement said nothing for {_CHILD_TIMEOUT_S} s")
        try:
            return self._connection.recv()
        except EOFError as error:
            raise RuntimeError("the other side of the measurement died; its reason is above") from error


@contextmanager
def child(core: int, body: Callable[..., Any], *arguments: Any, fresh: bool = False) -> Iterator[Child]:
    """Run `body(connection, *arguments)` in a process pinned to `core`; what it returns is sent back.

    It is forked, so that anonymous memory can be shared, or with `fresh` started anew: some libraries cannot be forked.
    """
    context: Any = multiprocessing.get_context("spawn" if fresh else "fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, core, body, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Child(ours, process)
    finally:
        process.join(1)
        if process.is_alive():
            process.kill()
        ours.close()


def _run(connection: Connection, core: int, body: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.sched_setaffinity(0, {core})
    connection.send(body(connection, *arguments))


@contextmanager
def pinned() -> Iterator[Cores]:
    """Pin this process to one core and name another for the other side."""
    allowed = os.sched_getaffinity(0)
    ordered = sorted(allowed)
    cores = Cores(ordered[0], ordered[-1])
    os.sched_setaffinity(0, {cores.here})
    try:
        yield cores
    finally:
        os.sched_setaffinity(0, allowed)


def ring_name() -> str:
    """Return a name that no other ring has."""
    return f"bucketmm_bench_{os.getpid()}_{uuid.uuid4().hex[:8]}"


def probe_ns(tick_ns: float) -> float:
    """Return how long a fixed piece of arithmetic takes now: a slower core shows here."""
    return ring_bench.probe(_PROBE_STEPS) * tick_ns


def tick_length_ns() -> float:
    """Return the length of one tick of ext.ring.ticks()."""
    return 1e9 / calibrate(50_000_000).tsc_hz


def conditions(cores: Cores) -> dict[str, Any]:
    """Return what a reader of the numbers must know about the machine and the moment."""
    return {
        "cores": os.cpu_count(),
        "cores_used": list(cores),
        "load_1m": round(os.getloadavg()[0], 2),
        "processor": _processor(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return next(names, platform.machine())
