import pytest

from feeder.transport import Backoff


def test_waits_double_up_to_the_longest_and_start_again_after_a_success() -> None:
    backoff = Backoff(7, first_s=1, longest_s=8)
    waits = [backoff.next_s() for _ in range(6)]
    for wait_s, ceiling_s in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert ceiling_s / 2 <= wait_s <= ceiling_s
    backoff.succeeded()
    assert backoff.next_s() <= 1


def test_the_jitter_comes_from_the_seed() -> None:
    one, same, other = Backoff(1), Backoff(1), Backoff(2)
    waits = [one.next_s() for _ in range(5)]
    assert waits == [same.next_s() for _ in range(5)]
    assert waits != [other.next_s() for _ in range(5)]


def test_many_failures_do_not_overflow() -> None:
    backoff = Backoff(0)
    assert max(backoff.next_s() for _ in range(5_000)) <= 30


def test_a_first_wait_beyond_the_longest_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="expected 0 < first"):
        Backoff(0, first_s=9, longest_s=1)
