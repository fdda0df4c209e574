"""Live rounds, unattended, on a local exchange with its standard market: real processes, sockets, shared memory.

`python -m tests.integration.live.live_run --rounds 200 --decisions 1500` runs as many as wanted and says what it found;
its exit status is 1 when anything is wrong, too few decisions among it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from engine.analytics.parity import compare
from engine.analytics.parity_report import as_values
from engine.cli.parity import load_run
from engine.config.load import load_config
from engine.journal.format import RoundEntry
from engine.journal.reader import JournalReader
from engine.journal.replay import replay
from engine.model.records import RoundRecord
from engine.model.units import U6
from engine.runtime.account import owner_of
from engine.runtime.compose import kernel_of_header
from engine.runtime.recovery import recover, sessions
from engine.strategy.bucket.round import record_of
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address
from tests.integration.runtime.processes import status_of, wait_for
from tests.signing import proof

BALANCE_U6 = 1_000 * U6
ASSETS = ("btc", "eth")
LIVE_ROOT = "live-local"
GRACE_S = 3


class LiveRun:
    """An exchange, a feeder and an engine in a folder of their own."""

    def __init__(
        self, folder: Path, seconds: int, mode: str, seed: int, exchange_arguments: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.seconds = seconds
        self.mode = mode
        self.seed = seed
        self.ring = f"/bmt_live_{os.getpid()}_{seed}"
        self.style = "lively"
        self.rested_late: set[str] = set()
        self.exchange_arguments = exchange_arguments
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "xdg")}
        config = json.loads(load_config(None).to_json())
        config["feed"]["ring"] = self.ring
        config["execution"]["MUTATIONS_PER_MINUTE"] = 1_000
        config["execution"]["MAX_OPEN_ORDERS"] = 20
        config["risk"]["INITIAL_BANKROLL"] = BALANCE_U6 // U6
        for limit in ("DAILY_LOSS_LIMIT", "DRAWDOWN_LIMIT", "TRADE_LOSS_LIMIT", "MAX_POSITION"):
            config["risk"][limit] = 0  # many short rounds lose more than a day of long ones may
        config["risk"]["kill_file"] = str(folder / "run" / "KILL")
        (folder / "config.json").write_text(json.dumps(config))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start the exchange, the feeder and the engine, each when the one before it is there."""
        self.start_exchange()
        self.start_feeder()
        self.start_engine()

    def start_exchange(self) -> None:
        """Start the exchange and wait until it says where it is."""
        series = [word for asset in ASSETS for word in ("--asset", asset)]
        self.launch("exchange", "exchange", "--bucket-seconds", str(self.seconds), "--seed", str(self.seed), *series,
                    "--style", self.style, "--accounts", "2", "--limits", "off", *self.exchange_arguments)  # fmt: skip
        wait_for((self.folder / "run" / "exchange.json").exists, self.log())

    def start_feeder(self) -> None:
        """Start the feeder and wait for its ring."""
        series = [word for asset in ASSETS for word in ("--asset", asset)]
        self.launch("feeder", "feed", "--source", "local", "--config", "config.json", *series, "--unlink")
        wait_for(Path("/dev/shm" + self.ring).exists, self.log())

    def start_engine(self) -> None:
        """Start the engine and wait until it says that it runs."""
        self.launch(
            "engine", "run", "--config", "config.json", "--mode", self.mode, "--window-seconds", str(self.seconds)
        )
        pid = self._processes["engine"].pid
        wait_for(lambda: status_of(self.folder).get("pid") == pid, self.log())

    def launch(self, name: str, *arguments: str) -> None:
        """Start one `bucketmm`; its output goes to a log of its name."""
        self.start_python(name, "-m", "engine", *arguments)

    def start_python(self, name: str, *arguments: str) -> None:
        """Start one Python; its output goes to a log of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder, stdout=log, stderr=log, env=self.environment,
            )  # fmt: skip

    def log(self) -> str:
        """Return the end of every log."""
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in sorted(self.folder.glob("*.log")))

    def reach(self) -> dict[str, Any]:
        """Return where the exchange is."""
        found: dict[str, Any] = json.loads((self.folder / "run" / "exchange.json").read_bytes())
        return found

    def play(self, rounds: int, say: Any) -> None:
        """Wait until so many windows are over, looking every second for orders that rest in one that has ended."""
        shown = 0
        while (over := status_of(self.folder).get("rounds_over", 0)) < rounds:
            assert self._processes["engine"].poll() is None, self.log()
            self.look_for_late_orders()
            if over // 10 > shown:
                shown = over // 10
                say(f"{over} windows over")
            time.sleep(1)

    def open_orders(self) -> list[dict[str, Any]]:
        """Return the account's open orders, asked by somebody else than the engine."""
        credentials = self._credentials()
        now_s = int(time.time())
        headers = proof(checksum_address(known_account(0).address), credentials, now_s, "GET", "/data/orders", b"")
        rows: list[dict[str, Any]] = httpx.get(f"{self.reach()['clob_url']}/data/orders", headers=headers).json()[
            "data"
        ]
        return rows

    def look_for_late_orders(self) -> None:
        """Note orders of windows that ended more than a moment ago."""
        ends = {}
        for market in httpx.get(f"{self.reach()['control_url']}/markets").json():
            ends[market["condition_id"]] = int(market["slug"].rpartition("-")[2]) + self.seconds
        for order in self.open_orders():
            if ends.get(order["market"], 1 << 62) + GRACE_S < time.time():
                self.rested_late.add(order["id"])

    def _credentials(self) -> Any:
        if not hasattr(self, "_known"):
            import asyncio

            from engine.runtime.account import derive_credentials

            self._known = asyncio.run(derive_credentials(self.reach()["clob_url"], known_account(0), int(time.time())))
        return self._known

    def wallet(self) -> dict[str, Any]:
        """Return what the exchange's ledger says of the account's wallet."""
        owner = owner_of(load_config(None), {}, local=True)
        found: dict[str, Any] = httpx.get(
            f"{self.reach()['control_url']}/wallets/{checksum_address(owner.wallet)}"
        ).json()
        return found

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """Return a running process."""
        return self._processes[name]

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        """End one process and return its exit status."""
        process = self._processes.pop(name)
        process.send_signal(how)
        return process.wait(30)

    def close(self) -> None:
        """End everything that still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        for path in Path("/dev/shm").glob(f"{self.ring[1:]}*"):  # the ring, and the doorbells of whoever was killed
            path.unlink(missing_ok=True)

    def records(self, root: str) -> dict[str, RoundRecord]:
        """Return the last record of each window in a state folder's journals, and of those that are not over."""
        found = {}
        for folder in sessions(self.folder / "state" / root):
            for frame in JournalReader(folder):
                if isinstance(frame.entry, RoundEntry):
                    found[frame.entry.record.slug] = frame.entry.record
        state = recover(load_config(None), self.folder / "state" / root).state
        return found | {slug: record_of(one) for slug, one in state.rounds.items()}


def faults(run: LiveRun, decisions_least: int, root: str = LIVE_ROOT) -> tuple[list[str], dict[str, Any]]:
    """Return everything that is wrong after the engine has ended, and the figures."""
    wrong = [f"order {each} rested in a window that had ended" for each in sorted(run.rested_late)]
    wrong += [f"order {row['id']} rests after the end" for row in run.open_orders()]
    records = run.records(root)
    decisions = 0
    for folder in sessions(run.folder / "state" / root):
        result = replay(JournalReader(folder), kernel_of_header)
        decisions += result.decisions
        if not result.is_equal:
            wrong.append(f"{folder}: the replay parts from the journal: {result.difference}")
    if decisions < decisions_least:
        wrong.append(f"expected at least {decisions_least} decisions to be compared, were {decisions}")
    cash_u6 = sum(record.received_u6 - record.spent_u6 - record.fees_u6 for record in records.values())
    wallet = wait_until_mined(run)
    chain_u6 = int(wallet["chain"].get("", 0))
    if chain_u6 != BALANCE_U6 + cash_u6:
        wrong.append(f"the ledger has {chain_u6}, the engine's books say {BALANCE_U6 + cash_u6}")
    held_u6 = sum(record.held_u6 for record in records.values())
    shares_u6 = sum(int(size) for token, size in wallet["chain"].items() if token)
    if held_u6 != shares_u6:
        wrong.append(f"the ledger has {shares_u6} shares, the engine's books say {held_u6}")
    figures = {
        "rounds": len(records),
        "decisions": decisions,
        "fills": sum(record.fills for record in records.values()),
        "cash_usd": cash_u6 / U6,
        "shares_held": held_u6 / U6,
        "stages": sorted({stage for record in records.values() for stage in record.stages}),
    }
    return wrong, figures


def shadow_figures(run: LiveRun) -> dict[str, Any]:
    """Return live against its paper twin: by order predicted and actual fill, acknowledgements, P&L by window."""
    state = run.folder / "state"
    return as_values(compare(load_run(state / LIVE_ROOT), load_run(state / f"{LIVE_ROOT}-twin")))


def wait_until_mined(run: LiveRun) -> dict[str, Any]:
    """Return the wallet once nothing of it is on its way any more."""

    def settled() -> dict[str, Any] | None:
        wallet = run.wallet()
        return None if any(wallet["pending"].values()) else wallet

    found: dict[str, Any] = wait_for(settled, "trades of the wallet were not mined")
    return found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", default="shadow")
    parser.add_argument("--decisions", type=int, default=1_500)
    parser.add_argument("--keep", type=Path, help="folder to run in; a temporary one without it")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="bucketmm-live-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        run = LiveRun(folder, given.seconds, given.mode, given.seed)
        try:
            run.start()
            run.play(given.rounds, lambda text: print(text, file=sys.stderr, flush=True))
            status = run.stop("engine")
            wrong, figures = faults(run, given.decisions)
            if given.mode == "shadow":
                figures["shadow"] = shadow_figures(run)
            if status:
                wrong.append(f"the engine ended with status {status}: {run.log()}")
        finally:
            run.close()
    print(json.dumps({"wrong": wrong, **figures}, indent=2))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
