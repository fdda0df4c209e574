"""Keeps one connection to a reference price feed up and gives its frames to ReferencePrices."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from engine.model.units import NS_PER_S
from feeder.clock import Clock
from feeder.reference import ReferencePrices, polybolt_frames, rtds_frame
from feeder.transport import Backoff, Connect, ConnectError, Connection, Frame

STALE_NS: Final = 90 * NS_PER_S
"""What the venue's own client waits for (protocol.md 7.2); TWAP ticks come about once a second."""
STEP_S: Final = 0.25

_log = logging.getLogger("feeder")


class ReferenceFeed(NamedTuple):
    """How one feed is spoken to: what to send at first, and what to send how often to stay connected."""

    name: str
    url: str
    opening: list[bytes]
    ping: bytes
    ping_every_s: int
    receive: Callable[[bytes, int], None]


def polybolt(
    url: str, asset: str, length_s: int, credentials: Mapping[str, str], prices: ReferencePrices
) -> ReferenceFeed:
    """Return the current feed, which needs API credentials (`apiKey`, `secret`, `passphrase`)."""
    opening = polybolt_frames(asset, length_s, dict(credentials))
    return ReferenceFeed("PolyBolt", url, opening, b'{"op":"ping"}', 30, prices.receive_polybolt)


def rtds(url: str, asset: str, prices: ReferencePrices) -> ReferenceFeed:
    """Return the deprecated public feed: a fallback, not to be depended on."""
    return ReferenceFeed("RTDS", url, [rtds_frame(asset)], b"PING", 5, prices.receive_rtds)


class ReferenceLine:
    """Runs one feed: connects, subscribes, pings, and connects again when it is lost or silent."""

    def __init__(
        self, feed: ReferenceFeed, prices: ReferencePrices, connect: Connect, clock: Clock, backoff: Backoff
    ) -> None:
        self.connections = 0
        self._feed = feed
        self._prices = prices
        self._connect = connect
        self._clock = clock
        self._backoff = backoff
        self._heard_ns = 0
        self._closed = asyncio.Event()

    def on_frame(self, frame: Frame) -> None:
        """Take one frame from the transport."""
        self._heard_ns = self._clock()
        if frame != b"PONG":
            self._feed.receive(bytes(frame), self._heard_ns)

    def on_closed(self, reason: str) -> None:
        """Hear that the connection is gone."""
        self._closed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the feed up until `stop` is set."""
        while not stop.is_set():
            self._closed.clear()
            try:
                connection = await self._connect(self._feed.url, self)
            except ConnectError as error:
                _log.warning("%s: %s", self._feed.name, error)
            else:
                self.connections += 1
                await self._serve(connection, stop)
                await connection.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._backoff.next_s())

    async def _serve(self, connection: Connection, stop: asyncio.Event) -> None:
        """Subscribe and ping until the connection is lost, silent, or no longer wanted."""
        self._prices.connected()
        for frame in self._feed.opening:
            connection.send(frame)
        self._heard_ns = opened_ns = pinged_ns = self._clock()
        while not stop.is_set() and not self._closed.is_set():
            now_ns = self._clock()
            if now_ns - self._heard_ns >= STALE_NS:
                _log.warning("%s: no frame for %d s", self._feed.name, STALE_NS // NS_PER_S)
                return
            if now_ns - pinged_ns >= self._feed.ping_every_s * NS_PER_S:
                pinged_ns = now_ns
                connection.send(self._feed.ping)
            if self._heard_ns > opened_ns:
                self._backoff.succeeded()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), STEP_S)
