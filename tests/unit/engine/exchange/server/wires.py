"""A connection to the server without sockets: an in-memory transport with a client of each protocol."""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from engine.exchange.server.context import Context, Interceptor
from engine.exchange.server.http import HttpProtocol
from engine.exchange.server.routes import Routes

UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
"""The headers of a WebSocket handshake."""


class MemoryTransport(asyncio.Transport):
    """Keeps what is written; what the protocol wants of it is to be seen in its attributes."""

    def __init__(self, protocol: asyncio.BaseProtocol, *, half_closes: bool = True) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = bytearray()
        self.buffered = 0
        self.ended = False
        self.closed = False
        self.aborted = False
        self.reading = True
        self._half_closes = half_closes

    def write(self, data: Any) -> None:
        assert not self.closed, "expected nothing to be written after the end"
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def can_write_eof(self) -> bool:
        return self._half_closes

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self._lose)

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def _lose(self) -> None:
        assert isinstance(self.protocol, asyncio.Protocol)
        self.protocol.connection_lost(None)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        assert self.reading, "expected to be paused once"
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading, "expected to be resumed once"
        self.reading = True


class Answer:
    """A response as a client reads it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""


class _AnswerReader:
    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.parser = httptools.HttpResponseParser(self)
        self._answer = Answer()

    def on_message_begin(self) -> None:
        self._answer = Answer()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._answer.body += body

    def on_message_complete(self) -> None:
        self._answer.status = self.parser.get_status_code()
        self.answers.append(self._answer)


class Wire:
    """One client of a server with these routes; needs a running loop."""

    def __init__(
        self,
        routes: Routes,
        *,
        now_ms: Callable[[], int] | None = None,
        interceptors: tuple[Interceptor, ...] = (),
        compression: bool = False,
        half_closes: bool = True,
        protocol: Callable[[Context], HttpProtocol] = HttpProtocol,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.bugs: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, context: self.bugs.append(context))
        self.context = Context(loop, routes, now_ms=now_ms, interceptors=interceptors, compression=compression)
        http = protocol(self.context)
        self.transport = MemoryTransport(http, half_closes=half_closes)
        http.connection_made(self.transport)
        self._reader = _AnswerReader()

    def send(self, data: bytes) -> None:
        """Let the server receive bytes."""
        assert isinstance(self.transport.protocol, asyncio.Protocol)
        self.transport.protocol.data_received(data)

    def end(self) -> bool | None:
        """Let the server hear that the client has ended its side."""
        assert isinstance(self.transport.protocol, asyncio.Protocol)
        return self.transport.protocol.eof_received()

    def received(self) -> bytes:
        """Return what the server has written since the last call."""
        data = bytes(self.transport.written)
        self.transport.written.clear()
        return data

    def answers(self) -> list[Answer]:
        """Return the complete responses since the last call."""
        self._reader.parser.feed_data(self.received())
        found, self._reader.answers = self._reader.answers, []
        return found

    def ask(self, method: str, path: str, body: bytes = b"", *rows: str, host: str = "127.0.0.1:8080") -> list[Answer]:
        """Send a request and return what has been answered when it was taken."""
        self.send(request_bytes(method, path, body, *rows, host=host))
        return self.answers()

    def websocket(self, path: str, host: str = "127.0.0.1:8080", compression: bool = False) -> "WebSocketClient":
        """Upgrade the connection; the server must accept."""
        return WebSocketClient(self, f"ws://{host}{path}", compression=compression)


class WebSocketClient:
    """The library's client protocol on the other end of a wire."""

    def __init__(self, wire: Wire, uri: str, *, compression: bool) -> None:
        extensions = enable_client_permessage_deflate(None) if compression else None
        self.protocol = ClientProtocol(parse_uri(uri), extensions=extensions)
        self._wire = wire
        self.protocol.send_request(self.protocol.connect())
        self.exchange()
        assert self.protocol.handshake_exc is None, f"expected an accepted handshake, was {self.protocol.handshake_exc}"

    def exchange(self) -> list[Frame]:
        """Send what is to be sent, and return the frames that have come."""
        for data in self.protocol.data_to_send():
            if data and not self._wire.transport.closed:
                self._wire.send(data)
        data = self._wire.received()
        if data:
            self.protocol.receive_data(data)
        return [event for event in self.protocol.events_received() if isinstance(event, Frame)]

    def say(self, text: str) -> list[str]:
        """Send a text message and return the texts that have come."""
        self.protocol.send_text(text.encode())
        return self.texts()

    def texts(self) -> list[str]:
        """Return the texts that have come."""
        return [bytes(frame.data).decode() for frame in self.exchange() if frame.opcode is Opcode.TEXT]

    def close_code(self) -> int | None:
        """Return the code of the close frame that has come."""
        self.exchange()
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd is not None else None


def request_bytes(method: str, path: str, body: bytes = b"", *rows: str, host: str = "127.0.0.1:8080") -> bytes:
    """Return a request as a client sends it."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", *rows]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body
