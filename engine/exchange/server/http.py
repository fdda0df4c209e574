"""One HTTP/1.1 connection over any asyncio transport: requests in, answers out in their order, upgrades handed over.

Nothing here knows the wall clock or sockets: time is the loop's, or the context's clock. A handler that answers at once
runs in the call that received the bytes and costs no task; while a slow one runs,
further requests wait in a short queue, and reading stops when it is full.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Final, cast

from websockets.datastructures import Headers
from websockets.http11 import Request as UpgradeRequest
from websockets.server import ServerProtocol

from engine.exchange.server.context import MS_PER_S, Context, Plan
from engine.exchange.server.hosts import host_of
from engine.exchange.server.messages import Handler, Request, Response, error_response, render
from engine.exchange.server.request_reader import Incoming, Refusal, RequestReader
from engine.exchange.server.routes import StreamRoute
from engine.exchange.server.websocket import LOG, MESSAGE_BYTES_MAX, reset

KEEP_ALIVE_S: Final = 75
"""How long an idle connection is kept; the official client gives its own up after 30 s (protocol.md 1.2)."""
QUEUE_MAX: Final = 16
"""Requests that wait behind a slow one before reading stops."""
LINGER_S: Final = 1
"""How long a refused client may go on sending, so that it reads the refusal and not a reset."""
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(asyncio.Protocol):
    """The protocol of an accepted connection, until it is upgraded."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = RequestReader()
        self._queue: deque[Incoming | Refusal] = deque()
        self._transport: asyncio.Transport
        self._is_busy = False
        self._is_gone = False
        self._is_ending = False  # nothing is read or answered any more
        self._is_upgrading = False
        self._is_half_closed = False
        self._is_congested = False
        self._is_reading = True
        self._last_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen to a client."""
        self._transport = cast(asyncio.Transport, transport)
        self._context.transports.add(self._transport)
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last_s = self._context.loop.time()
        self._timer = self._context.loop.call_later(KEEP_ALIVE_S, self._check_idle)

    def connection_lost(self, exception: Exception | None) -> None:
        """Forget the client; what it asked for is done all the same."""
        self._is_gone = self._is_ending = True
        self._context.transports.discard(self._transport)
        self._stop_timer()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self._last_s = self._context.loop.time()
        if self._is_ending:
            return
        for incoming in self._reader.feed(data):
            if self._is_busy or self._queue:
                self._queue.append(incoming)
            elif not self._is_ending:
                self._start(incoming)
        self._after_batch()

    def eof_received(self) -> bool:
        """Answer what was asked before a client ends its side."""
        self._is_half_closed = True
        return self._is_busy and self._transport.get_extra_info("sslcontext") is None  # TLS cannot be half-closed

    def pause_writing(self) -> None:
        """Take no more requests from a client that does not take its answers."""
        self._is_congested = True
        self._adjust_reading()

    def resume_writing(self) -> None:
        """Take requests again."""
        self._is_congested = False
        self._adjust_reading()

    def _start(self, incoming: Incoming | Refusal) -> None:
        """Answer a request, or begin to."""
        if isinstance(incoming, Refusal):
            self._refuse(error_response(incoming.status, incoming.message))
        elif incoming.is_websocket:
            self._upgrade(incoming)
        elif incoming.is_tunnel:
            self._tunnel(incoming)
        else:
            self._handle(incoming)

    def _host(self, incoming: Incoming) -> str | Response:
        """Return which host's routes a request is for, or why it is for none; a proxy has its own opinion."""
        return host_of(incoming.authority)

    def _tunnel(self, incoming: Incoming) -> None:
        """Take CONNECT; this is no proxy."""
        self._refuse(error_response(HTTPStatus.METHOD_NOT_ALLOWED, "this is not the proxy's port"))

    def _handle(self, incoming: Incoming) -> None:
        host = self._host(incoming)
        if isinstance(host, Response):
            self._refuse(host)
            return
        found = self._context.routes.find(host, incoming.method, incoming.path)
        if isinstance(found, Response):
            self._answer(incoming, found)
            return
        route, variables = found
        request = _request(incoming, host, variables)
        plan = self._context.plan(route.name, request) if self._context.interceptors else None
        if plan is not None:
            self._later(incoming, self._follow(plan, partial(self._call, route.handler, request)))
            return
        answer = self._call(route.handler, request)
        if isinstance(answer, Response):
            self._answer(incoming, answer)
        else:
            self._later(incoming, answer)

    def _call(self, handler: Handler, request: Request) -> Response | Awaitable[Response]:
        try:
            return handler(request)
        except Exception as error:  # a bug of ours ends this request, not the server
            return self._bug(error)

    def _bug(self, error: BaseException) -> Response:
        self._context.report("a request handler failed", error)
        return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")

    def _later(self, incoming: Incoming, answer: Awaitable[Response | None]) -> None:
        self._is_busy = True
        self._context.run(answer).add_done_callback(partial(self._finish, incoming))

    def _finish(self, incoming: Incoming, answered: asyncio.Future[Response | None]) -> None:
        """Answer when the answer is there, then go on with what waits behind it; without one, never go on."""
        if answered.cancelled():
            return
        error = answered.exception()
        answer = self._bug(error) if error is not None else answered.result()
        if answer is None:
            return
        self._is_busy = False
        self._answer(incoming, answer)
        while self._queue and not self._is_busy and not self._is_ending:
            self._start(self._queue.popleft())
        self._after_batch()

    async def _follow(
        self, plan: Plan, call: Callable[[], Response | Awaitable[Response | None] | None]
    ) -> Response | None:
        """Let happen to a request what is planned; None is no answer, ever."""
        await asyncio.sleep(plan.hold_ms / MS_PER_S)
        if plan.drop_before:
            self._reset()
            return None
        if plan.answer is not None:
            return plan.answer
        called = call()
        answer = called if isinstance(called, Response) or called is None else await called
        if plan.drop_after:
            self._reset()
            return None
        await asyncio.sleep(plan.delay_ms / MS_PER_S)
        if plan.silent_after:
            return None
        return answer if plan.answer_after is None else plan.answer_after

    def _answer(self, incoming: Incoming, response: Response) -> None:
        if self._is_gone or self._is_ending:
            return
        with_body = incoming.method != "HEAD"
        keep_alive = incoming.keep_alive
        self._transport.write(render(response, keep_alive=keep_alive, date=self._context.date(), with_body=with_body))
        if not keep_alive:
            self._end()

    def _refuse(self, response: Response) -> None:
        """Answer for the last time, and give the client a moment to read it."""
        if self._is_gone or self._is_ending:
            return
        self._transport.write(render(response, keep_alive=False, date=self._context.date()))
        if not self._transport.can_write_eof():
            self._end()
            return
        self._is_ending, self._is_upgrading = True, False
        self._queue.clear()
        self._stop_timer()
        self._adjust_reading()
        self._transport.write_eof()
        self._timer = self._context.loop.call_later(LINGER_S, self._transport.close)

    def _reset(self) -> None:
        self._is_ending = True
        if not self._is_gone:
            reset(self._transport)

    def _end(self) -> None:
        self._is_ending = True
        self._queue.clear()
        self._transport.close()

    def _upgrade(self, incoming: Incoming) -> None:
        """Open a WebSocket, if there is one."""
        host = self._host(incoming)
        found = host if isinstance(host, Response) else self._context.routes.find_stream(host, incoming.path)
        if isinstance(found, Response):
            self._refuse(found)
            return
        self._is_upgrading = True
        request = _request(incoming, cast(str, host), ())
        plan = self._context.plan(found.name, request) if self._context.interceptors else None
        if plan is None:
            self._open(found, request)
        else:
            self._later(incoming, self._follow(plan, partial(self._open, found, request)))

    def _open(self, stream: StreamRoute, request: Request) -> None:
        """Accept a handshake and hand the transport over, or refuse it."""
        if self._is_gone or self._is_ending:
            return
        protocol = ServerProtocol(extensions=self._context.extensions, max_size=MESSAGE_BYTES_MAX, logger=LOG)
        protocol.receive_data(UpgradeRequest(request.path, Headers(list(request.headers.items()))).serialize())
        events = protocol.events_received()
        response = protocol.accept(cast(UpgradeRequest, events[0])) if events and request.method == "GET" else None
        if response is None or response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            why = bytes(response.body or b"").decode() if response is not None else "expected a GET with short headers"
            self._refuse(error_response(HTTPStatus.BAD_REQUEST, why.strip()))
            return
        del response.headers["Date"]  # the library's is the wall clock's
        date = self._context.date()
        if date is not None:
            response.headers["Date"] = date
        protocol.send_response(response)
        self._transport.write(b"".join(protocol.data_to_send()))
        self._is_ending = True
        self._stop_timer()
        connection = self._context.stream_connection(self._transport, protocol, stream, request)
        self._transport.set_protocol(connection)
        self._is_upgrading = False
        self._adjust_reading()
        connection.start(self._reader.rest)

    def _after_batch(self) -> None:
        """Do what has waited for the answers given so far."""
        if self._is_gone:
            return
        if self._reader.awaits_continue and not self._is_busy and not self._is_ending:
            self._reader.awaits_continue = False
            self._transport.write(CONTINUE)
        if self._is_half_closed and not self._is_busy and not self._is_ending:
            self._end()
        self._adjust_reading()

    def _adjust_reading(self) -> None:
        is_full = self._is_congested or len(self._queue) >= QUEUE_MAX
        wanted = not self._is_upgrading and (self._is_ending or not is_full)
        if wanted != self._is_reading and not self._is_gone:
            self._is_reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _check_idle(self) -> None:
        """Close a connection on which nothing has come for long; look again later otherwise."""
        loop = self._context.loop
        left_s = self._last_s + KEEP_ALIVE_S - loop.time()
        if left_s <= 0 and not self._is_busy:
            self._end()
        else:
            self._timer = loop.call_later(max(left_s, 1), self._check_idle)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _request(incoming: Incoming, host: str, variables: tuple[str, ...]) -> Request:
    return Request(incoming.method, incoming.path, incoming.query, incoming.headers, incoming.body, host, variables)
