"""Opinions: the odds of the settlement, and errors that keep their size."""

from engine.worlds.dice import Dice
from engine.worlds.participants.opinion import Opinion, OpinionParams
from engine.worlds.participants.view import Outlook, Window
from engine.worlds.settlement import deviation_e8, up_odds_e6

WINDOW = Window("w", 0, 900_000, 60_000, 5_000_000)
TRUTH = OpinionParams(volatility_e8=6 * 10**8)
AHEAD = Outlook(0, 50 * 10**8, 600_000)


def opinion(params: OpinionParams = TRUTH) -> Opinion:
    return Opinion(params, WINDOW, Dice(1, "test"))


def test_without_an_error_it_is_the_odds_of_the_settlement() -> None:
    assert opinion().fair_e6(AHEAD) == up_odds_e6(50 * 10**8, deviation_e8(6 * 10**8, 600_000, 60_000))
    assert opinion().fair_e6(AHEAD) == opinion().fair_e6(AHEAD)


def test_who_takes_the_volatility_for_greater_is_less_sure() -> None:
    shy = opinion(OpinionParams(volatility_e8=6 * 10**8, volatility_e3=2_000))
    assert 500_000 < shy.fair_e6(AHEAD) < opinion().fair_e6(AHEAD)


def test_at_the_end_it_is_certain() -> None:
    assert opinion().fair_e6(Outlook(0, 10**8, 0)) == 1_000_000
    assert opinion().fair_e6(Outlook(0, -(10**8), 0)) == 0


def test_the_mood_is_shared_by_those_who_share_it() -> None:
    moody = AHEAD._replace(mood_e6=-1_000_000, trust_e3=-300)
    assert opinion().fair_e6(moody) < 500_000
    own_mind = opinion(OpinionParams(volatility_e8=6 * 10**8, shares_mood=False))
    assert own_mind.fair_e6(moody) == opinion().fair_e6(AHEAD)


def test_an_own_error_keeps_its_size_and_has_no_direction() -> None:
    wavering = opinion(OpinionParams(volatility_e8=6 * 10**8, error_e3=500))
    even = Outlook(0, 0, 600_000)
    draws = [wavering.fair_e6(even) for _ in range(8_000)]
    mean = sum(draws) / len(draws)
    deviation = (sum((draw - mean) ** 2 for draw in draws) / len(draws)) ** 0.5
    assert abs(mean - 500_000) < 20_000
    assert 160_000 < deviation < 200_000  # of the odds, for half a deviation of the price
