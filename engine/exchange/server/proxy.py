"""An HTTPS proxy to the local exchange: a client that is given HTTPS_PROXY and SSL_CERT_FILE needs no other change.

Nothing is passed on to anybody: a tunnel to a name of the venue ends here, in TLS with the local authority's
certificate, and is served as if the name were ours. A tunnel to any other name is refused, and the name is logged.
"""

import asyncio
import logging
import ssl
from functools import partial
from http import HTTPStatus
from typing import Final, cast

from engine.exchange.server.bind import LOOPBACK, listening_socket
from engine.exchange.server.context import Context
from engine.exchange.server.hosts import VENUE_HOSTS, host_of
from engine.exchange.server.http import HttpProtocol
from engine.exchange.server.messages import Response, error_response
from engine.exchange.server.request_reader import Incoming
from engine.exchange.server.server import Server

ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
HANDSHAKE_TIMEOUT_S: Final = 10
_LOG: Final = logging.getLogger("engine.exchange.proxy")


class ProxyProtocol(HttpProtocol):
    """The protocol of a connection to the proxy's port, until a tunnel is made of it."""

    def __init__(self, context: Context, tls: ssl.SSLContext) -> None:
        super().__init__(context)
        self._tls = tls

    def _host(self, incoming: Incoming) -> str | Response:
        """Return the venue's host that an absolute target names, or the refusal."""
        if not incoming.is_absolute:
            return error_response(HTTPStatus.BAD_REQUEST, "this is a proxy: expected CONNECT or an absolute target")
        host = host_of(incoming.authority)
        return host if host in VENUE_HOSTS else _refusal(host)

    def _tunnel(self, incoming: Incoming) -> None:
        """Take CONNECT: the transport becomes TLS, and is served by a new protocol."""
        host, _, port = incoming.authority.rpartition(":")
        if host.lower() not in VENUE_HOSTS or port != "443":
            self._refuse(_refusal(incoming.authority))
        elif self._reader.rest:
            self._refuse(error_response(HTTPStatus.BAD_REQUEST, "expected nothing before the tunnel is established"))
        else:
            self._is_ending = self._is_upgrading = True  # nothing is read before it is TLS that is read
            self._stop_timer()
            self._adjust_reading()
            self._transport.write(ESTABLISHED)
            self._context.run(self._serve_tunnel(host))

    async def _serve_tunnel(self, host: str) -> None:
        loop, plain = self._context.loop, self._transport
        early = _Early()
        try:
            started = await loop.start_tls(
                plain, early, self._tls, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S
            )
        except (OSError, ssl.SSLError) as error:  # the client does not trust us, or has gone
            _LOG.warning("no TLS with a client of %s: %s", host, error)
            plain.abort()
            return
        finally:
            self._context.transports.discard(plain)
        transport = cast(asyncio.Transport, started)
        served = HttpProtocol(self._context)
        transport.set_protocol(served)
        served.connection_made(transport)
        if early.data:
            served.data_received(bytes(early.data))
        if early.is_lost:
            served.connection_lost(None)


class _Early(asyncio.Protocol):
    """Keeps what a client sends with the end of its handshake: it is received before `start_tls` returns."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exception: Exception | None) -> None:
        self.is_lost = True


async def listen_as_proxy(
    server: Server, tls: ssl.SSLContext, host: str = LOOPBACK, port: int = 0, *, allow_public: bool = False
) -> int:
    """Open a proxy's port to what a server serves, and return its number; raises as `listening_socket` does."""
    listener = listening_socket(host, port, allow_public=allow_public)
    return await server.listen_on(listener, partial(ProxyProtocol, server.context, tls))


def _refusal(name: str) -> Response:
    _LOG.warning("refused to lead to %r, which is no host of the venue", name[:200])
    return error_response(HTTPStatus.FORBIDDEN, f"expected a host of the venue on port 443, was {name[:200]!r}")
