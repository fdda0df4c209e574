"""Measures a running exchange over the loopback: signed orders a second and the time of each, frames fanned out.

The exchange runs in a process of its own; the client signs all orders beforehand and writes the requests itself, so
that what is measured is the exchange: HTTP, both signatures, matching, ledger, streams.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import U6
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.credentials import ApiCredentials
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

LENGTH_S: Final = 3_600
SIZE_U6: Final = 5 * U6
TICK_E4: Final = 100
WS_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="


class Target(NamedTuple):
    """Where the exchange is, and what is traded there."""

    host: str
    port: int
    accounts: list[dict[str, str]]
    tokens: list[str]


class Timing(msgspec.Struct, frozen=True):
    """One run: orders a second, and how long one took, in microseconds."""

    orders_per_s: int
    p50_us: int
    p99_us: int
    refused: int


async def measure(orders: int, passes: int) -> dict[str, object]:
    """Return the results of the whole benchmark as values that JSON can hold."""
    with TemporaryDirectory(prefix="bucketmm-bench-") as folder:
        process = await _start(Path(folder))
        try:
            target = await _target(process)
            serial = 0
            results: dict[str, object] = {}
            for clients in (1, 8):
                runs = []
                for _ in range(passes):
                    runs.append(await _run(target, clients, orders, serial))
                    serial += orders
                best = sorted(runs, key=lambda run: run.orders_per_s)[len(runs) // 2]
                results[f"http_{clients}_clients"] = msgspec.to_builtins(best)
                results[f"http_{clients}_clients_all_orders_per_s"] = [run.orders_per_s for run in runs]
            results["http_orders_per_s"] = max(_rate(results[f"http_{clients}_clients"]) for clients in (1, 8))
            results["fan_out"] = await _fan_out(target, orders // 4, serial)
            return results
        finally:
            process.terminate()
            await process.wait()


def _rate(timing: object) -> int:
    assert isinstance(timing, dict)
    return int(timing["orders_per_s"])


async def _start(folder: Path) -> asyncio.subprocess.Process:
    arguments = ["--style", "empty", "--bucket-seconds", str(LENGTH_S), "--limits", "off", "--hold-ms", "0"]
    arguments += ["--accounts", "8", "--balance-usd", "1000000", "--ahead", "1", "--json", "--run-dir", str(folder)]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine", "exchange", *arguments, stdout=subprocess.PIPE, limit=1 << 20
    )


async def _target(process: asyncio.subprocess.Process) -> Target:
    assert process.stdout is not None, "its output is a pipe"
    ready: dict[str, Any] = orjson.loads(await process.stdout.readline())
    host, _, port = ready["clob_url"].removeprefix("http://").partition(":")
    listed = await _get(host, int(port), "/gamma/markets/keyset?limit=1")
    tokens = orjson.loads(listed["markets"][0]["clobTokenIds"])
    return Target(host, int(port), ready["accounts"], tokens)


async def _get(host: str, port: int, path: str) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    found: dict[str, Any] = orjson.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def _requests(target: Target, client: int, count: int, serial: int) -> list[bytes]:
    """Return signed requests of one account: bids and asks around the middle; about a third of them trade."""
    account = target.accounts[client]
    key = known_account(client)
    signer = WalletSigner(key, wallets_of(key.address).deposit, SignatureType.DEPOSIT_WALLET)
    credentials = ApiCredentials(key=account["api_key"], secret=account["secret"], passphrase=account["passphrase"])
    writer = RequestWriter(target.host, key.address, credentials)
    now_s = int(time.time())
    requests = []
    for number in range(count):
        bid_e4 = (4_800, 4_900, 5_000)[number % 3]
        buys_up = (number // 2) % 2 == 1  # a purchase of Down is an ask of Up
        token_id = int(target.tokens[0 if buys_up else 1])
        price_e4 = bid_e4 if buys_up else 10_000 - bid_e4
        terms = Terms(token_id, Side.BUY, price_e4, SIZE_U6, TICK_E4, TimeInForce.GTC)
        order = signer.sign(terms, serial + number + 1, now_s * 1_000, EXCHANGE_V2)
        requests.append(writer.place(writer.order_body(order, TimeInForce.GTC), now_s))
    return requests


async def _run(target: Target, clients: int, orders: int, serial: int) -> Timing:
    """Send so many orders over so many connections, each as soon as the last one is answered."""
    each = orders // clients
    batches = [_requests(target, client, each, serial + client * each) for client in range(clients)]
    begun = time.perf_counter()
    results = await asyncio.gather(*(_send(target, batch) for batch in batches))
    seconds = time.perf_counter() - begun
    times_us = sorted(us for times, _ in results for us in times)
    refused = sum(count for _, count in results)
    return Timing(
        orders_per_s=round(each * clients / seconds),
        p50_us=round(statistics.median(times_us)),
        p99_us=round(times_us[len(times_us) * 99 // 100]),
        refused=refused,
    )


async def _send(target: Target, requests: list[bytes]) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    times_us, refused = [], 0
    for request in requests:
        sent = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        times_us.append((time.perf_counter() - sent) * 1e6)
        refused += not head.startswith(b"HTTP/1.1 200")
    writer.close()
    return times_us, refused


async def _fan_out(target: Target, orders: int, serial: int) -> dict[str, object]:
    """Return how many frames a second reach ten subscribers while one client sends orders."""
    listeners = [await _listen(target) for _ in range(10)]
    counts = [0] * len(listeners)
    tasks = [asyncio.create_task(_count(reader, counts, number)) for number, (reader, _) in enumerate(listeners)]
    requests = _requests(target, 0, orders, serial)
    begun = time.perf_counter()
    await _send(target, requests)
    seconds = time.perf_counter() - begun
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for _, writer in listeners:
        writer.close()
    frames = sum(counts)
    return {"subscribers": len(listeners), "frames": frames, "messages_per_s": round(frames / seconds)}


async def _listen(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.write(
        f"GET /ws/market HTTP/1.1\r\nHost: {target.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {WS_KEY}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    payload = orjson.dumps({"type": "market", "assets_ids": target.tokens})
    assert 125 < len(payload) < 65_536, "a frame with a length of two bytes"
    writer.write(b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload)  # a mask of zeros changes nothing
    return reader, writer


async def _count(reader: asyncio.StreamReader, counts: list[int], number: int) -> None:
    while True:
        head = await reader.readexactly(2)
        length = head[1]
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await reader.readexactly(8), "big")
        await reader.readexactly(length)
        counts[number] += 1
