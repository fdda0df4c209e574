"""The ring against its peers (shm/bench/transports.py): one-way, Python to Python, the same 64 bytes, in one run.

Every transport sends at the same pace from this process to a second, pinned one; the age on arrival is taken in Python by the
invariant time stamp counter. The rounds go over all transports in turn, and the median of the rounds is reported. A transport
whose library is not installed is named with no numbers (extra `peers`).
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable
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
END_PAUSE_S: Final = 0.05


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
        with (
            transport.sender(where) as send,
            harness.child(cores.there, _receive, transport.name, where, fresh=True) as receiver,
        ):
            receiver.ready()
            _send_all(send, int(INTERVAL_NS / tick_ns))
            counts = np.asarray(receiver.result()[WARM_UP:], np.float64)
    p50, p99 = np.percentile(counts, [50, 99]) * tick_ns
    return float(p50), float(p99)


def _send_all(send: Send, interval: int) -> None:
    due = ticks()
    for _ in range(MESSAGES):
        due += interval
        while ticks() < due:
            pass
        send(ticks())
    time.sleep(END_PAUSE_S)  # plain shared memory holds one message: let the last one be seen
    send(END)


def _receive(connection: Connection, name: str, where: str) -> list[int]:
    transport = next(each for each in TRANSPORTS if each.name == name)
    ages: list[int] = []
    with transport.receiver(where) as receive:
        connection.send("ready")
        while (stamp := receive()) != END:
            ages.append(ticks() - stamp)
    return ages
