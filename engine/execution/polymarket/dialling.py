"""How connections come about: the port that the client's lines dial through, and the dialler of the real network.

A proxy may be a SOCKS5 or an HTTP one; its password is never shown. The port has the shape of
asyncio's `create_connection`, so that the whole client also runs over transports in memory.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, parse_proxy_url
from python_socks.async_.asyncio import Proxy

from engine.execution.polymarket.tls_transport import TlsTransport, shake_hands
from engine.model.errors import InputError

CONNECT_TIMEOUT_S: Final = 5.0
_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}

AnyProtocol = TypeVar("AnyProtocol", bound=asyncio.Protocol)


class Address(msgspec.Struct, frozen=True):
    """A host and port, whether it is spoken to in TLS, and the path that its calls begin with ("" for none)."""

    host: str
    port: int
    tls: bool
    path: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, by a name that nothing else can answer to."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def authority(self) -> str:
        """Return what a Host header says: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def parse_url(url: str) -> Address:
    """Return where a http, https, ws or wss URL leads. Raises InputError for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        if not parts.hostname:
            raise ValueError("no host")
    except (KeyError, ValueError):
        raise InputError(f"expected a http, https, ws or wss URL, was {url!r}") from None
    return Address(parts.hostname, port, parts.scheme in ("https", "wss"), parts.path.rstrip("/"))


class Dial(Protocol):
    """Opens a connection. Raises OSError when the peer cannot be reached."""

    async def __call__(
        self, factory: Callable[[], AnyProtocol], address: Address, /
    ) -> tuple[asyncio.Transport, AnyProtocol]:
        """Return transport and protocol of a new connection."""
        ...


async def connect(host: str, port: int) -> socket.socket:
    """Return a non-blocking socket to the first of a host's addresses that answers. Raises OSError when none does."""
    loop = asyncio.get_running_loop()
    failures: list[OSError] = []
    for family, kind, number, _, where in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connecting = socket.socket(family, kind, number)
        connecting.setblocking(False)
        try:
            await loop.sock_connect(connecting, where)
            return connecting
        except OSError as error:
            connecting.close()
            failures.append(error)
        except BaseException:
            connecting.close()
            raise
    raise failures[0]


class NetworkDial:
    """Dials over the network, through a proxy where one is given."""

    def __init__(self, proxy: str | None = None) -> None:
        """`proxy` is a socks5://, socks4:// or http:// URL. Raises InputError for another; it does not repeat it."""
        self._proxy_url = proxy
        self._context = ssl.create_default_context()
        if proxy is not None:
            try:
                parse_proxy_url(proxy)
            except (ValueError, TypeError):
                raise InputError("venue.proxy: expected socks5://, socks4:// or http:// with host and port") from None

    async def __call__(
        self, factory: Callable[[], AnyProtocol], address: Address, /
    ) -> tuple[asyncio.Transport, AnyProtocol]:
        """Return transport and protocol of a new connection. Raises OSError when there is none in time."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            connected = await self._connect(address)
            try:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not address.tls:
                    return await loop.create_connection(factory, sock=connected)
                secured = await shake_hands(connected, self._context, address.host)
            except BaseException:
                connected.close()
                raise
        protocol = factory()
        return TlsTransport(secured, protocol), protocol

    async def _connect(self, address: Address) -> socket.socket:
        """Return a connected, non-blocking socket. Raises OSError when there is none."""
        if self._proxy_url is None:
            return await connect(address.host, address.port)
        try:
            # a proxy object is good for one connection
            connected: socket.socket = await Proxy.from_url(self._proxy_url).connect(address.host, address.port)
        except (ProxyError, ProxyConnectionError, ProxyTimeoutError) as error:
            raise ConnectionError(f"the proxy gave no connection to {address.authority}: {error}") from None
        return connected

    def __repr__(self) -> str:
        return f"NetworkDial(proxy={'given' if self._proxy_url else None})"
