"""What is saved of an exchange at rest comes back as it was: balances, queues, ids, trades, rebates."""

from collections.abc import Callable

import msgspec
import pytest

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Phase
from engine.exchange.core.snapshot import Snapshot, capture, restore
from engine.model.events import Side
from engine.venue import refusals
from engine.venue.statuses import OrderStatus, TradeStatus
from tests.support_exchange import BUY, FOK, GTD, SELL, SHARE, START_MS, Floor, makers, spec


def eventful() -> Floor:
    """Return an exchange with a little of everything, stopped."""
    floor = Floor(hold_ms=150)
    floor.open("maker", 100, 100, background=True)
    other = floor.exchange.list_market(spec(2), floor.now_ms)
    floor.exchange.resolve(other, 1, floor.now_ms)
    floor.limit("ann", SELL, 10, 5000, order_id="first")
    floor.limit("bob", SELL, 10, 5000, order_id="second")
    floor.limit("maker", SELL, 10, 5000, order_id="third")
    floor.limit("ann", BUY, 10, 4000, tif=GTD, expiration_s=START_MS // 1000 + 600, order_id="gtd")
    floor.limit("cat", BUY, 5, 5000, order_id="taker")
    floor.now("cat", BUY, 900, 5000, FOK, order_id="killed")
    floor.wait(150)
    floor.limit("cat", BUY, 10, 9700, token=1, order_id="still held")
    floor.exchange.cancel("cat", ["still held"], floor.now_ms)
    floor.exchange.stop(floor.now_ms)
    floor.look()
    return floor


def again(floor: Floor) -> Floor:
    """Let the floor go on with a new exchange that was given the old one's snapshot."""
    snapshot = capture(floor.exchange)
    floor.exchange = Exchange(floor.exchange.settings)
    restore(floor.exchange, msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot))
    floor.market = floor.exchange.markets["c1"]
    assert capture(floor.exchange) == snapshot
    assert floor.look() == []
    return floor


def test_balances_and_markets_come_back() -> None:
    before = eventful()
    chain = {wallet: dict(account.chain) for wallet, account in before.exchange.ledger.accounts.items()}
    fees_u6, volume_u6 = before.exchange.ledger.fees_u6, before.market.volume_u6
    after = again(before)
    accounts = after.exchange.ledger.accounts
    assert {wallet: account.chain for wallet, account in accounts.items()} == chain
    assert {wallet: account.visible for wallet, account in accounts.items()} == chain
    assert [wallet for wallet, account in accounts.items() if account.background] == ["maker"]
    assert (after.exchange.ledger.fees_u6, after.market.volume_u6) == (fees_u6, volume_u6)
    assert fees_u6 > 0
    assert after.market.last_trade == (0, 5000, "BUY")
    resolved = after.exchange.markets["c2"]
    assert (resolved.phase, resolved.winner, resolved.resolved_ms) == (Phase.RESOLVED, 1, START_MS)


def test_resting_orders_keep_their_priority_and_partial_fills() -> None:
    floor = again(eventful())
    assert floor.asks() == [(5000, 25 * SHARE)]
    floor.limit("cat", BUY, 25, 5000)
    floor.wait(150)
    assert makers(floor.trades()[-1]) == [("first", 5 * SHARE), ("second", 10 * SHARE), ("third", 10 * SHARE)]


def test_known_ids_are_still_known_and_refused_ones_are_not() -> None:
    floor = again(eventful())
    for order_id in ("first", "taker", "killed"):
        assert floor.limit("cat", BUY, 10, 4000, order_id=order_id).refusal == refusals.duplicated(order_id)
    assert floor.limit("cat", BUY, 10, 4000, order_id="still held").status == "LIVE"
    assert floor.exchange.orders["killed"].status_text.startswith("CANCELED_order couldn't")


def test_trades_stay_with_those_who_took_part_and_new_ones_get_new_ids() -> None:
    floor = again(eventful())
    (trade,) = floor.exchange.trades_by_owner["cat"].values()
    assert (list(floor.exchange.trades_by_owner), trade.status) == (["cat", "ann"], "CONFIRMED")
    assert (trade.market, makers(trade)) == (floor.market, [("first", 5 * SHARE)])
    floor.limit("cat", BUY, 5, 5000)
    floor.wait(150)
    assert len(floor.exchange.trades_by_owner["cat"]) == 2


def test_a_gtd_order_ends_in_its_time_after_a_restart_too() -> None:
    floor = again(eventful())
    floor.wait(600_000)
    assert floor.told("gtd")[-1][1] == "CANCELED_EXPIRED_ORDER"


def test_rebates_are_paid_after_a_restart_too() -> None:
    floor = eventful()
    owed = dict(floor.exchange.rebates.owed)
    assert owed
    after = again(floor)
    assert after.exchange.rebates.owed == owed
    after.wait(86_400_000)
    assert after.exchange.rebates.owed == {}


def test_only_an_exchange_at_rest_is_saved_and_only_a_new_one_restored() -> None:
    floor = Floor(hold_ms=150)
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("bob", BUY, 10, 5000)
    with pytest.raises(AssertionError, match="orders are held"):
        capture(floor.exchange)
    floor.wait(150)
    with pytest.raises(AssertionError, match="trades are in flight"):
        capture(floor.exchange)
    floor.exchange.stop(floor.now_ms)
    with pytest.raises(AssertionError, match="has markets"):
        restore(floor.exchange, capture(floor.exchange))


def first_of(part: str, **changes: object) -> Callable[[Snapshot], Snapshot]:
    """Return what changes the first account, market, order or trade."""

    def change(snapshot: Snapshot) -> Snapshot:
        rows = list(getattr(snapshot, part))
        rows[0] = msgspec.structs.replace(rows[0], **changes)
        return msgspec.structs.replace(snapshot, **{part: rows})

    return change


def twice(part: str) -> Callable[[Snapshot], Snapshot]:
    return lambda snapshot: msgspec.structs.replace(
        snapshot, **{part: [*getattr(snapshot, part), *getattr(snapshot, part)]}
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (twice("accounts"), "each wallet once, ann is there twice"),
        (twice("markets"), "each market and token once, those of m1 are there twice"),
        (twice("orders"), "each order once, first is there twice"),
        (first_of("markets", winner=1), "a winner of a resolved market and of no other, m1 is OPEN"),
        (first_of("markets", backing_u6=1), "expected balances and orders that add up, found: collateral"),
        (first_of("accounts", balances={"": 1}), "expected balances and orders that add up"),
        (first_of("orders", wallet="eve"), "a wallet of order first that is listed, was 'eve'"),
        (first_of("orders", token_id="t"), "a token of order first that is listed, was 't'"),
        (first_of("orders", status=OrderStatus.DELAYED), "no held orders, first is DELAYED"),
        (first_of("orders", side=Side.BUY), "expected balances and orders that add up, found"),
        (first_of("trades", condition_id="c9"), "that is listed, was 'c9'"),
        (first_of("trades", wallet="eve"), "that is listed, was 'eve'"),
        (first_of("trades", status=TradeStatus.MINED), "trades that are over"),
        (lambda s: msgspec.structs.replace(s, rebates=[(1, "eve", "c1", 5)]), "a wallet of a rebate that is listed"),
        (lambda s: msgspec.structs.replace(s, deposited_u6=0), "expected balances and orders that add up"),
    ],
)
def test_a_snapshot_that_does_not_add_up_is_refused(change: Callable[[Snapshot], Snapshot], complaint: str) -> None:
    snapshot = change(capture(eventful().exchange))
    with pytest.raises(ValueError, match=complaint):
        restore(Exchange(), snapshot)
