"""A TLS connection of this process to itself: what is sent on it is encrypted, goes through TCP, and is thrown away."""

import contextlib
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from engine.exchange.server.certificates import ensure_certificates, server_context
from engine.model.errors import ResourceError

_READ_BYTES: Final = 64 << 10
_HANDSHAKE_TURNS: Final = 10


class OwnLine:
    """Both ends of a connection over the loopback. Its certificate is made for it, and trusted by nobody else."""

    def __init__(self) -> None:
        """Connect. Raises ResourceError where there is no loopback, or no place for a certificate's files."""
        try:
            with TemporaryDirectory(prefix="bucketmm-own-line-") as folder:
                certificates = ensure_certificates(Path(folder) / "tls", datetime.now(UTC))
                server = server_context(certificates)
                client = ssl.create_default_context(cafile=str(certificates.bundle))
            with socket.create_server(("127.0.0.1", 0)) as listening:
                ours = socket.create_connection(listening.getsockname())
                self._other, _ = listening.accept()
            ours.setblocking(False)
            ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ours = client.wrap_socket(ours, server_hostname="localhost", do_handshake_on_connect=False)
            self._shake_hands(server)
            self._other.setblocking(False)
        except OSError as error:
            raise ResourceError(
                "expected a TLS connection over the loopback to rehearse orders on (execution.REHEARSE_MS 0 does "
                f"without): {error}"
            ) from None

    def send(self, request: bytes) -> None:
        """Send, and throw away what has arrived. Nobody is harmed when the system does not take it."""
        with contextlib.suppress(OSError):
            self._ours.send(request)
            self._other.recv(_READ_BYTES)

    def close(self) -> None:
        """Close both ends."""
        self._ours.close()
        self._other.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _shake_hands(self, context: ssl.SSLContext) -> None:
        """Let the two ends agree; the other one's is in memory, and nothing is read through it afterwards."""
        arrived, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        other = context.wrap_bio(arrived, said, server_side=True)
        for _ in range(_HANDSHAKE_TURNS):
            try:
                self._ours.do_handshake()
                return
            except ssl.SSLWantReadError:
                arrived.write(self._other.recv(_READ_BYTES))
            with contextlib.suppress(ssl.SSLWantReadError):
                other.do_handshake()
            self._other.sendall(said.read())
        raise ssl.SSLError("the handshake does not end")
