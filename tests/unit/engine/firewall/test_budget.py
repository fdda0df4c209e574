"""The mutation budget's rolling window."""

from hypothesis import given
from hypothesis import strategies as st

from engine.firewall.budget import MutationBudget

WINDOW_NS = 100
moments = st.lists(st.integers(0, 1_000), max_size=60).map(sorted)


def spent(sent_ns: list[int]) -> MutationBudget:
    budget = MutationBudget()
    for now_ns in sent_ns:
        budget = budget.spend(now_ns, WINDOW_NS)
    return budget


@given(moments, st.integers(0, 200))
def test_what_is_used_is_what_was_sent_within_the_window(sent_ns: list[int], later_ns: int) -> None:
    now_ns = (sent_ns[-1] if sent_ns else 0) + later_ns
    inside = [sent for sent in sent_ns if now_ns - sent < WINDOW_NS]
    assert spent(sent_ns).used(now_ns, WINDOW_NS) == len(inside)


@given(moments, st.integers(0, 200), st.integers(1, 10))
def test_one_more_fits_at_the_time_it_says_and_not_before(sent_ns: list[int], later_ns: int, limit: int) -> None:
    now_ns = (sent_ns[-1] if sent_ns else 0) + later_ns
    budget = spent(sent_ns)
    free_ns = budget.free_at_ns(now_ns, WINDOW_NS, limit)
    assert free_ns >= now_ns
    assert budget.used(free_ns, WINDOW_NS) < limit
    assert free_ns == now_ns or budget.used(free_ns - 1, WINDOW_NS) >= limit


@given(moments)
def test_the_budget_forgets_what_has_left_the_window(sent_ns: list[int]) -> None:
    budget = spent(sent_ns)
    assert len(budget.sent_ns) == len([sent for sent in sent_ns if sent_ns[-1] - sent < WINDOW_NS])


@given(moments, st.integers(1, 5))
def test_asking_first_never_lets_more_than_the_limit_into_any_window(sent_ns: list[int], limit: int) -> None:
    budget, taken = MutationBudget(), []
    for now_ns in sent_ns:
        if budget.used(now_ns, WINDOW_NS) < limit:
            budget = budget.spend(now_ns, WINDOW_NS)
            taken.append(now_ns)
    for start_ns in taken:
        assert sum(1 for sent in taken if start_ns <= sent < start_ns + WINDOW_NS) <= limit
