"""The running server: listening sockets, plain or TLS, on which the same routes are served."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Self

from engine.exchange.server.bind import LOOPBACK, listening_socket
from engine.exchange.server.context import Context, Interceptor
from engine.exchange.server.http import HttpProtocol
from engine.exchange.server.routes import Routes


class Server:
    """Serves one set of routes on any number of ports of the running loop.

    `now_ms` is the time of the Date header and of the interceptors; the loop's own, and no Date header, without it.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        now_ms: Callable[[], int] | None = None,
        interceptors: tuple[Interceptor, ...] = (),
        compression: bool = True,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.context = Context(loop, routes, now_ms=now_ms, interceptors=interceptors, compression=compression)
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    def protocol(self) -> HttpProtocol:
        """Return the protocol of a new connection, for any transport that is not accepted on a port."""
        return HttpProtocol(self.context)

    async def listen(
        self, host: str = LOOPBACK, port: int = 0, *, tls: ssl.SSLContext | None = None, allow_public: bool = False
    ) -> int:
        """Open a port and return its number; raises as `listening_socket` does."""
        return await self.listen_on(listening_socket(host, port, allow_public=allow_public), self.protocol, tls=tls)

    async def listen_on(
        self, listener: socket.socket, factory: Callable[[], HttpProtocol], *, tls: ssl.SSLContext | None = None
    ) -> int:
        """Accept on a socket with protocols of `factory`, and return its port."""
        server = await self.context.loop.create_server(factory, sock=listener, ssl=tls)
        self._servers.append(server)
        port: int = listener.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close the ports, drop every connection and cancel what still runs."""
        for server in self._servers:
            server.close()
        await self.context.stop()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
