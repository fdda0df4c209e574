"""What all connections of one server share: routes, clock, open connections, running handlers, the hooks of faults."""

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any, Final, Protocol, TypeVar

import msgspec
from websockets.extensions.base import ServerExtensionFactory
from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
from websockets.server import ServerProtocol

from engine.exchange.server.messages import Request, Response
from engine.exchange.server.routes import Routes, StreamRoute
from engine.exchange.server.websocket import FrameGate, WebSocketConnection

MS_PER_S: Final = 1000
Answer = TypeVar("Answer")


class Plan(msgspec.Struct, frozen=True):
    """What is to go wrong with one request; a request that nothing happens to has no plan."""

    hold_ms: int = 0
    """How long it waits before it is handled."""
    drop_before: bool = False
    """Reset the connection instead of handling it."""
    answer: Response | None = None
    """Answer this instead of handling it."""
    delay_ms: int = 0
    """How long the answer waits after handling."""
    drop_after: bool = False
    """Handle it, then reset the connection instead of answering."""
    silent_after: bool = False
    """Handle it, and never answer; the connection stays."""
    answer_after: Response | None = None
    """Handle it, and answer this."""


class Interceptor(Protocol):
    """Asked about every request and stream before its handler; faults and limits are such."""

    def plan(self, name: str, request: Request, now_ms: int) -> Plan | None:
        """Return what is to happen to a request, None for nothing; `name` is `POST /order` or `WS /ws/market`."""
        ...

    def gate(self, name: str, request: Request, number: int) -> FrameGate | None:
        """Return what the outgoing frames of a new stream connection pass, None for nothing."""
        ...


class Context:
    """`now_ms` is the time that interceptors and the Date header are given; without it there is no Date header, and
    the loop's own time is taken.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        routes: Routes,
        *,
        now_ms: Callable[[], int] | None = None,
        interceptors: tuple[Interceptor, ...] = (),
        compression: bool = True,
    ) -> None:
        self.loop = loop
        self.routes = routes
        self.interceptors = interceptors
        self.now_ms = now_ms or self._loop_ms
        self.extensions: list[ServerExtensionFactory] = (
            list(enable_server_permessage_deflate(None)) if compression else []
        )
        self.transports: set[asyncio.Transport] = set()
        """Those that are open, HTTP and WebSocket alike."""
        self._streams_opened = 0
        self._dated = now_ms is not None
        self._date = (-1, "")
        self._running: set[asyncio.Future[Any]] = set()

    def date(self) -> str | None:
        """Return the value of the Date header, None without a clock."""
        if not self._dated:
            return None
        second = self.now_ms() // MS_PER_S
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]

    def run(self, work: Awaitable[Answer]) -> asyncio.Future[Answer]:
        """Run something to its end, whatever becomes of the connection that wanted it: a client that goes away does
        not stop its order (protocol.md 4.9).
        """
        future = asyncio.ensure_future(work, loop=self.loop)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def stream_connection(
        self, transport: asyncio.Transport, protocol: ServerProtocol, stream: StreamRoute, request: Request
    ) -> WebSocketConnection:
        """Return the protocol of a transport whose handshake was accepted; its number and its gate are new."""
        self._streams_opened += 1
        number = self._streams_opened
        gates = (each.gate(stream.name, request, number) for each in self.interceptors)
        return WebSocketConnection(
            transport,
            protocol,
            stream.handler,
            request,
            loop=self.loop,
            now_ms=self.now_ms,
            number=number,
            on_lost=self.transports.discard,
            gate=next((gate for gate in gates if gate is not None), None),
        )

    def plan(self, name: str, request: Request) -> Plan | None:
        """Ask all interceptors what is to happen to a request."""
        now_ms = self.now_ms()
        plans = [each.plan(name, request, now_ms) for each in self.interceptors]
        return merge([plan for plan in plans if plan is not None])

    def report(self, what: str, error: BaseException) -> None:
        """Tell the loop's exception handler of a bug."""
        self.loop.call_exception_handler({"message": what, "exception": error})

    async def stop(self) -> None:
        """Drop every connection and cancel what still runs."""
        for transport in tuple(self.transports):
            transport.abort()
        running = tuple(self._running)
        for future in running:
            future.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _loop_ms(self) -> int:
        return int(self.loop.time() * MS_PER_S)


def merge(plans: list[Plan]) -> Plan | None:
    """Return what several plans come to: waiting times add up, the first answer of each kind counts."""
    if len(plans) < 2:
        return plans[0] if plans else None
    return Plan(
        hold_ms=sum(plan.hold_ms for plan in plans),
        drop_before=any(plan.drop_before for plan in plans),
        answer=next((plan.answer for plan in plans if plan.answer is not None), None),
        delay_ms=sum(plan.delay_ms for plan in plans),
        drop_after=any(plan.drop_after for plan in plans),
        silent_after=any(plan.silent_after for plan in plans),
        answer_after=next((plan.answer_after for plan in plans if plan.answer_after is not None), None),
    )
