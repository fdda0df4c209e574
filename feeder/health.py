"""What a feeder says about itself: message rates, ages and counts, as plain values for run/feeder.json and the log."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from engine.model.units import NS_PER_S
from feeder.book import COUNT_NAMES, BookState, Shape, TokenBook

RATE_WINDOW_NS: Final = 5 * NS_PER_S


class Rate:
    """Messages per second over the last five seconds, from a running total."""

    def __init__(self) -> None:
        self._points: deque[tuple[int, int]] = deque()

    def update(self, total: int, now_ns: int) -> float:
        """Take the total at a time and return the rate, 0 while there is only one point."""
        self._points.append((now_ns, total))
        while len(self._points) > 2 and now_ns - self._points[0][0] > RATE_WINDOW_NS:
            self._points.popleft()
        first_ns, first_total = self._points[0]
        return (total - first_total) * NS_PER_S / (now_ns - first_ns) if now_ns > first_ns else 0.0


def book_health(book: TokenBook, now_ns: int) -> Mapping[str, object]:
    """Return one book's state, age of its last data, and churn (updates and level changes, for quoteability)."""
    counts = book.counts()
    assert counts.keys() == set(COUNT_NAMES), f"a book's counts were {sorted(counts)}"
    return {
        "state": BookState(book.state).name,
        "shape": Shape(book.shape).name,
        "age_ms": (now_ns - book.recv_ts_ns) // 1_000_000 if book.recv_ts_ns else None,
        "updates": counts["snapshots"] + counts["changes"],
        "level_changes": counts["level_changes"],
        "published": counts["published"],
    }
