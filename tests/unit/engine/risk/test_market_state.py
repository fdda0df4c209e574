"""A market moves one way, what may be done only becomes less, and the venue's word counts more than the clock's."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import NS_PER_S
from engine.risk.market_state import (
    ALLOWED,
    ORDER,
    Action,
    MarketFacts,
    MarketParams,
    MarketState,
    is_allowed,
    market_state,
)

PARAMS = MarketParams()
M = MarketState


def after(left_s: float, **facts: bool) -> MarketState:
    return market_state(PARAMS, MarketFacts(round(left_s * NS_PER_S), **facts))


@pytest.mark.parametrize(
    ("left_s", "state"),
    [
        (900, M.NORMAL),
        (120.001, M.NORMAL),
        (120, M.WATCH),
        (5.001, M.WATCH),
        (5, M.CLOSE_WINDOW),
        (0.001, M.CLOSE_WINDOW),
        (0, M.CLOSED),
        (-90, M.CLOSED),
    ],
)
def test_time_to_close_decides_while_the_venue_says_nothing(left_s: float, state: MarketState) -> None:
    assert after(left_s) == state


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        ("closed", M.CLOSED),
        ("proposed", M.PROPOSED),
        ("challenged", M.CHALLENGED),
        ("halted", M.HALTED),
        ("resolved", M.RESOLVED),
    ],
)
def test_the_venues_word_counts_at_any_time(fact: str, state: MarketState) -> None:
    assert {after(left_s, **{fact: True}) for left_s in (900, 60, 3, -5)} == {state}


def test_every_state_has_its_row_and_cancels_are_allowed_in_all() -> None:
    assert set(ALLOWED) == set(MarketState)
    assert all(Action.CANCEL in actions for actions in ALLOWED.values())


def test_what_may_be_done_becomes_less_and_never_more_on_the_way() -> None:
    assert ORDER[0] == M.NORMAL
    assert set(ORDER) == set(MarketState) - {M.HALTED}
    for before, later in pairwise(ORDER):
        assert ALLOWED[later] <= ALLOWED[before]


@given(st.lists(st.integers(-100, 1_000), min_size=2), st.integers(0, 300), st.integers(0, 300))
def test_as_time_goes_by_a_market_never_goes_back(left: list[int], one: int, other: int) -> None:
    params = MarketParams(max(one, other) * NS_PER_S, min(one, other) * NS_PER_S)
    path = [market_state(params, MarketFacts(left_s * NS_PER_S)) for left_s in sorted(left, reverse=True)]
    assert [ORDER.index(state) for state in path] == sorted(ORDER.index(state) for state in path)


def test_near_the_close_only_risk_is_reduced_and_after_it_nothing_is_placed() -> None:
    assert is_allowed(M.CLOSE_WINDOW, reducing=True, resting=False)
    assert not is_allowed(M.CLOSE_WINDOW, reducing=False, resting=True)
    assert not is_allowed(M.CLOSED, reducing=True, resting=True)
    assert is_allowed(M.WATCH, reducing=False, resting=True)
    assert is_allowed(M.WATCH, reducing=False, resting=False)
