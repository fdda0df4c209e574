"""The heart of the running exchange: core, members, clock and streams together; every handler works on this.

`pump` is called after everything that may have changed the core: it takes the notices and hands them on.
"""

import asyncio
from collections.abc import Callable

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.notices import AnyNotice, HoldEnded, LevelChanged
from engine.exchange.core.orders import Answer
from engine.exchange.members import Members
from engine.exchange.render.books import Books
from engine.exchange.server.limits import Mode as LimitMode
from engine.exchange.server.limits import SignerLimits

Listener = Callable[[list[AnyNotice]], None]


class Desk:
    """What the handlers share. `now_ms` is the venue's time, Unix ms; it never goes back."""

    def __init__(self, exchange: Exchange, members: Members, clock_ms: Callable[[], int]) -> None:
        self.exchange = exchange
        self.members = members
        self.books = Books()
        self.limits = SignerLimits(LimitMode.WARN)
        self.skew_ms = 0
        """What a scenario makes the venue's clock wrong by, where a client can see it."""
        self.listeners: list[Listener] = []
        self.on_pumped: Callable[[], None] = lambda: None
        self._clock_ms = clock_ms
        self._last_ms = 0
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    def now_ms(self) -> int:
        """Return the time now."""
        self._last_ms = max(self._last_ms, self._clock_ms())
        return self._last_ms

    def shown_ms(self) -> int:
        """Return the time that clients are told."""
        return self.now_ms() + self.skew_ms

    def advance(self) -> int:
        """Let the core do what is due; return the time."""
        now_ms = self.now_ms()
        self.exchange.advance(now_ms)
        return now_ms

    def pump(self) -> None:
        """Hand on what has happened."""
        notices = self.exchange.take_notices()
        if notices:
            for notice in notices:
                if isinstance(notice, LevelChanged):
                    self.books.changed(notice.market, notice.at_ms)
            for listener in self.listeners:
                listener(notices)
            for notice in notices:
                if isinstance(notice, HoldEnded):
                    future = self._waiting.pop(notice.answer.order_id, None)
                    if future is not None and not future.done():
                        future.set_result(notice.answer)
        self.on_pumped()

    def hold(self, order_id: str) -> "asyncio.Future[Answer]":
        """Return what will have the answer of a held order."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = future
        return future

    def wake_at_ms(self) -> int | None:
        """Return when the core has something to do."""
        return self.exchange.schedule.next_ms()

    def wake(self, now_ms: int) -> None:
        """Do it."""
        del now_ms
        self.advance()
        self.pump()
