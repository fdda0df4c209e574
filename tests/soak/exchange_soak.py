"""A long run of the real exchange with 20 participants and random faults: `python -m tests.soak.exchange_soak`.

Eight participants are the exchange's own crowd; twelve are bots in this process that sign orders and send them over
HTTP. Another connection listens to the market channel. What must hold: no exception in the exchange, its memory is flat
after a warm-up, and the books are right every few seconds and at the end.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import websockets

from engine.exchange.scenario import What
from engine.model.events import Side
from engine.model.units import U6
from tests.soak.trader import Trader

BOTS = 12
WINDOW_S = 15
LONGEST_FAULT_MS = 4_000
WARM_UP_SHARE = 4
FLAT_WITHIN = 0.10
POOR_USD = 1_000


class Soak:
    """One run. `wrong` collects everything that must not have happened."""

    def __init__(self, seed: int, seconds: float) -> None:
        self.wrong: list[str] = []
        self.rss_kib: list[tuple[float, int]] = []
        self.counts: dict[str, int] = {}
        self.faults: dict[str, int] = {}
        self._random = random.Random(seed)
        self._seed = seed
        self._seconds = seconds
        self._begun = 0.0

    async def run(self, folder: Path) -> None:
        """Start the exchange, let everybody at it, and look at the end."""
        log = folder / "exchange.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "engine", "exchange", "--bucket-seconds", str(WINDOW_S), "--json",
                "--accounts", str(BOTS), "--seed", str(self._seed), "--run-dir", str(folder),
                stdout=asyncio.subprocess.PIPE, stderr=stderr, limit=1 << 20,
            )  # fmt: skip
            assert process.stdout is not None
            reach = orjson.loads(await process.stdout.readline())
            self._begun = time.monotonic()
            try:
                await self._everybody(reach, process.pid)
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
        if process.returncode:
            self.wrong.append(f"the exchange ended with status {process.returncode}")
        text = log.read_text()
        if "Traceback" in text or "ERROR" in text:
            self.wrong.append(f"the exchange's log: {text[-4_000:]}")

    async def _everybody(self, reach: dict[str, Any], pid: int) -> None:
        traders = [Trader(reach, number) for number in range(BOTS)]
        tasks = [asyncio.create_task(self._trade(trader, number)) for number, trader in enumerate(traders)]
        tasks.append(asyncio.create_task(self._listen(reach)))
        tasks.append(asyncio.create_task(self._break(reach)))
        try:
            await self._watch(reach, pid)
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
                    self.wrong.append(f"a bot failed: {result!r}")
            for trader in traders:
                await trader.close()
        async with httpx.AsyncClient(base_url=reach["control_url"]) as control:
            for name in (await control.get("/faults")).json()["faults"]:
                await control.delete(f"/faults/{name}")
            await asyncio.sleep(6)  # longer than the settlement of the last trades
            self.wrong += (await control.get("/audit")).json()["wrong"]

    def _left_s(self) -> float:
        return self._begun + self._seconds - time.monotonic()

    async def _watch(self, reach: dict[str, Any], pid: int) -> None:
        """Audit and weigh the exchange until the end."""
        async with httpx.AsyncClient(base_url=reach["control_url"], timeout=20) as control:
            shown = time.monotonic()
            while self._left_s() > 0 and not self.wrong:
                await asyncio.sleep(min(2.0, max(0.1, self._left_s())))
                self.wrong += (await control.get("/audit")).json()["wrong"]
                self.rss_kib.append((time.monotonic() - self._begun, rss_kib(pid)))
                await self._fund(control, reach)
                if time.monotonic() - shown > 60:
                    shown = time.monotonic()
                    print(f"{self._left_s():.0f} s left, {self.rss_kib[-1][1]} KiB, {self.counts}", file=sys.stderr)

    async def _fund(self, control: httpx.AsyncClient, reach: dict[str, Any]) -> None:
        """Give a bot that has lost its money some more: who cannot pay tests nothing."""
        account = self._random.choice(reach["accounts"])
        wallet = (await control.get(f"/wallets/{account['deposit_wallet']}")).json()
        if wallet["chain"].get("", 0) < POOR_USD * U6:
            answer = await control.post("/deposits", json={"wallet": wallet["wallet"], "usd": POOR_USD})
            self._count(f"deposit {answer.status_code}")

    async def _trade(self, trader: Trader, number: int) -> None:
        dice = random.Random(f"{self._seed}/{number}")
        while True:
            await asyncio.sleep(dice.uniform(0.02, 0.3))
            try:
                status, what = await self._act(trader, dice)
            except (httpx.HTTPError, OSError):
                self._count("no answer")
                continue
            self._count(f"{what} {status}")
            if status == 500 and "timed out" not in trader.last_error:
                self.wrong.append(f"{what}: 500 {trader.last_error}")

    async def _act(self, trader: Trader, dice: random.Random) -> tuple[int, str]:
        draw = dice.random()
        if draw < 0.55:
            side = dice.choice(list(Side))
            tif = dice.choice(["GTC", "GTC", "GTC", "FAK", "FOK"])
            return await trader.order(dice, WINDOW_S, side, tif, dice.randrange(5, 40) * U6), tif
        if draw < 0.75:
            return await trader.cancel_some(dice), "cancel"
        if draw < 0.8:
            return await trader.cancel_all(), "cancel-all"
        if draw < 0.9:
            return await trader.read("/data/orders"), "orders"
        if draw < 0.95:
            return await trader.read("/data/trades"), "trades"
        return await trader.heartbeat(), "heartbeat"

    async def _listen(self, reach: dict[str, Any]) -> None:
        """Follow whatever windows there are, and connect again when that ends."""
        while True:
            try:
                async with httpx.AsyncClient() as client:
                    found = (await client.get(f"{reach['gamma_url']}/markets/keyset", params={"limit": 100})).json()
                tokens = [token for row in found["markets"] for token in orjson.loads(row["clobTokenIds"]) if token]
                async with websockets.connect(reach["market_ws_url"], compression=None) as stream:
                    await stream.send(orjson.dumps({"type": "market", "assets_ids": tokens}).decode())
                    async with asyncio.timeout(WINDOW_S * 2):
                        async for _ in stream:
                            self._count("frames")
            except (OSError, TimeoutError, httpx.HTTPError, websockets.WebSocketException):
                await asyncio.sleep(0.2)

    async def _break(self, reach: dict[str, Any]) -> None:
        """Let random things go wrong."""
        dice = self._random
        async with httpx.AsyncClient(base_url=reach["control_url"], timeout=20) as control:
            while True:
                await asyncio.sleep(dice.uniform(0.3, 3.0))
                what = dice.choice(list(What))
                self.faults[what] = self.faults.get(what, 0) + 1
                incident = {
                    "name": f"{what}-{dice.randrange(3)}",
                    "what": what,
                    "for_ms": dice.randrange(200, LONGEST_FAULT_MS),
                    "permille": dice.choice([100, 500, 1_000]),
                    "delay_ms": dice.randrange(50, 1_500),
                }
                answer = await control.post("/faults", content=orjson.dumps(incident))
                if answer.status_code != 200:
                    self.wrong.append(f"{incident}: {answer.text}")

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def memory(self) -> tuple[int, int]:
        """Return the median KiB after the warm-up, and at the end."""
        warm_s = self._seconds / WARM_UP_SHARE
        early = [kib for at_s, kib in self.rss_kib if warm_s <= at_s < 2 * warm_s]
        late = [kib for at_s, kib in self.rss_kib if at_s >= 3 * warm_s]
        return int(statistics.median(early)), int(statistics.median(late))


def rss_kib(pid: int) -> int:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def soak(seed: int, seconds: float) -> tuple[Soak, dict[str, object]]:
    """Run one soak and return it with its report."""
    run = Soak(seed, seconds)
    with tempfile.TemporaryDirectory(prefix="bucketmm-soak-") as folder:
        asyncio.run(run.run(Path(folder)))
    early_kib, late_kib = run.memory()
    report: dict[str, object] = {
        "seed": seed,
        "seconds": seconds,
        "wrong": run.wrong,
        "rss_kib_after_warm_up": early_kib,
        "rss_kib_at_the_end": late_kib,
        "counts": dict(sorted(run.counts.items())),
        "faults": sum(run.faults.values()),
    }
    return run, report


def main() -> int:
    """Run and print the report; status 1 when something is wrong, or the memory grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run, report = soak(options.seed, options.minutes * 60)
    print(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    early_kib, late_kib = run.memory()
    return 1 if run.wrong or abs(late_kib - early_kib) > FLAT_WITHIN * early_kib else 0


if __name__ == "__main__":
    sys.exit(main())
