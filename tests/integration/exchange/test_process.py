"""The real process: where it listens, how it ends, and what survives its restart."""

import asyncio
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.model.events import Side
from engine.model.units import U6
from tests.soak.trader import Trader

LENGTH_S = 1_350
"""A length whose windows Trader finds, and long enough for no window to end during a test."""
COMMAND = [sys.executable, "-m", "engine", "exchange"]
LISTENING = "0A"


class Process:
    """A running exchange; `reach` is what it printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        options = ["--bucket-seconds", str(LENGTH_S), "--style", "empty", "--hold-ms", "0", "--accounts", "2", "--json"]
        where = ["--run-dir", str(folder / "run")]
        self.file = folder / "run" / "exchange.json"
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *options, *where, *arguments], stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (folder / "log").read_text()
        self.reach: dict[str, Any] = orjson.loads(line)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(20)

    def listening(self) -> set[tuple[str, int]]:
        """Return the addresses on which it listens, as (hex address, port)."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        links = [str(each.readlink()) for each in folder.iterdir()]
        inodes = {link.removeprefix("socket:[").removesuffix("]") for link in links}
        found = set()
        for table in ("tcp", "tcp6"):
            for row in Path(f"/proc/{self.process.pid}/net/{table}").read_text().splitlines()[1:]:
                cells = row.split()
                if cells[3] == LISTENING and cells[9] in inodes:
                    address, _, port = cells[1].partition(":")
                    found.add((address, int(port, 16)))
        return found


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Process]:
    """Run an exchange; it is killed if it is still there at the end."""
    found = Process(folder, *arguments)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.process.kill()
        found.process.wait()
        assert found.process.stdout is not None
        found.process.stdout.close()


def failing(folder: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit status and the message of a start that comes to nothing."""
    where = ["--run-dir", str(folder / "run")]
    done = subprocess.run([*COMMAND, *where, *arguments], capture_output=True, timeout=30, check=False)
    return done.returncode, done.stderr.decode()


async def trade(reach: dict[str, Any]) -> dict[str, Any]:
    """Let account 1 sell account 0 what it bids for, leave one more bid, and return what each has then."""
    first, second = Trader(reach, 0), Trader(reach, 1)
    assert await first.order(_Up(4_000), LENGTH_S, Side.BUY, "GTC", 10 * U6) == 200
    assert await second.order(_Up(6_000, down=True), LENGTH_S, Side.BUY, "GTC", 10 * U6) == 200
    assert await first.order(_Up(3_000), LENGTH_S, Side.BUY, "GTC", 7 * U6) == 200
    try:
        return await had(first, second)
    finally:
        await first.close()
        await second.close()


async def had(first: Trader, second: Trader) -> dict[str, Any]:
    """Return the ids of both accounts' open orders and trades."""
    found: dict[str, Any] = {}
    for name, trader in (("first", first), ("second", second)):
        orders = (await trader.send("GET", "/data/orders")).json()["data"]
        trades = (await trader.send("GET", "/data/trades")).json()["data"]
        found[name] = ([row["id"] for row in orders], [row["id"] for row in trades])
    return found


class _Up(random.Random):
    """Dice that give the price, and the token, that a test wants."""

    def __init__(self, price_e4: int, *, down: bool = False) -> None:
        super().__init__(1)
        self._price = price_e4 // 100
        self._down = down

    def randrange(self, *_: object) -> int:  # type: ignore[override]
        return self._price

    def choice(self, seq: Any) -> Any:
        return seq[1] if self._down else seq[0]


async def again(reach: dict[str, Any]) -> dict[str, Any]:
    first, second = Trader(reach, 0), Trader(reach, 1)
    try:
        return await had(first, second)
    finally:
        await first.close()
        await second.close()


def test_it_listens_on_the_loopback_alone(tmp_path: Path) -> None:
    with running(tmp_path, "--tls", "--tls-dir", str(tmp_path / "tls")) as exchange:
        addresses = exchange.listening()
        assert len(addresses) == 4, "plain, control, TLS, proxy"
        assert {address for address, _ in addresses} == {"0100007F"}
        assert orjson.loads(exchange.file.read_bytes())["pid"] == exchange.process.pid
        assert exchange.end() == 0
        assert not exchange.file.exists()


def test_another_address_needs_to_be_asked_for(tmp_path: Path) -> None:
    status, message = failing(tmp_path, "--host", "0.0.0.0")  # that it is refused is the test
    assert status == 2
    assert "allow-public" in message
    assert "Traceback" not in message


def test_a_port_that_is_taken_is_status_3_and_the_other_ones_file_stays(tmp_path: Path) -> None:
    with running(tmp_path) as exchange:
        port = exchange.reach["clob_url"].rpartition(":")[2]
        status, message = failing(tmp_path / "another", "--port", port)
        assert (status, "Traceback" in message) == (3, False)
        assert port in message
        assert exchange.file.exists()


def test_two_exchanges_cannot_keep_one_state_file(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    with running(tmp_path, "--state", state):
        status, message = failing(tmp_path / "another", "--state", state)
        assert status == 3
        assert "to be free, the exchange with pid" in message


def test_everything_that_is_somebodys_survives_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    with running(tmp_path, "--state", state, "--seed", "1") as exchange:
        before = asyncio.run(trade(exchange.reach))
        accounts = exchange.reach["accounts"]
        assert exchange.end() == 0
    assert [len(ids) for ids in before["first"]] == [1, 1]
    with running(tmp_path, "--state", state, "--seed", "2") as exchange:
        assert exchange.reach["accounts"] == accounts
        assert asyncio.run(again(exchange.reach)) == before
        assert exchange.end() == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_cleanly_with_requests_and_streams_open(tmp_path: Path, number: int, status: int) -> None:
    with running(tmp_path, "--state", str(tmp_path / "state.json")) as exchange:
        port = int(exchange.reach["clob_url"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as half_sent:
            half_sent.sendall(b"POST /order HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
            assert exchange.end(number) == status
    assert (tmp_path / "state.json").exists()
    assert "Traceback" not in (tmp_path / "log").read_text()
