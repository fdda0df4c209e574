"""The price that a recorded book implies, and that it settles as the round did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.worlds.implied import MARGIN_E8, PATH_STEP_MS, ImpliedPath, odds_e6
from engine.worlds.participants.view import Window
from engine.worlds.recorded_rounds import BookMoment, RecordedRound
from engine.worlds.settlement import up_odds_e6

VOLATILITY_E8 = 6 * 10**8
WINDOW = Window("w", 0, 900_000, 60_000, 5_000_000)


def played(*mids_e4: tuple[int, int], up_won: bool | None = None, length_ms: int = 900_000) -> RecordedRound:
    books = tuple(BookMoment(at_ms, ((mid - 50, 10),), ((mid + 50, 10),)) for at_ms, mid in mids_e4)
    return RecordedRound("r", length_ms, books, (), up_won)


def test_the_odds_are_the_mid_and_the_end_of_the_scale_where_a_side_is_empty() -> None:
    level = ((9_900, 10),)
    assert odds_e6(BookMoment(0, ((4_000, 10),), ((4_100, 10),))) == 405_000
    assert odds_e6(BookMoment(0, level, ())) == 995_000
    assert odds_e6(BookMoment(0, (), ((100, 10),))) == 5_000
    assert odds_e6(BookMoment(0, (), ())) == 500_000


def test_the_distance_is_the_one_at_which_the_book_would_be_right() -> None:
    path = ImpliedPath(played((0, 8_000)), WINDOW, VOLATILITY_E8)
    spread_e8 = VOLATILITY_E8 * 20  # after 500 of 900 s
    assert up_odds_e6(path.distance_e8(500_000), spread_e8) == pytest.approx(800_000, abs=100)
    assert path.distance_e8(900_000) == 0


def test_a_book_counts_from_its_own_moment_scaled_to_the_window() -> None:
    short = Window("w", 0, 90_000, 6_000, 5_000_000)
    path = ImpliedPath(played((0, 5_000), (400_000, 9_000)), short, VOLATILITY_E8)
    assert path.distance_e8(39_800) == 0
    assert path.distance_e8(40_000) > 0


@given(st.lists(st.tuples(st.integers(0, 899_999), st.integers(100, 9_900)), max_size=30), st.booleans())
def test_the_average_at_the_end_agrees_with_the_recorded_outcome(mids: list[tuple[int, int]], up_won: bool) -> None:
    path = ImpliedPath(played(*sorted(mids), up_won=up_won), WINDOW, VOLATILITY_E8)
    last = [path.distance_e8(at_ms) for at_ms in range(840_000 + PATH_STEP_MS, 900_001, PATH_STEP_MS)]
    assert len(last) == 300
    assert sum(last) // 300 >= MARGIN_E8 if up_won else -(sum(last) // -300) <= -MARGIN_E8


def test_a_path_that_settles_rightly_by_itself_is_left_alone() -> None:
    alone, told = (ImpliedPath(played((0, 9_000), up_won=won), WINDOW, VOLATILITY_E8) for won in (None, True))
    times = range(PATH_STEP_MS, 900_001, PATH_STEP_MS)
    assert [alone.distance_e8(ms) for ms in times] == [told.distance_e8(ms) for ms in times]
    other = ImpliedPath(played((0, 9_000), up_won=False), WINDOW, VOLATILITY_E8)
    assert [alone.distance_e8(ms) for ms in times[:-75]] == [other.distance_e8(ms) for ms in times[:-75]]


def test_a_book_that_was_missed_leaves_the_price_where_it_was() -> None:
    whole = played((0, 8_000))
    missed = RecordedRound("r", 900_000, (*whole.books, BookMoment(300_000, (), ())), (), None)
    paths = [ImpliedPath(one, WINDOW, VOLATILITY_E8) for one in (whole, missed)]
    assert paths[0].distance_e8(500_000) == paths[1].distance_e8(500_000) > 0
