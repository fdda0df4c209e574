"""The comparison transport: the websockets library behind the same port, with a task that reads."""

import asyncio

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed, WebSocketException

from feeder.transport import FRAME_BYTES_MAX, HANDSHAKE_TIMEOUT_S, ConnectError, Connection, FrameListener


class _Connection:
    def __init__(self, socket: ClientConnection, listener: FrameListener) -> None:
        self._socket = socket
        self._listener = listener
        self._sending: set[asyncio.Task[None]] = set()
        self._reading = asyncio.create_task(self._read())

    def send(self, frame: bytes) -> None:
        task = asyncio.create_task(self._send(frame))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        await self._socket.close()
        await self._reading

    async def _send(self, frame: bytes) -> None:
        try:
            await self._socket.send(frame, text=True)
        except ConnectionClosed:
            return  # the reader says it

    async def _read(self) -> None:
        reason = "the connection was closed"
        try:
            while True:
                self._listener.on_frame(await self._socket.recv(decode=False))
        except ConnectionClosed as error:
            reason = str(error)
        finally:
            self._listener.on_closed(reason)


async def connect(url: str, listener: FrameListener) -> Connection:
    """Open a WebSocket; raises ConnectError."""
    try:
        socket = await open_connection(
            url, compression=None, max_size=FRAME_BYTES_MAX, open_timeout=HANDSHAKE_TIMEOUT_S
        )
    except (OSError, WebSocketException, TimeoutError) as error:
        raise ConnectError(f"no connection to {url}: {error or type(error).__name__}") from error
    return _Connection(socket, listener)
