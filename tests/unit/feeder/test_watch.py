import pytest

from feeder.rest import RestBook
from feeder.watch import BEHIND_NS, QUIET_NS, Advice, Finding, Opinion, Watchdog, judge

S = 10**9


def test_a_line_that_the_other_has_left_behind_is_resynced_and_then_reconnected() -> None:
    watchdog = Watchdog()
    assert watchdog.check({"t": {0: 10 * S, 1: 10 * S + BEHIND_NS - 1}}, 15 * S) == []
    behind = {"t": {0: 10 * S, 1: 10 * S + BEHIND_NS}}
    assert watchdog.check(behind, 16 * S) == [Finding(Advice.RESYNC, "t", 0)]
    assert watchdog.check(behind, 17 * S) == []
    assert watchdog.check(behind, 16 * S + BEHIND_NS) == [Finding(Advice.RECONNECT, "t", 0)]
    assert watchdog.check(behind, 17 * S + BEHIND_NS) == []


def test_a_line_that_caught_up_begins_anew() -> None:
    watchdog = Watchdog()
    behind = {"t": {0: 10 * S, 1: 20 * S}}
    watchdog.check(behind, 20 * S)
    assert watchdog.check({"t": {0: 21 * S, 1: 21 * S}}, 21 * S) == []
    assert watchdog.check({"t": {0: 21 * S, 1: 30 * S}}, 30 * S) == [Finding(Advice.RESYNC, "t", 0)]


def test_a_silent_token_is_compared_with_rest_and_agreement_means_quiet() -> None:
    watchdog = Watchdog()
    silent = {"t": {0: 10 * S, 1: 10 * S}}
    assert watchdog.check(silent, 10 * S) == []
    assert watchdog.check(silent, 10 * S + QUIET_NS - 1) == []
    assert watchdog.check(silent, 10 * S + QUIET_NS) == [Finding(Advice.ASK_REST, "t")]
    watchdog.confirmed("t", 10 * S + QUIET_NS)
    assert watchdog.check(silent, 10 * S + 2 * QUIET_NS - 1) == []
    assert watchdog.check(silent, 10 * S + 2 * QUIET_NS) == [Finding(Advice.ASK_REST, "t")]
    assert watchdog.stale == frozenset()


def test_a_token_without_any_data_is_asked_for_after_the_same_time() -> None:
    watchdog = Watchdog()
    assert watchdog.check({"t": {}}, 100 * S) == []
    assert watchdog.check({"t": {}}, 100 * S + QUIET_NS) == [Finding(Advice.ASK_REST, "t")]


def test_a_refuted_token_is_stale_once_and_fresh_with_its_next_data() -> None:
    watchdog = Watchdog()
    watchdog.check({"t": {0: 10 * S}}, 40 * S)
    assert watchdog.refuted("t", 41 * S) is True
    assert watchdog.refuted("t", 42 * S) is False
    assert watchdog.stale == {"t"}
    assert watchdog.check({"t": {0: 10 * S}}, 43 * S) == []
    assert watchdog.check({"t": {0: 44 * S}}, 44 * S) == [Finding(Advice.FRESH, "t")]
    assert watchdog.stale == frozenset()


def test_a_forgotten_token_leaves_nothing_behind() -> None:
    watchdog = Watchdog()
    watchdog.check({"t": {0: 0, 1: 20 * S}}, 20 * S)
    watchdog.refuted("t", 21 * S)
    watchdog.forget("t")
    assert watchdog.stale == frozenset()
    assert watchdog.check({"t": {0: 0, 1: 20 * S}}, 22 * S) == [Finding(Advice.RESYNC, "t", 0)]


@pytest.mark.parametrize(
    ("rest_ns", "same", "opinion"),
    [
        (5, True, Opinion.AGREES),
        (50, True, Opinion.AGREES),
        (5, False, Opinion.OLDER),
        (10, False, Opinion.DIFFERS),
        (50, False, Opinion.DIFFERS),
    ],
)
def test_rest_can_only_fault_a_book_that_is_not_newer(rest_ns: int, same: bool, opinion: Opinion) -> None:
    top = (1, 2, 3, 4)
    assert judge(RestBook(top if same else (9, 2, 3, 4), rest_ns), top, 10) == opinion
