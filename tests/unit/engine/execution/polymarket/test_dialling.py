"""Where URLs lead, and how connections come about: straight, in TLS, through proxies whose password is not shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext

import pytest

from engine.exchange.server.certificates import ensure_certificates, server_context
from engine.execution.polymarket import dialling
from engine.execution.polymarket.dialling import Address, NetworkDial, parse_url
from engine.model.errors import InputError
from tests.unit.engine.execution.polymarket.proxies import PASSWORD, RIGHT, USER, proxy


class Ear(asyncio.Protocol):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)


@asynccontextmanager
async def echo(context: SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on a port: what is said comes back in capitals, then the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def hear(dial: NetworkDial, address: Address) -> bytes:
    """Return what a server says to us."""
    async with asyncio.timeout(10):
        transport, ear = await dial(Ear, address)
        transport.write(b"hello\n")
        await ear.lost
    return bytes(ear.heard)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SSLContext:
    certificates = ensure_certificates(tmp_path / "tls", datetime.now(UTC))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.bundle))
    return server_context(certificates)


@pytest.mark.parametrize(
    ("url", "wanted", "authority"),
    [
        ("https://clob.polymarket.com", Address("clob.polymarket.com", 443, True), "clob.polymarket.com"),
        ("wss://ws.polymarket.com/ws/user", Address("ws.polymarket.com", 443, True, "/ws/user"), "ws.polymarket.com"),
        ("http://127.0.0.1:8080/data/", Address("127.0.0.1", 8080, False, "/data"), "127.0.0.1:8080"),
        ("ws://localhost", Address("localhost", 80, False), "localhost"),
        ("https://[::1]:8443", Address("::1", 8443, True), "[::1]:8443"),
        ("https://host:80", Address("host", 80, True), "host:80"),
    ],
)
def test_a_url_leads_to_a_host_a_port_and_a_path(url: str, wanted: Address, authority: str) -> None:
    assert parse_url(url) == wanted
    assert parse_url(url).authority == authority


@pytest.mark.parametrize(
    "url", ["", "clob.polymarket.com", "ftp://host", "https://", "http://host:99999", "http://h:x"]
)
def test_another_url_is_refused_with_what_it_was(url: str) -> None:
    with pytest.raises(InputError, match="expected a http, https, ws or wss URL") as caught:
        parse_url(url)
    assert repr(url) in str(caught.value)


def test_a_connection_without_a_proxy() -> None:
    async def work() -> None:
        async with echo() as port:
            assert await hear(NetworkDial(), Address("127.0.0.1", port, tls=False)) == b"HELLO\n"

    asyncio.run(work())


def test_a_connection_in_tls_trusts_whom_the_machine_trusts(tls: SSLContext) -> None:
    async def work() -> None:
        async with echo(tls) as port:
            assert await hear(NetworkDial(), Address("localhost", port, tls=True)) == b"HELLO\n"

    asyncio.run(work())


def test_a_certificate_of_nobody_we_know_is_no_connection(tmp_path: Path) -> None:
    context = server_context(ensure_certificates(tmp_path / "tls", datetime.now(UTC)))

    async def work() -> None:
        async with echo(context) as port:
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                await hear(NetworkDial(), Address("localhost", port, tls=True))

    asyncio.run(work())


@pytest.mark.parametrize("scheme", ["socks5", "http"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_connection_through_a_proxy_names_the_host_and_proves_who_we_are(
    scheme: str, secure: bool, tls: SSLContext
) -> None:
    async def work() -> None:
        async with echo(tls if secure else None) as port, proxy(scheme) as through:
            dial = NetworkDial(f"{scheme}://{RIGHT}@127.0.0.1:{through.port}")
            for _ in range(2):
                assert await hear(dial, Address("localhost", port, tls=secure)) == b"HELLO\n"
            assert through.proofs == [RIGHT] * 2
            assert {target.rpartition(":")[2] for target in through.targets} == {str(port)}

    asyncio.run(work())


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_refused_password_is_no_connection_and_is_not_shown(scheme: str) -> None:
    async def work() -> None:
        async with proxy(scheme) as through:
            dial = NetworkDial(f"{scheme}://{USER}:{PASSWORD}-wrong@127.0.0.1:{through.port}")
            with pytest.raises(ConnectionError, match=r"the proxy gave no connection to venue\.test") as caught:
                await hear(dial, Address("venue.test", 443, tls=True))
            assert through.proofs == [f"{USER}:{PASSWORD}-wrong"]
            assert PASSWORD not in f"{caught.value!r} {dial!r} {caught.value.__cause__!r}"
            assert caught.value.__suppress_context__

    asyncio.run(work())


def test_a_proxy_that_is_away_is_no_connection() -> None:
    async def work() -> None:
        async with echo() as port:
            pass
        dial = NetworkDial(f"socks5://{RIGHT}@127.0.0.1:{port}")
        with pytest.raises(ConnectionError, match="the proxy gave no connection") as caught:
            await hear(dial, Address("venue.test", 443, tls=True))
        assert PASSWORD not in repr(caught.value)

    asyncio.run(work())


def test_a_peer_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch, tls: SSLContext) -> None:
    monkeypatch.setattr(dialling, "CONNECT_TIMEOUT_S", 0.1)

    async def work() -> None:
        given_up = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            given_up.set()

        silent = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with silent, asyncio.timeout(10):
            port = silent.sockets[0].getsockname()[1]
            with pytest.raises(TimeoutError):
                await hear(NetworkDial(), Address("localhost", port, tls=True))
            await given_up.wait()

    asyncio.run(work())


@pytest.mark.parametrize(
    "url",
    [f"ftp://{RIGHT}@host:1", f"{RIGHT}@host", "socks5://", f"socks5://{RIGHT}@host:port"],
    ids=["another scheme", "no scheme", "no host", "no port"],  # a test's name is in reports: no password in it
)
def test_a_proxy_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InputError, match=r"venue\.proxy: expected socks5://") as caught:
        NetworkDial(url)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_dialler_shows_only_whether_it_has_a_proxy() -> None:
    assert repr(NetworkDial()) == "NetworkDial(proxy=None)"
    assert repr(NetworkDial(f"http://{RIGHT}@127.0.0.1:1")) == "NetworkDial(proxy=given)"
