from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.server.limits import ALLOWANCES, Admission, Bucket, Mode, SignerLimits, Tier, TokenBucket

NOW = 1_795_219_200_500
ALICE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def rows(admission: Admission) -> dict[str, str]:
    return dict(admission.headers)


def test_tokens_come_back_at_their_rate_and_no_further_than_the_burst() -> None:
    bucket = TokenBucket(40, 1_000, 60, NOW)
    assert bucket.take(60, NOW)
    assert not bucket.take(1, NOW + 24)
    assert bucket.take(1, NOW + 25)
    assert bucket.ready_at_ms(3, NOW + 25) == NOW + 100
    assert bucket.tokens(NOW + 1_000_000) == 60


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    bucket = TokenBucket(40, 1_000, 60, NOW)
    bucket.take(60, NOW)
    assert bucket.tokens(NOW - 10_000) == 0
    assert bucket.tokens(NOW + 25) == 1


@given(
    count=st.integers(1, 700),
    burst=st.integers(1, 1_000),
    steps=st.lists(st.tuples(st.integers(0, 500), st.integers(1, 100)), max_size=50),
)
def test_never_more_is_taken_than_was_there(count: int, burst: int, steps: list[tuple[int, int]]) -> None:
    bucket, now_ms, taken = TokenBucket(count, 1_000, burst, 0), 0, 0
    for passed_ms, cost in steps:
        now_ms += passed_ms
        ready_ms = bucket.ready_at_ms(cost, now_ms)
        was_taken = bucket.take(cost, now_ms)
        assert was_taken is (ready_ms == now_ms)
        taken += cost * was_taken
        assert taken * 1_000 <= burst * 1_000 + now_ms * count
        if not was_taken and cost <= burst:
            assert copy(bucket).take(cost, ready_ms)
            assert not copy(bucket).take(cost, ready_ms - 1)


def test_the_tiers_are_the_documented_ones() -> None:
    table = {tier.value: (each.orders_per_s, each.orders_burst, each.cancels_per_s, each.cancels_burst)
             for tier, each in ALLOWANCES.items()}  # fmt: skip
    assert table["standard"] == (40, 60, 80, 120)
    assert table["diamond"] == (525, 787, 1050, 1575)
    assert table["elite"] == (600, 900, 1200, 1800)
    assert [tier.value for tier, each in ALLOWANCES.items() if not each.cancels_may_owe] == [
        "platinum", "diamond", "elite",
    ]  # fmt: skip
    assert set(ALLOWANCES) == set(Tier)


def test_nothing_is_counted_when_limits_are_off() -> None:
    limits = SignerLimits(Mode.OFF)
    assert limits.admit(ALICE, Bucket.ORDER, 10_000, NOW) == Admission()
    assert limits.settle(ALICE, 10_000, NOW) == ()


def test_an_admitted_request_says_what_is_left() -> None:
    limits = SignerLimits(Mode.ENFORCE)
    admission = limits.admit(ALICE, Bucket.ORDER, 15, NOW)
    assert admission.refusal is None
    assert rows(admission) == {
        "Poly-RateLimit-Remaining": "45", "Poly-RateLimit-Reset": "1795219201", "Poly-RateLimit-Tier": "standard",
    }  # fmt: skip


def test_a_refused_request_says_when_to_come_again() -> None:
    limits = SignerLimits(Mode.ENFORCE)
    limits.admit(ALICE, Bucket.ORDER, 50, NOW)
    refusal = limits.admit(ALICE, Bucket.ORDER, 60, NOW).refusal
    assert refusal is not None
    assert (refusal.status, refusal.body) == (429, b'{"error":"Too Many Requests"}')
    assert dict(refusal.headers) == {
        "Poly-RateLimit-Remaining": "10", "Poly-RateLimit-Reset": "1795219202", "Poly-RateLimit-Tier": "standard",
        "Retry-After": "2",
    }  # fmt: skip
    assert limits.admit(ALICE, Bucket.ORDER, 60, NOW + 1_250).refusal is None


def test_a_batch_is_admitted_whole_or_not_at_all() -> None:
    limits = SignerLimits(Mode.ENFORCE)
    assert limits.admit(ALICE, Bucket.ORDER, 46, NOW).refusal is None
    assert limits.admit(ALICE, Bucket.ORDER, 15, NOW).refusal is not None
    assert limits.admit(ALICE, Bucket.ORDER, 14, NOW).refusal is None, "expected the refused batch to cost nothing"


def test_a_batch_above_the_burst_never_fits_and_is_not_told_when() -> None:
    refusal = SignerLimits(Mode.ENFORCE).admit(ALICE, Bucket.CANCEL, 121, NOW).refusal
    assert refusal is not None
    assert "Retry-After" not in dict(refusal.headers)


def test_orders_cancels_and_signers_have_their_own_buckets() -> None:
    limits = SignerLimits(Mode.ENFORCE)
    limits.admit(ALICE, Bucket.ORDER, 60, NOW)
    assert limits.admit(ALICE, Bucket.CANCEL, 120, NOW).refusal is None
    assert limits.admit("0xBob", Bucket.ORDER, 60, NOW).refusal is None
    assert limits.admit(ALICE, Bucket.ORDER, 1, NOW).refusal is not None


def test_a_warning_admits() -> None:
    limits = SignerLimits(Mode.WARN)
    assert "Poly-RateLimit-Warning" not in rows(limits.admit(ALICE, Bucket.ORDER, 60, NOW))
    warned = limits.admit(ALICE, Bucket.ORDER, 1, NOW)
    assert (warned.refusal, rows(warned)["Poly-RateLimit-Warning"]) == (None, "true")


@pytest.mark.parametrize(("tier", "left"), [(Tier.GOLD, -301), (Tier.PLATINUM, 0)])
def test_what_a_cancel_all_has_cancelled_is_taken_afterwards(tier: Tier, left: int) -> None:
    limits = SignerLimits(Mode.ENFORCE)
    limits.set_tier(ALICE, tier)
    assert limits.tier(ALICE) == tier
    limits.admit(ALICE, Bucket.CANCEL, 1, NOW)
    settled = dict(limits.settle(ALICE, 1_500, NOW))
    assert settled["Poly-RateLimit-Remaining"] == str(left)
    assert limits.admit(ALICE, Bucket.CANCEL, 1, NOW).refusal is not None
    ready_ms = (-left + 1) * 1_000 // ALLOWANCES[tier].cancels_per_s + 1
    assert limits.admit(ALICE, Bucket.CANCEL, 1, NOW + ready_ms).refusal is None


def test_a_debt_is_not_forgiven_by_a_tier_that_stops_at_zero() -> None:
    bucket = TokenBucket(10, 1_000, 10, NOW)
    bucket.owe(15, NOW)
    bucket.drain(3, NOW)
    assert bucket.tokens(NOW) == -5
