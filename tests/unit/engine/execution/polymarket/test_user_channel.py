"""Our own fills and orders, out of whatever the user channel sends."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from engine.execution.polymarket.user_channel import Complaint, OwnFill, OwnOrder, Part, Update, read_frame
from engine.model.events import Settlement, Side
from engine.model.units import SHARE_U6

ME, OTHER = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
UP, DOWN = "111", "222"


def maker(owner: str, order_id: str, token_id: str, side: str, price: str, size: str) -> dict[str, Any]:
    return {
        "order_id": order_id, "owner": owner, "asset_id": token_id, "side": side, "price": price,
        "matched_amount": size,
    }  # fmt: skip


def trade(owner: str, trader_side: str, makers: object, **more: object) -> dict[str, Any]:
    return {
        "event_type": "trade", "id": "t1", "status": "MATCHED", "taker_order_id": "0xTAKER", "asset_id": UP,
        "side": "BUY", "price": "0.99", "size": "12", "owner": owner, "trade_owner": owner,
        "trader_side": trader_side, "maker_orders": makers, **more,
    }  # fmt: skip


def read(*messages: object) -> list[Update]:
    return read_frame(orjson.dumps(messages[0] if len(messages) == 1 else list(messages)), ME)


def test_a_taker_pays_each_makers_price_and_the_rest_of_one_for_the_other_token() -> None:
    makers = [maker(OTHER, "0x1", UP, "SELL", "0.52", "10"), maker(OTHER, "0x2", DOWN, "BUY", "0.47", "2")]
    (fill,) = read(trade(ME, "TAKER", makers))
    assert fill == OwnFill(
        "0xtaker", "t1", UP, Side.BUY, False, Settlement.MATCHED,
        (Part(5_200, 10 * SHARE_U6, 5_200_000), Part(5_300, 2 * SHARE_U6, 1_060_000)),
    )  # fmt: skip
    assert isinstance(fill, OwnFill)
    assert fill.size_u6 == 12 * SHARE_U6


def test_a_maker_gets_its_own_entries_and_nobody_elses() -> None:
    makers = [
        maker(OTHER, "0x1", UP, "SELL", "0.52", "10"),
        maker(ME, "0xA", DOWN, "BUY", "0.48", "5.5"),
        maker(ME, "0xB", UP, "SELL", "0.52", "1"),
    ]
    fills = read(trade(OTHER, "MAKER", makers))
    assert fills == [
        OwnFill("0xa", "t1", DOWN, Side.BUY, True, Settlement.MATCHED, (Part(4_800, 5_500_000, 2_640_000),)),
        OwnFill("0xb", "t1", UP, Side.SELL, True, Settlement.MATCHED, (Part(5_200, SHARE_U6, 520_000),)),
    ]


def test_older_messages_without_a_makers_side_are_read() -> None:
    makers = [maker(ME, "0xa", UP, "", "0.52", "1"), maker(ME, "0xb", DOWN, "", "0.48", "1")]
    for each in makers:
        del each["side"]
    sides = [fill.side for fill in read(trade(OTHER, "MAKER", makers)) if isinstance(fill, OwnFill)]
    assert sides == [Side.SELL, Side.BUY]


def test_each_status_is_the_same_fill_in_another_settlement() -> None:
    names = ("MATCHED", "MINED", "CONFIRMED", "RETRYING", "FAILED", "TRADE_STATUS_CONFIRMED")
    settled = [read(trade(ME, "TAKER", None, status=name))[0] for name in names]
    assert [fill.settlement.name for fill in settled if isinstance(fill, OwnFill)] == [
        "MATCHED", "MINED", "CONFIRMED", "RETRYING", "FAILED", "CONFIRMED",
    ]  # fmt: skip


def test_a_killed_order_with_empty_sizes_is_not_lost() -> None:
    killed = {
        "event_type": "order", "id": "0xF", "owner": ME, "type": "CANCELLATION", "size_matched": "",
        "created_at": "", "status": "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.",
    }  # fmt: skip
    (update,) = read(killed)
    assert isinstance(update, OwnOrder)
    assert (update.order_id, update.what, update.matched_u6) == ("0xf", "CANCELLATION", -1)


def test_orders_and_trades_of_others_are_nothing_to_us() -> None:
    foreign = {"event_type": "order", "id": "0x1", "owner": OTHER, "type": "PLACEMENT", "size_matched": "0"}
    assert read(foreign, trade(OTHER, "TAKER", [maker(OTHER, "0x1", UP, "SELL", "0.5", "1")])) == []


def test_what_cannot_be_read_is_said_and_the_rest_is_kept() -> None:
    good = {"event_type": "order", "id": "0x1", "owner": ME, "type": "UPDATE", "size_matched": "2.5", "status": "LIVE"}
    for bad in (7, {"event_type": "order", "owner": ME, "type": "UPDATE"}, trade(ME, "TAKER", None, status="ODD"), {}):
        complaint, update = read(bad, good)
        assert isinstance(complaint, Complaint)
        assert update == OwnOrder("0x1", "UPDATE", "LIVE", 2_500_000)


def test_a_pong_says_nothing() -> None:
    assert read_frame(b"PONG", ME) == []


@given(st.binary(max_size=200))
def test_no_bytes_raise(frame: bytes) -> None:
    for update in read_frame(frame, ME):
        assert isinstance(update, Complaint)
