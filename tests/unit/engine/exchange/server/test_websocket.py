import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode

from engine.exchange.server import websocket
from engine.exchange.server.context import Interceptor
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request
from engine.exchange.server.routes import Routes
from engine.exchange.server.websocket import WebSocketConnection, encode_text
from engine.exchange.streams.out import FrameKind
from tests.unit.engine.exchange.server.handlers import Echo
from tests.unit.engine.exchange.server.test_http import on_a_loop, settle
from tests.unit.engine.exchange.server.wires import WebSocketClient, Wire


def connect(
    *, compression: bool = False, interceptors: tuple[Interceptor, ...] = ()
) -> tuple[Wire, WebSocketClient, Echo]:
    echo, routes = Echo(), Routes()
    routes.add_stream(Service.CLOB_STREAMS, "/ws/market", echo, "/ws/market")
    wire = Wire(routes, compression=compression, interceptors=interceptors)
    return wire, wire.websocket("/ws/market", compression=compression), echo


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("compression", [False, True])
def test_texts_of_every_length_go_both_ways(length: int, compression: bool) -> None:
    @on_a_loop
    async def run() -> None:
        _, client, _ = connect(compression=compression)
        text = "é" * (length // 2) + "x" * (length % 2)
        assert client.say(text) == [text]
        assert client.say(text) == [text]

    run()


@on_a_loop
async def test_compression_is_used_when_both_sides_have_it() -> None:
    wire, client, echo = connect(compression=True)
    assert client.say("x" * 10_000) == ["x" * 10_000]
    echo.open[0].send_text("x" * 10_000)
    assert len(wire.received()) < 200


def test_a_frame_for_many_is_encoded_once() -> None:
    payload = b"x" * 300
    assert encode_text(payload) is encode_text(payload)
    assert encode_text(b"PONG") == b"\x81\x04PONG"


@on_a_loop
async def test_a_message_in_fragments_is_one_message() -> None:
    _, client, echo = connect()
    client.protocol.send_text("é".encode()[:1], fin=False)
    client.protocol.send_continuation("é".encode()[1:], fin=False)
    client.protocol.send_continuation(b"!", fin=True)
    assert client.texts() == ["é!"]
    assert echo.heard == ["é!"]


@on_a_loop
async def test_a_ping_of_the_protocol_is_answered_without_the_handler() -> None:
    _, client, echo = connect()
    client.protocol.send_ping(b"abc")
    assert [(frame.opcode, frame.data) for frame in client.exchange()] == [(Opcode.PONG, b"abc")]
    assert echo.heard == []


@on_a_loop
async def test_the_answer_to_a_ping_of_ours_is_heard() -> None:
    _, client, echo = connect()
    echo.open[0].send_ping()
    client.exchange()
    client.exchange()
    assert echo.heard == ["pong"]


@on_a_loop
async def test_binary_and_broken_text_close_with_their_codes() -> None:
    _, client, echo = connect()
    client.protocol.send_binary(b"x")
    assert client.close_code() == 1003
    _, client, echo = connect()
    client.protocol.send_text(b"\xff")
    assert client.close_code() == 1007
    assert echo.heard == []


@on_a_loop
async def test_a_message_that_is_too_long_closes() -> None:
    _, client, _ = connect()
    client.protocol.send_text(b"x" * (websocket.MESSAGE_BYTES_MAX + 1))
    assert client.close_code() == 1009


@on_a_loop
async def test_a_bug_of_the_handler_ends_one_connection() -> None:
    wire, client, _ = connect()
    client.protocol.send_text(b"fail")
    assert client.close_code() == 1011
    assert [str(bug["exception"]) for bug in wire.bugs] == ["a bug"]


@on_a_loop
async def test_the_closing_handshake_from_either_side() -> None:
    wire, client, echo = connect()
    client.protocol.send_close(1000)
    assert client.close_code() == 1000
    assert wire.transport.ended
    wire, client, echo = connect()
    echo.open[0].close(4008, "policy")
    echo.open[0].close(4001)
    assert client.close_code() == 4008
    assert client.protocol.close_rcvd is not None
    assert client.protocol.close_rcvd.reason == "policy"
    echo.open[0].send_text("late")
    assert client.texts() == []


def test_a_client_that_does_not_end_its_side_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT_S", 0)

    @on_a_loop
    async def run() -> None:
        wire, _, echo = connect()
        echo.open[0].close(1000)
        assert not wire.transport.aborted
        await asyncio.sleep(0.01)
        assert wire.transport.aborted

    run()


@on_a_loop
async def test_the_handler_hears_once_that_a_connection_is_gone() -> None:
    wire, _, echo = connect()
    connection = echo.open[0]
    connection.abort()
    assert not connection.is_open
    connection.send_text("late")
    connection.send_ping()
    connection.close(1000)
    await settle()
    assert (echo.open, wire.transport.aborted, wire.context.transports) == ([], True, set())


@on_a_loop
async def test_a_client_that_ends_without_a_word_is_gone() -> None:
    wire, _, echo = connect()
    assert wire.end() is None
    wire.transport.close()
    await settle()
    assert echo.open == []


@on_a_loop
async def test_a_client_that_takes_nothing_is_reset_before_the_memory_is_full() -> None:
    wire, _, echo = connect()
    connection = echo.open[0]
    wire.transport.buffered = websocket.BUFFERED_BYTES_MAX + 1
    connection.send_text("x")
    assert not wire.transport.aborted, "expected the limit to be looked at when the transport is full"
    connection.pause_writing()
    connection.resume_writing()
    connection.pause_writing()
    connection.send_text("x")
    assert wire.transport.aborted
    assert connection.buffered_bytes == websocket.BUFFERED_BYTES_MAX + 1


class Doubling:
    """An interceptor whose gate sends data twice and everything else once."""

    def plan(self, name: str, request: Request, now_ms: int) -> None:
        return None

    def gate(self, name: str, request: Request, number: int) -> "Doubling":
        return self

    def opened(self, connection: WebSocketConnection, now_ms: int) -> None:
        self.heard = ["opened"]

    def closed(self) -> None:
        self.heard.append("closed")

    def outgoing(self, kind: FrameKind, payload: bytes, now_ms: int) -> list[bytes]:
        return [payload] * (2 if kind == FrameKind.DATA else 1)


@on_a_loop
async def test_outgoing_frames_pass_the_gate() -> None:
    doubling = Doubling()
    wire, client, echo = connect(interceptors=(doubling,))
    echo.open[0].send_text("a")
    echo.open[0].send_text("b", FrameKind.REPLY)
    echo.open[0].send_now(b"c")
    assert client.texts() == ["a", "a", "b", "c"]
    wire.transport.close()
    await settle()
    assert doubling.heard == ["opened", "closed"]


@on_a_loop
async def test_frames_are_never_written_to_a_log() -> None:
    _, _, echo = connect()
    assert websocket.LOG.level > logging.DEBUG
    assert echo.open[0].peer == "None"


@given(pieces=st.lists(st.binary(max_size=40), max_size=6), compression=st.booleans())
def test_no_bytes_make_it_fail(pieces: list[bytes], compression: bool) -> None:
    @on_a_loop
    async def run() -> None:
        wire, _, _ = connect(compression=compression)
        for piece in pieces:
            if not wire.transport.closed:
                wire.send(piece)
        wire.transport.close()
        await settle()
        assert wire.bugs == []

    run()
