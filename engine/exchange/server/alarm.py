"""Wakes what wants to be woken at a time, on the loop; it asks for the time again whenever it has rung."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from engine.exchange.server.context import MS_PER_S
from engine.exchange.server.websocket import WebSocketConnection, WebSocketHandler


class Wakeable(Protocol):
    """Knows when it wants to be woken."""

    def wake_at_ms(self) -> int | None:
        """Return the time, None for never."""
        ...

    def wake(self, now_ms: int) -> None:
        """Do what time alone asks for."""
        ...


class Alarm:
    """Rings once for each time that `wakeable` names; `look` tells it that an earlier one may be named."""

    def __init__(self, loop: asyncio.AbstractEventLoop, now_ms: Callable[[], int], wakeable: Wakeable) -> None:
        self._loop = loop
        self._now_ms = now_ms
        self._wakeable = wakeable
        self._at_ms = 0
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Set the alarm to the time that is named now, unless it rings before that anyway."""
        at_ms = self._wakeable.wake_at_ms()
        if at_ms is None or (self._timer is not None and self._at_ms <= at_ms):
            return
        self.stop()
        self._at_ms = at_ms
        self._timer = self._loop.call_later(max(at_ms - self._now_ms(), 1) / MS_PER_S, self._ring)

    def stop(self) -> None:
        """Ring no more, until the next look."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        at_ms, now_ms = self._wakeable.wake_at_ms(), self._now_ms()
        if at_ms is not None and now_ms >= at_ms:
            self._wakeable.wake(now_ms)
        self.look()


class WakingHandler:
    """A WebSocket handler with its alarm: a new connection is what can name an earlier time."""

    def __init__(self, handler: WebSocketHandler, alarm: Alarm) -> None:
        self._handler = handler
        self._alarm = alarm

    def on_open(self, connection: WebSocketConnection) -> None:
        """Hear of a connection whose handshake is done."""
        self._handler.on_open(connection)
        self._alarm.look()

    def on_text(self, connection: WebSocketConnection, text: str) -> None:
        """Take one text message."""
        self._handler.on_text(connection, text)

    def on_pong(self, connection: WebSocketConnection) -> None:
        """Hear that the client answered a ping of the protocol."""
        self._handler.on_pong(connection)

    def on_close(self, connection: WebSocketConnection) -> None:
        """Hear, once, that the connection is gone."""
        self._handler.on_close(connection)
