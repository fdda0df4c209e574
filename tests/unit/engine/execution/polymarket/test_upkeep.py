"""The dead man's switch, the clock, what happened while nobody listened: looked after, and each change told once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.execution.polymarket.upkeep import (
    CLOCK_AGAIN_S,
    CLOCK_EVERY_S,
    FORGET_AFTER_S,
    NO_ORDER,
    OUTCOME_LATE_NS,
    OUTCOMES_EVERY_S,
    RECONCILE_EVERY_S,
    TRADES_OVERLAP_S,
    Upkeep,
)
from engine.lab.virtual.loop import VirtualLoop
from engine.model.codes import BreakerName
from engine.model.events import Breaker, Fill, Foreign, OrderState, Outcome, Unknown, VenueMode, VenueState
from engine.model.units import SHARE_U6
from tests.unit.engine.execution.polymarket.memory_venue import run
from tests.unit.engine.execution.polymarket.scripted import (
    CONDITION,
    DOWN,
    NOW,
    Bench,
    Call,
    S,
    ScriptedWire,
    maker_trade,
    order_row,
    place,
)

BEGUN_S = NOW // S
LAST = "LTE="


class TimedWire(ScriptedWire):
    """A scripted wire whose clock is the loop's; calls that the test does not take are answered as the venue would."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self.loop = loop
        self.ahead_ns = 0
        self.answers_beats = True
        self.beats: list[float] = []
        self.trades: list[dict[str, str]] = []
        self.trades_fail = False

    def venue_s(self) -> int:
        return self.loop.wall_ns() // S

    def serve(self) -> None:
        """Answer what has been asked so far, in order."""
        while self.calls:
            call = self.calls.pop(0)
            if call.name == "heartbeat":
                self.beats.append(self.loop.time())
                call.reply({"heartbeat_id": f"beat-{len(self.beats)}"}) if self.answers_beats else call.lose()
            elif call.what == "/time":
                call.reply((self.loop.wall_ns() + self.ahead_ns) // S)
            elif call.what == "/data/trades":
                self.trades.append(call.query)
                call.lose() if self.trades_fail else call.reply({"data": [], "next_cursor": LAST})
            elif call.what == "/data/orders":
                call.reply({"data": [], "next_cursor": LAST})
            else:
                call.lose()


class Kept(Bench):
    """A gateway with its upkeep in virtual time."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self.loop = loop
        self.wire: TimedWire = TimedWire(loop)
        for part in (self.gateway.inquiry, self.gateway.cancels):
            part._wire = self.wire  # type: ignore[attr-defined]
        self.gateway.wire = self.wire  # type: ignore[misc,assignment]
        self.is_healthy = True
        self.upkeep = Upkeep(self.gateway, loop.wall_ns, lambda: self.is_healthy, BEGUN_S)

    async def live_for(self, seconds: float) -> None:
        """Let time pass while the venue answers."""
        until_s = self.loop.time() + seconds
        while self.loop.time() < until_s:
            self.wire.serve()
            await asyncio.sleep(0.05)

    def breakers(self) -> list[tuple[BreakerName, bool]]:
        return [(BreakerName(event.name), event.tripped) for event in self.told(Breaker)]

    def take(self, name: str, what: str = "") -> Call:
        """Return the oldest call of a name and leave the others."""
        found = next(call for call in self.wire.calls if call.name == name and what in call.what)
        self.wire.calls.remove(found)
        return found


def played(work: Callable[[Kept], Coroutine[Any, Any, None]], *, begin: bool = True) -> None:
    """Run a test in virtual time."""
    loop = VirtualLoop(NOW, horizon_s=3_000)

    async def play() -> None:
        kept = Kept(loop)
        if begin:
            kept.upkeep.open()
        await work(kept)
        await kept.upkeep.close()

    run(play(), loop)


def test_it_beats_every_five_seconds_with_the_id_that_the_venue_gave() -> None:
    async def work(kept: Kept) -> None:
        await kept.live_for(60.5)
        gaps = [later - earlier for earlier, later in zip(kept.wire.beats, kept.wire.beats[1:], strict=False)]
        assert len(gaps) == 12
        assert all(gap == pytest.approx(5, abs=0.1) for gap in gaps)
        assert kept.breakers() == []
        await asyncio.sleep(5)
        assert kept.take("heartbeat").what == "beat-13"

    played(work)


def test_an_engine_that_is_not_well_sends_no_beat() -> None:
    async def work(kept: Kept) -> None:
        await kept.live_for(12)
        kept.is_healthy = False
        sent = len(kept.wire.beats)
        await kept.live_for(120)
        assert len(kept.wire.beats) == sent
        kept.is_healthy = True
        await kept.live_for(2)
        assert len(kept.wire.beats) == sent + 1

    played(work)


def test_a_switch_that_is_not_held_any_more_trips_its_breaker_once_and_closes_it_once() -> None:
    async def work(kept: Kept) -> None:
        await kept.live_for(12)
        kept.wire.answers_beats = False
        await kept.live_for(7)
        assert kept.breakers() == []
        await kept.live_for(60)
        assert kept.breakers() == [(BreakerName.HEARTBEAT, True)]
        kept.wire.answers_beats = True
        await kept.live_for(30)
        assert kept.breakers() == [(BreakerName.HEARTBEAT, False)]

    played(work)


@pytest.mark.parametrize("ahead_s", [-3, 4])
def test_a_clock_that_is_wrong_trips_its_breaker_until_it_is_right(ahead_s: int) -> None:
    async def work(kept: Kept) -> None:
        await kept.live_for(1)
        assert kept.breakers() == []
        assert kept.wire.offset_ns == 0
        kept.wire.ahead_ns = ahead_s * S
        await kept.live_for(3 * CLOCK_EVERY_S)
        assert kept.breakers() == [(BreakerName.CLOCK_SKEW, True)]
        assert kept.wire.offset_ns == pytest.approx(ahead_s * S, abs=S)
        kept.wire.ahead_ns = 0
        await kept.live_for(CLOCK_AGAIN_S + 1)  # a wrong clock is looked at more often
        assert kept.breakers() == [(BreakerName.CLOCK_SKEW, False)]
        assert kept.wire.offset_ns == 0

    played(work)


def test_a_clock_that_is_a_second_and_a_half_ahead_dates_proofs_and_trips_nothing() -> None:
    async def work(kept: Kept) -> None:
        kept.wire.ahead_ns = 3 * S // 2
        await kept.live_for(1)
        assert kept.breakers() == []
        assert kept.wire.offset_ns == pytest.approx(3 * S // 2, abs=S // 2)

    played(work)


@pytest.mark.parametrize(
    "reply", [lambda call: call.lose(), lambda call: call.reply("soon"), lambda call: call.reply({}, 503)]
)
def test_a_clock_that_cannot_be_read_changes_nothing(reply: Callable[[Call], None]) -> None:
    async def work(kept: Kept) -> None:
        await asyncio.sleep(0.1)
        reply(kept.take("public", "/time"))
        assert kept.breakers() == []
        assert kept.wire.offset_ns == 0

    played(work)


def test_the_user_channels_breaker_follows_it_and_everything_is_read_when_it_is_back() -> None:
    async def work(kept: Kept) -> None:
        remote_id = kept.live(place())
        for up in (True, True):
            kept.upkeep.stream_state(up, "")
        assert kept.breakers() == []
        kept.wire.calls.clear()
        kept.upkeep.stream_state(False, "reset")
        kept.upkeep.stream_state(False, "nobody listens")
        assert kept.breakers() == [(BreakerName.USER_STREAM, True)]
        assert kept.wire.calls == []
        kept.upkeep.stream_state(True, "")
        assert kept.breakers() == [(BreakerName.USER_STREAM, False)]
        assert [(call.name, call.what) for call in kept.wire.calls] == [
            ("read", f"/data/order/{remote_id}"), ("read", "/data/orders"), ("read", "/data/trades"),
        ]  # fmt: skip

    played(work, begin=False)


def test_everything_is_compared_again_and_again() -> None:
    async def work(kept: Kept) -> None:
        await kept.live_for(10 * RECONCILE_EVERY_S + 1)
        assert kept.upkeep.reconciled == len(kept.wire.trades) == 11

    played(work)


def test_an_order_that_ended_unheard_is_found_by_reading() -> None:
    async def work(kept: Kept) -> None:
        remote_id = kept.live(place())
        kept.upkeep.read_all()
        kept.take("read", "/data/order/").reply(order_row(remote_id, "CANCELED"))
        (state,) = kept.told(OrderState)
        assert (state.order, state.found, state.resting) == ("slug/1/entry", True, False)
        kept.wire.calls.clear()
        kept.upkeep.read_all()
        assert [call.what for call in kept.wire.calls] == ["/data/orders", "/data/trades"]

    played(work, begin=False)


def test_a_fill_that_nobody_heard_of_is_found_on_whatever_page_it_is() -> None:
    async def work(kept: Kept) -> None:
        remote_id = kept.live(place())
        kept.upkeep.read_all()
        first = kept.take("read", "/data/trades")
        first.reply({"data": [maker_trade(remote_id, "t1", "4")], "next_cursor": "Mg=="})
        second = kept.take("read", "/data/trades")
        assert (second.query["next_cursor"], second.query["after"]) == ("Mg==", first.query["after"])
        second.reply(
            {"data": [maker_trade(remote_id, "t1", "4"), maker_trade(remote_id, "t2", "6")], "next_cursor": LAST}
        )
        assert [(fill.trade_id, fill.size_u6) for fill in kept.told(Fill)] == [
            ("t1", 4 * SHARE_U6),
            ("t2", 6 * SHARE_U6),
        ]
        assert [call.what for call in kept.wire.calls if call.what == "/data/trades"] == []

    played(work, begin=False)


def test_trades_are_read_from_the_last_good_reading_on_however_long_the_venue_was_away() -> None:
    async def work(kept: Kept) -> None:
        await kept.live_for(RECONCILE_EVERY_S + 1)
        assert [int(query["after"]) for query in kept.wire.trades] == [BEGUN_S, BEGUN_S]
        await kept.live_for(10 * RECONCILE_EVERY_S)
        last_s = int(kept.wire.trades[-1]["after"])
        kept.wire.trades_fail = True
        await kept.live_for(600)
        kept.wire.trades_fail = False
        kept.wire.trades.clear()
        await kept.live_for(2 * RECONCILE_EVERY_S)
        first_s, second_s = (int(query["after"]) for query in kept.wire.trades)
        assert first_s <= last_s + RECONCILE_EVERY_S
        assert second_s == pytest.approx(kept.wire.venue_s() - TRADES_OVERLAP_S - RECONCILE_EVERY_S, abs=5)

    played(work)


def test_orders_and_trades_that_are_not_ours_are_told_once_each() -> None:
    async def work(kept: Kept) -> None:
        remote_id = kept.live(place())
        for _ in range(2):
            kept.upkeep.read_all()
            rows = [order_row(remote_id), order_row("0x" + "7" * 64)]
            kept.take("read", "/data/orders").reply({"data": rows, "next_cursor": LAST})
            kept.take("read", "/data/trades").reply({"data": [maker_trade("0x" + "8" * 64, "t9")], "next_cursor": LAST})
        assert [(event.what, event.remote_id) for event in kept.told(Foreign)] == [
            ("order", "0x" + "7" * 64), ("trade", "t9"),
        ]  # fmt: skip

    played(work, begin=False)


def test_an_order_that_was_told_to_be_over_and_is_listed_as_open_is_asked_about() -> None:
    async def work(kept: Kept) -> None:
        kept.submit(place())
        remote_id = kept.remote_id("slug/1/entry")
        kept.take("place").reply({"error": "not enough balance / allowance"}, 400)
        kept.told()
        kept.upkeep.read_all()
        kept.take("read", "/data/orders").reply({"data": [order_row(remote_id)], "next_cursor": LAST})
        kept.take("read", f"/data/order/{remote_id}").reply(order_row(remote_id))
        assert [(event.found, event.resting) for event in kept.told(OrderState)] == [(True, True)]

    played(work, begin=False)


def test_every_page_of_open_orders_is_looked_at() -> None:
    async def work(kept: Kept) -> None:
        kept.upkeep.read_all()
        for number, cursor in ((1, "Mg=="), (2, "Mw=="), (3, LAST)):
            row = order_row("0x" + str(number) * 64)
            kept.take("read", "/data/orders").reply({"data": [row], "next_cursor": cursor})
        assert len(kept.told(Foreign)) == 3
        assert not [call for call in kept.wire.calls if call.what == "/data/orders"]

    played(work, begin=False)


@pytest.mark.parametrize("body", [{"error": "Unauthorized"}, {"data": 7}, [], {"data": [{"id": 3}]}])
def test_pages_that_cannot_be_read_are_read_again_later(body: object) -> None:
    async def work(kept: Kept) -> None:
        kept.upkeep.read_all()
        kept.take("read", "/data/orders").reply(body)
        kept.take("read", "/data/trades").reply(body)
        assert kept.told() == []
        kept.upkeep.read_all()
        assert [call.what for call in kept.wire.calls] == ["/data/orders", "/data/trades"]

    played(work, begin=False)


def test_a_trade_that_cannot_be_read_is_said_once_and_hides_none_behind_it() -> None:
    async def work(kept: Kept) -> None:
        remote_id = kept.live(place())
        for _ in range(2):
            kept.upkeep.read_all()
            rows = [maker_trade(remote_id, "t9", size="0.0000001"), maker_trade(remote_id)]
            kept.take("read", "/data/trades").reply({"data": rows, "next_cursor": LAST})
        assert [event.trade_id for event in kept.told(Fill)] == ["t1"]
        assert len(kept.complaints) == 1

    played(work, begin=False)


def test_the_first_look_reads_clock_and_orders_and_says_whether_that_was_possible() -> None:
    async def work(kept: Kept) -> None:
        async def look(time_reply: Callable[[Call], None], orders_reply: Callable[[Call], None]) -> bool:
            looking = asyncio.ensure_future(kept.upkeep.first_look())
            await asyncio.sleep(0.1)
            time_reply(kept.take("public", "/time"))
            await asyncio.sleep(0.1)
            orders_reply(kept.take("read", "/data/orders"))
            return await looking

        right = (NOW + kept.loop.monotonic_ns()) // S
        page = {"data": [order_row("0x" + "7" * 64)], "next_cursor": LAST}
        assert not await look(lambda call: call.lose(), lambda call: call.reply(page))
        assert not await look(lambda call: call.reply(right), lambda call: call.lose())
        assert not await look(lambda call: call.reply(right), lambda call: call.reply({"error": "Unauthorized"}, 401))
        assert await look(lambda call: call.reply(right - 9), lambda call: call.reply(page))
        assert kept.breakers() == [(BreakerName.CLOCK_SKEW, True)]

    played(work, begin=False)


def test_a_window_that_ended_a_while_ago_without_an_outcome_is_asked_for_until_it_has_one() -> None:
    async def work(kept: Kept) -> None:
        def asked() -> list[Call]:
            found = [call for call in kept.wire.calls if call.what == f"/markets/{CONDITION}"]
            kept.wire.calls.clear()
            return found

        await kept.live_for(900 + OUTCOME_LATE_NS // S - 1)
        assert asked() == []
        answers = [None, {"tokens": 7}, {"tokens": [{"token_id": DOWN, "winner": False}]}]
        for answer in answers:
            await asyncio.sleep(OUTCOMES_EVERY_S + 1)
            (call,) = asked()
            call.reply(answer) if answer else call.lose()
            assert kept.told(Outcome) == []
        await asyncio.sleep(OUTCOMES_EVERY_S + 1)
        (call,) = asked()
        call.reply({"tokens": [{"token_id": DOWN, "winner": True}]})
        assert [(event.asset, event.won) for event in kept.told(Outcome)] == [(0, False), (1, True)]
        await asyncio.sleep(3 * OUTCOMES_EVERY_S)
        assert asked() == []

    played(work)


def test_while_the_venue_restarts_a_cancel_of_nothing_asks_whether_it_is_over() -> None:
    async def work(kept: Kept) -> None:
        kept.submit(place())
        kept.wire.take("place").reply({"error": "restarting"}, 425)
        kept.gateway._now_ns = kept.loop.wall_ns()
        assert [event.state for event in kept.told(VenueMode)] == [VenueState.RESTARTING]
        await kept.live_for(4)
        assert not [call for call in kept.wire.calls if call.name == "cancel"]
        await asyncio.sleep(3)
        probe = kept.take("cancel")
        assert probe.what == NO_ORDER
        probe.reply({"error": "restarting"}, 425)
        await asyncio.sleep(7)
        kept.take("cancel").reply({"canceled": [], "not_canceled": {NO_ORDER: "not found"}})
        assert [event.state for event in kept.told(VenueMode)] == [VenueState.POST_ONLY]
        await asyncio.sleep(125)
        assert [event.state for event in kept.told(VenueMode)] == [VenueState.NORMAL]

    played(work)


def test_a_reading_that_is_lost_says_that_the_order_is_not_known() -> None:
    async def work(kept: Kept) -> None:
        kept.live(place())
        kept.upkeep.read_all()
        kept.take("read", "/data/order/").lose()
        assert kept.told(Unknown) == [Unknown(NOW, "slug/1/entry", "read")]

    played(work, begin=False)


def test_a_trade_of_a_window_that_is_over_is_still_ours() -> None:
    async def work(kept: Kept) -> None:
        remote_id = kept.live(place())
        await asyncio.sleep(890)
        kept.upkeep.read_all()
        kept.take("read", "/data/trades").reply({"data": [maker_trade(remote_id)], "next_cursor": LAST})
        kept.gateway.resolved(CONDITION, DOWN)
        kept.upkeep.read_all()
        kept.take("read", "/data/trades").reply({"data": [maker_trade(remote_id)], "next_cursor": LAST})
        assert kept.told(Foreign) == []

    played(work, begin=False)


def test_orders_are_forgotten_when_no_reading_can_name_them_any_more() -> None:
    async def work(kept: Kept) -> None:
        kept.submit(place())
        kept.wire.take("place").reply({"error": "invalid order"}, 400)
        kept.gateway.resolved(CONDITION, DOWN)
        await kept.live_for(900 + FORGET_AFTER_S)
        assert kept.gateway.orders.named("slug/1/entry") is not None
        await kept.live_for(TRADES_OVERLAP_S + 3 * RECONCILE_EVERY_S)
        assert kept.gateway.orders.named("slug/1/entry") is None

    played(work)
