"""Reference prices as the price streams send them: points, their last two minutes, and how they are written."""

from collections import deque
from typing import Final

import msgspec

from engine.model.units import format_scaled

HISTORY_MS: Final = 120_000
"""A snapshot is the previous two minutes (protocol.md 7.2): enough to learn a window's first price a little late."""
VALUE_DECIMALS: Final = 8


class PricePoint(msgspec.Struct, frozen=True):
    """One price at one time of its source."""

    value_e8: int
    timestamp_ms: int


class PriceHistory:
    """The points of one feed that a snapshot consists of, oldest first."""

    def __init__(self) -> None:
        self._points: deque[PricePoint] = deque()

    def add(self, point: PricePoint) -> None:
        """Take the newest point, and forget those that have become too old."""
        last_ms = self._points[-1].timestamp_ms if self._points else point.timestamp_ms
        assert point.timestamp_ms >= last_ms, f"expected a point after {last_ms} ms, was {point.timestamp_ms} ms"
        self._points.append(point)
        while self._points[0].timestamp_ms < point.timestamp_ms - HISTORY_MS:
            self._points.popleft()

    def since(self, from_ms: int) -> list[PricePoint]:
        """Return the points from a time on."""
        return [point for point in self._points if point.timestamp_ms >= from_ms]


def number(value_e8: int) -> str:
    """Return a price as a JSON number with a fraction, as the venue writes it: 64126.0."""
    text = format_scaled(value_e8, VALUE_DECIMALS)
    return text if "." in text else f"{text}.0"


def exact(value_e8: int) -> str:
    """Return a price as a plain decimal with all its digits: 64126.00000000."""
    whole, fraction = divmod(value_e8, 10**VALUE_DECIMALS)
    return f"{whole}.{fraction:0{VALUE_DECIMALS}d}"


def exact_e18(value_e8: int) -> str:
    """Return a price as the integer of 1e-18 that the older stream has: 64126000000000000000000."""
    return str(value_e8 * 10 ** (18 - VALUE_DECIMALS))
