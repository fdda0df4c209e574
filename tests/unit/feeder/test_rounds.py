from feeder.discovery import read_market
from feeder.rounds import RESOLUTION_WAIT_S, RESOLVED_GRACE_S, RETRY_EVERY_S, Rounds, Window
from tests.unit.feeder import gamma

T0 = 1_766_683_800


def slug(number: int) -> str:
    return f"btc-updown-15m-{T0 + 900 * number}"


def found(rounds: Rounds, number: int) -> Window:
    window = rounds.windows[slug(number)]
    window.market = read_market(gamma.market(window.slug), window.slug)
    return window


def test_the_current_window_and_the_next_ones_are_in_sight() -> None:
    rounds = Rounds(("btc",), 900, ahead=2)
    rounds.roll(T0 + 899.9)
    assert list(rounds.windows) == [slug(0), slug(1), slug(2)]
    rounds.roll(T0 + 900)
    assert list(rounds.windows) == [slug(0), slug(1), slug(2), slug(3)]


def test_whitelisted_windows_are_followed_beside_the_series_until_they_are_over() -> None:
    rounds = Rounds(("btc",), 900, ahead=0, extra=("eth-updown-5m-1766684100", "btc-updown-5m-1000000200"))
    rounds.roll(T0)
    assert list(rounds.windows) == [slug(0), "eth-updown-5m-1766684100"]


def test_what_is_missing_is_looked_for_again_every_few_seconds_the_earliest_first() -> None:
    rounds = Rounds(("btc",), 900, ahead=1)
    rounds.roll(T0)
    first, second = rounds.to_find(T0)
    assert (first.start_s, second.start_s) == (T0, T0 + 900)
    rounds.not_found(first, T0, "not hydrated")
    assert rounds.to_find(T0 + RETRY_EVERY_S - 1) == [second]
    assert rounds.to_find(T0 + RETRY_EVERY_S) == [first, second]


def test_a_window_that_is_never_found_is_given_up_by_name_at_its_end() -> None:
    rounds = Rounds(("btc",), 900, ahead=0)
    rounds.roll(T0)
    (window,) = rounds.to_find(T0)
    rounds.not_found(window, T0 + 896, "not hydrated")
    assert window.skipped
    assert "not hydrated" in window.reason
    assert rounds.to_find(T0 + 899) == []
    assert rounds.finished(T0 + 899) == []
    assert rounds.finished(T0 + 900) == [window]


def test_a_refused_window_is_not_asked_for_again() -> None:
    rounds = Rounds(("btc",), 900, ahead=0)
    rounds.roll(T0)
    rounds.skip(rounds.windows[slug(0)], "version")
    rounds.roll(T0 + 1)
    assert rounds.to_find(T0 + 100) == []


def test_a_window_ends_once_and_is_let_go_some_seconds_after_it_was_resolved() -> None:
    rounds = Rounds(("btc",), 900, ahead=1)
    rounds.roll(T0)
    window = found(rounds, 0)
    assert rounds.running(T0) == rounds.running(T0 + 899.9) == [window]
    assert rounds.ended(T0 + 899.9) == []
    assert rounds.ended(T0 + 900) == [window]
    assert rounds.ended(T0 + 901) == rounds.running(T0 + 900) == []
    window.resolved_s = T0 + 960
    assert rounds.finished(T0 + 960 + RESOLVED_GRACE_S - 1) == []
    assert rounds.finished(T0 + 960 + RESOLVED_GRACE_S) == [window]
    assert slug(0) not in rounds.windows


def test_a_resolution_that_never_comes_is_not_waited_for_for_ever() -> None:
    rounds = Rounds(("btc",), 900, ahead=0)
    rounds.roll(T0)
    window = found(rounds, 0)
    assert rounds.finished(T0 + 900 + RESOLUTION_WAIT_S - 1) == []
    assert rounds.finished(T0 + 900 + RESOLUTION_WAIT_S) == [window]


def test_at_the_boundary_the_next_window_is_already_there_and_the_old_one_still_is() -> None:
    rounds = Rounds(("btc",), 900, ahead=1)
    rounds.roll(T0)
    old, new = found(rounds, 0), found(rounds, 1)
    rounds.roll(T0 + 900)
    assert rounds.running(T0 + 900) == [new]
    assert old.slug in rounds.windows
