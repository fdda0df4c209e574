"""Measures a live engine from the record in the ring to the bytes at the socket, over TLS to the local exchange.

For each sample a fresh market is announced, its book shown, and moved so that the bucket strategy acts: it enters; a
counterparty sells to it; the bid falls, and it cancels its take-profit and stops, or, held late, stops at once with an
order that was signed ahead. The kill switch has a case of its own.
"""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from engine.model.errors import ResourceError
from engine.runtime.latency_clients import time_clients
from engine.runtime.latency_kill import measure_kill
from engine.runtime.latency_marks import STAGES, Sample, percentiles
from engine.runtime.latency_run import TICK_E4, Run, list_market, start_exchange

SETTLE_S: Final = 0.03
FILL_S: Final = 0.25
RECORDS_PER_S: Final = 100
WARM_UP: Final = 10
"""First samples that are not counted: imports, caches and connections come up."""


class Case(NamedTuple):
    """One run: how the engine waits, at what price it enters, and where the bid falls to."""

    name: str
    spin: bool
    enter_e4: int
    fall_e4: int
    late: bool


CASES: Final = (
    Case("default", False, 6_000, 4_000, False),
    Case("spin", True, 6_000, 4_000, False),
    Case("presigned_stop", True, 9_000, 6_000, True),
)


def measure(samples: int, say: Callable[[str], None], records_per_s: int = RECORDS_PER_S) -> dict[str, Any]:
    """Return every case's stages and totals in microseconds, the clients' signing beside them, and the conditions.

    Between what is measured the market lives on with `records_per_s`; with 0 it is silent, and the engine cold.
    """
    report: dict[str, Any] = {}
    ours, engines = _cores()
    os.sched_setaffinity(0, {ours})  # and so the exchange, our child: it must not be woken where the engine runs
    with TemporaryDirectory(prefix="bucketmm-latency-") as folder:
        exchange, reach = start_exchange(Path(folder))
        try:
            for case in CASES:
                say(f"{case.name}: {samples} markets")
                folder_of = Path(folder) / case.name
                run = Run(folder_of, reach, engines, spin=case.spin, late=case.late, records_per_s=records_per_s)
                report[case.name] = _reactions(run, case, samples)
            say(f"kill: {samples} markets")
            run = Run(Path(folder) / "kill", reach, engines, spin=False, late=False)
            report["kill"] = measure_kill(run, samples, WARM_UP)
            say(f"the official clients: {samples} orders each")
            report["clients_us"] = time_clients(
                reach, list_market(reach, "clients-updown-15m-1").tokens[0], samples, engines
            )
        finally:
            exchange.terminate()
            exchange.wait()
    report["conditions"] = {
        "python": platform.python_version(),
        "cores": f"{os.cpu_count()}; the engine has core {engines}, exchange and writer have core {ours}",
        "load_1m": round(os.getloadavg()[0], 2),
        "market": f"{records_per_s} records a second, as the whole feed of one coin has about",
        "transport": "TLS on the loopback; the network is not in it",
        "clients": "from the call to the bytes at the socket, alone every 10 ms; what they look up first they know",
        "feeder": "a process that writes the ring; parsing a venue's frames is not in it (bucketmm feed bench)",
    }
    return report


def _cores() -> tuple[int, int]:
    """Return a core for writer and exchange, and one for the engine; the same where there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def _reactions(run: Run, case: Case, samples: int) -> dict[str, Any]:
    """Return the figures of a case."""
    with run.running():
        for number in range(samples + WARM_UP):
            _one(run, case, f"{case.name}-updown-15m-{number}")
    return _figures(case, run.taken().samples, run.published_ns)


def _one(run: Run, case: Case, slug: str) -> None:
    """Open a market, let the engine enter, sell to it, and let the bid fall."""
    tokens = run.market(slug)
    run.book(tokens.down, 10_000 - case.enter_e4 - TICK_E4)
    before_e4 = case.enter_e4 - 5 * TICK_E4 if not case.late else 5_500
    run.book(tokens.up, before_e4)
    run.go_on(tokens.up, before_e4, SETTLE_S)
    run.book(tokens.up, case.enter_e4, f"{slug}/entry")
    run.go_on(tokens.up, case.enter_e4, SETTLE_S)
    run.sell_to_it(tokens.ids[1], 10_000 - case.enter_e4)
    run.go_on(tokens.up, case.enter_e4, FILL_S)
    run.book(tokens.up, case.fall_e4, f"{slug}/fall")
    run.go_on(tokens.up, case.fall_e4, SETTLE_S * 2)


def _figures(case: Case, taken: list[Sample], published_ns: dict[str, int]) -> dict[str, Any]:
    """Return percentiles of each stage and in total, for each kind of reaction that the case has."""

    def begun(what: str) -> list[tuple[Sample, int]]:
        first: dict[str, Sample] = {}  # what comes later reacts to a later record
        for each in taken:
            first.setdefault(_key(each, what), each)
        return [(each, published_ns[key]) for key, each in first.items() if key]

    if case.late:
        return _stages(begun("presigned_stop")[WARM_UP:])
    figures = _stages(begun("entry")[WARM_UP:])
    after = [(each, each.answered_ns) for each in taken if each.what.endswith("stop") and each.answered_ns]
    for name, rows in (("tick_to_cancel_us", begun("cancel")), ("cancel_to_stop_us", after)):
        figures[name] = percentiles([(each.sent_ns - begun_ns) / 1_000 for each, begun_ns in rows[WARM_UP:]])
    return figures


def _key(sample: Sample, what: str) -> str:
    """Return the mark of the record that a sample reacted to, "" for a sample of another kind."""
    if sample.what != what or sample.answered_ns:
        return ""
    slug = sample.order.partition("/")[0]
    return f"{slug}/{'entry' if what == 'entry' else 'fall'}"


def _stages(rows: list[tuple[Sample, int]]) -> dict[str, Any]:
    if not rows:
        raise ResourceError("expected orders to measure, the engine sent none")
    stages: dict[str, Any] = {}
    for before, stage in zip(("", *STAGES), STAGES, strict=False):
        spans = [
            (getattr(each, f"{stage}_ns") - (getattr(each, f"{before}_ns") if before else begun_ns)) / 1_000
            for each, begun_ns in rows
        ]
        stages[stage] = percentiles(spans)
    total = percentiles([(each.sent_ns - begun_ns) / 1_000 for each, begun_ns in rows])
    return {"samples": len(rows), "stages": stages, **{f"total_us_{name}": value for name, value in total.items()}}
