"""The desk: a clock that never goes back, listeners that hear everything, held answers."""

import asyncio

import msgspec

from engine.exchange.core.notices import AnyNotice, LevelChanged
from engine.venue.statuses import OrderStatus
from tests.unit.engine.exchange.counter import Counter
from tests.unit.engine.exchange.desks import START_MS, TestDesk


def test_time_never_goes_back_and_clients_may_be_shown_another() -> None:
    desk = TestDesk()
    assert desk.now_ms() == START_MS
    desk.at_ms -= 1_000
    assert desk.now_ms() == START_MS
    desk.skew_ms = -5_000
    assert (desk.shown_ms(), desk.now_ms()) == (START_MS - 5_000, START_MS)


def test_every_listener_hears_what_happened_once() -> None:
    counter = Counter()
    first: list[list[AnyNotice]] = []
    second: list[list[AnyNotice]] = []
    counter.desk.listeners += [first.append, second.append]
    counter.place(4_000)
    counter.desk.pump()
    assert first == second
    assert len(first) == 1


def test_the_time_of_a_book_is_known_to_whoever_hears_of_it() -> None:
    counter = Counter()
    seen: list[object] = []

    def look(notices: list[AnyNotice]) -> None:
        if any(isinstance(notice, LevelChanged) for notice in notices):
            seen.append(counter.desk.books.summary(counter.market, 0)["timestamp"])

    counter.desk.listeners.append(look)
    counter.place(4_000)
    assert seen == [str(START_MS)]


def test_whoever_sets_the_alarm_is_told_after_each_pump() -> None:
    desk = TestDesk()
    rings: list[int | None] = []
    desk.on_pumped = lambda: rings.append(desk.wake_at_ms())
    desk.pump()
    desk.exchange.schedule.at(START_MS + 5, lambda at_ms: None)
    desk.pump()
    assert rings == [None, START_MS + 5]


def test_waking_does_what_is_due() -> None:
    desk = TestDesk()
    done: list[int] = []
    desk.exchange.schedule.at(START_MS + 5, done.append)
    desk.at_ms += 5
    desk.wake(0)
    assert done == [START_MS + 5]


def test_a_held_order_is_answered_even_if_nobody_waits_any_more() -> None:
    async def main() -> None:
        counter = Counter()
        counter.place(4_000, account=1)
        counter.market.spec = msgspec.structs.replace(counter.market.spec, hold_ms=150)
        future = counter.start("/order", counter.entry(6_000, token=1))
        assert isinstance(future, asyncio.Future)
        await asyncio.sleep(0)
        (held,) = counter.desk.exchange.held
        again = counter.desk.hold(held)
        again.cancel()
        counter.desk.wait(150)
        assert counter.desk.exchange.orders[held].status is OrderStatus.MATCHED
        future.cancel()

    asyncio.run(main())
