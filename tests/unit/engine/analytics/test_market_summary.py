"""Rounds pooled into figures."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.market_statistics import RoundStatistics
from engine.analytics.market_summary import LABELS, MarketSummary, quantile, summarise_market

ROUND = RoundStatistics(
    slug="a",
    length_s=300,
    spread_ticks=Counter({1: 80, 2: 15, 5: 5}),
    size_shares=Counter({10: 10, 250: 80, 1_000: 10}),
    move_2e4=Counter({0: 40, 100: 50, 1_400: 10}),
    messages=Counter({10: 99, 110: 1}),
    trade_shares=Counter({5: 30, 50: 20}),
    late=((30, 60), (20, 30), (30, 300)),
    empty_s=2,
    first_s=(36, 100, None),
    first_won=(True, None, None),
)
QUIET = RoundStatistics(
    "b",
    300,
    *(Counter[int]() for _ in range(5)),
    late=((0, 0),) * 3,
    empty_s=0,
    first_s=(None,) * 3,
    first_won=(None,) * 3,
)


def test_the_figures_of_one_round_are_its_own() -> None:
    summary = summarise_market([ROUND])
    assert (summary.spread_1_tick, summary.spread_2_ticks, summary.spread_wider) == (80, 15, 5)
    assert (summary.size_p10, summary.size_p50, summary.size_p90) == (10, 250, 250)
    assert (summary.one_sided_last_60_s, summary.one_sided_last_30_s, summary.one_sided) == (50, 66.7, 10)
    assert (summary.move_p50, summary.move_p90, summary.move_p99) == (0.5, 0.5, 7)
    assert (summary.messages_mean, summary.messages_worst, summary.trades_per_s) == (11, 110, 0.5)
    assert (summary.reached_60, summary.reached_60_after_s, summary.first_60_won) == (100, 36, 100)
    assert summary.first_80_won is None
    assert summary.empty == 2


def test_rounds_pool_by_their_seconds_and_those_that_are_unknown_are_left_out() -> None:
    lost = msgspec.structs.replace(ROUND, first_won=(False, None, None), spread_ticks=Counter({2: 100}))
    summary = summarise_market([ROUND, lost, QUIET])
    assert (summary.rounds, summary.spread_1_tick, summary.first_60_won) == (3, 40, 50)
    assert summary.reached_60 == 66.7


def test_of_nothing_there_are_no_figures() -> None:
    figures = msgspec.to_builtins(summarise_market([QUIET]))
    assert {name for name, figure in figures.items() if figure is not None} == {"rounds", "reached_60"}


def test_every_figure_has_a_label() -> None:
    assert list(LABELS) == list(MarketSummary.__struct_fields__)


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([1, 100, 500, 900, 1_000]))
def test_a_quantile_is_a_value_that_enough_do_not_exceed(values: list[int], share_e3: int) -> None:
    found = quantile(Counter(values), share_e3)
    assert found in values
    assert sum(value <= found for value in values) * 1_000 >= share_e3 * len(values)
    assert sum(value < found for value in values) * 1_000 < share_e3 * len(values)


def test_a_quantile_of_nothing_is_none() -> None:
    assert quantile(Counter(), 500) is None
    assert quantile(Counter({3: 0}), 500) is None


def test_a_median_of_two_is_the_lower_one() -> None:
    assert quantile(Counter({1: 1, 3: 1}), 500) == pytest.approx(1)
