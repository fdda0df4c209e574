import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.server.context import Plan
from engine.exchange.server.hosts import Service
from engine.exchange.server.http import KEEP_ALIVE_S, QUEUE_MAX, HttpProtocol
from engine.exchange.server.messages import Request, Response, json_response
from engine.exchange.server.request_reader import BODY_BYTES_MAX
from engine.exchange.server.routes import Routes
from tests.unit.engine.exchange.server.handlers import Echo
from tests.unit.engine.exchange.server.wires import UPGRADE, Wire, request_bytes


def on_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**arguments: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(20):
                await test(**arguments)

        asyncio.run(limited())

    return run


class Slow:
    """Answers when it is told to, with the path's last part."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request.variables[0])
        await self.may_answer.wait()
        return json_response(request.variables[0])


def routes(slow: Slow | None = None, echo: Echo | None = None) -> Routes:
    made = Routes()
    made.add(Service.CLOB, "GET", "/time", lambda request: json_response(1763683200))
    made.add(Service.CLOB, "POST", "/order", lambda request: Response(200, request.body))
    made.add(Service.CLOB, "GET", "/fail", fail)
    made.add(Service.CLOB, "GET", "/fail/later", fail_later)
    made.add(Service.CLOB, "GET", "/slow/{name}", slow or Slow())
    made.add_stream(Service.CLOB_STREAMS, "/ws/market", echo or Echo(), "/ws/market")
    return made


def fail(request: Request) -> Response:
    raise RuntimeError("a bug with a secret in it")


async def fail_later(request: Request) -> Response:
    raise RuntimeError("a bug with a secret in it")


async def settle() -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)


class Planned:
    """An interceptor with one plan for everything."""

    def __init__(self, plan: Plan | None) -> None:
        self.asked: list[str] = []
        self._plan = plan

    def plan(self, name: str, request: Request, now_ms: int) -> Plan | None:
        self.asked.append(name)
        return self._plan

    def gate(self, name: str, request: Request, number: int) -> None:
        return None


@on_a_loop
async def test_requests_of_one_connection_are_answered_at_once() -> None:
    wire = Wire(routes())
    (answer,) = wire.ask("GET", "/time")
    assert (answer.status, answer.body) == (200, b"1763683200")
    assert answer.headers == {"content-type": "application/json", "content-length": "10"}
    (answer,) = wire.ask("POST", "/order", b'{"a":1}')
    assert answer.body == b'{"a":1}'


@on_a_loop
async def test_pipelined_requests_are_answered_in_order_behind_a_slow_one() -> None:
    slow = Slow()
    wire = Wire(routes(slow))
    paths = ["/time", "/slow/a", "/time", "/slow/b", "/time"]
    wire.send(b"".join(request_bytes("GET", path) for path in paths))
    await settle()
    assert ([answer.body for answer in wire.answers()], slow.asked) == ([b"1763683200"], ["a"])
    slow.may_answer.set()
    await settle()
    assert [answer.body for answer in wire.answers()] == [b'"a"', b"1763683200", b'"b"', b"1763683200"]


@on_a_loop
async def test_reading_stops_while_too_much_waits() -> None:
    slow = Slow()
    wire = Wire(routes(slow))
    wire.send(request_bytes("GET", "/slow/a") + request_bytes("GET", "/time") * QUEUE_MAX)
    assert not wire.transport.reading
    slow.may_answer.set()
    await settle()
    assert wire.transport.reading
    assert len(wire.answers()) == QUEUE_MAX + 1


@on_a_loop
async def test_reading_stops_while_the_client_takes_no_answers() -> None:
    wire = Wire(routes())
    wire.transport.protocol.pause_writing()
    assert not wire.transport.reading
    wire.transport.protocol.resume_writing()
    assert wire.transport.reading


@on_a_loop
async def test_a_request_is_done_to_its_end_when_its_client_is_gone() -> None:
    slow = Slow()
    wire = Wire(routes(slow))
    wire.send(request_bytes("GET", "/slow/a"))
    await settle()
    wire.transport.close()
    await settle()
    slow.may_answer.set()
    await settle()
    assert wire.bugs == []
    assert (slow.asked, wire.context.transports) == (["a"], set())


@on_a_loop
async def test_close_is_kept_and_said() -> None:
    wire = Wire(routes())
    (answer,) = wire.ask("GET", "/time", b"", "Connection: close")
    assert answer.headers["connection"] == "close"
    assert wire.transport.closed


@on_a_loop
async def test_a_refusal_is_said_before_the_connection_ends() -> None:
    wire = Wire(routes())
    wire.send(request_bytes("GET", "/time") + b"nonsense\r\n\r\n")
    first, second = wire.answers()
    assert (first.status, second.status, second.headers["connection"]) == (200, 400, "close")
    assert (wire.transport.ended, wire.transport.closed) == (True, False), "expected time to read the refusal"
    wire.send(b"more")
    assert wire.received() == b""


@on_a_loop
async def test_a_refusal_ends_a_connection_that_cannot_be_half_closed() -> None:
    wire = Wire(routes(), half_closes=False)
    wire.send(b"nonsense\r\n\r\n")
    assert wire.transport.closed


@on_a_loop
async def test_unknown_paths_and_methods_leave_the_connection_open() -> None:
    wire = Wire(routes())
    assert [wire.ask(method, path)[0].status for method, path in (("GET", "/x"), ("GET", "/order"))] == [404, 405]
    assert [answer.status for answer in wire.ask("GET", "/time")] == [200]


@on_a_loop
async def test_head_has_the_length_and_no_body() -> None:
    wire = Wire(routes())
    wire.send(request_bytes("HEAD", "/time"))
    data = wire.received()
    assert b"Content-Length: 10\r\n" in data
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/fail", "/fail/later"])
def test_a_bug_of_a_handler_is_reported_and_not_told_to_the_client(path: str) -> None:
    @on_a_loop
    async def run() -> None:
        wire = Wire(routes())
        wire.send(request_bytes("GET", path))
        await settle()
        (answer,) = wire.answers()
        assert (answer.status, answer.body) == (500, b'{"error":"Internal server error"}')
        assert [type(bug["exception"]) for bug in wire.bugs] == [RuntimeError]
        assert wire.ask("GET", "/time")[0].status == 200

    run()


@on_a_loop
async def test_a_client_that_awaits_it_is_told_to_continue() -> None:
    wire = Wire(routes())
    wire.send(request_bytes("POST", "/order", b"", "Content-Length: 2", "Expect: 100-continue"))
    assert wire.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"ab")
    assert wire.answers()[0].body == b"ab"


@on_a_loop
async def test_nobody_is_told_to_continue_with_a_body_that_is_too_long() -> None:
    wire = Wire(routes())
    (answer,) = wire.ask("POST", "/order", b"", f"Content-Length: {BODY_BYTES_MAX + 1}", "Expect: 100-continue")
    assert answer.status == 413


@on_a_loop
async def test_a_client_that_ends_its_side_gets_what_it_asked_for() -> None:
    slow = Slow()
    wire = Wire(routes(slow))
    wire.send(request_bytes("GET", "/slow/a"))
    assert wire.end() is True, "expected the connection to be kept for the answer"
    slow.may_answer.set()
    await settle()
    assert wire.answers()[0].body == b'"a"'
    assert wire.transport.closed
    assert not Wire(routes()).end()


@on_a_loop
async def test_the_date_is_that_of_the_clock() -> None:
    now = [1_795_219_200_000]
    wire = Wire(routes(), now_ms=lambda: now[0])
    assert wire.ask("GET", "/time")[0].headers["date"] == "Sat, 21 Nov 2026 00:00:00 GMT"
    now[0] += 1_000
    assert wire.ask("GET", "/time")[0].headers["date"] == "Sat, 21 Nov 2026 00:00:01 GMT"


@on_a_loop
async def test_an_idle_connection_is_closed_and_a_busy_one_is_not() -> None:
    idle, busy = Wire(routes()), Wire(routes(Slow()))
    busy.send(request_bytes("GET", "/slow/a"))
    for wire in (idle, busy):
        protocol = wire.transport.protocol
        assert isinstance(protocol, HttpProtocol)
        protocol._check_idle()
        assert not wire.transport.closed, "expected the connection not to be idle for long enough"
        protocol._last_s -= KEEP_ALIVE_S
        protocol._check_idle()
    assert (idle.transport.closed, busy.transport.closed) == (True, False)
    await busy.context.stop()


@on_a_loop
async def test_a_connect_is_no_business_of_this_port() -> None:
    wire = Wire(routes())
    wire.send(b"CONNECT clob.polymarket.com:443 HTTP/1.1\r\nHost: clob.polymarket.com:443\r\n\r\n")
    assert wire.answers()[0].status == 405


# What interceptors do to a request.


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (Plan(answer=Response(425, b"restart")), [(425, b"restart")]),
        (Plan(answer_after=Response(500, b"timed out")), [(500, b"timed out")]),
        (Plan(hold_ms=1, delay_ms=1), [(200, b'"a"')]),
        (Plan(drop_before=True), []),
        (Plan(drop_after=True), []),
        (Plan(silent_after=True), []),
    ],
)
def test_a_plan_happens_to_a_request(plan: Plan, expected: list[tuple[int, bytes]]) -> None:
    @on_a_loop
    async def run() -> None:
        slow = Slow()
        slow.may_answer.set()
        planned = Planned(plan)
        wire = Wire(routes(slow), interceptors=(planned,))
        wire.send(request_bytes("GET", "/slow/a"))
        await asyncio.sleep(0.02)
        assert [(answer.status, answer.body) for answer in wire.answers()] == expected
        assert planned.asked == ["GET /slow/{name}"]
        was_handled = plan.answer is None and not plan.drop_before
        assert slow.asked == (["a"] if was_handled else [])
        assert wire.transport.aborted is (plan.drop_before or plan.drop_after)

    run()


@on_a_loop
async def test_a_silent_connection_stays_open_and_silent() -> None:
    wire = Wire(routes(), interceptors=(Planned(Plan(silent_after=True)),))
    wire.send(request_bytes("GET", "/time") * 2)
    await settle()
    assert (wire.received(), wire.transport.closed) == (b"", False)


# Upgrades.


@on_a_loop
async def test_a_websocket_is_opened_and_the_transport_handed_over() -> None:
    echo = Echo()
    wire = Wire(routes(echo=echo), now_ms=lambda: 0)
    client = wire.websocket("/ws/market")
    assert client.say("PING") == ["PING"]
    assert (echo.open[0].request.path, echo.open[0].number) == ("/ws/market", 1)


@on_a_loop
async def test_frames_that_come_with_the_handshake_are_taken() -> None:
    echo = Echo()
    wire = Wire(routes(echo=echo))
    frame = b"\x81\x82\x00\x00\x00\x00hi"
    wire.send(request_bytes("GET", "/ws/market", b"", *UPGRADE) + frame)
    assert echo.heard == ["hi"]
    assert wire.received().endswith(b"\x81\x02hi")


@pytest.mark.parametrize(
    ("path", "rows", "status"),
    [
        ("/nope", ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="], 404),
        ("/ws/market", ["Sec-WebSocket-Version: 13"], 400),
        ("/ws/market", ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="], 400),
        ("/ws/market", ["Sec-WebSocket-Key: AAAA", "Sec-WebSocket-Version: 13"], 400),
    ],
)
def test_a_bad_handshake_is_refused(path: str, rows: list[str], status: int) -> None:
    @on_a_loop
    async def run() -> None:
        echo = Echo()
        wire = Wire(routes(echo=echo))
        (answer,) = wire.ask("GET", path, b"", "Upgrade: websocket", "Connection: Upgrade", *rows)
        assert answer.status == status
        assert b'{"error":' in answer.body
        assert echo.open == []

    run()


@on_a_loop
async def test_a_handshake_can_be_planned_for() -> None:
    planned = Planned(Plan(answer=Response(429, b"{}", (("Retry-After", "3"),))))
    wire = Wire(routes(), interceptors=(planned,))
    wire.send(request_bytes("GET", "/ws/market", b"", *UPGRADE))
    await settle()
    (answer,) = wire.answers()
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert planned.asked == ["WS /ws/market"]


@on_a_loop
async def test_a_delayed_handshake_keeps_what_follows() -> None:
    echo = Echo()
    wire = Wire(routes(echo=echo), interceptors=(Planned(Plan(hold_ms=1)),))
    wire.send(request_bytes("GET", "/ws/market", b"", *UPGRADE))
    assert not wire.transport.reading
    wire.send(b"\x81\x82\x00\x00\x00\x00hi")
    await asyncio.sleep(0.02)
    assert (echo.heard, wire.transport.reading) == (["hi"], True)


PIECES = [
    request_bytes("GET", "/time"),
    request_bytes("GET", "/slow/a"),
    request_bytes("POST", "/order", b"abc"),
    request_bytes("GET", "/ws/market", b"", *UPGRADE),
    request_bytes("GET", "/time", b"", "Connection: close"),
    b"CONNECT clob.polymarket.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n",
    b"\x81\x80\x00\x00\x00\x00",
]


@given(pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=8), cut=st.integers(1, 400))
def test_no_bytes_make_it_fail(pieces: list[bytes], cut: int) -> None:
    @on_a_loop
    async def run() -> None:
        slow = Slow()
        wire = Wire(routes(slow))
        data = b"".join(pieces)
        for begin in range(0, len(data), cut):
            if not wire.transport.closed:
                wire.send(data[begin : begin + cut])
                await asyncio.sleep(0)
        slow.may_answer.set()
        await settle()
        assert wire.bugs == []
        await wire.context.stop()

    run()
