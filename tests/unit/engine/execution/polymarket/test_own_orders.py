"""An order is found by either name, and each of its trades is noted as far as it has come."""

from hypothesis import given
from hypothesis import strategies as st

from engine.execution.polymarket.own_orders import OwnOrders, note_fill, part_id
from engine.execution.polymarket.user_channel import OwnFill, Part
from engine.model.events import Settlement, Side
from engine.model.units import SHARE_U6
from tests.unit.engine.execution.polymarket.scripted import UP, place, stop

PART = Part(6_000, SHARE_U6, 600_000)
ORDER_OF_TELLING = [
    Settlement.MATCHED,
    Settlement.RETRYING,
    Settlement.MINED,
    Settlement.CONFIRMED,
    Settlement.FAILED,
]


def fill(settlement: Settlement, trade_id: str = "t1", parts: tuple[Part, ...] = (PART,)) -> OwnFill:
    return OwnFill("0xa", trade_id, UP, Side.BUY, True, settlement, parts)


def test_an_order_is_found_by_our_name_and_by_the_venues_in_any_case() -> None:
    orders = OwnOrders()
    own = orders.add(place(), "0xab")
    assert orders.named("slug/1/entry") is own
    assert orders.remote("0xAB") is own
    assert (own.is_immediate, orders.add(stop(), "0xcd").is_immediate) == (False, True)


def test_orders_that_have_ended_are_forgotten_with_their_market_and_others_are_kept() -> None:
    orders = OwnOrders()
    ended, working = orders.add(place(1), "0x1"), orders.add(place(2), "0x2")
    ended.ended = True
    assert orders.unended() == [working]
    orders.forget([0])
    assert (orders.named("slug/1/entry"), orders.remote("0x1")) == (None, None)
    assert orders.named("slug/2/entry") is working


@given(st.lists(st.sampled_from(ORDER_OF_TELLING), min_size=1))
def test_what_is_told_of_a_trade_only_goes_forward(settlements: list[Settlement]) -> None:
    own = OwnOrders().add(place(), "0x1")
    told = [settlement for settlement in settlements if note_fill(own, fill(settlement))]
    ranks = [ORDER_OF_TELLING.index(settlement) for settlement in told]
    assert ranks == sorted(set(ranks))
    assert own.settled["t1"] == max(settlements, key=ORDER_OF_TELLING.index)
    assert own.filled_u6 == SHARE_U6


def test_later_messages_that_lack_the_parts_are_told_with_the_first_ones() -> None:
    own = OwnOrders().add(place(), "0x1")
    first = (PART, Part(6_100, SHARE_U6, 610_000))
    note_fill(own, fill(Settlement.MATCHED, parts=first))
    assert note_fill(own, fill(Settlement.MINED, parts=(Part(6_050, 2 * SHARE_U6, 1),))) == first
    assert own.filled_u6 == 2 * SHARE_U6


def test_parts_of_one_trade_are_counted_under_ids_of_their_own() -> None:
    assert [part_id("t1", index) for index in range(3)] == ["t1", "t1/1", "t1/2"]
