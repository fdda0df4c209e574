"""Tells a trade that is seen for the first time from its copies on other lines and from duplicates."""

from typing import Final

Trade = tuple[object, ...]
REMEMBERED_MAX: Final = 4096
"""Far more than the trades of the seconds by which two lines can be apart (busiest recorded second: 177
messages)."""


class TradeTape:
    """Remembers the last trades by all that the venue says of them.

    Two trades that are equal in every field, time in milliseconds and transaction included, count as one: a
    missing trade makes paper fills late, an invented one makes them false.
    """

    def __init__(self) -> None:
        self._seen: dict[Trade, None] = {}

    def is_new(self, trade: Trade) -> bool:
        """Remember a trade; False when it is remembered already."""
        if trade in self._seen:
            return False
        self._seen[trade] = None
        if len(self._seen) > REMEMBERED_MAX:
            del self._seen[next(iter(self._seen))]
        return True
