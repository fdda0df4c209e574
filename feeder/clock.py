"""The feeder's clock: Unix nanoseconds that never go back, whatever happens to the wall clock."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


class SteadyClock:
    """The monotonic clock plus an offset to the wall clock, which is read anew only when `anchor` is called."""

    def __init__(
        self,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._offset_ns = wall_ns() - monotonic_ns()
        self._floor_ns = 0

    def __call__(self) -> int:
        """Return now."""
        return max(self._monotonic_ns() + self._offset_ns, self._floor_ns)

    def anchor(self) -> int:
        """Follow the wall clock again, between rounds; return by how much it had moved. Time never goes back."""
        self._floor_ns = self()
        offset_ns = self._wall_ns() - self._monotonic_ns()
        moved_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        return moved_ns
