"""One case of the latency benchmark: an exchange, a ring that this process writes, a live engine, and somebody who
sells to it.

Exchange, engine and the writer of the ring are processes of their own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import msgspec
import orjson

from engine.config.load import load_config
from engine.model.errors import ResourceError
from engine.model.units import SHARE_U6
from engine.runtime.counterparty import Counterparty
from engine.runtime.latency_engine import REACH, SAMPLES
from engine.runtime.latency_marks import Taken
from feeder.recording.market_words import market_words
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind, MarketChange, pack_level
from shm.objects import unlink
from shm.ring import RingWriter
from shm.sink import Instrument

LENGTH_S: Final = 900
TICK_E4: Final = 100
MIN_SIZE_U6: Final = 5 * SHARE_U6
READY_WITHIN_S: Final = 30.0


class Tokens(NamedTuple):
    """A market that was announced: its two tokens' numbers in the ring, and their ids."""

    up: int
    down: int
    ids: tuple[str, str]


def start_exchange(folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start an empty exchange; return its process and where it is. Raises ResourceError where it does not come up."""
    words = ["exchange", "--style", "empty", "--bucket-seconds", "3600", "--ahead", "1", "--limits", "off", "--tls"]
    words += ["--hold-ms", "0", "--mined-ms", "1", "--confirmed-ms", "2", "--balance-lag-ms", "0", "--accounts", "2"]
    words += ["--balance-usd", "100000000", "--json", "--run-dir", str(folder), "--tls-dir", str(folder / "tls")]
    process = subprocess.Popen([sys.executable, "-m", "engine", *words], stdout=subprocess.PIPE)
    assert process.stdout is not None, "its output is a pipe"
    with process.stdout:
        line = process.stdout.readline()
    if not line:
        process.wait()
        raise ResourceError("expected the local exchange to start, it ended")
    return process, orjson.loads(line)


class Listed(msgspec.Struct, frozen=True):
    """A market that an exchange has listed."""

    condition_id: str
    tokens: tuple[str, str]


def list_market(reach: dict[str, Any], slug: str) -> Listed:
    """Have an exchange open a market. Raises httpx.HTTPError where it does not."""
    listed = httpx.post(f"{reach['control_url']}/markets", json={"slug": slug, "for_s": LENGTH_S})
    return msgspec.json.decode(listed.raise_for_status().content, type=Listed)


class Run:
    """A ring, an engine on core `core`, and markets that are moved one after the other."""

    def __init__(
        self, folder: Path, reach: dict[str, Any], core: int, *, spin: bool, late: bool, records_per_s: int = 0
    ) -> None:
        folder.mkdir()
        self.records_per_s: Final = records_per_s
        self._more = 0
        self.folder: Final = folder
        self.kill_file: Final = folder / "KILL"
        self.published_ns: dict[str, int] = {}
        self.client: Final = httpx.Client(base_url=reach["clob_url"], timeout=10)
        self._counterparty = Counterparty(reach["clob_url"])
        self._reach = reach
        self._core = core
        self._spin = spin
        self._name = f"/bmt_latency_{os.getpid()}_{uuid4().hex[:6]}"
        self._configure(late=late)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have ring and engine up; the engine is asked to end afterwards. Raises ResourceError where it fails."""
        with RingWriter(self._name, capacity=8_192, instruments=4_096) as self.ring, self.client, self._counterparty:
            self.ring.heartbeat(time.time_ns())
            self.ring.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.CONNECTED, 0, 0, 0, 0, 0, time.time_ns())
            engine = self._start_engine()
            try:
                self._await_engine(engine)
                yield
                engine.send_signal(signal.SIGTERM)
                if engine.wait(30):
                    raise ResourceError(f"the engine ended with status {engine.returncode}: {self._log()}")
            finally:
                engine.kill()
                engine.wait()
                unlink(self._name)

    def taken(self) -> Taken:
        """Return what the engine measured, after its end."""
        return msgspec.json.decode((self.folder / SAMPLES).read_bytes(), type=Taken)

    def market(self, slug: str) -> Tokens:
        """Open a market at the exchange and announce it in the ring."""
        market = list_market(self._reach, slug)
        start_s = int(time.time()) - 60
        rows = [
            Instrument(token, market.condition_id, slug, start_s, LENGTH_S, side + 1, TICK_E4, MIN_SIZE_U6, 0)
            for side, token in enumerate(market.tokens)
        ]
        tokens = [self.ring.add_instrument(row) for row in rows]
        for token, peer, row in zip(tokens, tokens[::-1], rows, strict=True):
            words = market_words(row, peer)
            self.ring.publish(Kind.MARKET, 0, token, MarketChange.OPENED, *words, 0, time.time_ns())
        return Tokens(tokens[0], tokens[1], market.tokens)

    def go_on(self, token: int, bid_e4: int, seconds: float) -> None:
        """Let a market that stands still live on for a while: records as often as was asked for, whose sizes change.

        None comes at the end: what follows is one more record at its time, not one on the heels of another.
        """
        until_s = time.monotonic() + seconds
        every_s = 1 / self.records_per_s if self.records_per_s else seconds
        while time.monotonic() + every_s < until_s:
            time.sleep(every_s)
            self._more = 1 - self._more
            self.book(token, bid_e4, shares=50 + self._more)
        time.sleep(max(every_s, until_s - time.monotonic()))

    def book(self, token: int, bid_e4: int, mark: str = "", *, shares: int = 50) -> None:
        """Show a book in the ring; `mark` names the moment."""
        self.ring.heartbeat(time.time_ns())
        size_u6 = shares * SHARE_U6
        bid, ask = pack_level(bid_e4, size_u6), pack_level(bid_e4 + 2 * TICK_E4, size_u6)
        if mark:
            self.published_ns[mark] = time.monotonic_ns()
        self.ring.publish_tob(token, 0, bid, ask, 0, 0, 0, time.time_ns())

    def sell_to_it(self, down_token: str, price_e4: int) -> None:
        """Buy the other token at what is left of 1 USD: the exchange mints a pair, and the engine's bid is filled."""
        self._counterparty.buy(down_token, price_e4, 200)

    def _configure(self, *, late: bool) -> None:
        config = orjson.loads(load_config(None).to_json())
        config["execution"] |= {"MUTATIONS_PER_MINUTE": 100_000, "MAX_OPEN_ORDERS": 1_000}
        config["risk"] |= {"INITIAL_BANKROLL": 100_000_000, "kill_file": str(self.kill_file)}
        config["time_windows"]["ENTRY_REQUOTE_WAIT_SEC"] = 60
        if late:
            config["time_windows"]["LATE_WINDOW_SEC"] = LENGTH_S - 1
        (self.folder / "config.json").write_bytes(orjson.dumps(config))
        tls = self._reach["tls_url"]
        reach = {
            "clob_url": tls,
            "user_ws_url": f"{tls.replace('https', 'wss', 1)}/ws/user",
            "data_url": f"{tls}/data",
            "plain_url": self._reach["clob_url"],
        }
        (self.folder / REACH).write_bytes(orjson.dumps(reach))

    def _start_engine(self) -> subprocess.Popen[bytes]:
        words = ["-m", "engine.runtime.latency_engine", str(self.folder), self._name]
        with (self.folder / "engine.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *words, "spin" if self._spin else "sleep"],
                stderr=log,
                env={**os.environ, "SSL_CERT_FILE": self._reach["environment"]["SSL_CERT_FILE"]},
            )
        os.sched_setaffinity(process.pid, {self._core})
        return process

    def _await_engine(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not (self.folder / "run" / "engine.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ResourceError(f"expected the engine to come up: {self._log()}")
            time.sleep(0.05)

    def _log(self) -> str:
        return (self.folder / "engine.log").read_text(errors="replace")[-2_000:]
