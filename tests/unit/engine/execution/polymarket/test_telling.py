"""Whatever comes first, in any order and any number of times, the same is told: once each."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution.polymarket.reads import OrderRow
from engine.execution.polymarket.user_channel import OwnFill, Part
from engine.execution.polymarket.user_channel import OwnOrder as Update
from engine.model.events import Accepted, Fill, Gone, GoneReason, OrderState, Settlement, Side
from engine.model.orders import Order, advance, count_fill
from engine.model.units import SHARE_U6
from tests.unit.engine.execution.polymarket.scripted import NOW, UP, Bench, place, stop

SIZE = 10 * SHARE_U6


def sources(remote_id: str) -> list[Any]:
    """Everything that tells of a buy that was filled in two trades: both channels, a read, repeats."""
    fills = [
        OwnFill(remote_id, trade_id, UP, Side.BUY, True, settlement, (Part(6_000, SIZE // 2, 3_000_000),))
        for trade_id in ("t1", "t2")
        for settlement in (Settlement.MATCHED, Settlement.MINED)
    ]
    updates = [
        Update(remote_id, "PLACEMENT", "LIVE", 0),
        Update(remote_id, "UPDATE", "LIVE", SIZE // 2),
        Update(remote_id, "UPDATE", "MATCHED", SIZE),
    ]
    return [*fills, *updates, OrderRow(remote_id, "MATCHED", SIZE, ("t1", "t2"), UP)]


def told_order(bench: Bench, messages: list[Any]) -> Order:
    """Return the order as the kernel's rules fold what is told, fills counted once."""
    command = place()
    order = Order(
        command.order, 0, Side.BUY, 6_000, SIZE, command.tif, command.purpose, True, NOW,
    )  # fmt: skip
    own = bench.gateway.orders.named(command.order)
    assert own is not None
    for message in messages:
        if isinstance(message, OwnFill):
            bench.gateway.teller.fill(message)
        elif isinstance(message, Update):
            bench.gateway.teller.update(message)
        else:
            bench.gateway.teller.state(own, message)
    bench.gateway.teller.end(own)  # as the upkeep does after a while
    counted: set[str] = set()
    for event in bench.told():
        order = advance(order, event)
        if isinstance(event, Fill) and event.trade_id not in counted:
            counted.add(event.trade_id)
            order = count_fill(order, event.size_u6)
    return order


@given(st.data())
def test_any_order_and_number_of_messages_comes_to_the_same_order(data: st.DataObject) -> None:
    bench = Bench()
    bench.submit(place())
    messages = sources(bench.remote_id("slug/1/entry"))
    repeated = data.draw(st.lists(st.sampled_from(messages), max_size=5)) + messages
    order = told_order(bench, data.draw(st.permutations(repeated)))
    assert (order.status.name, order.filled_u6, order.is_working) == ("MATCHED", SIZE, False)


@given(st.data())
def test_a_dropped_fill_leaves_an_order_that_knows_that_something_is_missing(data: st.DataObject) -> None:
    bench = Bench()
    bench.submit(place())
    messages = [each for each in sources(bench.remote_id("slug/1/entry"))
                if not (isinstance(each, OwnFill) and each.trade_id == "t2")]  # fmt: skip
    order = told_order(bench, data.draw(st.permutations(messages)))
    assert (order.filled_u6, order.told_filled_u6, order.is_working) == (SIZE // 2, SIZE, True)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("CANCELED", GoneReason.CANCELED),
        ("CANCELED_EXPIRED_ORDER", GoneReason.EXPIRED),
        ("CANCELED_MARKET_RESOLVED", GoneReason.MARKET_CLOSED),
        ("CANCELED_NOT_ENOUGH_BALANCE", GoneReason.BALANCE),
    ],
)
def test_a_cancellation_has_the_venues_reason(status: str, reason: GoneReason) -> None:
    bench = Bench()
    remote_id = bench.live(place())
    bench.gateway.teller.update(Update(remote_id, "CANCELLATION", status, 0))
    assert bench.told() == [Gone(NOW, "slug/1/entry", reason, 0)]


def test_an_end_that_comes_before_its_fill_is_told_behind_it() -> None:
    bench = Bench()
    remote_id = bench.live(place())
    bench.gateway.teller.update(Update(remote_id, "UPDATE", "MATCHED", SIZE))
    assert bench.told() == []
    fill = OwnFill(remote_id, "t1", UP, Side.BUY, True, Settlement.MATCHED, (Part(6_000, SIZE, 6_000_000),))
    bench.gateway.teller.fill(fill)
    assert [type(event) for event in bench.told()] == [Fill, Gone]


def test_an_end_whose_fill_does_not_come_is_told_all_the_same() -> None:
    bench = Bench()
    remote_id = bench.live(place())
    own = bench.gateway.orders.named("slug/1/entry")
    assert own is not None
    bench.gateway.teller.update(Update(remote_id, "UPDATE", "MATCHED", SIZE))
    assert bench.gateway.orders.waiting() == [own]
    for _ in range(2):
        bench.gateway.teller.end(own)
    assert bench.told() == [Gone(NOW, "slug/1/entry", GoneReason.FILLED, SIZE)]


def test_a_killed_order_is_killed_and_without_a_size_it_is_told_again_when_the_size_is_known() -> None:
    bench = Bench()
    bench.submit(stop())
    remote_id = bench.remote_id("slug/2/stop")
    text = "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed."
    for matched_u6 in (-1, 0, 0):
        bench.gateway.teller.update(Update(remote_id, "CANCELLATION", text, matched_u6))
    assert bench.told() == [
        Gone(NOW, "slug/2/stop", GoneReason.KILLED, -1),
        Gone(NOW, "slug/2/stop", GoneReason.KILLED, 0),
    ]


@pytest.mark.parametrize("first", list(permutations(("answer", "channel"))))
def test_an_order_is_accepted_once_whoever_says_it_first(first: tuple[str, str]) -> None:
    bench = Bench()
    bench.submit(place())
    own = bench.gateway.orders.named("slug/1/entry")
    assert own is not None
    for who in first:
        if who == "answer":
            bench.gateway.teller.accepted(own, resting=True)
        else:
            bench.gateway.teller.update(Update(own.remote_id, "PLACEMENT", "LIVE", 0))
    assert bench.told() == [Accepted(NOW, "slug/1/entry", own.remote_id, True)]


def test_an_order_that_was_doubted_is_accepted_anew() -> None:
    bench = Bench()
    remote_id = bench.live(place())
    own = bench.gateway.orders.named("slug/1/entry")
    assert own is not None
    bench.gateway.teller.doubted(own)
    bench.gateway.teller.update(Update(remote_id, "PLACEMENT", "LIVE", 0))
    assert bench.told(Accepted) == [Accepted(NOW, "slug/1/entry", remote_id, True)]


def test_a_state_that_was_read_is_always_told() -> None:
    bench = Bench()
    remote_id = bench.live(place())
    own = bench.gateway.orders.named("slug/1/entry")
    assert own is not None
    row = OrderRow(remote_id, "LIVE", 0, (), UP)
    for _ in range(2):
        bench.gateway.teller.state(own, row)
    assert bench.told() == [OrderState(NOW, "slug/1/entry", True, True, 0)] * 2
