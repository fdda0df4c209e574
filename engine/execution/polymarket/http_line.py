"""One warm HTTP/1.1 connection: bytes out, one answer in, nothing pipelined; a lost answer is said to be lost."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

import httptools
import msgspec

ANSWER_BYTES_MAX: Final = 8 << 20
"""A page of trades has some 100 kB; something larger than this is not an answer of the venue."""


class Answer(msgspec.Struct, frozen=True):
    """A complete answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class LostAnswer(msgspec.Struct, frozen=True):
    """No answer: the connection ended, or time ran out. What was asked may have been done."""

    why: str


OnAnswer = Callable[[Answer | LostAnswer], None]


class LineOwner(Protocol):
    """Who hears that a line can take the next request, or is gone."""

    def on_idle(self, line: "HttpLine") -> None:
        """Hear that the line's answer has been delivered and that it can be used again."""
        ...

    def on_gone(self, line: "HttpLine", why: str) -> None:
        """Hear, once, that the line is closed, and why."""
        ...


class HttpLine(asyncio.Protocol):
    """A connection of the pool: at most one request is under way on it."""

    def __init__(self, owner: LineOwner) -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiting: OnAnswer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._answer: Answer | None = None
        self._keep = True
        self._is_gone = False

    @property
    def is_idle(self) -> bool:
        """Whether a request can be sent now."""
        return self._transport is not None and self._waiting is None and not self._is_gone

    def send(self, request: bytes, on_answer: OnAnswer, timeout_s: float) -> None:
        """Give a request to the socket; `on_answer` is called once, at the latest after `timeout_s`."""
        assert self._transport is not None, "only an idle line is sent on"
        assert self._waiting is None, "only an idle line is sent on"
        self._waiting = on_answer
        self._transport.write(request)  # before all that is for the answer, which comes in another turn of the loop
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body, self._answer = {}, bytearray(), None
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(timeout_s, self._lose, f"no answer within {timeout_s:g} s")

    def close(self) -> None:
        """Close the connection; a request that is under way is lost."""
        self._lose("closed by us")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that what was under way is lost."""
        self._lose(f"the connection ended: {exc}" if exc else "the connection ended")

    def data_received(self, data: bytes) -> None:
        """Read on; when the answer is complete the line is idle again, unless the venue closes it."""
        if self._parser is None or self._waiting is None:
            self._lose("bytes that nobody asked for")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._keep = False
            if self._answer is None:
                self._lose(f"not an HTTP answer: {error}")
                return
        if len(self._body) > ANSWER_BYTES_MAX:
            self._lose("an answer larger than any of the venue's")
        elif self._answer is not None:
            self._deliver(self._answer, keep=self._keep)

    def on_message_begin(self) -> None:
        """Note that something follows the answer: the first one counts, and the line is not used again."""
        if self._answer is not None:
            self._keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header from the parser."""
        if self._answer is None:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body from the parser."""
        if self._answer is None:
            self._body += body

    def on_message_complete(self) -> None:
        """Note that the answer is complete."""
        if self._answer is not None:
            return
        assert self._parser is not None
        self._answer = Answer(self._parser.get_status_code(), self._headers, bytes(self._body))
        self._keep = self._parser.should_keep_alive()  # the parser knows it only now

    def _deliver(self, answer: Answer, *, keep: bool) -> None:
        on_answer = self._finish()
        assert on_answer is not None
        if not keep:
            self._lose("the venue closes the connection")
        on_answer(answer)
        if keep and self.is_idle:
            self._owner.on_idle(self)

    def _lose(self, why: str) -> None:
        waiting = self._finish()
        if not self._is_gone:
            self._is_gone = True
            if self._transport is not None:
                self._transport.abort()
            self._owner.on_gone(self, why)
        if waiting is not None:
            waiting(LostAnswer(why))

    def _finish(self) -> OnAnswer | None:
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting, self._timer = self._waiting, None, None
        return waiting
