"""Cancels are said to be done only when the venue says so, and those of many are repeated until they are."""

import pytest

from engine.model.codes import Code
from engine.model.commands import Cancel, CancelAll, CancelMarket
from engine.model.events import Gone, GoneReason, Unknown, VenueMode, VenueState
from tests.unit.engine.execution.polymarket.scripted import NOW, Bench, order_row, place


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_cancel_that_the_venue_confirms_ends_the_order(bench: Bench) -> None:
    remote_id = bench.live(place())
    bench.submit(Cancel("slug/1/entry"))
    call = bench.wire.take("cancel")
    assert call.what == remote_id
    call.reply({"canceled": [remote_id], "not_canceled": {}})
    assert bench.told() == [Gone(NOW, "slug/1/entry", GoneReason.CANCELED)]


@pytest.mark.parametrize(
    ("why", "code"),
    [("already canceled or matched", Code.CANCEL_NOT_FOUND), ("order is in pending/delayed status", Code.CANCEL_HELD)],
)
def test_a_cancel_that_is_refused_says_why(bench: Bench, why: str, code: Code) -> None:
    remote_id = bench.live(place())
    bench.submit(Cancel("slug/1/entry"))
    bench.wire.take("cancel").reply({"canceled": [], "not_canceled": {remote_id: why}})
    (refused,) = bench.told()
    assert (refused.code, refused.cancel) == (code, True)


def test_a_cancel_without_an_answer_is_unknown_as_a_cancel(bench: Bench) -> None:
    bench.live(place())
    bench.submit(Cancel("slug/1/entry"))
    bench.wire.take("cancel").lose()
    assert bench.told() == [Unknown(NOW, "slug/1/entry", "cancel")]


def test_cancelling_a_market_or_everything_ends_those_of_ours_that_the_venue_names(bench: Bench) -> None:
    ids = [bench.live(place(number)) for number in (1, 2)]
    for command, name in ((CancelMarket(1), "cancel_market"), (CancelAll(), "cancel_all")):
        bench.submit(command)
        call = bench.wire.take(name)
        call.reply({"canceled": [ids.pop(), "0x" + "7" * 64], "not_canceled": {}})
    assert [event.order for event in bench.told(Gone)] == ["slug/2/entry", "slug/1/entry"]


def test_cancelling_a_market_is_repeated_until_the_venue_has_done_it(bench: Bench) -> None:
    bench.submit(CancelMarket(0))
    bench.gateway.cancels.again()
    call = bench.wire.take("cancel_market")
    assert bench.wire.calls == []  # one at a time
    call.lose()
    answers: list[tuple[object, int]] = [({"error": "restarting"}, 425), ({"error": "x"}, 429), ({"canceled": []}, 200)]
    for content, status in answers:
        bench.gateway.cancels.again()
        bench.wire.take("cancel_market").reply(content, status)
    bench.gateway.cancels.again()
    assert bench.wire.calls == []


def test_cancelling_everything_is_over_when_the_venue_lists_nothing(bench: Bench) -> None:
    remote_id = bench.live(place())
    bench.submit(CancelAll())
    bench.wire.take("cancel_all").reply({"canceled": [], "not_canceled": {}})
    bench.wire.take("read").reply({"data": [order_row(remote_id)], "next_cursor": "LTE="})
    bench.gateway.cancels.again()
    bench.wire.take("cancel_all").reply({"canceled": [remote_id], "not_canceled": {}})
    bench.wire.take("read").lose()
    bench.gateway.cancels.again()
    bench.wire.take("cancel_all").reply({"canceled": [], "not_canceled": {}})
    assert not bench.complaints
    bench.wire.take("read").reply({"data": [], "next_cursor": "LTE="})
    assert bench.complaints == ["everything is cancelled: the venue lists no open order"]
    bench.gateway.cancels.again()
    assert bench.wire.calls == []
    assert [event.order for event in bench.told(Gone)] == ["slug/1/entry"]


def test_a_restart_is_over_when_a_cancel_is_answered_and_post_only_follows(bench: Bench) -> None:
    bench.submit(place())
    bench.wire.take("place").reply({"error": "restarting"}, 425)
    assert [event.state for event in bench.told(VenueMode)] == [VenueState.RESTARTING]
    bench.gateway.cancels.by_remote_id("0x" + "0" * 64)
    bench.wire.take("cancel").reply({"canceled": [], "not_canceled": {}})
    assert [event.state for event in bench.told(VenueMode)] == [VenueState.POST_ONLY]


@pytest.mark.parametrize(
    ("status", "over"), [(400, True), (404, True), (401, False), (425, False), (429, False), (503, False)]
)
def test_a_restart_is_over_when_a_cancel_of_nothing_is_judged_at_all(bench: Bench, status: int, over: bool) -> None:
    bench.submit(place())
    bench.wire.take("place").reply({"error": "restarting"}, 425)
    bench.told()
    bench.gateway.cancels.by_remote_id("0x" + "0" * 64)
    bench.wire.take("cancel").reply({"error": "Invalid orderID"}, status)
    assert [event.state for event in bench.told(VenueMode)] == ([VenueState.POST_ONLY] if over else [])
