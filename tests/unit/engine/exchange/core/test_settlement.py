"""Trades on their way to the chain, and what wallets do there themselves."""

from collections.abc import Sequence

import pytest

from engine.exchange.core.exchange import Settings
from engine.exchange.core.notices import TradeChanged
from engine.exchange.core.settlement import ordinary_settlement
from engine.exchange.core.trades import Trade
from engine.model.fees import NO_FEES
from engine.venue.statuses import TradeStatus
from tests.support_exchange import BUY, SELL, SHARE, Floor

MATCHED, MINED, CONFIRMED, RETRYING, FAILED = (
    TradeStatus.MATCHED, TradeStatus.MINED, TradeStatus.CONFIRMED, TradeStatus.RETRYING, TradeStatus.FAILED,
)  # fmt: skip


def traded(floor: Floor, plan: Sequence[tuple[int, TradeStatus]] | None = None) -> Trade:
    """Let bob buy 10 at 0.50 from ann."""
    if plan is not None:
        floor.exchange.settlement.plan = lambda trade: plan
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("bob", BUY, 10, 5000)
    return floor.trades()[-1]


def steps(floor: Floor) -> list[tuple[int, TradeStatus]]:
    begun_ms = floor.trades()[0].match_ms
    return [(n.at_ms - begun_ms, n.status) for n in floor.seen if isinstance(n, TradeChanged)]


def test_a_trade_is_matched_mined_and_confirmed_on_schedule() -> None:
    floor = Floor(Settings(mined_ms=2_000, confirmed_ms=4_000))
    trade = traded(floor)
    assert (trade.transaction_hash, floor.account("bob").pending) == ("", {"": 5_175_000})
    floor.wait(1_999)
    assert trade.status == MATCHED
    floor.wait(1)
    assert trade.status == MINED
    assert len(trade.transaction_hash) == 66
    assert floor.account("bob").chain["up1"] == 510 * SHARE
    floor.wait(2_000)
    assert steps(floor) == [(0, MATCHED), (2_000, MINED), (4_000, CONFIRMED)]
    assert (floor.exchange.settlement.in_flight, trade.moves, floor.account("bob").pending) == ({}, [], {})


def test_what_was_bought_can_be_sold_only_when_mined_and_seen() -> None:
    floor = Floor(Settings(mined_ms=2_000, confirmed_ms=9_000, balance_lag_ms=500), fees=NO_FEES)
    floor.open("dan", 100, 0)
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("dan", BUY, 10, 5000)

    def refused() -> bool:
        return floor.limit("dan", SELL, 10, 9000).refusal is not None

    assert refused()
    floor.wait(2_499)
    assert floor.account("dan").chain["up1"] == 10 * SHARE
    assert refused()
    floor.wait(1)
    assert not refused()


def test_a_refresh_shows_the_balance_at_once_and_nothing_unmined() -> None:
    floor = Floor(Settings(mined_ms=2_000, balance_lag_ms=60_000))
    account = floor.open("dan", 100, 0)
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("dan", BUY, 10, 5000)
    floor.exchange.settlement.refresh(account, "up1")
    assert account.known_u6("up1") == 0
    floor.wait(2_000)
    assert account.known_u6("up1") == 0
    floor.exchange.settlement.refresh(account, "up1")
    assert account.known_u6("up1") == 10 * SHARE


def test_without_a_lag_the_balance_is_seen_when_mined() -> None:
    floor = Floor(Settings(mined_ms=10, balance_lag_ms=0))
    floor.open("dan", 100, 0)
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("dan", BUY, 10, 5000)
    floor.wait(10)
    assert floor.account("dan").spendable_u6("up1") == 10 * SHARE


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ([(100, RETRYING), (300, MINED), (400, CONFIRMED)], [MATCHED, RETRYING, MINED, CONFIRMED]),
        ([(100, RETRYING), (300, FAILED)], [MATCHED, RETRYING, FAILED]),
        ([(300, FAILED)], [MATCHED, FAILED]),
        ([(300, CONFIRMED)], [MATCHED, MINED, CONFIRMED]),
        ([(0, MINED), (0, CONFIRMED)], [MATCHED, MINED, CONFIRMED]),
        ([(100, MINED), (200, RETRYING), (300, CONFIRMED)], [MATCHED, MINED, CONFIRMED]),
        ([(100, MINED), (200, FAILED)], [MATCHED, MINED, CONFIRMED]),
        ([(100, RETRYING), (200, RETRYING), (300, FAILED), (400, CONFIRMED)], [MATCHED, RETRYING, FAILED]),
    ],
)
def test_every_plan_ends_and_only_what_is_not_mined_fails(
    plan: list[tuple[int, TradeStatus]], expected: list[TradeStatus]
) -> None:
    floor = Floor()
    traded(floor, plan)
    for _ in range(5):
        floor.wait(100)
    assert [status for _, status in steps(floor)] == expected
    bought = 0 if expected[-1] == FAILED else 10
    assert floor.account("bob").chain["up1"] == (500 + bought) * SHARE
    assert floor.exchange.settlement.in_flight == {}


def test_a_failed_trade_leaves_everybody_what_he_had() -> None:
    floor = Floor()
    before = {w: dict(a.chain) for w, a in floor.exchange.ledger.accounts.items()}
    trade = traded(floor)
    assert floor.exchange.settlement.fail(trade, floor.now_ms)
    floor.look()
    assert {w: dict(a.chain) for w, a in floor.exchange.ledger.accounts.items()} == before
    assert floor.account("ann").spendable_u6("up1") == 500 * SHARE
    assert not floor.exchange.settlement.fail(trade, floor.now_ms), "once"
    floor.wait(10_000)
    assert trade.status == FAILED


def test_a_mined_trade_cannot_be_failed() -> None:
    floor = Floor()
    trade = traded(floor)
    floor.wait(2_000)
    assert not floor.exchange.settlement.fail(trade, floor.now_ms)
    assert trade.status == MINED


def test_a_trade_can_be_finished_ahead_of_its_plan() -> None:
    floor = Floor()
    trade = traded(floor, [(50_000, FAILED)])
    floor.exchange.settlement.finish(trade, floor.now_ms)
    floor.wait(60_000)
    assert [status for _, status in steps(floor)] == [MATCHED, MINED, CONFIRMED]


def test_the_ordinary_plan_is_the_same_for_every_trade() -> None:
    plan = ordinary_settlement(5, 7)
    assert list(plan(None)) == [(5, MINED), (7, CONFIRMED)]  # type: ignore[arg-type]


def test_a_split_gives_both_tokens_and_a_merge_takes_them_back() -> None:
    floor = Floor(cash=10, shares=0)
    settlement, ann = floor.exchange.settlement, floor.account("ann")
    assert settlement.split(ann, floor.market, 11 * SHARE, 0) == "expected an amount of 1 to 10000000, was 11000000"
    assert settlement.split(ann, floor.market, 0, 0) == "expected an amount of 1 to 10000000, was 0"
    assert settlement.split(ann, floor.market, 4 * SHARE, floor.now_ms) is None
    assert ann.chain == {"": 6 * SHARE, "up1": 4 * SHARE, "down1": 4 * SHARE}
    assert settlement.merge(ann, floor.market, 5 * SHARE, 0) == "expected an amount of 1 to 4000000, was 5000000"
    assert settlement.merge(ann, floor.market, 4 * SHARE, floor.now_ms) is None
    assert ann.chain == {"": 10 * SHARE}
    floor.look()


def test_what_a_match_still_costs_can_neither_be_split_nor_merged_nor_redeemed() -> None:
    floor = Floor(cash=5, shares=10, fees=NO_FEES)
    traded(floor, [(60_000, MINED)])
    settlement = floor.exchange.settlement
    assert settlement.split(floor.account("bob"), floor.market, 1, 0) == "expected an amount of 1 to 0, was 1"
    assert settlement.merge(floor.account("ann"), floor.market, 1, 0) == "expected an amount of 1 to 0, was 1"
    floor.exchange.resolve(floor.market, 0, floor.now_ms)
    assert settlement.redeem(floor.account("ann"), floor.market, floor.now_ms) == 0
    floor.wait(60_000)
    assert settlement.redeem(floor.account("bob"), floor.market, floor.now_ms) == 20 * SHARE


def test_only_winning_shares_are_paid_and_losing_ones_are_let_go() -> None:
    floor = Floor(cash=0, shares=10)
    settlement, ann = floor.exchange.settlement, floor.account("ann")
    assert settlement.redeem(ann, floor.market, floor.now_ms) is None, "not yet resolved"
    floor.limit("ann", BUY, 5, 100)
    floor.exchange.resolve(floor.market, 1, floor.now_ms)
    assert settlement.split(ann, floor.market, 1, floor.now_ms) is not None
    assert settlement.redeem(ann, floor.market, floor.now_ms) == 10 * SHARE
    floor.look()
    assert ann.chain == {"": 10 * SHARE}
    assert settlement.redeem(ann, floor.market, floor.now_ms) == 0
    assert floor.exchange.ledger.vault_u6 == {"c1": 20 * SHARE}


def test_shares_can_be_merged_after_the_end_as_well() -> None:
    floor = Floor(cash=0, shares=10)
    floor.exchange.resolve(floor.market, 1, floor.now_ms)
    assert floor.exchange.settlement.merge(floor.account("ann"), floor.market, 10 * SHARE, floor.now_ms) is None
    floor.look()
    assert floor.account("ann").chain == {"": 10 * SHARE}
    assert floor.exchange.settlement.split(floor.account("ann"), floor.market, 1, 0) == "the market is resolved"


def test_shares_of_one_outcome_can_be_redeemed_in_part() -> None:
    floor = Floor(cash=0, shares=10)
    settlement, ann = floor.exchange.settlement, floor.account("ann")
    assert settlement.redeem_outcome(ann, floor.market, 1, SHARE, floor.now_ms) is None, "not yet resolved"
    floor.exchange.resolve(floor.market, 1, floor.now_ms)
    assert settlement.redeem_outcome(ann, floor.market, 1, 11 * SHARE, floor.now_ms) is None
    assert settlement.redeem_outcome(ann, floor.market, 1, 0, floor.now_ms) is None
    assert settlement.redeem_outcome(ann, floor.market, 1, 4 * SHARE, floor.now_ms) == 4 * SHARE
    assert settlement.redeem_outcome(ann, floor.market, 0, 10 * SHARE, floor.now_ms) == 0
    floor.look()
    assert ann.chain == {"": 4 * SHARE, "down1": 6 * SHARE}


def test_collateral_can_be_moved_to_another_wallet_and_takes_orders_with_it() -> None:
    floor = Floor(cash=10, shares=0)
    settlement, ann, bob = floor.exchange.settlement, floor.account("ann"), floor.account("bob")
    floor.limit("ann", BUY, 10, 5000, order_id="old")
    floor.limit("ann", BUY, 10, 5000, order_id="new")
    assert (
        settlement.transfer(ann, bob, 11 * SHARE, floor.now_ms) == "expected an amount of 0 to 10000000, was 11000000"
    )
    assert settlement.transfer(ann, bob, 3 * SHARE, floor.now_ms) is None
    floor.look()
    assert (ann.chain[""], bob.chain[""], bob.known_u6("")) == (7 * SHARE, 13 * SHARE, 10 * SHARE)
    assert floor.told("new")[-1] == ("CANCELLATION", "CANCELED_NOT_ENOUGH_BALANCE", 0)
    floor.wait(500)
    assert bob.known_u6("") == 13 * SHARE
