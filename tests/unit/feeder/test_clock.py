from feeder.clock import SteadyClock


def test_a_step_of_the_wall_clock_is_not_seen_until_it_is_asked_for() -> None:
    times = {"monotonic": 100, "wall": 1_000_000}
    clock = SteadyClock(lambda: times["monotonic"], lambda: times["wall"])
    times.update(monotonic=150, wall=2_000_000)
    assert clock() == 1_000_050
    assert clock.anchor() == 999_950
    assert clock() == 2_000_000


def test_time_never_goes_back_even_when_the_wall_clock_did() -> None:
    times = {"monotonic": 100, "wall": 1_000_000}
    clock = SteadyClock(lambda: times["monotonic"], lambda: times["wall"])
    times.update(monotonic=200, wall=500_000)
    clock.anchor()
    assert clock() == 1_000_100
    times.update(monotonic=300)
    assert clock() == 1_000_100
