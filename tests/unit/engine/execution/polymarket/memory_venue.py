"""A venue in memory and in virtual time: it keeps what it is asked and answers when the test says so."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, cast

import httptools
import orjson
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Upgrade
from websockets.server import ServerProtocol

from engine.execution.polymarket.dialling import Address
from engine.lab.virtual.loop import VirtualLoop

ADDRESS = Address("venue.test", 80, tls=False)
USER = Address("venue.test", 81, tls=False, path="/ws/user")


async def dial(factory: Callable[[], Any], address: Address, /) -> Any:
    """Connect over the running loop's network in memory."""
    return await asyncio.get_running_loop().create_connection(factory, address.host, address.port)


def run(work: Coroutine[Any, Any, None], loop: VirtualLoop | None = None) -> VirtualLoop:
    """Run a test in virtual time; nothing may have been raised beside it."""
    loop = loop or VirtualLoop(horizon_s=600.0)
    loop.run(work)
    assert loop.errors == []
    return loop


def answer_bytes(content: object = None, status: int = 200, **headers: str) -> bytes:
    """Return an HTTP answer with a JSON body."""
    body = orjson.dumps({} if content is None else content)
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Asked(NamedTuple):
    """One request, and the connection that it came by."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    line: "ServedLine"

    def reply(self, content: object = None, status: int = 200, **headers: str) -> None:
        """Answer it."""
        self.line.reply(answer_bytes(content, status, **headers))


class ServedLine(asyncio.Protocol):
    """The venue's end of one HTTP connection."""

    def __init__(self, venue: "MemoryVenue") -> None:
        self.transport: asyncio.Transport
        self.unanswered = 0
        self._venue = venue
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._target, self._body, self._headers = "", b"", dict[str, str]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._venue.lines.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._venue.lines.remove(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._target += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        self.unanswered += 1
        assert self.unanswered == 1, "a request was pipelined"
        self._venue.hear(Asked(method, self._target, self._headers, self._body, self))
        self._begin()

    def reply(self, answer: bytes) -> None:
        self.unanswered -= 1
        self.transport.write(answer)


class MemoryVenue:
    """Listens at ADDRESS; `answers` replies to each request, or requests wait in `asked` for the test to do it."""

    def __init__(self, loop: VirtualLoop, answers: Callable[[Asked], None] | None = None) -> None:
        self.asked: list[Asked] = []
        self.lines: list[ServedLine] = []
        self.answers = answers
        self._network = loop.network
        self.listen()

    def listen(self) -> None:
        """Take connections."""
        self._network.listen((ADDRESS.host, ADDRESS.port), lambda: ServedLine(self))

    def shut(self) -> None:
        """Take no new ones and end those that are there."""
        self._network.shut((ADDRESS.host, ADDRESS.port))
        for line in tuple(self.lines):
            line.transport.abort()

    def hear(self, asked: Asked) -> None:
        """Keep a request, or answer it."""
        if self.answers is None:
            self.asked.append(asked)
        else:
            self.answers(asked)

    async def next(self) -> Asked:
        """Return the oldest request that was not taken yet."""
        while not self.asked:
            await asyncio.sleep(0.001)
        return self.asked.pop(0)


class UserEnd(asyncio.Protocol):
    """The venue's end of one user channel: `texts` are what the client said; PING is answered while `pongs` is set."""

    def __init__(self, channel: "UserChannel") -> None:
        self.transport: asyncio.Transport
        self.texts: list[str] = []
        self._channel = channel
        self._protocol = ServerProtocol()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._channel.ends.append(self)

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Upgrade):
                self._channel.upgrades.append(event)
                accepted = self._channel.refuse_with is None
                status = self._channel.refuse_with or 101
                said = self._protocol.accept(event) if accepted else self._protocol.reject(status, "no")
                self._protocol.send_response(said)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.texts.append(bytes(event.data).decode())
                if self.texts[-1] == "PING" and self._channel.pongs:
                    self._protocol.send_text(b"PONG")
        self._flush()

    def tell(self, *pieces: bytes) -> None:
        """Send one text message, in as many frames as it has pieces."""
        first, *more = pieces
        self._protocol.send_text(first, fin=not more)
        for index, piece in enumerate(more, 1):
            self._protocol.send_continuation(piece, fin=index == len(more))
        self._flush()

    def close(self) -> None:
        """Say goodbye as a WebSocket does."""
        self._protocol.send_close(1001)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self.transport.write(data)


class UserChannel:
    """Listens at USER."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.ends: list[UserEnd] = []
        self.upgrades: list[Upgrade] = []
        self.pongs = True
        self.refuse_with: int | None = None
        self._network = loop.network
        self.listen()

    def listen(self) -> None:
        """Take connections."""
        self._network.listen((USER.host, USER.port), lambda: UserEnd(self))

    def shut(self) -> None:
        """Take no new ones and end those that are there."""
        self._network.shut((USER.host, USER.port))
        for end in self.ends:
            end.transport.abort()
