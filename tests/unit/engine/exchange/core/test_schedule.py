"""What is due is done in order of time, then of entry."""

from engine.exchange.core.schedule import Schedule


def test_calls_are_made_in_order_of_time_and_then_of_entry() -> None:
    schedule, made = Schedule(), []
    for due_ms, name in ((20, "b"), (10, "a"), (20, "c"), (30, "d")):
        schedule.at(due_ms, lambda at_ms, name=name: made.append((at_ms, name)))
    assert (schedule.next_ms(), len(schedule)) == (10, 4)
    schedule.run(20)
    assert made == [(10, "a"), (20, "b"), (20, "c")]
    assert (schedule.next_ms(), len(schedule)) == (30, 1)


def test_what_a_call_adds_is_done_in_the_same_run_if_it_is_due() -> None:
    schedule, made = Schedule(), []

    def again(at_ms: int) -> None:
        made.append(at_ms)
        schedule.at(at_ms + 10, again)

    schedule.at(5, again)
    schedule.run(30)
    assert made == [5, 15, 25]
    assert schedule.next_ms() == 35


def test_an_empty_schedule_has_nothing_due() -> None:
    schedule = Schedule()
    schedule.run(10)
    assert schedule.next_ms() is None
