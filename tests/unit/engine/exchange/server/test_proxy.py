import logging
import ssl
from collections.abc import Callable

import pytest

from engine.exchange.server.context import Context
from engine.exchange.server.proxy import ESTABLISHED, ProxyProtocol
from tests.unit.engine.exchange.server.test_http import on_a_loop, routes, settle
from tests.unit.engine.exchange.server.wires import Wire, request_bytes


def proxied() -> Callable[[Context], ProxyProtocol]:
    return lambda context: ProxyProtocol(context, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def connect_bytes(authority: str) -> bytes:
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "authority", ["example.com:443", "clob.polymarket.com:80", "polymarket.com:443", "127.0.0.1:443", "localhost:443"]
)
def test_a_tunnel_to_anything_else_is_refused_and_its_name_logged(
    authority: str, caplog: pytest.LogCaptureFixture
) -> None:
    @on_a_loop
    async def run() -> None:
        wire = Wire(routes(), protocol=proxied())
        wire.send(connect_bytes(authority))
        assert wire.answers()[0].status == 403
        assert wire.transport.ended

    with caplog.at_level(logging.WARNING):
        run()
    assert authority in caplog.text


@on_a_loop
async def test_a_tunnel_to_the_venue_is_established_here() -> None:
    wire = Wire(routes(), protocol=proxied())
    wire.send(connect_bytes("CLOB.polymarket.com:443"))
    assert wire.received() == ESTABLISHED
    assert not wire.transport.reading, "expected nothing to be read before TLS begins"
    await wire.context.stop()


@on_a_loop
async def test_a_client_that_does_not_wait_for_the_tunnel_is_refused() -> None:
    wire = Wire(routes(), protocol=proxied())
    wire.send(connect_bytes("clob.polymarket.com:443") + b"\x16\x03\x01")
    assert wire.answers()[0].status == 400


@on_a_loop
async def test_an_absolute_target_of_the_venue_is_served() -> None:
    wire = Wire(routes(), protocol=proxied())
    assert wire.ask("GET", "http://clob.polymarket.com/time")[0].body == b"1763683200"


@pytest.mark.parametrize(
    ("target", "status"),
    [("http://example.com/time", 403), ("http://127.0.0.1/time", 403), ("/time", 400), ("http:///time", 403)],
)
def test_other_plain_requests_are_refused(target: str, status: int) -> None:
    @on_a_loop
    async def run() -> None:
        wire = Wire(routes(), protocol=proxied())
        wire.send(request_bytes("GET", target) + request_bytes("GET", "http://clob.polymarket.com/time"))
        await settle()
        assert [answer.status for answer in wire.answers()] == [status], "expected the connection to end"

    run()


@on_a_loop
async def test_plain_websockets_follow_the_same_rule() -> None:
    wire = Wire(routes(), protocol=proxied())
    rows = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    (answer,) = wire.ask(
        "GET", "http://example.com/ws/market", b"", *rows, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    )
    assert answer.status == 403
