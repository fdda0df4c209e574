"""The mathematics of the settlement average against its formulas and a simulation."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.worlds.settlement import TwapAverage, deviation_e8, deviations_e6, up_odds_e6, up_wins

SIGMA_E8 = 6 * 10**8


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [(900, 900 - 40), (60, 20), (30, 30**3 / (3 * 60**2)), (1, 1 / (3 * 60**2))],
)
def test_the_deviation_follows_the_formula_on_both_sides_of_the_averaging_window(left_s: int, expected: float) -> None:
    assert deviation_e8(SIGMA_E8, left_s * 1_000, 60_000) == pytest.approx(SIGMA_E8 * expected**0.5, rel=1e-6)


def test_the_deviation_agrees_with_a_simulated_average() -> None:
    draw = random.Random(1)
    twap_steps, left_steps, runs = 60, 100, 4_000
    finals = []
    for _ in range(runs):
        price, total = 0.0, 0.0
        for step in range(left_steps):
            price += draw.gauss(0, 1)
            total += price if step >= left_steps - twap_steps else 0
        finals.append(total / twap_steps)
    simulated = (sum(final**2 for final in finals) / runs) ** 0.5
    assert simulated == pytest.approx(deviation_e8(10**8, left_steps * 1_000, twap_steps * 1_000) / 10**8, rel=0.05)


def test_what_is_known_of_the_average_counts_for_its_share() -> None:
    average = TwapAverage()
    average.observe(100)
    average.observe(200)
    assert average.expected_e8(600, 20_000, 60_000) == (150 * 40 + 600 * 20) // 60
    assert average.expected_e8(600, 60_000, 60_000) == 600
    assert TwapAverage().expected_e8(600, 59_980, 60_000) == 600


@pytest.mark.parametrize(
    ("distance", "odds_e6"),
    [(0, 500_000), (100, 841_345), (-100, 158_655), (196, 975_002), (10_000, 1_000_000), (-10_000, 0)],
)
def test_the_odds_are_those_of_the_normal_distribution(distance: int, odds_e6: int) -> None:
    assert abs(up_odds_e6(distance, 100) - odds_e6) <= 1


def test_an_error_in_deviations_moves_the_odds() -> None:
    assert up_odds_e6(0, 100, 1_000_000) == up_odds_e6(100, 100)


def test_equality_is_up() -> None:
    assert [up_wins(5, 5), up_wins(6, 5), up_wins(4, 5)] == [True, True, False]


@given(st.integers(-5_500_000, 5_500_000))
def test_the_deviations_of_odds_are_those_that_give_the_odds(z_e6: int) -> None:
    odds_e6 = up_odds_e6(z_e6, 10**6)
    assert abs(up_odds_e6(deviations_e6(odds_e6), 10**6) - odds_e6) <= 1


def test_what_is_certain_is_five_deviations_away_on_either_side() -> None:
    low, even, high = (deviations_e6(odds_e6) for odds_e6 in (0, 500_000, 1_000_000))
    assert (even, high) == (0, -low)
    assert 4_800_000 < high < 5_000_000
