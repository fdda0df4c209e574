"""Each breaker trips by its cause, names itself, and closes when it is told or when its condition has passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.codes import BreakerName, Code
from engine.model.events import Breaker, Foreign, Side
from engine.model.units import NS_PER_S
from engine.risk import breakers
from engine.risk.breakers import NEVER_NS, NO_FAULT, BreakerParams, Breakers, Crossing, Trip

PARAMS = BreakerParams()
S = NS_PER_S


def refuse(before: Breakers, *codes: str, side: Side = Side.BUY, at_s: int = 1) -> Breakers:
    for code in codes:
        before = breakers.refused(PARAMS, before, code, side, at_s * S)
    return before


@pytest.mark.parametrize("name", [BreakerName.USER_STREAM, BreakerName.CLOCK_SKEW, BreakerName.HEARTBEAT])
def test_what_is_told_from_outside_trips_and_closes_when_told(name: BreakerName) -> None:
    tripped = breakers.told(Breakers(), Breaker(S, name, True, "down"))
    assert tripped.trips == (Trip(name, S, "down"),)
    assert breakers.told(tripped, Breaker(2 * S, name, True, "still down")) == tripped
    assert breakers.elapsed(PARAMS, tripped, 10**6 * S) == tripped
    assert breakers.told(tripped, Breaker(3 * S, name, False)) == Breakers()


def test_five_refusals_in_a_row_trip_and_thirty_quiet_seconds_close() -> None:
    four = refuse(Breakers(), *[Code.INVALID] * 4)
    assert four.trips == ()
    five = refuse(four, Code.TICK)
    (trip,) = five.trips
    assert (trip.name, trip.detail) == ("refusals", "5 orders refused in a row, the last one: tick")
    assert breakers.wake_at_ns(PARAMS, five) == trip.until_ns == 31 * S
    assert breakers.elapsed(PARAMS, five, 31 * S - 1) == five
    assert breakers.elapsed(PARAMS, five, 31 * S) == Breakers()


def test_a_further_refusal_prolongs_the_quiet_time_and_is_no_second_trip() -> None:
    five = refuse(Breakers(), *[Code.INVALID] * 5)
    six = refuse(five, Code.INVALID, at_s=20)
    assert [trip.until_ns for trip in six.trips] == [50 * S]
    assert breakers.opened(five, six) == []


def test_an_accepted_order_ends_the_row() -> None:
    four = breakers.accepted(refuse(Breakers(), *[Code.INVALID] * 4))
    assert refuse(four, *[Code.INVALID] * 4).trips == ()


@pytest.mark.parametrize("code", sorted(NO_FAULT))
def test_refusals_that_are_expected_do_not_count(code: Code) -> None:
    assert refuse(Breakers(), *[code] * 20) == Breakers()


def test_no_balance_counts_for_a_buy_and_not_for_shares_that_have_not_settled() -> None:
    assert refuse(Breakers(), *[Code.BALANCE] * 20, side=Side.SELL) == Breakers()
    assert refuse(Breakers(), *[Code.BALANCE] * 5).trips != ()


def test_a_limit_of_nothing_is_off() -> None:
    off = BreakerParams(refusals_max=0, crossed_ns=0)
    state = Breakers()
    for _ in range(20):
        state = breakers.refused(off, state, Code.INVALID, Side.BUY, S)
    state = breakers.book(state, 0, "a", S, crossed=True)
    assert breakers.elapsed(off, state, 10**6 * S).trips == ()
    assert breakers.wake_at_ns(off, state) == NEVER_NS


def test_a_book_that_stays_crossed_trips_its_own_market_only() -> None:
    crossed = breakers.book(Breakers(), 0, "a", S, crossed=True)
    wake_ns = breakers.wake_at_ns(PARAMS, crossed)
    assert wake_ns == 3 * S + 1
    assert breakers.elapsed(PARAMS, crossed, wake_ns - 1).trips == ()
    tripped = breakers.elapsed(PARAMS, crossed, wake_ns)
    assert tripped.trips == (Trip("crossed_book", wake_ns, "the book of asset 0 is crossed for 2000 ms", slug="a"),)
    assert breakers.wake_at_ns(PARAMS, tripped) == NEVER_NS
    assert tripped.blocking("a") == tripped.trips[0]
    assert tripped.blocking("b") is None


def test_the_first_book_that_is_not_crossed_closes_once_its_market_has_no_other() -> None:
    state = breakers.book(Breakers(), 0, "a", S, crossed=True)
    state = breakers.elapsed(PARAMS, breakers.book(state, 1, "a", S, crossed=True), 9 * S)
    assert [trip.name for trip in state.trips] == ["crossed_book"]
    state = breakers.book(state, 0, "a", 10 * S, crossed=False)
    assert [trip.name for trip in state.trips] == ["crossed_book"]
    assert breakers.book(state, 1, "a", 10 * S, crossed=False) == Breakers()


def test_a_book_that_is_crossed_for_a_moment_trips_nothing() -> None:
    state = breakers.book(Breakers(), 0, "a", S, crossed=True)
    state = breakers.book(state, 0, "a", 2 * S, crossed=False)
    assert breakers.elapsed(PARAMS, state, 9 * S) == Breakers()


def test_what_is_not_ours_trips_until_it_is_acknowledged_and_is_known_from_then_on() -> None:
    found = breakers.foreign(Breakers(), Foreign(S, "order", "0xa"))
    found = breakers.foreign(found, Foreign(S, "trade", "0xb"))
    assert found.trips == (Trip("foreign", S, "order 0xa on our wallet is not ours"),)
    one = breakers.foreign(found, Foreign(2 * S, "order", "0xa", acknowledged=True))
    assert len(one.trips) == 1
    both = breakers.foreign(one, Foreign(2 * S, "trade", "0xb", acknowledged=True))
    assert (both.trips, both.foreign, both.acknowledged) == ((), (), ("0xa", "0xb"))
    assert breakers.foreign(both, Foreign(3 * S, "order", "0xa")) == both


def test_everything_foreign_can_be_acknowledged_at_once() -> None:
    found = breakers.foreign(breakers.foreign(Breakers(), Foreign(S, "order", "0xa")), Foreign(S, "order", "0xb"))
    known = breakers.foreign(found, Foreign(S, "", "", acknowledged=True))
    assert (known.trips, known.acknowledged) == ((), ("0xa", "0xb"))


def test_a_new_session_is_told_anew_of_lines_and_books_and_not_of_foreign_orders() -> None:
    state = breakers.told(Breakers(), Breaker(S, BreakerName.USER_STREAM, True))
    state = breakers.foreign(state, Foreign(S, "order", "0xa"))
    state = breakers.elapsed(PARAMS, breakers.book(state, 0, "a", S, crossed=True), 9 * S)
    assert len(state.trips) == 3
    begun = breakers.begun(state)
    assert [trip.name for trip in begun.trips] == ["foreign"]
    assert begun.crossed == {}


def test_a_market_that_is_over_is_forgotten() -> None:
    state = breakers.told(Breakers(), Breaker(S, BreakerName.USER_STREAM, True))
    state = breakers.elapsed(PARAMS, breakers.book(state, 0, "a", S, crossed=True), 9 * S)
    state = breakers.book(state, 5, "b", S, crossed=True)
    after = breakers.forget(state, "a")
    assert [trip.name for trip in after.trips] == ["user_stream"]
    assert after.crossed == {5: Crossing(S, "b")}


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_time_asked_for_always_changes_something_so_nobody_is_woken_for_ever(steps: list[tuple[int, bool]]) -> None:
    state, now_ns = Breakers(), S
    for asset, crossed in steps:
        now_ns += S
        state = breakers.book(state, asset, f"m{asset // 2}", now_ns, crossed=crossed)
        state = refuse(state, Code.INVALID, at_s=now_ns // S)
        wake_ns = breakers.wake_at_ns(PARAMS, state)
        if wake_ns != NEVER_NS:
            after = breakers.elapsed(PARAMS, state, max(wake_ns, now_ns))
            assert after != state
            assert breakers.wake_at_ns(PARAMS, after) > max(wake_ns, now_ns)


def test_what_opened_and_closed_between_two_states_is_told_by_name() -> None:
    before = breakers.told(Breakers(), Breaker(S, BreakerName.HEARTBEAT, True))
    after = breakers.told(breakers.told(before, Breaker(S, BreakerName.HEARTBEAT, False)), Breaker(S, "x", True))
    assert [trip.name for trip in breakers.opened(before, after)] == ["x"]
    assert [trip.name for trip in breakers.closed(before, after)] == ["heartbeat"]
