"""Measures a live engine from the record in the ring to the bytes at the socket, over TLS to the local exchange.

Exchange, engine and the writer of the ring (this process) are processes of their own. For each sample a fresh market is
announced, its book shown, and moved so that the bucket strategy acts: it enters; a counterparty sells to it; the bid
falls, and it cancels its take-profit and stops, or, held late, stops at once with an order that was signed ahead.
"""

import asyncio
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import msgspec
import orjson

from engine.config.load import load_config
from engine.execution.polymarket.bench import bench_orders
from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.errors import ResourceError
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.runtime.account import derive_credentials
from engine.runtime.latency_engine import REACH, SAMPLES
from engine.runtime.latency_marks import STAGES, Sample
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind, MarketChange, pack_level, pack_market_words
from shm.objects import unlink
from shm.ring import RingWriter
from shm.sink import Instrument

LENGTH_S: Final = 900
TICK_E4: Final = 100
MIN_SIZE_U6: Final = 5 * SHARE_U6
READY_WITHIN_S: Final = 30.0
SETTLE_S: Final = 0.03
FILL_S: Final = 0.25
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


def measure(samples: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return every case's stages and totals in microseconds, the clients' signing beside them, and the conditions."""
    report: dict[str, Any] = {}
    ours, engines = _cores()
    os.sched_setaffinity(0, {ours})  # and so the exchange, our child: it must not be woken where the engine runs
    with TemporaryDirectory(prefix="bucketmm-latency-") as folder:
        exchange, reach = _start_exchange(Path(folder))
        try:
            for case in CASES:
                say(f"{case.name}: {samples} markets")
                report[case.name] = _Run(Path(folder) / case.name, case, reach, engines).measure(samples)
        finally:
            exchange.terminate()
            exchange.wait()
    report["clients_sign_us"] = bench_orders(200)["clients"]
    report["conditions"] = {
        "python": platform.python_version(),
        "cores": f"{os.cpu_count()}; the engine has core {engines}, exchange and writer have core {ours}",
        "load_1m": round(os.getloadavg()[0], 2),
        "transport": "TLS on the loopback; the network is not in it",
        "feeder": "a process that writes the ring; parsing a venue's frames is not in it (bucketmm feed bench)",
    }
    return report


def _cores() -> tuple[int, int]:
    """Return a core for writer and exchange, and one for the engine; the same where there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def _start_exchange(folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    words = ["exchange", "--style", "empty", "--bucket-seconds", "3600", "--ahead", "1", "--limits", "off", "--tls"]
    words += ["--hold-ms", "0", "--mined-ms", "1", "--confirmed-ms", "2", "--balance-lag-ms", "0", "--accounts", "2"]
    words += ["--balance-usd", "100000000", "--json", "--run-dir", str(folder), "--tls-dir", str(folder / "tls")]
    process = subprocess.Popen([sys.executable, "-m", "engine", *words], stdout=subprocess.PIPE)
    assert process.stdout is not None, "its output is a pipe"
    line = process.stdout.readline()
    if not line:
        raise ResourceError("expected the local exchange to start, it ended")
    return process, orjson.loads(line)


class _Run:
    """One case: a ring, an engine, and markets that are moved one after the other."""

    def __init__(self, folder: Path, case: Case, reach: dict[str, Any], core: int) -> None:
        folder.mkdir()
        self._core = core
        self._folder = folder
        self._case = case
        self._reach = reach
        self._ring = f"/bmt_latency_{os.getpid()}_{uuid4().hex[:6]}"
        self._published_ns: dict[str, int] = {}
        self._client = httpx.Client(base_url=reach["clob_url"], timeout=10)
        key = known_account(1)
        self._signer = WalletSigner(key, wallets_of(key.address).deposit, SignatureType.DEPOSIT_WALLET)
        credentials = asyncio.run(derive_credentials(reach["clob_url"], key, int(time.time())))
        self._writer = RequestWriter("localhost", key.address, credentials)
        self._salt = time.time_ns()

    def measure(self, samples: int) -> dict[str, Any]:
        """Return the case's figures."""
        self._configure()
        with RingWriter(self._ring, capacity=8_192, instruments=4_096) as ring:
            ring.heartbeat(time.time_ns())
            ring.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.CONNECTED, 0, 0, 0, 0, 0, time.time_ns())
            engine = self._start_engine()
            try:
                for number in range(samples + WARM_UP):
                    self._one(ring, number)
                engine.send_signal(signal.SIGTERM)
                if engine.wait(30):
                    raise ResourceError(f"the engine ended with status {engine.returncode}: {self._log()}")
            finally:
                engine.kill()
                engine.wait()
                unlink(self._ring)
        taken = msgspec.json.decode((self._folder / SAMPLES).read_bytes(), type=list[Sample])
        return self._figures(taken)

    def _configure(self) -> None:
        config = orjson.loads(load_config(None).to_json())
        config["execution"] |= {"MUTATIONS_PER_MINUTE": 100_000, "MAX_OPEN_ORDERS": 1_000}
        config["risk"] |= {"INITIAL_BANKROLL": 100_000_000, "kill_file": str(self._folder / "KILL")}
        config["time_windows"]["ENTRY_REQUOTE_WAIT_SEC"] = 60
        if self._case.late:
            config["time_windows"]["LATE_WINDOW_SEC"] = LENGTH_S - 1
        (self._folder / "config.json").write_bytes(orjson.dumps(config))
        tls = self._reach["tls_url"]
        reach = {
            "clob_url": tls,
            "user_ws_url": f"{tls.replace('https', 'wss', 1)}/ws/user",
            "data_url": f"{tls}/data",
            "plain_url": self._reach["clob_url"],
        }
        (self._folder / REACH).write_bytes(orjson.dumps(reach))

    def _start_engine(self) -> subprocess.Popen[bytes]:
        words = ["-m", "engine.runtime.latency_engine", str(self._folder), self._ring]
        with (self._folder / "engine.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *words, "spin" if self._case.spin else "sleep"],
                stderr=log,
                env={**os.environ, "SSL_CERT_FILE": self._reach["environment"]["SSL_CERT_FILE"]},
            )
        os.sched_setaffinity(process.pid, {self._core})
        deadline = time.monotonic() + READY_WITHIN_S
        while not (self._folder / "run" / "engine.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ResourceError(f"expected the engine to come up: {self._log()}")
            time.sleep(0.05)
        return process

    def _log(self) -> str:
        return (self._folder / "engine.log").read_text(errors="replace")[-2_000:]

    def _one(self, ring: RingWriter, number: int) -> None:
        """Open a market, let the engine enter, sell to it, and let the bid fall."""
        case, slug = self._case, f"{self._case.name}-updown-15m-{number}"
        listed = httpx.post(f"{self._reach['control_url']}/markets", json={"slug": slug, "for_s": LENGTH_S})
        market = listed.raise_for_status().json()
        up, down = self._announce(ring, slug, market)
        self._book(ring, down, 10_000 - case.enter_e4 - TICK_E4)
        self._book(ring, up, case.enter_e4 - 5 * TICK_E4 if not case.late else 5_500)
        time.sleep(SETTLE_S)
        self._book(ring, up, case.enter_e4, f"{slug}/entry")
        time.sleep(SETTLE_S)
        self._sell_to_it(int(market["tokens"][1]), 10_000 - case.enter_e4)
        time.sleep(FILL_S)
        ring.heartbeat(time.time_ns())
        self._book(ring, up, case.fall_e4, f"{slug}/fall")
        time.sleep(SETTLE_S * 2)

    def _announce(self, ring: RingWriter, slug: str, market: dict[str, Any]) -> tuple[int, int]:
        start_s = int(time.time()) - 60
        tokens = [
            ring.add_instrument(
                Instrument(token, market["condition_id"], slug, start_s, LENGTH_S, side + 1, TICK_E4, MIN_SIZE_U6, 0)
            )
            for side, token in enumerate(market["tokens"])
        ]
        for side, token in enumerate(tokens):
            words = pack_market_words(
                tick_e4=TICK_E4,
                min_size_u6=MIN_SIZE_U6,
                fee_rate_e6=0,
                fee_exponent=1,
                taker_only=True,
                window_start_s=start_s,
                window_length_s=LENGTH_S,
                peer=tokens[1 - side],
                outcome=side + 1,
            )
            ring.publish(Kind.MARKET, 0, token, MarketChange.OPENED, *words, 0, time.time_ns())
        return tokens[0], tokens[1]

    def _book(self, ring: RingWriter, token: int, bid_e4: int, mark: str = "") -> None:
        bid, ask = pack_level(bid_e4, 50 * SHARE_U6), pack_level(bid_e4 + 2 * TICK_E4, 50 * SHARE_U6)
        if mark:
            self._published_ns[mark] = time.monotonic_ns()
        ring.publish_tob(token, 0, bid, ask, 0, 0, 0, time.time_ns())

    def _sell_to_it(self, down_token: int, price_e4: int) -> None:
        """Buy the other token at what is left of 1 USD: the exchange mints a pair, and the engine's bid is filled."""
        self._salt += 1
        terms = Terms(down_token, Side.BUY, price_e4, 200 * SHARE_U6, TICK_E4, TimeInForce.GTC)
        order = self._signer.sign(terms, self._salt % (1 << 53), time.time_ns() // 1_000_000, EXCHANGE_V2)
        body = self._writer.order_body(order, TimeInForce.GTC)
        head, _, _ = self._writer.place(body, int(time.time())).partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        headers.pop("Host")
        self._client.post("/order", content=body, headers=headers).raise_for_status()

    def _figures(self, taken: list[Sample]) -> dict[str, Any]:
        """Return percentiles of each stage and in total, for each kind of reaction that the case has."""
        entries = [(each, self._published_ns[key]) for each in taken if (key := self._key(each, "entry"))]
        cancels = [(each, self._published_ns[key]) for each in taken if (key := self._key(each, "cancel"))]
        stops = [(each, self._published_ns[key]) for each in taken if (key := self._key(each, "presigned_stop"))]
        after = [(each, each.answered_ns) for each in taken if each.what.endswith("stop") and each.answered_ns]
        if self._case.late:
            return _stages(stops[WARM_UP:])
        figures = _stages(entries[WARM_UP:])
        for name, rows in (("tick_to_cancel_us", cancels), ("cancel_to_stop_us", after)):
            figures[name] = _percentiles([(each.sent_ns - begun_ns) / 1_000 for each, begun_ns in rows[WARM_UP:]])
        return figures

    def _key(self, sample: Sample, what: str) -> str:
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
        stages[stage] = _percentiles(spans)
    total = _percentiles([(each.sent_ns - begun_ns) / 1_000 for each, begun_ns in rows])
    return {"samples": len(rows), "stages": stages, **{f"total_us_{name}": value for name, value in total.items()}}


def _percentiles(values: Iterable[float]) -> dict[str, float]:
    rows = sorted(values)
    if len(rows) < 2:
        return {"p50": rows[0] if rows else float("nan"), "p99": float("nan"), "p999": float("nan")}
    cuts = statistics.quantiles(rows, n=1_000, method="inclusive")
    return {"p50": round(cuts[499], 1), "p99": round(cuts[989], 1), "p999": round(cuts[998], 1)}
