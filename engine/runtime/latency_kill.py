"""Measures the kill switch: from the kill file to the answer that confirms the cancel, and until nothing rests at all.

An order comes to rest in a market; the file is written; the engine is resumed for the next market.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from engine.execution.polymarket.reads import read_page
from engine.model.errors import ResourceError
from engine.runtime.account import derive_credentials
from engine.runtime.control import ControlFiles
from engine.runtime.latency_marks import percentiles
from engine.runtime.latency_run import TICK_E4, Run
from engine.venue.accounts import known_account
from engine.venue.credentials import request_headers

BID_E4: Final = 6_000
WITHIN_S: Final = 10.0
PHASES: Final = 61
"""The file is written at as many different moments of the engine's own rhythm."""
PHASE_S: Final = 0.0037
_PATH: Final = "/data/orders"


class Resting:
    """Asks the exchange how many orders of the engine rest: somebody else's look, over a connection of its own."""

    def __init__(self, run: Run) -> None:
        self._client = run.client
        self._key = known_account(0)
        self._credentials = asyncio.run(derive_credentials(str(run.client.base_url), self._key, int(time.time())))

    def count(self) -> int:
        """Return how many there are now."""
        headers = request_headers(self._key.address, self._credentials, int(time.time()), "GET", _PATH)
        return len(read_page(self._client.get(_PATH, headers=headers).raise_for_status().content).rows)


def measure_kill(run: Run, samples: int, warm_up: int) -> dict[str, Any]:
    """Return milliseconds from the kill file to the confirmed cancel of what rested, and to nothing that rests.

    Raises ResourceError where no order comes to rest, or one goes on resting.
    """
    control = ControlFiles(run.kill_file)
    begun_ns: dict[str, int] = {}
    none_ms: list[float] = []
    with run.running():
        resting = Resting(run)
        for number in range(samples + warm_up):
            slug = f"kill-updown-15m-{number}"
            _enter(run, slug)
            _wait(lambda: resting.count() > 0, "an order to rest")
            time.sleep(number % PHASES * PHASE_S)
            begun_ns[slug] = time.monotonic_ns()
            control.kill("the benchmark")
            _wait(lambda: resting.count() == 0, "nothing to rest after the kill")
            none_ms.append((time.monotonic_ns() - begun_ns[slug]) / 1e6)
            control.resume("the benchmark", "the next market")
            _wait(lambda: not control.resume_file.exists(), "the engine to be resumed")
    cancelled_ms = []
    for slug, killed_ns in begun_ns.items():
        answered = [each.answered_ns for each in run.taken().cancels if each.order.startswith(f"{slug}/")]
        cancelled_ms += [(max(answered) - killed_ns) / 1e6] if answered else []
    return {
        "samples": len(cancelled_ms[warm_up:]),
        "kill_to_cancelled_ms": percentiles(cancelled_ms[warm_up:]),
        "kill_to_none_resting_ms": percentiles(none_ms[warm_up:]),
    }


def _enter(run: Run, slug: str) -> None:
    tokens = run.market(slug)
    run.book(tokens.down, 10_000 - BID_E4 - TICK_E4)
    run.book(tokens.up, BID_E4)


def _wait(is_so: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while not is_so():
        if time.monotonic() > deadline_s:
            raise ResourceError(f"expected {what} within {WITHIN_S:g} s")
        time.sleep(0.001)
