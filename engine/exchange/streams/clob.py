"""What the market and the user channel have in common: the first frame, operations, PING, and the end of the idle.

Facts (protocol.md 5 and 6, 2026-11-21): the first frame carries `type`, later ones `operation`; a second first frame
is answered with the text INVALID OPERATION. That answer to an operation before the first frame, to an unknown operation
and to what is no JSON is ours. A text PING is answered with PONG; without one the connection is reset after about
125 s. Whether other texts keep a connection alive is not known: here they do not.
"""

from abc import ABC, abstractmethod
from typing import Any, Final

from engine.exchange.streams.channel import read_object
from engine.exchange.streams.out import Out, Reset, Send
from engine.venue.market_channel import IDLE_RESET_S, INVALID_OPERATION, PING, PONG

IDLE_RESET_MS: Final = IDLE_RESET_S * 1000
_PING: Final = PING.decode()
_PONG: Final[list[Out]] = [Send(PONG)]
INVALID: Final[list[Out]] = [Send(INVALID_OPERATION)]


class ClobSession(ABC):
    """One connection to a channel of the CLOB; `kind` is what its first frame says as `type`."""

    kind: str

    def __init__(self, now_ms: int) -> None:
        self.is_opened = False
        """Whether the first frame has come."""
        self._pinged_ms = now_ms

    def receive(self, text: str, now_ms: int) -> list[Out]:
        """Take one text message."""
        if text == _PING:
            self._pinged_ms = now_ms
            return _PONG
        frame = read_object(text)
        if frame is None:
            return INVALID
        if "operation" in frame:
            return self._operate(frame) if self.is_opened else INVALID
        if self.is_opened or str(frame.get("type")).lower() != self.kind:
            return INVALID
        return self._open(frame)

    def pong(self) -> list[Out]:
        """Ignore answers to pings that were not sent."""
        return []

    def wake_at_ms(self) -> int | None:
        """Return when this connection has been idle for too long."""
        return self._pinged_ms + IDLE_RESET_MS

    def wake(self, now_ms: int) -> list[Out]:
        """Reset a connection that has been idle for too long."""
        return [Reset()] if now_ms >= self._pinged_ms + IDLE_RESET_MS else []

    @abstractmethod
    def leave(self) -> None:
        """Forget everything that was listened to."""

    @abstractmethod
    def _open(self, frame: dict[str, Any]) -> list[Out]:
        """Take the first frame; set `is_opened` if it is good."""

    @abstractmethod
    def _operate(self, frame: dict[str, Any]) -> list[Out]:
        """Take a later frame."""
