"""The reference price: as volatile as it is said to be, in bursts or bit by bit; and what makers get wrong about it."""

from itertools import pairwise

import pytest

from engine.worlds.params import WorldParams
from engine.worlds.reference import CALM_TRUST_E3, ReferencePrice, Sentiment

STEPS_PER_S = 50
STEADY = {"jumps_per_round_e3": 0}
BURSTY = {"jumps_per_round_e3": 0, "bursts_per_round_e3": 270_000, "burst_share_e3": 800}


def moves_usd(seconds: int, every_s: int = 1, **changes: int) -> list[float]:
    """Return the absolute moves over each span, sorted."""
    price = ReferencePrice(WorldParams(seed=2, **changes), 1_000 // STEPS_PER_S)
    path = [price.next_e8(0) / 10**8 for _ in range(seconds * STEPS_PER_S)][:: every_s * STEPS_PER_S]
    return sorted(abs(after - before) for before, after in pairwise(path))


def deviation(moves: list[float]) -> float:
    return (sum(move**2 for move in moves) / len(moves)) ** 0.5


@pytest.mark.parametrize("changes", [STEADY, BURSTY])
def test_it_moves_by_its_volatility_over_any_span(changes: dict[str, int]) -> None:
    assert deviation(moves_usd(3_000, **changes)) == pytest.approx(6, rel=0.08)
    assert deviation(moves_usd(6_000, every_s=10, **changes)) == pytest.approx(6 * 10**0.5, rel=0.12)


def test_in_bursts_most_seconds_are_quiet_and_some_are_not() -> None:
    steady, bursty = moves_usd(4_000, **STEADY), moves_usd(4_000, **BURSTY)
    assert bursty[2_000] < 0.7 * steady[2_000]
    assert bursty[3_960] > 1.3 * steady[3_960]


def test_a_jump_moves_it_at_once() -> None:
    assert moves_usd(2_000, jumps_per_round_e3=5_000, jump_e3=500)[-1] > 60 > moves_usd(2_000, **STEADY)[-1]


def test_drift_is_told_in_deviations_of_a_window() -> None:
    price = ReferencePrice(WorldParams(seed=2, drift_e3=5_000, **STEADY), 20)
    for _ in range(900 * STEPS_PER_S):
        price.step()
    assert (price.spot_e8 - 65_000 * 10**8) / 10**8 == pytest.approx(5 * 180, rel=0.6)


def test_it_never_falls_below_a_dollar() -> None:
    price = ReferencePrice(WorldParams(seed=2, spot_e8=2 * 10**8, volatility_e8=50 * 10**8), 20)
    assert min(price.next_e8(0) for _ in range(1_000)) == 10**8


def test_the_makers_error_fades_and_keeps_its_size() -> None:
    mood = Sentiment(WorldParams(seed=2, sentiment_e3=300), 20)
    errors = []
    for _ in range(200_000):
        mood.step()
        errors.append(mood.error_e6 / 10**6)
    assert deviation(errors) == pytest.approx(0.3, rel=0.15)
    assert abs(sum(errors) / len(errors)) < 0.1


def test_panics_come_and_go() -> None:
    mood = Sentiment(WorldParams(seed=2, panics_per_round_e3=5_000), 20)
    trusts = []
    for _ in range(2 * 900 * STEPS_PER_S):
        mood.step()
        trusts.append(mood.trust_e3)
    assert 0.7 < trusts.count(CALM_TRUST_E3) / len(trusts) < 0.99
    assert min(trusts) < 500
