"""What is due when: a queue of calls in order of time and, at the same time, of entry."""

import heapq
from collections.abc import Callable


class Schedule:
    """Calls to be made at a Unix millisecond. Each gets the moment it was due at."""

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

    def run(self, now_ms: int) -> None:
        """Make all calls that are due, those too that the calls add."""
        heap = self._heap
        while heap and heap[0][0] <= now_ms:
            due_ms, _, call = heapq.heappop(heap)
            call(due_ms)

    def __len__(self) -> int:
        """Return how many calls are waiting."""
        return len(self._heap)
