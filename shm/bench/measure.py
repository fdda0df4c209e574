"""The ring's own numbers: latency against the cache-line ping-pong of the same run, cost of each call, throughput.

Every round measures everything once, one thing after the other, so that a slow minute of the machine falls on all
of them; the median of the rounds is reported. One-way latencies are between two processes on two cores, by the
invariant time stamp counter; per-call costs include the Python loop around the call. Source: spec ring.md, "What it
must reach".
"""

import mmap
import time
from collections.abc import Callable
from itertools import repeat
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, Final

import numpy as np

from ext import ring_bench
from ext.ring import Record, RingReader, RingWriter, ticks
from shm.bench import harness
from shm.bench.harness import Cores
from shm.layout import RECORD_DTYPE
from shm.sink import Instrument

CAPACITY: Final = 65_536
ROUNDS: Final = 3
PINGPONG_ROUNDS: Final = 100_000
LATENCY_RECORDS: Final = 50_000
LATENCY_INTERVAL_NS: Final = 1_000
CALLS: Final = 200_000
FLOOD_RECORDS: Final = 5_000_000
FLOOD_CHUNKS: Final = 25
WAKES: Final = 300
WAKE_INTERVAL_NS: Final = 200_000
PROBE_TOLERANCE: Final = 1.1
TOKEN: Final = Instrument("1", "0x1", "bench", 0, 900, 1, 100, 5_000_000, 0)

# Bounds of spec ring.md: name -> (value of a result, limit, whether the value must not exceed it)
BOUNDS: Final[dict[str, tuple[Callable[[dict[str, Any]], float], float, bool]]] = {
    "c2c_over_pingpong": (lambda found: found["c2c_oneway_ns_p50"] / found["pingpong_ns_p50"], 1.3, True),
    "c2py_over_pingpong": (lambda found: found["c2py_oneway_ns_p50"] / found["pingpong_ns_p50"], 4.0, True),
    "publish_tob_ns": (lambda found: found["publish_tob_ns"], 200, True),
    "poll_into_ns": (lambda found: found["poll_into_ns"], 100, True),
    "poll_into_empty_ns": (lambda found: found["poll_into_empty_ns"], 50, True),
    "drain_ns_per_record": (lambda found: found["drain_ns_per_record"], 10, True),
    "c_writer_records_per_s": (lambda found: found["c_writer_records_per_s"], 25e6, False),
    "with_reader_over_alone": (
        lambda found: found["c_writer_with_reader_records_per_s"] / found["c_writer_records_per_s"],
        0.6,
        False,
    ),
}


class Bench:
    """One run of all measurements over one ring."""

    def __init__(self, writer: RingWriter, cores: Cores, tick_ns: float) -> None:
        self._writer = writer
        self._cores = cores
        self._tick_ns = tick_ns
        self._lost = 0
        self._torn = 0

    def round(self) -> dict[str, float]:
        """Measure everything once."""
        before = harness.probe_ns(self._tick_ns)
        found = {
            **self._pingpong(),
            **self._c_to_c(),
            **self._c_to_python(),
            **self._calls(),
            **self._flood(),
            **self._wake(),
        }
        after = harness.probe_ns(self._tick_ns)
        return found | {"lost": self._lost, "torn": self._torn, "probe_ns": max(before, after)}

    def _percentiles(self, name: str, counts: "np.ndarray[Any, Any]", share: float = 1.0) -> dict[str, float]:
        p50, p99 = np.percentile(counts, [50, 99]) * self._tick_ns * share
        return {f"{name}_ns_p50": float(p50), f"{name}_ns_p99": float(p99)}

    def _pingpong(self) -> dict[str, float]:
        with mmap.mmap(-1, mmap.PAGESIZE) as line:
            with harness.child(self._cores.there, _follow_pingpong, line):
                trips = ring_bench.pingpong(line, PINGPONG_ROUNDS, True)
            return self._percentiles("pingpong", trips, 0.5)

    def _c_to_c(self) -> dict[str, float]:
        last = self._writer.cursor + LATENCY_RECORDS
        with harness.child(self._cores.there, _read_ages, self._writer.name, last, LATENCY_RECORDS) as reader:
            reader.ready()
            ring_bench.write_in_turn(self._writer, LATENCY_RECORDS, int(LATENCY_INTERVAL_NS / self._tick_ns))
            ages = self._count(reader.result())
        return self._percentiles("c2c_oneway", ages)

    def _c_to_python(self) -> dict[str, float]:
        last = self._writer.cursor + LATENCY_RECORDS
        with harness.child(self._cores.there, _poll_ages, self._writer.name, last) as reader:
            reader.ready()
            ring_bench.write_in_turn(self._writer, LATENCY_RECORDS, int(LATENCY_INTERVAL_NS / self._tick_ns))
            ages = self._count(reader.result())
        return self._percentiles("c2py_oneway", ages)

    def _count(self, result: tuple[Any, int, int]) -> "np.ndarray[Any, Any]":
        ages, lost, torn = result
        self._lost += lost
        self._torn += torn
        return np.asarray(ages, np.float64)

    def _calls(self) -> dict[str, float]:
        with RingReader(self._writer.name) as reader:
            return {
                "publish_tob_ns": _publish_ns(self._writer),
                "poll_into_ns": _poll_ns(self._writer, reader),
                "poll_into_empty_ns": _poll_empty_ns(reader),
                "drain_ns_per_record": _drain_ns(self._writer, reader),
            }

    def _flood(self) -> dict[str, float]:
        alone = self._flood_rate()
        last = self._writer.cursor + FLOOD_RECORDS
        with harness.child(self._cores.there, _read_flood, self._writer.name, last) as reader:
            reader.ready()
            with_reader = self._flood_rate()
            got, torn = reader.result()
            self._torn += torn
        return {
            "c_writer_records_per_s": alone,
            "c_writer_with_reader_records_per_s": with_reader,
            "flood_reader_share": got / FLOOD_RECORDS,
        }

    def _flood_rate(self) -> float:
        """Return the median rate of many short floods: one that lost its core to a neighbour is one of many."""
        chunk = FLOOD_RECORDS // FLOOD_CHUNKS
        counts = [ring_bench.flood(self._writer, chunk) for _ in range(FLOOD_CHUNKS)]
        return chunk * 1e9 / (median(counts) * self._tick_ns)

    def _wake(self) -> dict[str, float]:
        last = self._writer.cursor + WAKES
        with harness.child(self._cores.there, _read_asleep, self._writer.name, last) as reader:
            reader.ready()
            costs = ring_bench.write_to_sleeper(self._writer, WAKES, int(WAKE_INTERVAL_NS / self._tick_ns))
            ages = self._count(reader.result())
        return self._percentiles("wake_cost", costs) | self._percentiles("c2c_sleeping_oneway", ages)


def _follow_pingpong(_: Connection, line: mmap.mmap) -> None:
    ring_bench.pingpong(line, PINGPONG_ROUNDS, False)


def _read_ages(connection: Connection, name: str, last: int, count: int) -> tuple[Any, int, int]:
    with RingReader(name) as reader:
        connection.send("ready")
        ages, _, torn = ring_bench.read(reader, last, False, count)
        return ages, reader.lost, torn


def _read_asleep(connection: Connection, name: str, last: int) -> tuple[Any, int, int]:
    with RingReader(name) as reader:
        connection.send("ready")
        ages, _, torn = ring_bench.read(reader, last, True, WAKES)
        return ages, reader.lost, torn


def _read_flood(connection: Connection, name: str, last: int) -> tuple[int, int]:
    with RingReader(name) as reader:
        connection.send("ready")
        _, got, torn = ring_bench.read(reader, last, False, 0)
        return got, torn


def _poll_ages(connection: Connection, name: str, last: int) -> tuple[Any, int, int]:
    record = Record()
    ages: list[int] = []
    with RingReader(name) as reader:
        poll, note = reader.poll_into, ages.append
        connection.send("ready")
        while reader.position <= last:
            while poll(record):
                now = ticks()
                note(now - record.venue_ts_ns)
        return ages, reader.lost, 0


def _per_call_ns(start_ns: int, calls: int) -> float:
    return (time.perf_counter_ns() - start_ns) / calls


def _publish_ns(writer: RingWriter) -> float:
    publish = writer.publish_tob
    start_ns = time.perf_counter_ns()
    for _ in repeat(None, CALLS):
        publish(0, 0, 786_432_005_000, 786_432_005_100, 786_432_004_900, 786_432_005_200, start_ns, start_ns, 100)
    return _per_call_ns(start_ns, CALLS)


def _poll_ns(writer: RingWriter, reader: RingReader) -> float:
    record, poll = Record(), reader.poll_into
    reader.seek_newest()
    batch = CAPACITY // 2
    ring_bench.flood(writer, batch)
    start_ns = time.perf_counter_ns()
    for _ in repeat(None, batch):
        poll(record)
    return _per_call_ns(start_ns, batch)


def _poll_empty_ns(reader: RingReader) -> float:
    record, poll = Record(), reader.poll_into
    reader.seek_newest()
    start_ns = time.perf_counter_ns()
    for _ in repeat(None, CALLS):
        poll(record)
    return _per_call_ns(start_ns, CALLS)


def _drain_ns(writer: RingWriter, reader: RingReader) -> float:
    batch = np.zeros(1024, RECORD_DTYPE)
    reader.seek_newest()
    ring_bench.flood(writer, CAPACITY // 2)
    start_ns = time.perf_counter_ns()
    while reader.drain(batch):
        pass
    return _per_call_ns(start_ns, CAPACITY // 2)


def run(rounds: int = ROUNDS, progress: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Measure `rounds` times and return the medians by name, with the conditions and the bounds that hold."""
    with harness.pinned() as cores:
        writer = RingWriter(harness.ring_name(), capacity=CAPACITY)
        try:
            writer.add_instrument(TOKEN)
            bench = Bench(writer, cores, harness.tick_length_ns())
            found = []
            for number in range(1, rounds + 1):
                progress(f"round {number} of {rounds}")
                found.append(bench.round())
        finally:
            writer.close(unlink=True)
        return _summary(found, harness.conditions(cores))


def _summary(rounds: list[dict[str, float]], conditions: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {name: round(median(each[name] for each in rounds), 2) for name in rounds[0]}
    result |= {"lost": int(rounds[-1]["lost"]), "torn": int(rounds[-1]["torn"])}
    probes = [each["probe_ns"] for each in rounds]
    result["bounds"] = {name: _judge(result, *bound) for name, bound in BOUNDS.items()}
    result["conditions"] = conditions | {
        "rounds": len(rounds),
        "probe_spread": round(max(probes) / min(probes), 3),
        "steady": max(probes) <= min(probes) * PROBE_TOLERANCE,
    }
    return result


def _judge(
    result: dict[str, Any], value: Callable[[dict[str, Any]], float], limit: float, at_most: bool
) -> dict[str, Any]:
    measured = value(result)
    return {
        "measured": round(measured, 3),
        "limit": limit,
        "met": measured <= limit if at_most else measured >= limit,
    }
