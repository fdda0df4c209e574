"""One connection of a line: frames go from the transport into a session, and what the session wants goes back."""

import asyncio
import time
from typing import Final, Protocol

from engine.model.units import NS_PER_S
from engine.venue.market_channel import PING, PING_INTERVAL_S
from feeder.book import BookState
from feeder.clock import Clock
from feeder.lines import Lines
from feeder.session import MarketSession
from feeder.transport import Connection, Frame

TIMED_EVERY: Final = 16
"""One frame in so many is timed: enough for a mean, and the clock's own cost stays out of the others."""


class FrameTap(Protocol):
    """Takes every raw frame as it came, for a recorder."""

    def record_frame(self, line: int, recv_ts_ns: int, frame: bytes) -> None:
        """Keep one frame of one line."""
        ...


class Link:
    """The listener of one connection. `attention` is set when its line has to look at it: closed, or wanting to be."""

    def __init__(self, number: int, session: MarketSession, lines: Lines, clock: Clock, tap: FrameTap | None) -> None:
        self.number = number
        self.session = session
        self.attention = asyncio.Event()
        self.closed_reason: str | None = None
        self.frames = 0
        self.timed_frames = 0
        self.timed_ns = 0
        self._lines = lines
        self._clock = clock
        self._tap = tap
        self._connection: Connection | None = None
        self._ping_due_ns = 0

    @property
    def is_complete(self) -> bool:
        """Whether every book that it should have is live."""
        return all(book.state == BookState.LIVE for book in self.session.books())

    def opened(self, connection: Connection) -> None:
        """Take the connection and subscribe."""
        now_ns = self._clock()
        self._connection = connection
        self._ping_due_ns = now_ns + PING_INTERVAL_S * NS_PER_S
        self.session.connected(now_ns)
        self._send_due(now_ns)

    def on_frame(self, frame: Frame) -> None:
        """Take one frame from the transport."""
        now_ns = self._clock()
        if self._tap is not None:
            self._tap.record_frame(self.number, now_ns, bytes(frame))
        self.frames += 1
        if self.frames % TIMED_EVERY:
            self.session.receive_frame(frame, now_ns)
        else:
            started_ns = time.perf_counter_ns()
            self.session.receive_frame(frame, now_ns)
            self.timed_ns += time.perf_counter_ns() - started_ns
            self.timed_frames += 1
        self._lines.after_frame(self.number, now_ns)
        if self.session.has_frames_to_send:
            self._send_due(now_ns)
        if self.session.reconnect_reason is not None:
            self.attention.set()

    def on_closed(self, reason: str) -> None:
        """Hear that the connection is gone."""
        self.closed_reason = self.closed_reason or reason
        self.attention.set()

    def tick(self) -> None:
        """Send what has become due: subscriptions, resyncs, and the PING without which the venue hangs up."""
        now_ns = self._clock()
        self._send_due(now_ns)
        if now_ns >= self._ping_due_ns and self._connection is not None:
            self._ping_due_ns = now_ns + PING_INTERVAL_S * NS_PER_S
            self._connection.send(PING)
        if self.session.reconnect_reason is not None:
            self.attention.set()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    def _send_due(self, now_ns: int) -> None:
        if self._connection is None:
            return
        for frame in self.session.frames_to_send(now_ns):
            self._connection.send(frame)
