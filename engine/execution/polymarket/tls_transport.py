"""TLS straight on a socket: what is written is encrypted and with the system when `write` returns, in one call each.

asyncio's own TLS goes through a state machine, a memory buffer and a second transport, all in Python and all cold when
an order comes (docs/latency.md has what that takes).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

RECORD_BYTES_MAX: Final = 16 << 10
"""What one TLS record holds at most, and so one read."""


async def shake_hands(connected: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """Return the socket under TLS; `connected` is non-blocking and belongs to the result from now on.

    Raises:
        OSError: The peer speaks no TLS, or shows no certificate for `host` that the context trusts.
    """
    loop = asyncio.get_running_loop()
    secured = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secured.do_handshake()
                return secured
            except ssl.SSLWantReadError:
                await _when(loop.add_reader, loop.remove_reader, secured)
            except ssl.SSLWantWriteError:
                await _when(loop.add_writer, loop.remove_writer, secured)
    except BaseException:
        secured.close()
        raise


async def _when(watch: Callable[..., None], forget: Callable[[Any], object], secured: ssl.SSLSocket) -> None:
    """Wait until a socket can be read or written."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    watch(secured, _settle, ready)
    try:
        await ready
    finally:
        forget(secured)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class TlsTransport(asyncio.Transport):
    """What an asyncio protocol is given for a TLS connection; it is not paused, its users have little under way."""

    def __init__(self, secured: ssl.SSLSocket, protocol: asyncio.Protocol) -> None:
        """Begin to read; the protocol hears of the connection at once."""
        super().__init__({"socket": secured, "ssl_object": secured})
        self._loop: Final = asyncio.get_running_loop()
        self._socket: Final = secured
        self._protocol: Final = protocol
        self._unsent = bytearray()
        self._is_closing = self._is_lost = False
        protocol.connection_made(self)
        if not self._is_lost:
            self._loop.add_reader(secured, self._read)

    def is_closing(self) -> bool:
        """Tell whether this end is closing or closed."""
        return self._is_closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; what the system does not take at once follows when it does. Ignored once this end is closing."""
        if self._is_closing:
            return
        if self._unsent:
            self._unsent += data
            return
        sent = self._send(data)
        if sent < len(data) and not self._is_lost:
            self._unsent += data[sent:]
            self._loop.add_writer(self._socket, self._flush)

    def close(self) -> None:
        """Close when everything is sent."""
        self._is_closing = True
        if not self._unsent:
            self._lose(None)

    def abort(self) -> None:
        """Close now."""
        self._lose(None)

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        try:
            return self._socket.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        except OSError as error:
            self._lose(error)
            return 0

    def _flush(self) -> None:
        # OpenSSL wants to see again at least what it did not take: the buffer only grows until it does
        del self._unsent[: self._send(self._unsent)]
        if not self._unsent and not self._is_lost:
            self._loop.remove_writer(self._socket)
            if self._is_closing:
                self._lose(None)

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(RECORD_BYTES_MAX)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self._lose(error)
                return
            if not data:
                self._protocol.eof_received()
                self._lose(None)
                return
            self._protocol.data_received(data)
            if self._is_lost or not self._socket.pending():
                return

    def _lose(self, error: Exception | None) -> None:
        """Let the connection go; the protocol hears it soon, and once."""
        if self._is_lost:
            return
        self._is_closing = self._is_lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._loop.call_soon(self._protocol.connection_lost, error)
