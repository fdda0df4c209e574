"""One order's life: the table row by row, and the fold over answers in any order."""

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.codes import Code
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Accepted, Event, Gone, GoneReason, OrderState, Rejected, Side, Tick, Unknown
from engine.model.orders import (
    NOT_FOUND_AGAIN_NS,
    NOT_FOUND_FIRST_NS,
    TERMINAL,
    TRANSITIONS,
    Order,
    OrderStatus,
    advance,
    count_fill,
    move,
)
from engine.model.units import NS_PER_S

S = OrderStatus
FULL = 10_000_000


def order(
    status: OrderStatus = S.SENT,
    side: Side = Side.SELL,
    tif: TimeInForce = TimeInForce.GTC,
    **more: int,
) -> Order:
    """Return an order of ten shares sent at time 0."""
    return Order("r/1/x", 0, side, 6_000, FULL, tif, Purpose.TAKE_PROFIT, False, 0, status, **more)


def reach(before: OrderStatus, after: OrderStatus) -> Order:
    """Return what the event that means `after` makes of an order in `before`."""
    start = order(before)
    events: dict[OrderStatus, Event] = {
        S.LIVE: OrderState(1, "r/1/x", True, resting=True),
        S.HELD: Accepted(1, "r/1/x", resting=False),
        S.UNKNOWN: Unknown(1, "r/1/x"),
        S.MATCHED: Gone(1, "r/1/x", GoneReason.FILLED, FULL),
        S.CANCELED: Gone(1, "r/1/x", GoneReason.CANCELED, 0),
        S.REJECTED: Rejected(1, "r/1/x", Code.INVALID),
        S.EXPIRED: Gone(1, "r/1/x", GoneReason.EXPIRED, 0),
    }
    return move(start, after) if after == S.CANCELING else advance(start, events[after])


@pytest.mark.parametrize("before", OrderStatus)
@pytest.mark.parametrize("after", [status for status in OrderStatus if status != S.SENT])
def test_every_row_of_the_table_and_no_other_move(before: OrderStatus, after: OrderStatus) -> None:
    if (before, after) == (S.CANCELING, S.LIVE):
        refused = Rejected(1, "r/1/x", Code.CANCEL_HELD, cancel=True)
        assert advance(order(before), refused).status == S.LIVE
        assert reach(before, after).status == S.CANCELING
        return
    expected = after if after in TRANSITIONS[before] or after == before else before
    assert reach(before, after).status == expected


def test_the_table_has_a_row_for_every_status_and_nothing_leads_back_to_sent() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert all(S.SENT not in row for row in TRANSITIONS.values())
    assert {status for status, row in TRANSITIONS.items() if not row - {S.MATCHED}} == TERMINAL


def test_a_cancelled_order_that_was_filled_after_all_is_matched() -> None:
    for ended in (S.CANCELED, S.EXPIRED):
        assert count_fill(order(ended), FULL).status == S.MATCHED
        assert count_fill(order(ended), FULL // 2).status == ended


def test_a_fill_says_that_a_resting_order_rests() -> None:
    assert count_fill(order(), 1).status == S.LIVE
    assert count_fill(order(tif=TimeInForce.FAK), 1).status == S.SENT
    assert count_fill(order(), FULL).status == S.MATCHED


def test_an_immediate_order_that_is_still_there_is_held_it_never_rests() -> None:
    read = OrderState(1, "r/1/x", True, resting=True)
    assert advance(order(S.UNKNOWN, tif=TimeInForce.FAK), read).status == S.HELD
    assert advance(order(S.HELD, tif=TimeInForce.FOK), read).status == S.HELD


def test_what_the_venue_says_is_filled_keeps_an_ended_order_working_until_its_fills_come() -> None:
    ended = advance(order(S.LIVE), Gone(1, "r/1/x", GoneReason.CANCELED, 3_000_000))
    assert (ended.status, ended.is_working, ended.open_u6) == (S.CANCELED, True, 3_000_000)
    counted = count_fill(ended, 3_000_000)
    assert (counted.is_working, counted.open_u6) == (False, 0)


def test_a_buy_that_is_gone_with_an_unknown_fill_is_unknown_a_sell_is_gone() -> None:
    gone = Gone(1, "r/1/x", GoneReason.CANCELED)
    assert advance(order(S.LIVE, Side.BUY), gone).status == S.UNKNOWN
    assert advance(order(S.LIVE, Side.SELL), gone).status == S.CANCELED


def test_duplicated_is_unknown_and_a_refused_cancel_has_to_be_read() -> None:
    assert advance(order(), Rejected(1, "r/1/x", Code.DUPLICATED)).status == S.UNKNOWN
    refused = Rejected(1, "r/1/x", Code.CANCEL_NOT_FOUND, cancel=True)
    assert advance(order(S.CANCELING), refused).status == S.UNKNOWN
    assert advance(order(S.LIVE), refused).status == S.LIVE


def test_a_lost_answer_to_a_cancel_or_a_read_changes_nothing() -> None:
    for what in ("cancel", "read"):
        assert advance(order(S.LIVE), Unknown(1, "r/1/x", what)).status == S.LIVE
    assert advance(order(S.LIVE), Tick(1)).status == S.LIVE


def not_found(one: Order, at_ns: int) -> Order:
    return advance(one, OrderState(at_ns, "r/1/x", found=False))


def test_an_order_is_gone_only_after_two_not_found_reads() -> None:
    unknown = order(S.UNKNOWN)
    assert not_found(unknown, NOT_FOUND_FIRST_NS - 1) == unknown
    once = not_found(unknown, NOT_FOUND_FIRST_NS)
    assert once.status == S.UNKNOWN
    assert not_found(once, NOT_FOUND_FIRST_NS + NOT_FOUND_AGAIN_NS - 1) == once
    assert not_found(once, NOT_FOUND_FIRST_NS + NOT_FOUND_AGAIN_NS).status == S.CANCELED


def test_a_read_that_finds_it_in_between_starts_the_count_again() -> None:
    once = not_found(order(S.UNKNOWN), NOT_FOUND_FIRST_NS)
    found = advance(once, OrderState(6 * NS_PER_S, "r/1/x", True, resting=True))
    assert not_found(found, 8 * NS_PER_S).status == S.LIVE


class Life:
    """What really happened to an order, as the facts that the venue tells of it."""

    def __init__(self, random: Random) -> None:
        self.side = random.choice(list(Side))
        self.tif = random.choice((TimeInForce.GTC, TimeInForce.FAK))
        parts = random.randint(0, 4)
        self.fills = [FULL // 4] * parts
        filled_u6 = sum(self.fills)
        killed = GoneReason.KILLED if self.tif == TimeInForce.FAK else GoneReason.CANCELED
        reason = GoneReason.FILLED if filled_u6 == FULL else killed
        self.gone = Gone(2, "r/1/x", reason, filled_u6)
        self.accepted = Accepted(1, "r/1/x", "remote", resting=self.tif == TimeInForce.GTC)
        self.read = OrderState(3, "r/1/x", True, False, filled_u6)

    def fold(self, events: list[Event | int]) -> tuple[object, ...]:
        """Fold facts (an int is the fill of that number) and return what is known at the end; a fill counts once."""
        known, counted = order(side=self.side, tif=self.tif), set()
        for event in events:
            if not isinstance(event, int):
                known = advance(known, event)
            elif event not in counted:
                counted.add(event)
                known = count_fill(known, self.fills[event])
        return known.status, known.filled_u6, known.open_u6, known.is_working


@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_facts_in_any_order_and_any_number_of_times_give_the_same_end(seed: int, lost: bool, told: bool) -> None:
    random = Random(seed)
    life = Life(random)
    fills: list[Event | int] = list(range(len(life.fills)))
    expected = life.fold([life.accepted, *fills, life.gone])
    events: list[Event | int] = [*fills, life.gone] if told else [*fills, life.read]
    if not lost:
        events += [life.accepted, life.gone, life.read]
    events += random.choices(events, k=random.randint(0, 6))
    random.shuffle(events)
    assert life.fold(events) == expected
    assert expected[3] is False


@given(st.lists(st.sampled_from([Accepted(1, "r/1/x"), Unknown(1, "r/1/x"), Rejected(1, "r/1/x", "x"), Tick(1)])))
def test_a_terminal_order_stays_what_it_is(events: list[Event]) -> None:
    for status in TERMINAL:
        known = order(status)
        for event in events:
            known = advance(known, event)
        assert known == order(status)


def test_an_order_as_bytes_and_back() -> None:
    one = order(S.LIVE, filled_u6=5)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Order) == one
