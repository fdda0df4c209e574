"""What is due when: a queue of calls in order of time and, at the same time, of entry."""

import heapq
from collections.abc import Callable


class Schedule:
    """Calls to be made at a Unix millisecond. Whoever makes them tells each the time."""

    __slots__ = ("_heap", "_number")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0

    def at(self, due_ms: int, call: Callable[[int], None]) -> None:
        """Make the call at that time."""
        self._number += 1
        heapq.heappush(self._heap, (due_ms, self._number, call))

    def next_ms(self) -> int | None:
        """Return when the next call is due; None when nothing is."""
        return self._heap[0][0] if self._heap else None

    def take(self) -> Callable[[int], None]:
        """Return the next call and forget it. Requires that there is one."""
        return heapq.heappop(self._heap)[2]

    def __len__(self) -> int:
        """Return how many calls are waiting."""
        return len(self._heap)
