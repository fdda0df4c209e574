"""The windows a feeder is concerned with: which to look for, subscribe, call closed and let go, at any
moment.

The next windows are subscribed while the current one runs, and a window is let go only after it was resolved,
so a boundary needs no reconnect. Time is an argument.

Source: spec feed.md (rounds, discovery).
"""

from dataclasses import dataclass, field
from typing import Final

from engine.model.rounds import bucket_start_s, parse_slug, slug_of
from feeder.discovery import FoundMarket

RETRY_EVERY_S: Final = 5
"""Gamma's listing limit is 300 requests in 10 s; hydration of a fresh market takes minutes."""
RESOLVED_GRACE_S: Final = 5
RESOLUTION_WAIT_S: Final = 900
"""Resolution comes 20-90 s after the end (protocol.md 7.1); what is ten times as late is not waited for."""


@dataclass
class Window:
    """One window and how far it is."""

    slug: str
    start_s: int
    length_s: int
    market: FoundMarket | None = None
    try_at_s: float = 0
    reason: str = ""
    skipped: bool = False
    closed: bool = False
    resolved_s: float | None = None

    @property
    def end_s(self) -> int:
        """The first second after the window."""
        return self.start_s + self.length_s


@dataclass
class Rounds:
    """Rolls along the windows of each asset (`ahead` of them beyond the current one) and any single ones in
    `extra`."""

    assets: tuple[str, ...]
    length_s: int
    ahead: int = 2
    extra: tuple[str, ...] = ()
    windows: dict[str, Window] = field(default_factory=dict)

    def roll(self, now_s: float) -> None:
        """Take in the windows that have come into sight."""
        first_s = bucket_start_s(int(now_s), self.length_s)
        starts = [first_s + number * self.length_s for number in range(self.ahead + 1)]
        series = (slug_of(asset, start_s, self.length_s) for asset in self.assets for start_s in starts)
        for slug in (*series, *self.extra):
            _, start_s, length_s = parse_slug(slug)
            if slug not in self.windows and now_s < start_s + length_s:
                self.windows[slug] = Window(slug, start_s, length_s)

    def to_find(self, now_s: float) -> list[Window]:
        """Return the windows whose market has to be looked up now, the earliest first."""
        missing = [
            window
            for window in self.windows.values()
            if window.market is None and not window.skipped and window.try_at_s <= now_s
        ]
        return sorted(missing, key=lambda window: window.start_s)

    def not_found(self, window: Window, now_s: float, reason: str) -> None:
        """Note a failed look-up: it is tried again until the window ends."""
        window.reason = reason
        window.try_at_s = now_s + RETRY_EVERY_S
        if window.try_at_s >= window.end_s:
            self.skip(window, f"{reason}, until it ended")

    def skip(self, window: Window, reason: str) -> None:
        """Give a window up, by name and with the reason."""
        window.skipped = True
        window.reason = reason

    def ended(self, now_s: float) -> list[Window]:
        """Return the windows that are over, each once."""
        over = [w for w in self.windows.values() if w.market is not None and not w.closed and w.end_s <= now_s]
        for window in over:
            window.closed = True
        return over

    def finished(self, now_s: float) -> list[Window]:
        """Return the windows that nothing more is expected of, and forget them."""
        done = [window for window in self.windows.values() if self._is_finished(window, now_s)]
        for window in done:
            del self.windows[window.slug]
        return done

    def _is_finished(self, window: Window, now_s: float) -> bool:
        if window.market is None:
            return window.end_s <= now_s
        if window.resolved_s is not None:
            return window.resolved_s + RESOLVED_GRACE_S <= now_s
        return window.end_s + RESOLUTION_WAIT_S <= now_s

    def running(self, now_s: float) -> list[Window]:
        """Return the found windows between their start and their end."""
        return [w for w in self.windows.values() if w.market is not None and w.start_s <= now_s < w.end_s]
