"""One end of a connection in memory, as asyncio's transports behave: what a protocol is told, and in which order."""

import asyncio
import contextvars
import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from engine.lab.virtual.party import PARTY, Party
from engine.lab.virtual.pipe import EOF_MARK, Piece, Pipe

HIGH_WATER_BYTES: Final = 64 << 10
Address = tuple[str, int]


class MemorySocket:
    """What libraries ask the socket of a connection for. There is no file descriptor to wait on."""

    family: Final = socket.AF_INET

    def __init__(self, own: Address, other: Address) -> None:
        self._own = own
        self._other = other

    def getsockname(self) -> Address:
        """Return the address of this end."""
        return self._own

    def getpeername(self) -> Address:
        """Return the address of the other end."""
        return self._other

    def fileno(self) -> int:
        """Return -1."""
        return -1

    def setsockopt(self, *option: object) -> None:
        """Take no notice: an end that is aborted is reset in any case."""


class MemoryTransport(asyncio.Transport):
    """An end of a connection; `out` is set by the network before anything is done with it.

    `on_write(transport, data)` returns what of each write is sent; what it raises, the writer sees.
    """

    out: Pipe
    peer: "MemoryTransport"

    def __init__(self, loop: asyncio.AbstractEventLoop, own: Address, other: Address, number: int) -> None:
        super().__init__({"peername": other, "sockname": own, "socket": MemorySocket(own, other), "sslcontext": None})
        self.number = number
        self.address = other
        self.context = contextvars.copy_context()
        self.party: Party | None = PARTY.get()
        self.on_write: Callable[[MemoryTransport, bytes], bytes] = _all
        self.is_lost = False  # connection_lost was called or will be
        self._loop = loop
        self._protocol: Any = None
        self._is_closing = False
        self._is_reading = True
        self._is_ended = False  # our side: no more writes
        self._unread: deque[bytes] = deque()
        self._high, self._low = HIGH_WATER_BYTES, HIGH_WATER_BYTES // 4
        self._is_congested = False

    # what asyncio's transports have

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol hear."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who hears."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def is_closing(self) -> bool:
        """Tell whether this end is closing or closed."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Tell whether what arrives is given to the protocol."""
        return self._is_reading and not self._is_closing

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._is_reading = False

    def resume_reading(self) -> None:
        """Give the protocol what was kept, and what arrives."""
        if not self._is_reading:
            self._is_reading = True
            self._loop.call_soon(self._read, context=self.context)

    def write(self, data: Any) -> None:
        """Send bytes; ignored at an end that is lost."""
        content = bytes(data)
        if self._is_ended and not self.is_lost:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not content or self.is_lost or self._is_closing:
            return
        sent = self.on_write(self, content)
        if sent:
            self.out.send(sent)
            self._watch()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Send bytes in one write."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """End this side; the other one may go on."""
        if not self._is_ended and not self.is_lost and not self._is_closing:
            self._is_ended = True
            self.out.send(EOF_MARK)

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def get_write_buffer_size(self) -> int:
        """Return how many bytes have not arrived."""
        return self._untaken_bytes()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return at how many bytes writing is resumed and paused."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set at how many bytes writing is paused and resumed."""
        self._high = HIGH_WATER_BYTES if high is None and low is None else high if high is not None else 4 * (low or 0)
        self._low = self._high // 4 if low is None else low

    def close(self) -> None:
        """Send what is written, then the end, and be lost."""
        if self._is_closing:
            return
        if not self._is_ended and not self.is_lost:
            self.out.send(EOF_MARK)
        self._is_closing = True
        self.lose(None)

    def abort(self) -> None:
        """Break the connection off: what is under way is lost, the other end sees a reset."""
        if not self.is_lost:
            self.out.reset()
            self.lose(None)

    # what the network does

    def begin(self, protocol: Any) -> None:
        """Tell the protocol of its connection."""
        self._protocol = protocol
        protocol.connection_made(self)

    def arrive(self, piece: Piece) -> None:
        """Take what has arrived: bytes, or the other side's end, or a reset."""
        if self.is_lost:
            if piece:
                self.out.reset()  # nobody reads it, and the sender has to hear
        elif piece is None:
            self.lose(ConnectionResetError("the connection was reset"))
        else:
            self._unread.append(piece)
            if self._is_reading:
                self._read()

    def taken(self) -> None:
        """Hear that bytes of this end have arrived, or were read."""
        if self._is_congested:
            self._loop.call_soon(self._look_again, context=self.context)

    def lose(self, error: Exception | None) -> None:
        """End this end; its protocol hears it once, soon."""
        if not self.is_lost:
            self.is_lost = self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, error, context=self.context)

    def _untaken_bytes(self) -> int:
        """Return how much of what this end wrote has not been read at the other."""
        return self.out.under_way_bytes + sum(map(len, self.peer._unread))

    def _look_again(self) -> None:
        if self._is_congested and not self.is_lost and self._untaken_bytes() <= self._low:
            self._is_congested = False
            self._protocol.resume_writing()

    def _read(self) -> None:
        while self._unread and self._is_reading and not self.is_lost:
            piece = self._unread.popleft()
            if piece:
                self._protocol.data_received(piece)
            elif not self._protocol.eof_received():
                self.close()
        self.peer.taken()

    def _watch(self) -> None:
        if not self._is_congested and self._untaken_bytes() > self._high:
            self._is_congested = True
            self._protocol.pause_writing()


def _all(transport: MemoryTransport, data: bytes) -> bytes:
    del transport
    return data
