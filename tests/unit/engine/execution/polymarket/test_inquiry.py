"""What became of an order is told with its trades first; a read that fails is said to have failed."""

import pytest

from engine.execution.polymarket.telling import MISSED_MOST
from engine.model.commands import ReadBook, ReadOrder, ReadPosition, ReadWallet
from engine.model.events import Book, Fill, FillReversed, OrderState, Position, Sellable, Unknown, Wallet
from engine.model.units import SHARE_U6
from tests.unit.engine.execution.polymarket.scripted import (
    NOW,
    UP,
    Bench,
    maker_trade,
    order_row,
    place,
)

ORDER = "slug/1/entry"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.live(place())
    bench.submit(ReadOrder(ORDER))
    return bench


def test_an_order_that_rests_untouched_is_one_read(bench: Bench) -> None:
    bench.wire.take("read").reply(order_row(bench.remote_id(ORDER)))
    assert bench.told() == [OrderState(NOW, ORDER, True, True, 0)]
    assert bench.wire.calls == []


def test_trades_that_were_not_told_are_read_before_the_state_is(bench: Bench) -> None:
    remote_id = bench.remote_id(ORDER)
    bench.wire.take("read").reply(order_row(remote_id, "MATCHED", "10", ("t1",)))
    call = bench.wire.take("read")
    assert call.what == "/data/trades"
    call.reply({"data": [maker_trade("0xelse", "t9"), maker_trade(remote_id)], "next_cursor": "LTE="})
    fill, state = bench.told()
    assert (type(fill), fill.trade_id) == (Fill, "t1")
    assert state == OrderState(NOW, ORDER, True, False, 10 * SHARE_U6)


def test_pages_of_trades_are_turned_until_all_are_found(bench: Bench) -> None:
    remote_id = bench.remote_id(ORDER)
    bench.wire.take("read").reply(order_row(remote_id, "MATCHED", "10", ("t1",)))
    bench.wire.take("read").reply({"data": [], "next_cursor": "MTAw"})
    call = bench.wire.take("read")
    assert call.query["next_cursor"] == "MTAw"
    call.reply({"data": [maker_trade(remote_id)], "next_cursor": "LTE="})
    assert [type(event) for event in bench.told()] == [Fill, OrderState]


def test_a_trade_that_may_still_fail_is_read_again_with_its_order(bench: Bench) -> None:
    remote_id = bench.remote_id(ORDER)
    bench.wire.take("read").reply(order_row(remote_id, "MATCHED", "10", ("t1",)))
    bench.wire.take("read").reply({"data": [maker_trade(remote_id)], "next_cursor": "LTE="})
    assert [type(event) for event in bench.told()] == [Fill, OrderState]
    assert bench.gateway.orders.unsure() == [bench.gateway.orders.named(ORDER)]
    bench.submit(ReadOrder(ORDER))
    bench.wire.take("read").reply(order_row(remote_id, "MATCHED", "10", ("t1",)))
    bench.wire.take("read").reply({"data": [maker_trade(remote_id, status="FAILED")], "next_cursor": "LTE="})
    assert [type(event) for event in bench.told()] == [FillReversed, OrderState]
    assert bench.gateway.orders.unsure() == []


def test_a_trade_that_cannot_be_read_hides_no_other_one_but_fails_the_read_of_its_own_order(bench: Bench) -> None:
    remote_id = bench.remote_id(ORDER)
    for unreadable in (maker_trade("0xelse", "t9", size="0.0000001"), {"id": 5, "maker_orders": 7}):
        bench.wire.calls.clear()
        bench.submit(ReadOrder(ORDER))
        bench.wire.take("read").reply(order_row(remote_id, "MATCHED", "10", ("t1",)))
        bench.wire.take("read").reply({"data": [unreadable, maker_trade(remote_id)], "next_cursor": "LTE="})
        assert OrderState(NOW, ORDER, True, False, 10 * SHARE_U6) in bench.told()
    bench.submit(ReadOrder(ORDER))
    bench.wire.take("read").reply(order_row(remote_id, "MATCHED", "12", ("t1", "t2")))
    bench.wire.take("read").reply({"data": [maker_trade(remote_id, "t2", size="0.0000001")], "next_cursor": "LTE="})
    assert bench.told() == [Unknown(NOW, ORDER, "read")]


def test_an_order_that_is_never_found_is_not_asked_about_for_ever(bench: Bench) -> None:
    bench.wire.calls.clear()
    for _ in range(MISSED_MOST):
        assert bench.gateway.orders.unsure()
        bench.submit(ReadOrder(ORDER))
        bench.wire.take("read").reply({"error": "not found"}, 404)
    assert bench.gateway.orders.unsure() == []


@pytest.mark.parametrize(("status", "content"), [(404, {"error": "order not found"}), (200, None)])
def test_an_order_that_the_venue_does_not_know_is_not_found(bench: Bench, status: int, content: object) -> None:
    bench.wire.take("read").reply(content, status)
    assert bench.told() == [OrderState(NOW, ORDER, found=False)]


def test_a_server_error_is_not_believed_and_the_list_is_asked(bench: Bench) -> None:
    bench.wire.take("read").reply({"error": "Internal server error"}, 500)
    call = bench.wire.take("read")
    assert (call.what, call.query) == ("/data/orders", {"id": bench.remote_id(ORDER)})
    call.reply({"data": [], "next_cursor": "LTE="})
    assert bench.told() == [OrderState(NOW, ORDER, found=False)]


def test_another_order_in_the_list_says_nothing_of_ours(bench: Bench) -> None:
    remote_id = bench.remote_id(ORDER)
    for rows, found in (([], False), ([order_row(remote_id)], True)):
        bench.wire.calls.clear()
        bench.submit(ReadOrder(ORDER))
        bench.wire.take("read").reply({"error": "Internal server error"}, 500)
        bench.wire.take("read").reply({"data": [order_row("0x" + "7" * 64, "CANCELED"), *rows], "next_cursor": "LTE="})
        assert bench.told() == [OrderState(NOW, ORDER, found, found)]


def test_a_read_without_an_answer_or_with_a_strange_one_has_failed(bench: Bench) -> None:
    bench.wire.take("read").lose()
    bench.submit(ReadOrder(ORDER))
    bench.wire.take("read").reply(["what"])
    assert bench.told() == [Unknown(NOW, ORDER, "read")] * 2


def test_a_balance_is_refreshed_and_then_read(bench: Bench) -> None:
    bench.wire.calls.clear()
    bench.submit(ReadPosition(0))
    refresh = bench.wire.take("read")
    assert (refresh.what, refresh.query["token_id"]) == ("/balance-allowance/update", UP)
    refresh.lose()  # the balance is read all the same
    bench.wire.take("read").reply({"balance": "7000000"})
    assert bench.told() == [Sellable(NOW, 0, 7 * SHARE_U6), Position(NOW, 0, 7 * SHARE_U6, source="balance")]


def test_a_book_is_its_highest_bid_and_its_lowest_ask_wherever_they_stand(bench: Bench) -> None:
    bench.wire.calls.clear()
    bench.submit(ReadBook(0))
    bids = [{"price": "0.48", "size": "30"}, {"price": "0.49", "size": "20"}]
    asks = [{"price": "0.53", "size": "60"}, {"price": "0.52", "size": "25"}]
    bench.wire.take("public").reply({"bids": bids, "asks": asks, "timestamp": "1795000000123"})
    stamp_ns = 1_795_000_000_123_000_000
    assert bench.told() == [Book(NOW, 0, 4_900, 20 * SHARE_U6, 5_200, 25 * SHARE_U6, stamp_ns)]
    bench.submit(ReadBook(0))
    bench.wire.take("public").reply({"error": "No orderbook exists"}, 404)
    assert bench.told() == [Unknown(NOW, "book:0", "read")]


def test_the_wallet_is_told_only_when_collateral_and_redeemable_shares_are_known(bench: Bench) -> None:
    for broken in (True, False):
        bench.wire.calls.clear()
        bench.submit(ReadWallet())
        bench.wire.take("read").reply("")
        bench.wire.take("read").reply({"balance": "900000000"})
        call = bench.wire.take("positions")
        assert call.query["status"] == "REDEEMABLE"
        if broken:
            call.lose()
            assert bench.told() == []
        else:
            call.reply(
                {"data": [{"current_value": 4.5, "redeemable": True}, {"current_value": 9, "redeemable": False}]}
            )
            assert bench.told() == [Wallet(NOW, 900_000_000, 4_500_000, "venue")]


def test_a_wallet_that_could_not_be_read_is_read_again_and_never_twice_at_a_time(bench: Bench) -> None:
    bench.wire.calls.clear()
    bench.gateway.inquiry.wallet_again()
    assert bench.wire.calls == []
    for status in (503, 200):
        bench.submit(ReadWallet())
        bench.submit(ReadWallet())
        bench.gateway.inquiry.wallet_again()
        assert len(bench.wire.calls) == 1
        bench.wire.take("read").reply("")
        bench.wire.take("read").reply({"balance": "900000000"}, status)
    bench.wire.take("positions").reply({"data": "?"})
    bench.gateway.inquiry.wallet_again()
    bench.wire.take("read").reply("")
    bench.wire.take("read").reply({"balance": "900000000"})
    bench.wire.take("positions").reply({"data": []})
    bench.gateway.inquiry.wallet_again()
    assert bench.wire.calls == []
    assert bench.told() == [Wallet(NOW, 900_000_000, 0, "venue")]
