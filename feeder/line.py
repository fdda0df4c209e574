"""A line: keeps one connection to the market channel up, and replaces it before it breaks it."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from feeder.clock import Clock
from feeder.lines import Lines
from feeder.link import FrameTap, Link
from feeder.session import MarketSession
from feeder.transport import Backoff, Connect, ConnectError

TICK_S: Final = 0.1
COMPLETE_WITHIN_S: Final = 10.0
"""How long a replacement may take to have all its books; snapshots take about 0.16 s."""

_log = logging.getLogger("feeder")


class Line:
    """Runs one of the redundant lines. Each connection gets a session and a number of its own, from `numbers`.

    `equip` adds the markets that are followed at the moment to a new session.
    """

    def __init__(
        self,
        name: str,
        url: str,
        connect: Connect,
        *,
        lines: Lines,
        open_session: Callable[[str], MarketSession],
        equip: Callable[[MarketSession], None],
        numbers: "itertools.count[int]",
        clock: Clock,
        backoff: Backoff,
        tap: FrameTap | None = None,
    ) -> None:
        self.name = name
        self.connections = 0
        self.reconnects = 0
        self._url = url
        self._connect = connect
        self._lines = lines
        self._open_session = open_session
        self._equip = equip
        self._numbers = numbers
        self._clock = clock
        self._backoff = backoff
        self._tap = tap
        self._link: Link | None = None

    @property
    def link(self) -> Link | None:
        """The present connection, None while there is none."""
        return self._link

    async def run(self, stop: asyncio.Event) -> None:
        """Keep a connection until `stop` is set."""
        while not stop.is_set():
            self._link = await self._dial()
            if self._link is None:
                await _pause(stop, self._backoff.next_s())
                continue
            await self._keep(stop)
        if self._link is not None:
            await self._drop(self._link)

    def request_reconnect(self, reason: str) -> None:
        """Have the present connection replaced."""
        if self._link is not None and self._link.session.reconnect_reason is None:
            self._link.session.reconnect_reason = reason
            self._link.attention.set()

    async def _keep(self, stop: asyncio.Event) -> None:
        """Serve the present connection, and its replacements, until one is lost."""
        while not stop.is_set() and self._link is not None:
            link = self._link
            with suppress(TimeoutError):
                await asyncio.wait_for(link.attention.wait(), TICK_S)
            link.attention.clear()
            if link.closed_reason is not None:
                _log.warning("line %s: %s", self.name, link.closed_reason)
                self._link = None
                self.reconnects += 1
                await self._drop(link)
                await _pause(stop, self._backoff.next_s())
                return
            link.tick()
            if link.session.reconnect_reason is not None:
                await self._replace(link, stop)
            elif link.is_complete:
                self._backoff.succeeded()

    async def _replace(self, link: Link, stop: asyncio.Event) -> None:
        """Make a new connection, wait until it has its books, and only then break the old one."""
        _log.warning("line %s: replacing the connection: %s", self.name, link.session.reconnect_reason)
        replacement = await self._dial()
        if replacement is None:
            await self._serve_for(link, stop, self._backoff.next_s())
            return
        await self._serve_until_complete(replacement, link, stop)
        self.reconnects += 1
        self._link = replacement
        await self._drop(link)
        if not replacement.is_complete:
            await self._serve_for(replacement, stop, self._backoff.next_s())

    async def _serve_until_complete(self, replacement: Link, link: Link, stop: asyncio.Event) -> None:
        deadline_ns = self._clock() + int(COMPLETE_WITHIN_S * 1e9)
        while self._clock() < deadline_ns and not (replacement.is_complete or replacement.closed_reason):
            if stop.is_set():
                return
            replacement.tick()
            link.tick()
            await asyncio.sleep(TICK_S / 4)

    async def _serve_for(self, link: Link, stop: asyncio.Event, seconds: float) -> None:
        """Go on with a connection for some time before anything is tried again."""
        deadline_ns = self._clock() + int(seconds * 1e9)
        while self._clock() < deadline_ns and not stop.is_set() and link.closed_reason is None:
            link.tick()
            await _pause(stop, TICK_S)

    async def _dial(self) -> Link | None:
        number = next(self._numbers)
        session = self._open_session(f"line {self.name}")
        link = Link(number, session, self._lines, self._clock, self._tap)
        try:
            connection = await self._connect(self._url, link)
        except ConnectError as error:
            _log.warning("line %s: %s", self.name, error)
            return None
        self.connections += 1
        # Only now, for markets may have been found while the connection was made.
        self._equip(session)
        self._lines.join(number, session, self._clock())
        link.opened(connection)
        return link

    async def _drop(self, link: Link) -> None:
        self._lines.leave(link.number, self._clock())
        await link.close()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not longer than until `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
