"""Reference prices over loopback: log-in, subscription, pings, loss and silence."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
import pytest
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from feeder.collect import MemorySink
from feeder.reference import ReferencePrices
from feeder.reference_line import STALE_NS, ReferenceLine, polybolt, rtds
from feeder.transport import Backoff
from feeder.transports import TRANSPORTS
from shm.layout import Flag

START_S = 1_788_972_300
S = 10**9


class Stage:
    """A feed's server that remembers what it was sent, and a line to it; the test moves the clock."""

    def __init__(self) -> None:
        self.now_ns = START_S * S
        self.received: list[bytes] = []
        self.sockets: list[ServerConnection] = []
        self.sink = MemorySink()
        self.prices = ReferencePrices(self.sink, "btc", 900)
        self.line: ReferenceLine

    async def serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        with suppress(ConnectionClosed):
            while True:
                self.received.append(await socket.recv(decode=False))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)


def run(feed_name: str, transport: str, scene: Callable[[Stage], Awaitable[None]]) -> None:
    async def stage_it() -> None:
        stage = Stage()
        async with serve(stage.serve, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/"
            key = {"apiKey": "k", "secret": "s", "passphrase": "p"}
            feed = (
                polybolt(url, "btc", 900, key, stage.prices)
                if feed_name == "polybolt"
                else rtds(url, "btc", stage.prices)
            )
            backoff = Backoff(0, first_s=0.01, longest_s=0.02)
            stage.line = ReferenceLine(feed, stage.prices, TRANSPORTS[transport], lambda: stage.now_ns, backoff)
            stop = asyncio.Event()
            running = asyncio.create_task(stage.line.run(stop))
            await scene(stage)
            stop.set()
            await asyncio.wait_for(running, 10)

    uvloop.run(stage_it())


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_polybolt_is_logged_in_subscribed_and_its_tick_at_the_start_is_the_strike(transport: str) -> None:
    async def scene(stage: Stage) -> None:
        await stage.until(lambda: len(stage.received) == 2)
        assert [orjson.loads(frame)["op"] for frame in stage.received] == ["auth", "subscribe"]
        payload = {"symbol": "btcusd", "full_accuracy_value": "64120.7", "timestamp": START_S * 1000,
                   "window_seconds": 60, "source": "chainlink"}  # fmt: skip
        tick = {"v": 1, "channel": "price.crypto.twap", "seq": 1, "payload": payload}
        await stage.sockets[0].send(orjson.dumps({"op": "authed", "rid": "1"}), text=True)
        await stage.sockets[0].send(orjson.dumps(tick), text=True)
        await stage.until(lambda: len(stage.sink.records) == 1)
        assert (stage.sink.records[0].w2, stage.sink.records[0].flags) == (6_412_070_000_000, Flag.STRIKE)
        assert stage.prices.strike_e8(START_S) == 6_412_070_000_000
        stage.now_ns += 30 * S
        await stage.until(lambda: stage.received[2:] == [b'{"op":"ping"}'])

    run("polybolt", transport, scene)


def test_a_lost_feed_is_connected_and_subscribed_again() -> None:
    async def scene(stage: Stage) -> None:
        await stage.until(lambda: len(stage.received) == 1)
        await stage.sockets[0].close()
        await stage.until(lambda: len(stage.received) == 2)
        assert stage.received[0] == stage.received[1]
        assert stage.line.connections == 2

    run("rtds", "picows", scene)


def test_a_silent_feed_is_given_up_and_pongs_alone_keep_it() -> None:
    async def scene(stage: Stage) -> None:
        await stage.until(lambda: len(stage.received) == 1)
        stage.now_ns += STALE_NS - 1
        await stage.until(lambda: stage.received[1:] == [b"PING"])
        await stage.sockets[0].send("PONG")
        await asyncio.sleep(0.3)
        stage.now_ns += 2
        await asyncio.sleep(0.3)
        assert len(stage.sockets) == 1
        stage.now_ns += STALE_NS
        await stage.until(lambda: len(stage.sockets) == 2)
        assert stage.sink.records == []

    run("rtds", "picows", scene)
