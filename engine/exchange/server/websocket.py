"""One WebSocket connection over any asyncio transport: the library's sans-I/O protocol in, a handler's calls out.

Text alone is spoken; a binary message closes with 1003. Pings of the protocol are answered by the library, the venue's
text PING is the handler's. Frames for many connections are encoded once, if no compression was agreed on.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Protocol, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol

from engine.exchange.server.messages import Request
from engine.exchange.streams.out import FrameKind

CLOSE_TIMEOUT_S: Final = 5
"""How long a client may take to end its side after a close frame; the library's clients take 10 s at most."""
BUFFERED_BYTES_MAX: Final = 64 << 20
"""A client that takes nothing is reset before its frames fill the memory."""
MESSAGE_BYTES_MAX: Final = 1 << 20
"""The default of the clients' own library; the longest documented limit is 64 KB (protocol.md 7.2)."""
LOG: Final = logging.getLogger("engine.exchange.websocket")
LOG.setLevel(logging.WARNING)  # at DEBUG the library logs frames, credentials among them


class FrameGate(Protocol):
    """Decides what becomes of a connection's outgoing frames; without faults there is no gate."""

    def opened(self, connection: "WebSocketConnection", now_ms: int) -> None:
        """Begin to guard a connection."""
        ...

    def closed(self) -> None:
        """Hear that the connection is gone."""
        ...

    def outgoing(self, kind: FrameKind, payload: bytes, now_ms: int) -> Sequence[bytes]:
        """Return the frames to send instead of this one, in order."""
        ...


class WebSocketHandler(Protocol):
    """Hears what happens on connections; called from the event loop's thread, and never for two things at once."""

    def on_open(self, connection: "WebSocketConnection") -> None:
        """Hear of a connection whose handshake is done."""
        ...

    def on_text(self, connection: "WebSocketConnection", text: str) -> None:
        """Take one text message."""
        ...

    def on_pong(self, connection: "WebSocketConnection") -> None:
        """Hear that the client answered a ping of the protocol."""
        ...

    def on_close(self, connection: "WebSocketConnection") -> None:
        """Hear, once, that the connection is gone."""
        ...


@lru_cache(maxsize=16)
def encode_text(payload: bytes) -> bytes:
    """Return a text frame as a server sends it, without extensions."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


class WebSocketConnection(asyncio.Protocol):
    """The protocol of a transport whose handshake has been accepted."""

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: ServerProtocol,
        handler: WebSocketHandler,
        request: Request,
        *,
        loop: asyncio.AbstractEventLoop,
        now_ms: Callable[[], int],
        number: int,
        on_lost: Callable[[asyncio.Transport], None],
        gate: FrameGate | None = None,
    ) -> None:
        assert protocol.state is State.OPEN, f"expected an accepted handshake, was {protocol.state}"
        self.request = request
        self.number = number
        """Counted from 1 on each server."""
        self._transport = transport
        self._protocol = protocol
        self._handler = handler
        self._loop = loop
        self._now_ms = now_ms
        self._on_lost = on_lost
        self._gate = gate
        self._encode_once = not protocol.extensions
        self._congested = False
        self._aborted = False
        self._message: list[bytes] = []
        self._closing: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> str:
        """Return the client's address."""
        return str(self._transport.get_extra_info("peername"))

    @property
    def is_open(self) -> bool:
        """Tell whether frames can still be sent."""
        return self._protocol.state is State.OPEN and not self._aborted

    @property
    def buffered_bytes(self) -> int:
        """Return how many bytes the client has not taken yet."""
        return self._transport.get_write_buffer_size()

    def send_text(self, payload: bytes | str, kind: FrameKind = FrameKind.DATA) -> None:
        """Send one text frame without waiting; ignored when the connection is closing."""
        encoded = payload.encode() if isinstance(payload, str) else payload
        if self._gate is None:
            self._send(encoded)
            return
        for each in self._gate.outgoing(kind, encoded, self._now_ms()):
            self._send(each)

    def send_now(self, payload: bytes) -> None:
        """Send one text frame past the gate: what the gate held back and has let go."""
        self._send(payload)

    def send_ping(self) -> None:
        """Send a ping of the WebSocket protocol."""
        if self.is_open:
            self._protocol.send_ping(b"")
            self._flush()

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; ignored when it has begun."""
        if self.is_open:
            self._protocol.send_close(code, reason)
            self._flush()

    def abort(self) -> None:
        """Reset the connection: the client sees an error, not an end."""
        self._aborted = True
        reset(self._transport)

    def start(self, rest: bytes) -> None:
        """Tell the handler, and take what the client sent with its handshake."""
        self._handler.on_open(self)
        if self._gate is not None:
            self._gate.opened(self, self._now_ms())
        if rest and self.is_open:
            self.data_received(rest)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            self._take(cast(Frame, event))
        self._flush()

    def eof_received(self) -> bool | None:
        """End this side, too."""
        self._protocol.receive_eof()
        self._flush()
        return None

    def connection_lost(self, exception: Exception | None) -> None:
        """Tell the handler that the connection is gone."""
        if self._closing is not None:
            self._closing.cancel()
        self._protocol.receive_eof()
        self._protocol.data_to_send()
        self._on_lost(self._transport)
        if self._gate is not None:
            self._gate.closed()
        self._handler.on_close(self)

    def pause_writing(self) -> None:
        """Begin to watch how much the client leaves untaken."""
        self._congested = True

    def resume_writing(self) -> None:
        """Stop watching."""
        self._congested = False

    def _send(self, payload: bytes) -> None:
        if not self.is_open:
            return
        if self._encode_once:
            self._transport.write(encode_text(payload))
        else:
            self._protocol.send_text(payload)
            self._flush()
        if self._congested and self.buffered_bytes > BUFFERED_BYTES_MAX:
            self.abort()

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self._handler.on_pong(self)
        elif frame.opcode is Opcode.BINARY:
            self.close(CloseCode.UNSUPPORTED_DATA, "expected text")
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            self._message.append(bytes(frame.data))
            if frame.fin:
                message, self._message = b"".join(self._message), []
                self._deliver(message)

    def _deliver(self, message: bytes) -> None:
        if not self.is_open:
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self.close(CloseCode.INVALID_DATA, "expected UTF-8")
            return
        try:
            self._handler.on_text(self, text)
        except Exception as error:  # a bug of ours ends this connection, not the server
            self._loop.call_exception_handler({"message": "a WebSocket handler failed", "exception": error})
            self.close(CloseCode.INTERNAL_ERROR)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data != SEND_EOF:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()
        if self._closing is None and self._protocol.close_expected():
            self._closing = self._loop.call_later(CLOSE_TIMEOUT_S, self._transport.abort)


def reset(transport: asyncio.Transport) -> None:
    """Close so that the peer is sent a TCP reset, where there is TCP."""
    connected = transport.get_extra_info("socket")
    if connected is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
