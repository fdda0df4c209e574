"""The venue's mode as refusals, answered cancels and time tell it."""

from engine.execution.polymarket.venue_modes import ASK_AGAIN_S, POST_ONLY_S, VenueModes
from engine.model.codes import Code
from engine.model.events import VenueState

S = 1_000_000_000
NOW = 1_795_000_000 * S


def test_a_refusal_that_is_no_mode_changes_nothing() -> None:
    assert VenueModes().refused(Code.BALANCE, 0, NOW) is None


def test_post_only_lasts_as_long_as_the_refusal_says() -> None:
    modes = VenueModes()
    change = modes.refused(Code.POST_ONLY_MODE, 79, NOW)
    assert change is not None
    assert (change.state, change.until_ns) == (VenueState.POST_ONLY, NOW + 79 * S)
    assert modes.passed(NOW + 79 * S - 1) is None
    over = modes.passed(NOW + 79 * S)
    assert over is not None
    assert over.state == VenueState.NORMAL


def test_a_post_only_order_that_is_taken_does_not_end_post_only() -> None:
    modes = VenueModes()
    modes.refused(Code.POST_ONLY_MODE, 79, NOW)
    assert modes.order_taken(post_only=True) is None
    over = modes.order_taken(post_only=False)
    assert over is not None
    assert over.state == VenueState.NORMAL


def test_a_restart_is_asked_about_and_never_believed_to_be_over_by_time() -> None:
    modes = VenueModes()
    modes.refused(Code.RESTARTING, 0, NOW)
    assert modes.passed(NOW + 3_600 * S) is None
    assert not modes.wants_probe(NOW)
    assert modes.wants_probe(NOW + ASK_AGAIN_S * S)
    assert not modes.wants_probe(NOW + ASK_AGAIN_S * S + 1)
    after = modes.cancels_work(NOW)
    assert after is not None
    assert (after.state, after.until_ns) == (VenueState.POST_ONLY, NOW + POST_ONLY_S * S)


def test_a_cancel_that_works_says_nothing_about_the_other_modes() -> None:
    modes = VenueModes()
    modes.refused(Code.DISABLED, 0, NOW)
    assert modes.cancels_work(NOW) is None
    assert modes.passed(NOW + ASK_AGAIN_S * S) is not None
