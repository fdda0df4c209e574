"""The port between a line and the network: something that connects, delivers frames to a listener and sends
frames."""

import random
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

Frame = bytes | memoryview
FRAME_BYTES_MAX: Final = 4 << 20
"""Four times the session's own limit, so that a huge frame is counted by the session and does not end the
connection."""
HANDSHAKE_TIMEOUT_S: Final = 5


class FrameListener(Protocol):
    """Hears of a connection; called from the event loop's thread."""

    def on_frame(self, frame: Frame) -> None:
        """Take one text message. A memoryview is borrowed: it is valid only during the call."""
        ...

    def on_closed(self, reason: str) -> None:
        """Hear, once, that the connection is gone."""
        ...


class Connection(Protocol):
    """An open connection."""

    def send(self, frame: bytes) -> None:
        """Send one text message, without waiting; ignored when the connection is closing."""
        ...

    async def close(self) -> None:
        """Close and wait until it is closed."""
        ...


class ConnectError(Exception):
    """The peer could not be reached, or refused the upgrade; the message is for a person."""


Connect = Callable[[str, FrameListener], Awaitable[Connection]]
"""Open a WebSocket to a URL; raises ConnectError."""


class Backoff:
    """Full-jitter exponential waiting times, from a seed, so that a test can know them."""

    def __init__(self, seed: int, *, first_s: float = 0.25, longest_s: float = 30.0) -> None:
        assert 0 < first_s <= longest_s, f"expected 0 < first <= longest, was {first_s} and {longest_s}"
        self._random = random.Random(seed)
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def next_s(self) -> float:
        """Return how long to wait before the next attempt: up to twice as long after each failure in a
        row."""
        ceiling_s = min(self._longest_s, self._first_s * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        return self._random.uniform(ceiling_s / 2, ceiling_s)

    def succeeded(self) -> None:
        """Begin from the shortest wait again."""
        self._failures = 0
