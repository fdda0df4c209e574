"""What is accepted when: restarts, post-only, cancel-only, disabled."""

import pytest

from engine.exchange.core.mode import Mode
from engine.exchange.core.schedule import Schedule
from engine.model.events import VenueState
from engine.venue import refusals
from tests.support_exchange import BUY, Floor, run


def test_a_restart_is_unreachable_then_post_only_then_normal() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4000, order_id="before")
    mode = floor.exchange.mode
    mode.restart(floor.now_ms)
    answer = floor.limit("ann", BUY, 10, 4000, post_only=True)
    assert answer.refusal is not None
    assert answer.refusal.status == 425
    assert mode.cancel_refusal() == refusals.RESTARTING
    floor.wait(90_000)
    assert mode.cancel_refusal() is None
    assert floor.limit("ann", BUY, 10, 4000).refusal == refusals.post_only_mode(120)
    assert floor.limit("ann", BUY, 10, 4000, post_only=True).status == "LIVE"
    floor.wait(41_000)
    answer = floor.limit("ann", BUY, 10, 4000)
    assert answer.refusal == refusals.post_only_mode(79)
    assert answer.refusal is not None
    assert (answer.refusal.status, answer.refusal.code, answer.refusal.retry_after_s) == (503, "post_only_mode", 79)
    floor.wait(79_000)
    assert floor.limit("ann", BUY, 10, 4000).status == "LIVE"
    assert floor.exchange.orders["before"].rests, "what rested still does"


@pytest.mark.parametrize(
    ("state", "order", "cancel"),
    [
        (VenueState.NORMAL, None, None),
        (VenueState.RESTARTING, refusals.RESTARTING, refusals.RESTARTING),
        (VenueState.POST_ONLY, refusals.post_only_mode(1), None),
        (VenueState.CANCEL_ONLY, refusals.CANCEL_ONLY, None),
        (VenueState.DISABLED, refusals.DISABLED, refusals.DISABLED),
    ],
)
def test_each_state_refuses_what_it_does(state: VenueState, order: object, cancel: object) -> None:
    mode = Mode(Schedule())
    mode.set(state, 0)
    assert mode.refusal(False, 0) == order
    assert mode.cancel_refusal() == cancel
    assert mode.refusal(True, 0) == (None if state == VenueState.POST_ONLY else order)


def test_a_state_for_some_time_ends_by_itself_but_not_the_one_after_it() -> None:
    schedule = Schedule()
    mode = Mode(schedule)
    mode.set(VenueState.CANCEL_ONLY, 0, 100)
    mode.set(VenueState.DISABLED, 50)
    run(schedule, 100)
    assert (mode.state, mode.until_ms) == (VenueState.DISABLED, 0)
    mode.set(VenueState.POST_ONLY, 100, 100)
    assert mode.until_ms == 200
    run(schedule, 200)
    assert mode.state == VenueState.NORMAL


def test_a_restart_that_is_interrupted_does_not_go_on() -> None:
    schedule = Schedule()
    mode = Mode(schedule)
    mode.restart(0, 100, 100)
    mode.set(VenueState.NORMAL, 50)
    run(schedule, 1_000)
    assert mode.state == VenueState.NORMAL


@pytest.mark.parametrize(
    ("restart_ms", "post_only_ms", "states"),
    [
        (0, 100, [VenueState.POST_ONLY, VenueState.NORMAL, VenueState.NORMAL]),
        (100, 0, [VenueState.RESTARTING, VenueState.NORMAL, VenueState.NORMAL]),
        (100, 100, [VenueState.RESTARTING, VenueState.POST_ONLY, VenueState.NORMAL]),
        (0, 0, [VenueState.NORMAL] * 3),
    ],
)
def test_parts_of_a_restart_may_be_left_out(restart_ms: int, post_only_ms: int, states: list[VenueState]) -> None:
    schedule = Schedule()
    mode = Mode(schedule)
    mode.restart(0, restart_ms, post_only_ms)
    found = []
    for now_ms in (0, 100, 200):
        run(schedule, now_ms)
        found.append(mode.state)
    assert found == states
