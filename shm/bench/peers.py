"""The ring against its peers (shm/bench/transports.py): one-way, Python to Python, the same 64 bytes, in one run.

Every transport sends at the same pace from this process to a second, pinned one; the age on arrival is taken in
Python by the invariant time stamp counter. The rounds go over all transports in turn, and the median of the rounds
is reported. A transport whose library is not installed is named with no numbers (extra `peers`).
"""

import importlib.util
import mmap
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from ext.ring import ticks
from shm.bench import harness
from shm.bench.harness import Cores
from shm.bench.transports import TRANSPORTS, Send, Transport

MESSAGES: Final = 3_000
WARM_UP: Final = 200
INTERVAL_NS: Final = 50_000
END: Final = 1  # the stamp of the message that ends a round
TAKEN: Final = ".taken"
PATIENCE_S: Final = 10


def run(rounds: int, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    """Measure every installed transport `rounds` times; return the rows of the table, p50 and p99 in microseconds."""
    ages: dict[str, list[tuple[float, float]]] = {}
    with harness.pinned() as cores:
        tick_ns = harness.tick_length_ns()
        for number in range(1, rounds + 1):
            for transport in filter(_is_installed, TRANSPORTS):
                progress(f"peers, round {number} of {rounds}: {transport.name}")
                ages.setdefault(transport.name, []).append(_measure(transport, cores, tick_ns))
    return [_row(transport, ages.get(transport.name)) for transport in TRANSPORTS]


def _is_installed(transport: Transport) -> bool:
    return transport.library is None or importlib.util.find_spec(transport.library) is not None


def _row(transport: Transport, rounds: list[tuple[float, float]] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": transport.name, "receiver": "spins" if transport.spins else "sleeps"}
    if rounds is None:
        return row | {"p50_us": None, "p99_us": None, "status": "not installed"}
    p50, p99 = (median(each[place] for each in rounds) for place in (0, 1))
    return row | {"p50_us": round(p50 / 1000, 2), "p99_us": round(p99 / 1000, 2), "status": "measured"}


def _measure(transport: Transport, cores: Cores, tick_ns: float) -> tuple[float, float]:
    """Return one round's (p50, p99) in nanoseconds."""
    with tempfile.TemporaryDirectory(prefix="bucketmm-bench-") as folder:
        where = str(Path(folder) / harness.ring_name())
        Path(where + TAKEN).write_bytes(bytes(8))
        with (
            _taken(where) as taken,
            transport.sender(where) as send,
            harness.child(cores.there, _receive, transport.name, where, fresh=True) as receiver,
        ):
            receiver.ready()
            _send_all(send, taken, int(INTERVAL_NS / tick_ns))
            counts = np.asarray(receiver.result()[WARM_UP:], np.float64)
    p50, p99 = np.percentile(counts, [50, 99]) * tick_ns
    return float(p50), float(p99)


@contextmanager
def _taken(where: str) -> Iterator[memoryview]:
    """Yield a shared word in which the receiver counts what it has taken."""
    with (
        Path(where + TAKEN).open("r+b") as file,
        mmap.mmap(file.fileno(), 8) as mapping,
        memoryview(mapping) as view,
        view.cast("Q") as word,
    ):
        yield word


def _send_all(send: Send, taken: memoryview, interval: int) -> None:
    """Send each message some time after the one before was taken: who loses its core is late for one only."""
    for count in range(1, MESSAGES + 1):
        due = ticks() + interval
        while ticks() < due:
            pass
        send(ticks())
        patience_s = time.monotonic() + PATIENCE_S
        while taken[0] < count:
            if time.monotonic() > patience_s:
                raise TimeoutError(f"message {count} was not taken within {PATIENCE_S} s")
    send(END)


def _receive(connection: Connection, name: str, where: str) -> list[int]:
    transport = next(each for each in TRANSPORTS if each.name == name)
    ages: list[int] = []
    with _taken(where) as taken, transport.receiver(where) as receive:
        connection.send("ready")
        while (stamp := receive()) != END:
            ages.append(ticks() - stamp)
            taken[0] = len(ages)
    return ages
