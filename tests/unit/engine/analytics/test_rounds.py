import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.rounds import summarise, wilson_interval
from engine.model.records import RoundRecord


def record(pnl_u6: int, *, entries: int = 1, settled: bool = True, slug: str = "btc-updown-15m-900") -> RoundRecord:
    return RoundRecord(slug, "YES", ["WAIT_ENTRY"], entries, 0, entries, entries, 0, 0, 10, 0, settled, None, pnl_u6)


def test_the_interval_is_wilsons() -> None:
    low, high = wilson_interval(60, 86)
    assert (low, high) == (pytest.approx(0.59388, abs=1e-5), pytest.approx(0.78456, abs=1e-5))


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_rate_and_lies_in_zero_to_one(successes: int, failures: int) -> None:
    low, high = wilson_interval(successes, successes + failures)
    assert 0 <= low <= high <= 1
    if successes + failures:
        assert low - 1e-9 <= successes / (successes + failures) <= high + 1e-9


def test_a_round_without_an_entry_is_neither_won_nor_lost() -> None:
    summary = summarise([record(0, entries=0), record(100_000), record(-900_000)])
    assert (summary.rounds, summary.entered, summary.wins, summary.losses) == (3, 2, 1, 1)
    assert summary.break_even_rate == pytest.approx(0.9)
    assert summary.win_rate == 0.5


def test_an_unsettled_round_is_listed_and_not_counted() -> None:
    summary = summarise([record(100_000), record(-5_000_000, settled=False, slug="open")])
    assert summary.unsettled == ("open",)
    assert (summary.settled, summary.pnl_u6) == (1, 100_000)


def test_nothing_settled_gives_no_rates() -> None:
    summary = summarise([])
    assert (summary.win_rate, summary.win_rate_low, summary.break_even_rate) == (None, None, None)
