"""When records are due, without a clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeder.sources.pacing import UNPACED_MILLI, Pace, due_until, parse_pace

SECOND_NS = 10**9


def test_at_real_time_a_record_is_due_when_as_much_time_has_passed() -> None:
    times = np.array([100, 101, 101, 103], np.int64) * SECOND_NS
    pace = Pace(wall_start_ns=5_000, recording_start_ns=100 * SECOND_NS, rate_milli=1_000)
    assert due_until(times, 0, pace, 5_000) == 1
    assert due_until(times, 1, pace, 5_000 + SECOND_NS - 1) == 1
    assert due_until(times, 1, pace, 5_000 + SECOND_NS) == 3
    assert due_until(times, 3, pace, 5_000 + 10 * SECOND_NS) == 4


def test_twenty_times_as_fast_a_minute_takes_three_seconds() -> None:
    pace = Pace(wall_start_ns=0, recording_start_ns=0, rate_milli=20_000)
    assert pace.recording_ns(3 * SECOND_NS) == 60 * SECOND_NS
    assert pace.wall_ns(60 * SECOND_NS) == 3 * SECOND_NS


@given(st.integers(0, 10**18), st.integers(1, 10**6), st.integers(0, 10**15))
def test_a_record_is_due_at_its_wall_time_and_not_before(start_ns: int, rate_milli: int, after_ns: int) -> None:
    pace = Pace(wall_start_ns=77, recording_start_ns=start_ns, rate_milli=rate_milli)
    wall_ns = pace.wall_ns(start_ns + after_ns)
    times = np.array([start_ns + after_ns], np.int64)
    assert due_until(times, 0, pace, wall_ns) == 1
    if wall_ns > 77:
        assert due_until(times, 0, pace, wall_ns - 1) == 0


def test_a_pace_is_a_number_or_max() -> None:
    assert [parse_pace(text) for text in ("1", "20", "0.5", "max")] == [1_000, 20_000, 500, UNPACED_MILLI]


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e99"])
def test_another_pace_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a pace"):
        parse_pace(text)
