"""Draws that a seed determines, and their distributions."""

import pytest

from engine.worlds.dice import Dice


def test_the_same_seed_and_stream_give_the_same_draws_for_ever() -> None:
    dice = Dice(7, "test")
    assert [dice.below(1_000), dice.normal_e6(), dice.between(5, 9)] == [665, -1_502_574, 8]


def test_streams_of_one_seed_differ() -> None:
    assert Dice(7, "a").below(10**9) != Dice(7, "b").below(10**9)


def test_a_normal_draw_has_the_right_mean_and_deviation() -> None:
    dice = Dice(1, "test")
    draws = [dice.normal_e6() for _ in range(20_000)]
    mean = sum(draws) / len(draws)
    deviation = (sum((draw - mean) ** 2 for draw in draws) / len(draws)) ** 0.5
    assert abs(mean) < 30_000
    assert abs(deviation - 1_000_000) < 30_000


def test_a_quantile_table_is_met() -> None:
    dice = Dice(1, "test")
    table = ((0, 0), (500, 100), (1_000, 1_100))
    draws = sorted(dice.quantile(table) for _ in range(10_000))
    assert abs(draws[5_000] - 100) < 20
    assert abs(draws[7_500] - 600) < 40
    assert draws[0] >= 0
    assert draws[-1] < 1_100


def test_bounds_are_kept_and_odds_are_met() -> None:
    dice = Dice(1, "test")
    assert {dice.between(3, 5) for _ in range(200)} == {3, 4, 5}
    assert abs(sum(dice.chance(250_000) for _ in range(10_000)) - 2_500) < 200
    with pytest.raises(AssertionError, match="positive"):
        dice.below(0)


def test_waits_are_those_of_events_that_come_at_random() -> None:
    dice = Dice(1, "test")
    waits = sorted(dice.wait_ms(1_000) for _ in range(20_000))
    assert waits[0] >= 1
    assert abs(sum(waits) / len(waits) - 1_000) < 30
    assert abs(waits[10_000] - 693) < 30  # the median is ln 2 of the mean
