"""What is due is taken in order of time, then of entry."""

from engine.exchange.core.schedule import Schedule
from tests.support_exchange import run


def test_calls_are_taken_in_order_of_time_and_then_of_entry() -> None:
    schedule, made = Schedule(), []
    for due_ms, name in ((20, "b"), (10, "a"), (20, "c"), (30, "d")):
        schedule.at(due_ms, lambda at_ms, name=name: made.append((at_ms, name)))
    assert (schedule.next_ms(), len(schedule)) == (10, 4)
    run(schedule, 20)
    assert made == [(10, "a"), (20, "b"), (20, "c")]
    assert (schedule.next_ms(), len(schedule)) == (30, 1)
    schedule.take()(31)
    assert made[-1] == (31, "d"), "whoever makes a call tells it the time"
    assert (schedule.next_ms(), len(schedule)) == (None, 0)


def test_a_call_that_is_added_earlier_is_taken_earlier() -> None:
    schedule, made = Schedule(), []

    def again(at_ms: int) -> None:
        made.append(at_ms)
        schedule.at(at_ms + 10, again)

    schedule.at(5, again)
    schedule.at(1_000, made.append)
    run(schedule, 30)
    assert made == [5, 15, 25]
    assert schedule.next_ms() == 35
