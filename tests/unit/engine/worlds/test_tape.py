"""The tape agrees with the price it records, and its averages with those of the settlement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.worlds.params import WorldParams
from engine.worlds.reference import ReferencePrice
from engine.worlds.settlement import TwapAverage
from engine.worlds.tape import STEP_MS, PriceTape

START_MS = 1_800_000_000_000
PARAMS = WorldParams(seed=5, jumps_per_round_e3=5_000)


def path(steps: int) -> list[int]:
    """Return the prices themselves: one at the beginning, and one after each step."""
    price = ReferencePrice(PARAMS, STEP_MS)
    return [price.next_e8(0) for _ in range(steps + 1)]


def record(kept_ms: int = 300_000) -> PriceTape:
    return PriceTape(ReferencePrice(PARAMS, STEP_MS).next_e8, START_MS, kept_ms)


def test_spot_is_the_price_of_the_step_that_is_in_force() -> None:
    tape = record(1_000)
    prices = path(100)
    tape.advance(START_MS + 999)
    assert tape.now_ms == START_MS + 980
    assert [tape.spot_e8(START_MS + ms) for ms in (0, 19, 20, 999)] == [prices[50], prices[50], prices[51], prices[99]]


@given(st.integers(0, 199), st.integers(0, 199))
def test_an_average_is_that_of_the_settlement(first: int, last: int) -> None:
    first, last = sorted((first, last))
    tape = record(2_000)
    tape.advance(START_MS + 1_980)
    begin_ms = START_MS - 2_000
    average = TwapAverage()
    for price_e8 in path(200)[first + 1 : last + 1] or [path(200)[last]]:
        average.observe(price_e8)
    assert tape.average_e8(begin_ms + first * STEP_MS, begin_ms + last * STEP_MS) == average.value_e8()


def test_how_it_is_stepped_changes_nothing_and_what_is_too_old_or_to_come_is_not_on_it() -> None:
    once, often = (record(1_000) for _ in range(2))
    once.advance(START_MS + 5_000)
    for ms in range(0, 5_001, 7):
        often.advance(START_MS + ms)
    assert once.now_ms == START_MS + 5_000
    often.advance(START_MS + 5_000)
    assert [once.spot_e8(START_MS + ms) for ms in range(3_100, 5_000, 20)] == [
        often.spot_e8(START_MS + ms) for ms in range(3_100, 5_000, 20)
    ]
    for odd_ms in (START_MS + 3_000, START_MS + 5_020):
        with pytest.raises(AssertionError, match="not on the tape"):
            once.spot_e8(odd_ms)


def test_an_average_that_is_over_is_known_and_one_that_has_not_begun_is_the_spot() -> None:
    tape = record()
    end_ms, twap_ms = START_MS - 1_000, 60_000
    assert tape.expected_twap_e8(end_ms, twap_ms, START_MS) == tape.twap_e8(end_ms, twap_ms)
    assert tape.expected_twap_e8(START_MS + twap_ms, twap_ms, START_MS) == tape.spot_e8(START_MS)
    known, spot = tape.average_e8(START_MS - 45_000, START_MS), tape.spot_e8(START_MS)
    assert tape.expected_twap_e8(START_MS + 15_000, twap_ms, START_MS) == (known * 45 + spot * 15) // 60


def test_spot_is_published_five_times_a_second_and_the_average_once() -> None:
    tape = record()
    spots = list(tape.spot_ticks(START_MS - 2_000, START_MS))
    twaps = list(tape.twap_ticks(START_MS - 2_000, START_MS, 60_000))
    assert [tick.at_ms - START_MS for tick in spots] == list(range(-1_800, 1, 200))
    assert [tick.at_ms - START_MS for tick in twaps] == [-1_000, 0]
    assert spots[-1].price_e8 == tape.spot_e8(START_MS)
    assert twaps[-1].price_e8 == tape.twap_e8(START_MS, 60_000)


def test_whoever_gives_the_prices_is_told_their_times() -> None:
    tape = PriceTape(lambda at_ms: at_ms - START_MS, START_MS, kept_ms=1_000)
    tape.advance(START_MS + 400)
    assert [tape.spot_e8(START_MS + ms) for ms in (-1_000, 0, 19, 400)] == [-1_000, 0, 0, 400]
