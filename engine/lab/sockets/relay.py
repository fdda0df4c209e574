"""A relay between a client and the exchange, where a network can be cut, connections reset and requests watched."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, Final

CHUNK_BYTES: Final = 64 << 10
HOST: Final = "127.0.0.1"
Watch = Callable[[bytes], bytes]
"""Is shown what a client sends and returns what of it is passed on."""


class Relay:
    """Forwards connections to one port, both ways; what is held while it is cut is passed on afterwards."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.watch: Watch = lambda data: data
        self._to_port = to_port
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Listen on a free port of the loopback."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Let nothing pass."""
        self._open.clear()

    def heal(self) -> None:
        """Let everything pass again, what was held first."""
        self._open.set()

    def reset(self) -> None:
        """Reset all connections, at both ends."""
        for writer in tuple(self._writers):
            connected = writer.get_extra_info("socket")
            if connected is not None:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def close(self) -> None:
        """Listen no more and drop everything."""
        assert self._server is not None
        self._server.close()
        self.heal()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            onward_reader, onward_writer = await asyncio.open_connection(HOST, self._to_port)
        except OSError:
            writer.transport.abort()
            return
        for one in (writer, onward_writer):
            self._writers.add(one)
        self._run(self._pass(reader, onward_writer, lambda data: self.watch(data)))
        self._run(self._pass(onward_reader, writer, lambda data: data))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, watch: Watch) -> None:
        """Pass on what comes until the end of it, then end the other side."""
        try:
            while data := await reader.read(CHUNK_BYTES):
                await self._open.wait()
                writer.write(watch(data))
                await writer.drain()
            await self._open.wait()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
