"""How many orders rest 20 s after each kind of death of the engine: by ourselves, or by the venue's heartbeat.

`python -m tests.integration.live.deaths --times 2` tries each kind as often and says what rested; exit status 1 when
anything did.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from engine.runtime.counterparty import Counterparty
from tests.integration.live.live_run import LiveRun
from tests.integration.runtime.processes import wait_for

AFTER_S = 20
BID_E4 = 6_000
RESTING_WITHIN_S = 180
LEAST_S = 5
KINDS = ("SIGTERM", "SIGKILL", "SIGSTOP", "cut")
SECONDS = 120
"""Long windows: an order that nobody cancels would rest for longer than it is waited for."""


class DyingRun(LiveRun):
    """A live run whose engine reaches the exchange through a forwarder that can be stopped."""

    def start_engine(self) -> None:
        """Start the forwarder and, behind it, the engine."""
        reach = self.reach()
        port = int(reach["clob_url"].rpartition(":")[2])
        self.forwarder = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.live.forwarder", str(port)],
            cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.forwarder.stdout is not None
        through = self.forwarder.stdout.readline().strip()
        changed = {
            name: value.replace(f":{port}", f":{through}") if isinstance(value, str) else value
            for name, value in reach.items()
        }
        (self.folder / "through").mkdir(exist_ok=True)
        (self.folder / "through" / "exchange.json").write_text(json.dumps(changed))
        length = ("--window-seconds", str(self.seconds))
        self.launch("engine", "run", "--config", "config.json", "--mode", "live", *length, "--run-dir", "through")
        wait_for((self.folder / "through" / "engine.json").exists, self.log())

    def close(self) -> None:
        """End everything."""
        super().close()
        self.forwarder.kill()
        self.forwarder.wait()
        assert self.forwarder.stdout is not None
        self.forwarder.stdout.close()


def show_a_book(run: LiveRun) -> None:
    """Stand in the books of the running windows so that the engine enters, and nobody trades with it."""
    with Counterparty(run.reach()["clob_url"]) as somebody:
        for market in httpx.get(f"{run.reach()['control_url']}/markets").json():
            if int(market["slug"].rpartition("-")[2]) + run.seconds < time.time() + LEAST_S:
                continue  # it is over, or about to be
            somebody.buy(market["tokens"][0], BID_E4, 50)
            somebody.buy(market["tokens"][1], 10_000 - BID_E4 - 300, 50)


def rest_after(kind: str, folder: Path, seed: int, *, patient: bool = True) -> tuple[int, int, float]:
    """Let an engine die while an order rests; return orders resting before, after 20 s, and seconds until none did.

    Without patience it is looked no longer than until none did.
    """
    run = DyingRun(folder, SECONDS, "live", seed)
    run.style = "empty"
    try:
        run.start()
        show_a_book(run)
        deadline = time.monotonic() + RESTING_WITHIN_S
        while not (before := run.open_orders()):
            assert time.monotonic() < deadline, f"no order came to rest: {run.log()}"
            time.sleep(0.05)
        if kind == "cut":
            run.forwarder.send_signal(signal.SIGSTOP)
        else:
            run.process("engine").send_signal(getattr(signal, kind))
        begun = time.monotonic()
        none_s = float("nan")
        while time.monotonic() < begun + AFTER_S and (patient or none_s != none_s):
            if not run.open_orders() and none_s != none_s:
                none_s = time.monotonic() - begun
            time.sleep(0.2)
        return len(before), len(run.open_orders()), none_s
    finally:
        run.forwarder.send_signal(signal.SIGCONT)
        run.close()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    given = parser.parse_args()
    rested = 0
    for kind in given.kinds:
        for number in range(given.times):
            with TemporaryDirectory(prefix="bucketmm-death-") as folder:
                before, after, none_s = rest_after(kind, Path(folder), 1 + number)
            print(
                f"{kind}: {before} resting at the death, none after {none_s:.1f} s, {after} after {AFTER_S} s",
                flush=True,
            )
            rested += after
    return 1 if rested else 0


if __name__ == "__main__":
    raise SystemExit(main())
