"""The clocks of the shells: wall time that cannot step back, and a recording's time derived from it (architecture.md,
rule 6).
"""

import time
from collections.abc import Callable
from typing import Protocol


class PaceLike(Protocol):
    """The ring header's pace triple; rate 0 = unpaced, the newest record is the present."""

    @property
    def wall_start_ns(self) -> int:
        """Wall time at which the recording began to be played."""
        ...

    @property
    def recording_start_ns(self) -> int:
        """The recording's time then."""
        ...

    @property
    def rate_milli(self) -> int:
        """How much faster than the wall the recording runs, in 1e-3."""
        ...


class ShellClock:
    """Now for one shell: never less than before; the offset from monotonic to wall time is read only when asked to."""

    def __init__(
        self, monotonic_ns: Callable[[], int] = time.monotonic_ns, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._read_wall_ns = wall_ns
        self._offset_ns = wall_ns() - monotonic_ns()
        self._last_ns = 0

    def reread_offset(self) -> int:
        """Read the wall clock anew, while nothing is at stake, and return by how much the offset changed."""
        offset_ns = self._read_wall_ns() - self._monotonic_ns()
        change_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        return change_ns

    def wall_ns(self) -> int:
        """Return the wall time, by the monotonic clock."""
        return self._monotonic_ns() + self._offset_ns

    def now_ns(self, pace: PaceLike | None, newest_ns: int) -> int:
        """Return the time that events are stamped with; `newest_ns` is the newest record's, for unpaced recordings."""
        if pace is None:
            now_ns = self.wall_ns()
        elif pace.rate_milli == 0:
            now_ns = newest_ns
        else:
            now_ns = pace.recording_start_ns + (self.wall_ns() - pace.wall_start_ns) * pace.rate_milli // 1000
        self._last_ns = max(self._last_ns, now_ns)
        return self._last_ns


def wall_seconds(recording_ns: int, pace: PaceLike | None) -> float:
    """Return how long a span of event time takes on the wall; 0 for an unpaced recording."""
    if pace is None:
        return recording_ns / 1e9
    return recording_ns / 1e6 / pace.rate_milli if pace.rate_milli else 0.0
