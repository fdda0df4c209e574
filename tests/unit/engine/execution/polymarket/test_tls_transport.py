"""TLS straight on a socket: all bytes, in their order, whatever the system takes at once; and how a connection ends."""

import asyncio
import os
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.exchange.server.certificates import Certificates, ensure_certificates, server_context
from engine.execution.polymarket.tls_transport import TlsTransport, shake_hands

MUCH = random.Random(1).randbytes(5_000_000)
"""More than the buffers of two sockets hold."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Ear(asyncio.Protocol):
    """Keeps what it hears, and what it is told."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.told: list[str] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def eof_received(self) -> None:
        self.told.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")
        self.lost.set_result(exc)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("tls"), datetime.now(UTC))


def play(
    certificates: Certificates, serve: Serve, scene: Callable[[TlsTransport, Ear], Awaitable[None]]
) -> tuple[Ear, TlsTransport]:
    """Play a scene on a connection to a server that does `serve`."""

    async def work() -> tuple[Ear, TlsTransport]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(certificates))
        async with asyncio.timeout(30), server:
            plain = socket.create_connection(server.sockets[0].getsockname())
            plain.setblocking(False)
            context = ssl.create_default_context(cafile=str(certificates.bundle))
            ear = Ear()
            transport = TlsTransport(await shake_hands(plain, context, "localhost"), ear)
            await scene(transport, ear)
            await ear.lost
            return ear, transport

    return asyncio.run(work())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say it all again when it is over."""
    try:
        count = int(await reader.readline())
        await asyncio.sleep(0.05)  # the other end's buffers are full by now
        writer.write(await reader.readexactly(count))
        await writer.drain()
    finally:
        writer.close()


def test_everything_that_is_written_arrives_in_order_and_so_does_everything_that_is_read(
    certificates: Certificates,
) -> None:
    async def scene(transport: TlsTransport, ear: Ear) -> None:
        transport.write(b"%d\n" % len(MUCH))
        for start in range(0, len(MUCH), 70_001):
            transport.write(MUCH[start : start + 70_001])

    ear, transport = play(certificates, echo, scene)
    assert bytes(ear.heard) == MUCH
    assert ear.told == ["made", "eof", "lost"]
    assert transport.is_closing()


def test_a_small_write_is_with_the_system_when_it_returns(certificates: Certificates) -> None:
    async def scene(transport: TlsTransport, ear: Ear) -> None:
        transport.write(b"5\nhello")
        while not ear.lost.done():  # nothing of ours runs but this: the transport is never told that it may write
            await asyncio.sleep(0.01)

    assert bytes(play(certificates, echo, scene)[0].heard) == b"hello"


@pytest.mark.parametrize("much", [False, True])
def test_close_sends_what_was_written_before_it_and_nothing_that_comes_after(
    much: bool, certificates: Certificates
) -> None:
    content = MUCH if much else b"little"
    arrived = bytearray()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.extend(await reader.read(-1))
        writer.close()

    async def scene(transport: TlsTransport, ear: Ear) -> None:
        transport.write(content)
        transport.close()
        transport.write(b"too late")
        assert transport.is_closing()
        await ear.lost
        while len(arrived) < len(content):
            await asyncio.sleep(0.01)

    ear, _ = play(certificates, keep, scene)
    assert bytes(arrived) == content
    assert ear.told == ["made", "lost"]


def test_abort_ends_it_at_once_and_the_protocol_hears_it_once(certificates: Certificates) -> None:
    async def scene(transport: TlsTransport, ear: Ear) -> None:
        transport.write(MUCH)
        transport.abort()
        transport.abort()
        transport.close()
        assert ear.told == ["made"]

    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(-1)
        except ConnectionError:
            pass
        finally:
            writer.close()

    ear, _ = play(certificates, stay, scene)
    assert ear.told == ["made", "lost"]
    assert ear.lost.result() is None


def test_bytes_that_are_no_tls_end_it_and_are_told(certificates: Certificates) -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        os.write(writer.get_extra_info("socket").fileno(), b"these are no records of TLS")
        await reader.read(-1)
        writer.close()

    async def scene(transport: TlsTransport, ear: Ear) -> None:
        await ear.lost

    ear, _ = play(certificates, garble, scene)
    assert isinstance(ear.lost.result(), ssl.SSLError)
    assert ear.told == ["made", "lost"]


def test_a_protocol_that_ends_it_in_the_middle_hears_no_more(certificates: Certificates) -> None:
    class Impatient(Ear):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            transports[0].abort()

    transports: list[TlsTransport] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(MUCH)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def scene(transport: TlsTransport, ear: Ear) -> None:
        transports.append(transport)
        ear.__class__ = Impatient

    ear, _ = play(certificates, talk, scene)
    assert 0 < len(ear.heard) <= 16 << 10
    assert ear.told == ["made", "lost"]


def test_a_peer_that_speaks_no_tls_is_an_error_and_the_socket_is_closed() -> None:
    async def work() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read(-1)
            writer.close()

        async with asyncio.timeout(30), await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            plain = socket.create_connection(server.sockets[0].getsockname())
            plain.setblocking(False)
            with pytest.raises(ssl.SSLError):
                await shake_hands(plain, ssl.create_default_context(), "localhost")
            assert plain.fileno() == -1

    asyncio.run(work())


def test_who_gives_up_a_handshake_closes_the_socket(tmp_path: Path) -> None:
    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            plain = socket.create_connection(silent.getsockname())
            plain.setblocking(False)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await shake_hands(plain, ssl.create_default_context(), "localhost")
            heard, _ = silent.accept()
            with heard:
                heard.settimeout(10)
                while heard.recv(4096):
                    pass

    asyncio.run(work())
