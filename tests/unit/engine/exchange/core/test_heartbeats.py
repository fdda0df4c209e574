"""The dead man's switch: who begins must go on."""

from engine.exchange.core.heartbeats import Heartbeats
from engine.exchange.core.schedule import Schedule
from tests.support_exchange import run


class Pulse:
    """Heartbeats with what they called."""

    def __init__(self) -> None:
        self.schedule = Schedule()
        self.stopped: list[tuple[str, int]] = []
        self.beats = Heartbeats(self.schedule, lambda owner, now_ms: self.stopped.append((owner, now_ms)))


def test_beats_that_carry_the_last_answer_keep_the_orders() -> None:
    pulse = Pulse()
    told = pulse.beats.beat("ann", "", 0)
    for now_ms in range(5_000, 60_000, 5_000):
        run(pulse.schedule, now_ms)
        last, told = told, pulse.beats.beat("ann", told.next_id, now_ms)
        assert told.accepted
        assert told.next_id != last.next_id
    assert pulse.stopped == []


def test_none_within_ten_seconds_is_a_stop_found_at_the_next_look() -> None:
    pulse = Pulse()
    pulse.beats.beat("ann", "", 1)
    run(pulse.schedule, 10_000)
    assert pulse.stopped == []
    run(pulse.schedule, 15_000)
    assert pulse.stopped == [("ann", 15_000)]
    run(pulse.schedule, 100_000)
    assert len(pulse.stopped) == 1
    assert pulse.schedule.next_ms() is None, "with no pulse left nobody looks"


def test_a_wrong_id_is_told_the_right_one_and_does_not_extend() -> None:
    pulse = Pulse()
    expected = pulse.beats.beat("ann", "", 0).next_id
    for heartbeat_id in ("", "wrong"):
        told = pulse.beats.beat("ann", heartbeat_id, 9_000)
        assert (told.accepted, told.next_id) == (False, expected)
    run(pulse.schedule, 10_000)
    assert pulse.stopped == [("ann", 10_000)]


def test_a_first_beat_with_an_id_nobody_gave_is_told_one_that_will_do() -> None:
    pulse = Pulse()
    told = pulse.beats.beat("ann", "from before a restart", 0)
    assert not told.accepted
    assert pulse.beats.beat("ann", told.next_id, 1).accepted
    assert not pulse.beats.beat("ann", told.next_id, 2).accepted, "once"


def test_owners_have_pulses_of_their_own_and_may_begin_again() -> None:
    pulse = Pulse()
    pulse.beats.beat("ann", "", 0)
    bob = pulse.beats.beat("bob", "", 4_000)
    run(pulse.schedule, 9_000)
    assert pulse.beats.beat("bob", bob.next_id, 9_000).accepted
    run(pulse.schedule, 10_000)
    assert pulse.stopped == [("ann", 10_000)]
    assert pulse.beats.beat("ann", "", 11_000).accepted
    run(pulse.schedule, 20_000)
    assert pulse.stopped == [("ann", 10_000), ("bob", 20_000)]
