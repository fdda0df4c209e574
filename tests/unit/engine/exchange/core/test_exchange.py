"""The order book service as a whole: what it takes, holds, cancels, ends and forgets."""

import pytest

from engine.exchange.core.exchange import Settings
from engine.exchange.core.market import Phase
from engine.exchange.core.notices import HoldEnded, OrderChanged, PhaseChanged
from engine.model.events import VenueState
from engine.venue import refusals
from tests.support_exchange import BUY, FAK, FOK, GTD, SELL, SHARE, START_MS, Floor, spec


def held(floor: Floor, **more: object) -> str:
    """Send a taking order that is held; return its id."""
    floor.limit("ann", SELL, 10, 5000, order_id="maker")
    answer = floor.limit("bob", BUY, 10, 5000, order_id="held", **more)
    assert answer.status == "DELAYED"
    return "held"


def test_the_same_order_twice_is_a_duplicate_whatever_became_of_the_first() -> None:
    floor = Floor()
    for order_id in ("resting", "cancelled"):
        floor.limit("ann", BUY, 10, 4000, order_id=order_id)
    floor.exchange.cancel("ann", ["cancelled"], floor.now_ms)
    floor.now("bob", BUY, 5, 5000, FOK, order_id="killed")
    for order_id in ("resting", "cancelled", "killed"):
        answer = floor.limit("ann", BUY, 10, 4000, order_id=order_id)
        assert answer.refusal == refusals.duplicated(order_id)
        assert answer.refusal is not None
        assert answer.refusal.text == f"order {order_id} is invalid. Duplicated."


def test_a_refused_order_may_be_sent_again() -> None:
    floor = Floor(cash=1, shares=0)
    assert floor.limit("ann", BUY, 10, 5000, order_id="again").refusal is not None
    floor.exchange.deposit("ann", 5 * SHARE)
    assert floor.limit("ann", BUY, 10, 5000, order_id="again").status == "LIVE"


def test_an_unknown_token_has_no_book_and_a_market_that_is_not_open_takes_nothing() -> None:
    floor = Floor()
    other = floor.exchange.list_market(spec(2), floor.now_ms, Phase.HYDRATING)
    assert floor.limit("ann", BUY, 10, 5000, market=other).refusal == refusals.MARKET_NOT_READY
    floor.exchange.set_phase(other, Phase.OPEN, floor.now_ms)
    assert floor.limit("ann", BUY, 10, 5000, market=other).status == "LIVE"
    floor.exchange.set_phase(other, Phase.HALTED, floor.now_ms)
    assert floor.limit("ann", BUY, 10, 5000, market=other).refusal == refusals.MARKET_NOT_READY
    assert len(floor.exchange.open_orders("ann")) == 1, "a halt leaves what rests"
    floor.exchange.resolve(other, 0, floor.now_ms)
    assert floor.limit("ann", BUY, 10, 5000, market=other).refusal == refusals.NO_BOOK
    phases = [notice.phase for notice in floor.seen if isinstance(notice, PhaseChanged) and notice.market is other]
    assert phases == [Phase.HYDRATING, Phase.OPEN, Phase.HALTED, Phase.RESOLVED]


def test_markets_do_not_share_tokens() -> None:
    floor = Floor()
    with pytest.raises(AssertionError, match="tokens"):
        floor.exchange.list_market(spec(2, tokens=("up1", "x")), floor.now_ms)
    with pytest.raises(AssertionError, match="listed already"):
        floor.exchange.list_market(spec(1), floor.now_ms)


def test_time_does_not_go_back() -> None:
    floor = Floor()
    with pytest.raises(AssertionError, match="time went from"):
        floor.exchange.advance(floor.now_ms - 1)


def test_what_is_due_is_done_at_its_own_time_and_may_use_the_exchange_itself() -> None:
    floor = Floor(Settings(mined_ms=40, confirmed_ms=80))
    times = []

    def trade(at_ms: int) -> None:
        times.append((at_ms - START_MS, floor.exchange.now_ms - START_MS))
        floor.now_ms = at_ms
        floor.limit("ann", SELL, 10, 5000)
        floor.limit("bob", BUY, 10, 5000)

    floor.exchange.schedule.at(START_MS + 100, trade)
    floor.exchange.schedule.at(START_MS + 250, trade)
    floor.exchange.advance(START_MS + 300)
    floor.now_ms = START_MS + 300
    floor.look()
    assert times == [(100, 100), (250, 250)]
    assert [str(trade.status) for trade in floor.trades()] == ["CONFIRMED", "MINED"]
    assert [trade.updated_ms - START_MS for trade in floor.trades()] == [180, 290]
    assert floor.exchange.now_ms == START_MS + 300


# the hold


def test_a_taking_order_is_held_and_answered_when_the_hold_is_over() -> None:
    floor = Floor(hold_ms=150)
    held(floor)
    assert floor.trades() == []
    assert floor.account("bob").reserved == {"": 5_175_000}, "its money is reserved with the fee"
    assert not any(isinstance(n, HoldEnded) for n in floor.wait(149))
    floor.wait(1)
    answer = floor.held_answer()
    assert (answer.status, answer.making_u6, answer.taking_u6) == ("MATCHED", 5_000_000, 10 * SHARE)
    assert floor.account("bob").reserved == {}


def test_an_order_that_takes_nothing_is_not_held() -> None:
    floor = Floor(hold_ms=150)
    floor.limit("ann", SELL, 10, 5000)
    assert floor.limit("bob", BUY, 10, 4900).status == "LIVE"
    assert floor.now("bob", BUY, 5, 4900).refusal == refusals.FAK_NOT_MATCHED
    assert floor.limit("bob", BUY, 10, 5000, post_only=True).refusal == refusals.POST_ONLY_CROSSES


def test_a_makers_cancel_within_the_hold_wins() -> None:
    floor = Floor(hold_ms=150)
    held(floor)
    floor.wait(149)
    assert floor.exchange.cancel("ann", ["maker"], floor.now_ms) == (["maker"], {})
    floor.wait(1)
    assert floor.held_answer().status == "LIVE", "the order rests now"
    assert (floor.bids(), floor.trades()) == ([(5000, 10 * SHARE)], [])


@pytest.mark.parametrize(("tif", "refusal"), [(FOK, refusals.FOK_NOT_FILLED), (FAK, refusals.FAK_NOT_MATCHED)])
def test_an_immediate_order_whose_maker_is_gone_after_the_hold_is_killed(tif: int, refusal: object) -> None:
    floor = Floor(hold_ms=150)
    floor.limit("ann", SELL, 10, 5000, order_id="maker")
    assert floor.now("bob", BUY, 5, 5000, tif, order_id="held").status == "DELAYED"  # type: ignore[arg-type]
    floor.exchange.cancel("ann", ["maker"], floor.now_ms)
    floor.wait(150)
    assert floor.held_answer().refusal == refusal
    assert floor.account("bob").reserved == {}


def test_a_held_order_takes_the_price_of_the_book_as_it_is_after_the_hold() -> None:
    floor = Floor(hold_ms=150)
    floor.limit("ann", SELL, 10, 5200)
    floor.limit("bob", BUY, 10, 5200)
    floor.wait(100)
    floor.limit("cat", SELL, 10, 5100, order_id="better")
    floor.wait(50)
    assert floor.held_answer().making_u6 == 5_100_000


def test_a_held_order_cannot_be_cancelled_nor_sent_again() -> None:
    floor = Floor(hold_ms=150)
    held(floor)
    canceled, refused = floor.exchange.cancel("bob", ["held"], floor.now_ms)
    assert (canceled, refused) == ([], {"held": "cannot cancel because the order is in pending/delayed status"})
    assert floor.exchange.cancel_all("bob", floor.now_ms) == ([], {})
    assert floor.limit("bob", BUY, 10, 5000, order_id="held").refusal == refusals.duplicated("held")


def test_a_held_order_breaks_the_tick_if_that_became_coarse_meanwhile() -> None:
    floor = Floor(hold_ms=150)
    floor.limit("ann", BUY, 10, 9700)
    assert floor.market.tick_e4 == 10
    floor.limit("ann", SELL, 10, 9850, order_id="ask")
    answer = floor.limit("bob", BUY, 10, 9850, order_id="held")
    assert answer.status == "DELAYED"
    floor.exchange.cancel_all("ann", floor.now_ms)
    assert floor.market.tick_e4 == 100
    floor.wait(150)
    assert floor.held_answer().refusal == refusals.breaks_tick("held", 9850, 100)


def test_a_market_that_is_resolved_or_halted_during_the_hold_refuses() -> None:
    for ended, refusal in ((True, refusals.NO_BOOK), (False, refusals.MARKET_NOT_READY)):
        floor = Floor(hold_ms=150)
        held(floor)
        if ended:
            floor.exchange.resolve(floor.market, 0, floor.now_ms)
            assert not floor.exchange.retire(floor.market), "not while something is held"
        else:
            floor.exchange.set_phase(floor.market, Phase.HALTED, floor.now_ms)
        floor.wait(150)
        assert floor.held_answer().refusal == refusal
        assert "held" not in floor.exchange.orders


def test_a_restart_during_the_hold_refuses() -> None:
    floor = Floor(hold_ms=150)
    held(floor)
    floor.exchange.mode.set(VenueState.POST_ONLY, floor.now_ms, 2_000)
    floor.wait(150)
    assert floor.held_answer().refusal == refusals.post_only_mode(2)


def test_money_that_is_gone_after_the_hold_refuses_the_order_and_no_other() -> None:
    floor = Floor(cash=20, shares=20, hold_ms=150)
    floor.limit("bob", BUY, 10, 4000, order_id="resting")
    held(floor)
    settlement = floor.exchange.settlement
    assert settlement.split(floor.account("bob"), floor.market, 12 * SHARE, floor.now_ms) is None
    floor.look()
    assert floor.exchange.orders["resting"].rests, "4 of its 8 dollars are there for what rests"
    floor.wait(150)
    assert floor.held_answer().refusal == refusals.balance_too_low(8 * SHARE, 4 * SHARE, 0, 5_175_000, with_fees=True)


def test_a_background_order_that_is_killed_after_its_hold_is_forgotten() -> None:
    floor = Floor(hold_ms=150)
    floor.open("maker", 100, 0, background=True)
    floor.limit("ann", SELL, 10, 5000, order_id="ask")
    floor.now("maker", BUY, 5, 5000, FOK, order_id="held")
    floor.exchange.cancel("ann", ["ask"], floor.now_ms)
    floor.wait(150)
    assert "held" not in floor.exchange.orders


# cancels


def test_cancels_say_of_each_order_what_became_of_it() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4000, order_id="live")
    floor.limit("ann", BUY, 10, 4000, order_id="gone")
    floor.limit("ann", SELL, 10, 5000, order_id="matched")
    floor.limit("bob", BUY, 10, 5000)
    floor.limit("bob", BUY, 10, 4000, order_id="bob's")
    floor.exchange.cancel("ann", ["gone"], floor.now_ms)
    ids = ["live", "gone", "matched", "bob's", "never", "live"]
    canceled, refused = floor.exchange.cancel("ann", ids, floor.now_ms)
    assert canceled == ["live"]
    assert refused == {
        "gone": "already canceled or matched",
        "matched": "Order already matched",
        "bob's": "Order not found or already canceled",
        "never": "Order not found or already canceled",
    }
    assert floor.account("ann").reserved == {}


def test_cancel_all_can_be_for_one_market_or_one_token() -> None:
    floor = Floor()
    other = floor.exchange.list_market(spec(2), floor.now_ms)
    floor.limit("ann", BUY, 10, 4000, order_id="up")
    floor.limit("ann", BUY, 10, 4000, token=1, order_id="down")
    floor.limit("ann", BUY, 10, 4000, market=other, order_id="other")
    floor.limit("bob", BUY, 10, 4000, order_id="bob's")
    assert floor.exchange.cancel_all("ann", floor.now_ms, token_id="down1") == (["down"], {})
    assert floor.exchange.cancel_all("ann", floor.now_ms, condition_id="c1") == (["up"], {})
    assert floor.exchange.cancel_all("ann", floor.now_ms) == (["other"], {})
    assert [order.order_id for order in floor.exchange.open_orders("bob")] == ["bob's"]


def test_open_orders_are_the_oldest_first() -> None:
    floor = Floor()
    for price_e4 in (4000, 3000, 4500):
        floor.limit("ann", BUY, 10, price_e4)
    assert [order.price_e4 for order in floor.exchange.open_orders("ann")] == [4000, 3000, 4500]


def test_a_gtd_order_ends_a_minute_before_it_says() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4000, tif=GTD, expiration_s=START_MS // 1000 + 200, order_id="gtd")
    floor.wait(139_999)
    assert floor.bids()
    floor.wait(1)
    assert floor.told("gtd")[-1] == ("CANCELLATION", "CANCELED_EXPIRED_ORDER", 0)
    assert floor.account("ann").reserved == {}


def test_an_expiry_that_is_past_ends_the_order_now_and_not_earlier() -> None:
    floor = Floor(Settings(gtd_minimum_s=0, gtd_early_s=60))
    floor.limit("ann", BUY, 10, 4000, tif=GTD, expiration_s=START_MS // 1000 + 10, order_id="gtd")
    (notice,) = [n for n in floor.wait(5) if isinstance(n, OrderChanged)]
    assert (notice.status, notice.at_ms) == ("CANCELED_EXPIRED_ORDER", START_MS)


def test_stopped_heartbeats_cancel_all_of_their_owner() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4000)
    floor.limit("bob", BUY, 10, 4000)
    floor.exchange.heartbeats.beat("ann", "", floor.now_ms)
    floor.wait(15_000)
    assert floor.exchange.open_orders("ann") == []
    assert len(floor.exchange.open_orders("bob")) == 1


# balances that move under orders


def test_a_split_that_takes_the_money_of_orders_cancels_the_newest() -> None:
    floor = Floor(cash=10, shares=0)
    for order_id in ("old", "new"):
        floor.limit("ann", BUY, 10, 5000, order_id=order_id)
    assert floor.exchange.settlement.split(floor.account("ann"), floor.market, 2 * SHARE, floor.now_ms) is None
    floor.look()
    assert floor.told("new")[-1] == ("CANCELLATION", "CANCELED_NOT_ENOUGH_BALANCE", 0)
    assert [order.order_id for order in floor.exchange.open_orders("ann")] == ["old"]


def test_a_merge_that_takes_the_shares_of_an_order_cancels_it() -> None:
    floor = Floor(shares=10)
    floor.limit("ann", SELL, 10, 6000, order_id="sale")
    floor.limit("ann", BUY, 10, 4000, order_id="buy")
    assert floor.exchange.settlement.merge(floor.account("ann"), floor.market, 1 * SHARE, floor.now_ms) is None
    floor.look()
    assert [order.order_id for order in floor.exchange.open_orders("ann")] == ["buy"]


def test_money_that_is_taken_out_cancels_orders_and_cannot_be_more_than_there_is() -> None:
    floor = Floor(cash=10, shares=0)
    floor.limit("ann", BUY, 10, 5000)
    floor.exchange.deposit("ann", -6 * SHARE)
    floor.look()
    assert floor.exchange.open_orders("ann") == []
    with pytest.raises(AssertionError, match="at most 4000000"):
        floor.exchange.deposit("ann", -5 * SHARE)


# the end


def test_resolution_cancels_what_rests() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4000, order_id="bid")
    floor.limit("bob", SELL, 10, 6000, order_id="ask")
    floor.exchange.resolve(floor.market, 1, floor.now_ms)
    floor.look()
    for order_id in ("bid", "ask"):
        assert floor.told(order_id)[-1] == ("CANCELLATION", "CANCELED_MARKET_RESOLVED", 0)
    assert (floor.bids(), floor.asks(), floor.market.winner) == ([], [], 1)
    assert floor.account("ann").reserved == {}
    with pytest.raises(AssertionError, match="resolved already"):
        floor.exchange.resolve(floor.market, 0, floor.now_ms)


def test_a_market_is_retired_when_nothing_is_in_flight_and_nobody_holds_its_shares() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("bob", BUY, 10, 5000)
    floor.exchange.resolve(floor.market, 0, floor.now_ms)
    assert not floor.exchange.retire(floor.market)
    assert len(floor.exchange.orders) == 2, "its trades are in flight"
    floor.wait(10_000)
    assert not floor.exchange.retire(floor.market)
    assert (floor.exchange.orders, floor.exchange.trades_by_owner) == ({}, {"ann": {}, "bob": {}})
    for wallet in ("ann", "bob", "cat"):
        floor.exchange.settlement.redeem(floor.account(wallet), floor.market, floor.now_ms)
    floor.wait(10_000)
    assert floor.exchange.retire(floor.market)
    exchange = floor.exchange
    assert (exchange.markets, exchange.by_token, exchange.ledger.supply, exchange.ledger.vault_u6) == ({}, {}, {}, {})
    accounts = exchange.ledger.accounts.values()
    assert all((set(a.chain), set(a.visible), a.pending, a.reserved) == ({""}, {""}, {}, {}) for a in accounts)


def test_only_what_is_over_can_be_retired() -> None:
    floor = Floor()
    with pytest.raises(AssertionError, match="only what is over"):
        floor.exchange.retire(floor.market)


def test_memory_does_not_grow_over_windows() -> None:
    floor = Floor()
    sizes = []
    for number in range(2, 60):
        floor.market = floor.exchange.list_market(spec(number, hold_ms=150 * (number % 2)), floor.now_ms)
        for wallet in ("ann", "bob"):
            floor.exchange.settlement.split(floor.account(wallet), floor.market, 50 * SHARE, floor.now_ms)
        floor.wait(1_000)
        floor.limit("ann", SELL, 10, 5000)
        floor.limit("bob", BUY, 5, 5000)
        floor.limit("bob", BUY, 5, 4000, tif=GTD, expiration_s=floor.now_ms // 1000 + 300)
        floor.wait(10_000)
        floor.exchange.resolve(floor.market, number % 2, floor.now_ms)
        for wallet in ("ann", "bob"):
            floor.exchange.settlement.redeem(floor.account(wallet), floor.market, floor.now_ms)
        floor.wait(300_000)
        assert floor.exchange.retire(floor.market)
        floor.seen.clear()
        sizes.append((len(floor.exchange.orders), len(floor.exchange.schedule), len(floor.exchange.markets)))
    assert set(sizes) == {(0, sizes[0][1], 1)}


def test_background_orders_are_not_remembered() -> None:
    floor = Floor()
    floor.open("maker", 100, 100, background=True)
    floor.limit("maker", SELL, 10, 5000, order_id="gone")
    floor.limit("maker", SELL, 10, 6000, order_id="cancelled")
    floor.limit("ann", BUY, 10, 5000, order_id="ann's")
    floor.exchange.cancel("maker", ["cancelled"], floor.now_ms)
    assert set(floor.exchange.orders) == {"ann's"}
    assert set(floor.exchange.trades_by_owner) == {"ann"}


def test_a_stop_refuses_what_is_held_and_confirms_what_is_in_flight() -> None:
    floor = Floor(Settings(mined_ms=60_000, confirmed_ms=60_000), hold_ms=150)
    held(floor)
    floor.wait(150)
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("cat", BUY, 10, 5000, order_id="still held")
    floor.exchange.stop(floor.now_ms)
    floor.look()
    assert floor.held_answer().refusal == refusals.RESTARTING
    assert [trade.status for trade in floor.trades()] == ["CONFIRMED"]
    assert floor.account("bob").visible == floor.account("bob").chain
    assert floor.wait(150) == [], "the hold that was to end then is over"
