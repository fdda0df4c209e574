from typing import NamedTuple

from engine.runtime.clock import ShellClock, wall_seconds


class Pace(NamedTuple):
    wall_start_ns: int
    recording_start_ns: int
    rate_milli: int


class Hands:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.monotonic = 1_000
        self.wall = 50_000

    def clock(self) -> ShellClock:
        return ShellClock(lambda: self.monotonic, lambda: self.wall)


def test_now_follows_the_monotonic_clock_even_when_the_wall_steps() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.monotonic += 500
    hands.wall -= 9_000
    assert clock.now_ns(None, 0) == 50_500


def test_the_wall_is_read_again_only_when_asked_and_the_change_is_told() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall += 100
    assert clock.wall_ns() == 50_000
    assert clock.reread_offset() == 100
    assert clock.wall_ns() == 50_100


def test_now_never_goes_back() -> None:
    hands = Hands()
    clock = hands.clock()
    assert clock.now_ns(None, 0) == 50_000
    hands.wall -= 10_000
    clock.reread_offset()
    assert clock.now_ns(None, 0) == 50_000


def test_a_paced_recordings_time_runs_at_its_rate_from_its_start() -> None:
    hands = Hands()
    clock = hands.clock()
    pace = Pace(50_000, 7_000_000, 20_000)
    hands.monotonic += 300
    assert clock.now_ns(pace, 0) == 7_000_000 + 300 * 20


def test_the_newest_record_is_the_present_of_an_unpaced_recording() -> None:
    clock = Hands().clock()
    assert clock.now_ns(Pace(0, 0, 0), 123_456) == 123_456


def test_a_span_of_recording_time_is_shorter_on_the_wall() -> None:
    assert wall_seconds(2_000_000_000, None) == 2.0
    assert wall_seconds(2_000_000_000, Pace(0, 0, 20_000)) == 0.1
    assert wall_seconds(2_000_000_000, Pace(0, 0, 0)) == 0.0
