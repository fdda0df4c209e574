"""Both transports behind the port, over loopback, and the benchmark that compares them."""

import asyncio

import pytest
import uvloop
from websockets.asyncio.server import ServerConnection, serve

from feeder import bench_transport
from feeder.transport import Connect, ConnectError, Frame
from feeder.transports import TRANSPORTS

EACH = pytest.mark.parametrize("connect", TRANSPORTS.values(), ids=TRANSPORTS.keys())


class Listener:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: list[str] = []
        self.changed = asyncio.Event()

    def on_frame(self, frame: Frame) -> None:
        self.frames.append(bytes(frame))
        self.changed.set()

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)
        self.changed.set()

    async def until(self, frames: int, closed: int = 0) -> None:
        async with asyncio.timeout(10):
            while (len(self.frames), len(self.closed)) != (frames, closed):
                self.changed.clear()
                await self.changed.wait()


@EACH
def test_frames_go_both_ways_whole_and_in_order(connect: Connect) -> None:
    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            assert isinstance(message, str)
            await socket.send(message)
            await socket.send([message, " in ", "fragments"])

    async def scene() -> None:
        async with serve(echo, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            listener = Listener()
            connection = await connect(f"ws://127.0.0.1:{port}/", listener)
            connection.send(b"one")
            connection.send(b"x" * 100_000)
            await listener.until(4)
            large = b"x" * 100_000
            assert listener.frames == [b"one", b"one in fragments", large, large + b" in fragments"]
            await connection.close()
            await listener.until(4, closed=1)
            connection.send(b"after the end")

    uvloop.run(scene())


@EACH
def test_the_listener_hears_once_that_the_peer_has_gone(connect: Connect) -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.send("bye")
        await socket.close(1001, "going")

    async def scene() -> None:
        async with serve(leave, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            listener = Listener()
            connection = await connect(f"ws://127.0.0.1:{port}/", listener)
            await listener.until(1, closed=1)
            await connection.close()
            assert len(listener.closed) == 1

    uvloop.run(scene())


@EACH
def test_a_peer_that_cannot_be_reached_or_speaks_something_else_is_a_connect_error(connect: Connect) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectError, match=f"no connection to ws://127.0.0.1:{port}/"):
            await connect(f"ws://127.0.0.1:{port}/", Listener())
        server.close()
        await server.wait_closed()
        with pytest.raises(ConnectError):
            await connect(f"ws://127.0.0.1:{port}/", Listener())

    uvloop.run(scene())


def test_the_benchmark_measures_both_with_the_same_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_transport, "BURSTS", 2)
    result = bench_transport.run()
    assert set(result) == {"picows", "websockets"}
    for numbers in result.values():
        assert set(numbers) == {"burst_us_per_message", "send_to_callback_us_p50", "send_to_callback_us_p99"}
        assert all(value > 0 for value in numbers.values())
