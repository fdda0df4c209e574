"""When the records of a recording are due: playing at 1x, Nx or unpaced, with time as an argument."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

UNPACED_MILLI: Final = 0
REAL_TIME_MILLI: Final = 1_000


class Pace(NamedTuple):
    """The triple of the ring's header: recording time is `recording_start_ns + (wall - wall_start_ns) * rate
    / 1000`.

    `rate_milli` 0 = unpaced: the newest record is the present.
    """

    wall_start_ns: int
    recording_start_ns: int
    rate_milli: int

    def recording_ns(self, wall_ns: int) -> int:
        """Return the recording's time at a wall time; only a paced recording has one."""
        assert self.rate_milli > 0, "an unpaced recording has no time of its own between its records"
        return self.recording_start_ns + (wall_ns - self.wall_start_ns) * self.rate_milli // 1_000

    def wall_ns(self, recording_ns: int) -> int:
        """Return the first wall time at which a moment of the recording is due."""
        assert self.rate_milli > 0, "an unpaced recording has no time of its own between its records"
        return self.wall_start_ns - (self.recording_start_ns - recording_ns) * 1_000 // self.rate_milli


def due_until(recv_ts_ns: NDArray[np.int64], start: int, pace: Pace, wall_ns: int) -> int:
    """Return the end of the records from `start` on that are due at `wall_ns`; their times never go back."""
    return max(start, int(np.searchsorted(recv_ts_ns, pace.recording_ns(wall_ns), side="right")))


def parse_pace(text: str) -> int:
    """Return the rate in 1e-3 of a pace such as `1`, `20` or `0.5`; `max` is unpaced. Raises ValueError
    otherwise.
    """
    if text == "max":
        return UNPACED_MILLI
    try:
        rate_milli = round(float(text) * 1_000)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected a pace such as 1, 20, 0.5 or max, was {text!r}") from error
    if not 1 <= rate_milli <= 1_000_000_000:
        raise ValueError(f"expected a pace between 0.001 and 1,000,000, was {text!r}")
    return rate_milli
