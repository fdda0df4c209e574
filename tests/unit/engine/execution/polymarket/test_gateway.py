"""Commands become calls in the same moment, answers become events, and what is not known is said to be unknown."""

import msgspec
import orjson
import pytest

from engine.model.codes import Code
from engine.model.commands import (
    Cancel,
    Prepare,
    Purpose,
    ReadBook,
    ReadOrder,
    ReadPosition,
    TimeInForce,
)
from engine.model.events import (
    Accepted,
    Fill,
    FillReversed,
    Foreign,
    Gone,
    GoneReason,
    MarketChange,
    Outcome,
    Rejected,
    Settlement,
    Side,
    Unknown,
    VenueBudget,
    VenueMode,
    VenueState,
)
from engine.model.market import open_view
from engine.model.units import SHARE_U6
from engine.strategy.bucket.round import FillRow
from tests.unit.engine.execution.polymarket.scripted import (
    CONDITION,
    DOWN,
    NOW,
    OWNER,
    UP,
    Bench,
    S,
    maker_trade,
    market,
    place,
    placed,
    stop,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_order_has_left_when_submit_returns_and_its_id_is_known_before_the_answer(bench: Bench) -> None:
    bench.submit(place())
    call = bench.wire.take("place")
    body = orjson.loads(call.what)
    assert (body["orderType"], body["postOnly"], body["order"]["tokenId"]) == ("GTC", True, UP)
    assert bench.told() == []
    call.reply(placed(bench.remote_id("slug/1/entry")))
    assert bench.told() == [Accepted(NOW, "slug/1/entry", bench.remote_id("slug/1/entry"))]
    assert bench.woken


def test_an_order_that_finds_no_free_line_has_not_left_and_may_be_asked_for_again(bench: Bench) -> None:
    bench.wire.free = False
    bench.submit(place())
    (refused,) = bench.told()
    assert (refused.code, refused.retry_at_ns) == (Code.NOT_READY, NOW + S)


def test_a_lost_answer_makes_an_order_unknown(bench: Bench) -> None:
    bench.submit(place())
    bench.wire.take("place").lose()
    assert bench.told() == [Unknown(NOW, "slug/1/entry")]


def test_an_id_that_is_not_the_digest_is_a_complaint_and_unknown(bench: Bench) -> None:
    bench.submit(place())
    bench.wire.take("place").reply(placed("0x" + "9" * 64))
    assert bench.told() == [Unknown(NOW, "slug/1/entry")]
    assert "its digest is" in bench.complaints[0]


def test_an_order_that_the_venue_calls_otherwise_is_cancelled_by_that_name(bench: Bench) -> None:
    bench.submit(place())
    bench.wire.take("place").reply(placed("0x" + "9" * 64))
    assert bench.wire.take("cancel").what == "0x" + "9" * 64


def test_a_refusal_has_its_code_and_the_time_that_the_venue_asks_for(bench: Bench) -> None:
    bench.submit(place())
    bench.wire.take("place").reply({"error": "Too Many Requests"}, 429, retry_after="7")
    (refused,) = bench.told()
    assert (refused.code, refused.retry_at_ns) == (Code.RATE_LIMITED, NOW + 7 * S)


def test_a_mode_is_told_once_and_again_when_it_is_over(bench: Bench) -> None:
    for number in (1, 2):
        bench.submit(place(number))
        bench.wire.take("place").reply({"error": "cancel-only"}, 503)
    assert [event.state for event in bench.told(VenueMode)] == [VenueState.CANCEL_ONLY]
    bench.submit(place(3, post_only=False))
    bench.wire.take("place").reply(placed(bench.remote_id("slug/3/entry")))
    assert [event.state for event in bench.told(VenueMode)] == [VenueState.NORMAL]


def test_an_immediate_order_that_matched_is_over_with_what_it_filled(bench: Bench) -> None:
    bench.submit(stop())
    bench.wire.take("place").reply(placed(bench.remote_id("slug/2/stop"), "matched", "4", "2.4"))
    own = bench.gateway.orders.named("slug/2/stop")
    assert own is not None
    assert bench.told() == [Accepted(NOW, "slug/2/stop", own.remote_id, resting=False)]
    bench.gateway.teller.end(own)  # its fills have not come
    assert bench.told() == [Gone(NOW, "slug/2/stop", GoneReason.KILLED, 4 * SHARE_U6)]


def test_a_delayed_order_is_accepted_and_does_not_rest(bench: Bench) -> None:
    bench.submit(stop())
    bench.wire.take("place").reply(placed(bench.remote_id("slug/2/stop"), "delayed"))
    (accepted,) = bench.told()
    assert not accepted.resting


def test_an_immediate_order_that_matched_without_a_word_of_how_much_is_not_over_with_nothing(bench: Bench) -> None:
    bench.submit(stop())
    bench.wire.take("place").reply(placed(bench.remote_id("slug/2/stop"), "matched"))
    (accepted,) = bench.told()
    assert (type(accepted), accepted.resting) == (Accepted, False)


def test_of_the_stops_signed_ahead_for_a_token_the_last_one_alone_is_kept(bench: Bench) -> None:
    for number in (1, 2, 3):
        name = f"slug/{number}/prepare"
        bench.submit(Prepare(name, 0, Side.SELL, 100, number * 5 * SHARE_U6, TimeInForce.FAK, Purpose.STOP, 2, number))
    assert list(bench.gateway.prepared._orders) == ["slug/3/prepare"]


def test_a_stop_that_was_signed_ahead_leaves_with_that_very_signature(bench: Bench) -> None:
    wanted = stop(2, prepared="slug/1/prepare")
    names = ("asset", "side", "price_e4", "size_u6", "tif", "purpose", "salt", "timestamp_ms")
    bench.submit(Prepare(order="slug/1/prepare", **{name: getattr(wanted, name) for name in names}))
    (prepared,) = bench.gateway.prepared._orders.values()
    bench.submit(wanted)
    assert bench.wire.take("place").what.encode() == prepared.body
    assert len(bench.gateway.prepared) == 0


@pytest.mark.parametrize("change", [{"size_u6": 9 * SHARE_U6}, {"salt": 77}, {"timestamp_ms": 5}])
def test_a_stop_that_is_not_the_prepared_one_is_signed_afresh(bench: Bench, change: dict[str, int]) -> None:
    prepare = Prepare("slug/1/prepare", 0, Side.SELL, 100, 10 * SHARE_U6, TimeInForce.FAK, Purpose.STOP, 2, 3)
    bench.submit(prepare)
    wanted = msgspec.structs.replace(stop(2, salt=2, timestamp_ms=3, prepared="slug/1/prepare"), **change)
    bench.submit(wanted)
    order = orjson.loads(bench.wire.take("place").what)["order"]
    assert (order["salt"], order["timestamp"]) == (wanted.salt, str(wanted.timestamp_ms))
    assert order["makerAmount"] == str(wanted.size_u6)


def test_a_new_tick_or_a_closed_market_drops_what_was_signed_ahead(bench: Bench) -> None:
    prepare = Prepare("slug/1/prepare", 0, Side.SELL, 100, 10 * SHARE_U6, TimeInForce.FAK, Purpose.STOP, 2, 3)
    for change, tick_e4 in ((MarketChange.TICK, 10), (MarketChange.CLOSED, 100)):
        bench.submit(prepare)
        bench.gateway.observe(market(0, change, tick_e4), NOW)
        assert len(bench.gateway.prepared) == 0


def test_after_a_restart_the_orders_have_the_same_ids_from_the_same_commands(bench: Bench) -> None:
    bench.submit(place())
    again = Bench()
    again.gateway.restore([place()], [(open_view(market(0)), open_view(market(1)), NOW + 900 * S)])
    assert again.remote_id("slug/1/entry") == bench.remote_id("slug/1/entry")


def test_the_user_channel_tells_fills_in_any_number_once(bench: Bench) -> None:
    remote_id = bench.live(place())
    for status in ("MATCHED", "MATCHED", "MINED", "MATCHED", "CONFIRMED", "MINED"):
        bench.gateway.on_frame(orjson.dumps(maker_trade(remote_id, status=status)))
    fills = bench.told(Fill)
    assert [fill.settlement for fill in fills] == [Settlement.MATCHED, Settlement.MINED, Settlement.CONFIRMED]
    assert {(fill.trade_id, fill.price_e4, fill.size_u6, fill.cash_u6) for fill in fills} == {
        ("t1", 6_000, 10 * SHARE_U6, 6_000_000)
    }


def test_a_trade_that_failed_is_taken_back_and_told_first_where_it_was_not_known(bench: Bench) -> None:
    remote_id = bench.live(place())
    bench.gateway.on_frame(orjson.dumps(maker_trade(remote_id, status="FAILED")))
    assert [type(event) for event in bench.told()] == [Fill, FillReversed]
    bench.gateway.on_frame(orjson.dumps(maker_trade(remote_id, status="FAILED")))
    assert bench.told() == []


def test_what_happens_to_orders_that_are_not_ours_is_foreign_and_told_once(bench: Bench) -> None:
    for _ in range(2):
        bench.gateway.on_frame(orjson.dumps(maker_trade("0x" + "5" * 64)))
    assert bench.told() == [Foreign(NOW, "trade", "t1")]


def test_a_frame_that_cannot_be_read_is_a_complaint(bench: Bench) -> None:
    bench.gateway.on_frame(b"{")
    assert len(bench.complaints) == 1


def test_a_low_budget_of_the_venue_is_told_and_so_is_its_recovery(bench: Bench) -> None:
    for number, remaining in enumerate(("100", "39", "12", "60", "61"), 1):
        bench.submit(place(number))
        answer = placed(bench.remote_id(f"slug/{number}/entry"))
        bench.wire.take("place").reply(answer, poly_ratelimit_remaining=remaining, poly_ratelimit_reset="1795000009")
    budgets = bench.told(VenueBudget)
    assert [budget.remaining for budget in budgets] == [39, 12, 60]
    assert budgets[0].reset_ns == 1_795_000_009 * S


def test_reads_of_what_the_gateway_knows_nothing_of_are_not_sent(bench: Bench) -> None:
    bench.submit(ReadOrder("slug/9/entry"))
    assert bench.told() == [Unknown(NOW, "slug/9/entry", "read")]
    for command in (ReadPosition(7), ReadBook(7)):
        bench.submit(command)
    bench.submit(Cancel("slug/9/entry"))
    assert bench.told() == [Rejected(NOW, "slug/9/entry", Code.CANCEL_NOT_FOUND, cancel=True)]
    assert bench.wire.calls == []


def test_a_window_whose_outcome_the_feed_told_is_not_asked_for(bench: Bench) -> None:
    late = NOW + 2_000 * S
    assert bench.gateway.windows.overdue(late) == [CONDITION]
    bench.gateway.observe(Outcome(NOW, 0, True, True), NOW)
    assert bench.gateway.windows.overdue(late) == []


def test_an_outcome_that_was_read_is_told_for_both_tokens_once(bench: Bench) -> None:
    bench.gateway.resolved(CONDITION, DOWN)
    bench.gateway.resolved(CONDITION, DOWN)
    assert [(event.asset, event.won) for event in bench.told(Outcome)] == [(0, False), (1, True)]


@pytest.mark.parametrize(("then_e4", "now_e4"), [(10, 100), (100, 10), (100, 100)])
@pytest.mark.parametrize("price_e4", [9_850, 9_870, 9_900, 100, 5_000])
def test_after_a_restart_an_order_has_its_id_whatever_the_tick_has_become(
    bench: Bench, then_e4: int, now_e4: int, price_e4: int
) -> None:
    if price_e4 % then_e4:
        return
    command = stop(price_e4=price_e4)
    bench.gateway.observe(market(0, MarketChange.TICK, then_e4), NOW)
    bench.submit(command)
    again = Bench()
    views = (open_view(market(0, tick_e4=now_e4)), open_view(market(1, tick_e4=now_e4)), NOW + 900 * S)
    again.gateway.restore([command], [views])
    assert again.remote_id(command.order) == bench.remote_id(command.order)


def test_after_a_restart_a_trade_that_was_told_in_one_piece_is_not_counted_again_in_parts() -> None:
    command = stop()
    row = FillRow(command.order, "t1", Side.SELL, 5_000, 10 * SHARE_U6, 0, False, 5_000_000)
    again = Bench()
    again.gateway.restore([command], [(open_view(market(0)), open_view(market(1)), NOW + 900 * S)], fills=[row])
    makers = [
        {"order_id": "0xa", "owner": "x", "matched_amount": size, "price": "0.5", "asset_id": UP, "side": "BUY"}
        for size in ("4", "6")
    ]
    trade = {"event_type": "trade", "id": "t1", "taker_order_id": again.remote_id(command.order), "asset_id": UP,
             "side": "SELL", "size": "10", "price": "0.5", "status": "CONFIRMED", "owner": OWNER, "trade_owner": OWNER,
             "trader_side": "TAKER", "maker_orders": makers}  # fmt: skip
    again.gateway.on_frame(orjson.dumps(trade))
    assert [(event.trade_id, event.size_u6) for event in again.told(Fill)] == [("t1", 10 * SHARE_U6)]


def test_after_a_restart_parts_and_reversed_fills_are_known_again() -> None:
    command = stop()
    rows = [
        FillRow(command.order, trade_id, Side.SELL, 5_000, SHARE_U6, 0, False, 500_000, failed)
        for trade_id, failed in (("t1", False), ("t1/1", False), ("t2", True))
    ]
    again = Bench()
    again.gateway.restore([command], [(open_view(market(0)), open_view(market(1)), NOW + 900 * S)], fills=rows)
    own = again.gateway.orders.named(command.order)
    assert own is not None
    assert (own.filled_u6, own.unsettled) == (3 * SHARE_U6, {"t1"})
    assert [len(parts) for parts in own.trades.values()] == [2, 1]


def test_a_trade_from_before_the_session_is_not_foreign_its_window_may_be_forgotten(bench: Bench) -> None:
    bench.gateway.teller.since_s = NOW // S
    for trade_id, matched_s in (("old", NOW // S - 1), ("new", NOW // S), ("undated", None)):
        trade = maker_trade("0x" + "5" * 64, trade_id, status="CONFIRMED") | {"match_time": str(matched_s or "")}
        bench.gateway.on_frame(orjson.dumps(trade))
    assert [event.remote_id for event in bench.told(Foreign)] == ["new", "undated"]


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (VenueState.NORMAL, []),
        (VenueState.POST_ONLY, [VenueState.NORMAL]),
        (VenueState.CANCEL_ONLY, [VenueState.NORMAL]),
        (VenueState.DISABLED, [VenueState.NORMAL]),
        (VenueState.RESTARTING, [VenueState.POST_ONLY]),
    ],
)
def test_a_mode_from_before_a_restart_does_not_last_for_ever(
    bench: Bench, mode: VenueState, told: list[VenueState]
) -> None:
    bench.gateway.restore([], [], mode)
    bench.gateway.mode(bench.gateway.modes.passed(NOW))
    if bench.gateway.modes.wants_probe(NOW):
        bench.gateway.cancels.by_remote_id("0x" + "0" * 64)
        bench.wire.take("cancel").reply({"canceled": [], "not_canceled": {}})
    assert [event.state for event in bench.told(VenueMode)] == told
