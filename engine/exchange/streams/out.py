"""What a stream session wants done with its connection."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Protocol

import msgspec


class FrameKind(IntEnum):
    """What a frame is to the client; faults treat the three differently."""

    DATA = 0  # an event of the stream
    SNAPSHOT = 1  # the state that events build on
    REPLY = 2  # the answer to something the client said: PONG, an acknowledgement, an error


class Send(msgspec.Struct, frozen=True):
    """Send one text frame."""

    frame: bytes
    kind: FrameKind = FrameKind.REPLY


class Ping(msgspec.Struct, frozen=True):
    """Send a ping of the WebSocket protocol."""


class Close(msgspec.Struct, frozen=True):
    """End the connection with a close frame."""

    code: int
    reason: str = ""


class Reset(msgspec.Struct, frozen=True):
    """End the connection without a word, as the venue does with an idle one."""


Out = Send | Ping | Close | Reset


class Connection(Protocol):
    """An open WebSocket as the streams know it."""

    def send_text(self, payload: bytes | str, kind: FrameKind = FrameKind.DATA) -> None:
        """Send one text frame without waiting; ignored when the connection is closing."""
        ...

    def send_ping(self) -> None:
        """Send a ping of the WebSocket protocol."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake."""
        ...

    def abort(self) -> None:
        """Reset the connection."""
        ...

    @property
    def buffered_bytes(self) -> int:
        """Return how many bytes the client has not taken yet."""
        ...


def perform(connection: Connection, outs: Iterable[Out]) -> None:
    """Do what a session wants, in order."""
    for out in outs:
        if isinstance(out, Send):
            connection.send_text(out.frame, out.kind)
        elif isinstance(out, Close):
            connection.close(out.code, out.reason)
        elif isinstance(out, Ping):
            connection.send_ping()
        else:
            connection.abort()
