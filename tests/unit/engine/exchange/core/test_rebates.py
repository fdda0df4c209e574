"""A fifth of the taker fees goes back to the makers when the day is over."""

from engine.exchange.core.exchange import Settings
from engine.exchange.core.rebates import DAY_MS
from engine.model.fees import NO_FEES
from engine.venue.statuses import TradeStatus
from tests.support_exchange import BUY, SELL, SHARE, START_MS, Floor

TO_MIDNIGHT_MS = DAY_MS - START_MS % DAY_MS
FEE_U6 = 3_500_000
"""Of 200 shares at 0.50; the rebate is 0.70."""


def floor() -> Floor:
    return Floor(Settings(mined_ms=10, confirmed_ms=20), cash=5_000, shares=2_000)


def sell(floor: Floor, maker: str, shares: float) -> None:
    floor.limit(maker, SELL, shares, 5000)
    floor.limit("cat", BUY, shares, 5000)


def test_makers_are_owed_a_fifth_of_what_was_paid_for_their_fills_once_it_is_mined() -> None:
    venue = floor()
    sell(venue, "ann", 200)
    sell(venue, "bob", 100)
    assert venue.exchange.rebates.owed == {}
    venue.wait(10)
    day = START_MS // DAY_MS
    assert venue.exchange.rebates.owed == {day: {("ann", "c1"): FEE_U6 // 5, ("bob", "c1"): FEE_U6 // 10}}


def test_they_are_paid_at_midnight_from_the_fees_and_less_than_a_dollar_is_not() -> None:
    venue = floor()
    sell(venue, "ann", 200)
    sell(venue, "ann", 200)
    sell(venue, "bob", 200)
    venue.wait(TO_MIDNIGHT_MS - 1)
    before = venue.account("ann").chain[""], venue.account("bob").chain[""]
    venue.wait(1)
    paid_u6 = 2 * FEE_U6 // 5
    assert venue.account("ann").chain[""] == before[0] + paid_u6
    assert venue.account("ann").visible[""] == venue.account("ann").chain[""]
    assert venue.account("bob").chain[""] == before[1]
    assert venue.exchange.ledger.fees_u6 == 3 * FEE_U6 - paid_u6
    assert venue.exchange.rebates.owed == {}
    venue.wait(DAY_MS)
    assert venue.account("ann").chain[""] == before[0] + paid_u6, "once"


def test_a_trade_that_failed_earns_nothing() -> None:
    venue = floor()
    venue.exchange.settlement.plan = lambda trade: [(10, TradeStatus.FAILED)]
    sell(venue, "ann", 1_000)
    venue.wait(10)
    assert venue.exchange.rebates.owed == {}


def test_makers_of_a_market_without_fees_are_owed_nothing() -> None:
    venue = Floor(Settings(mined_ms=10), fees=NO_FEES)
    sell(venue, "ann", 200)
    venue.wait(10)
    assert venue.account("cat").chain["up1"] == 700 * SHARE
    assert venue.exchange.rebates.owed == {}


def test_the_present_day_is_not_paid() -> None:
    venue = floor()
    sell(venue, "ann", 1_000)
    venue.wait(10)
    assert venue.exchange.rebates.pay(venue.now_ms) == 0
    assert venue.exchange.rebates.pay(venue.now_ms + DAY_MS) == 5 * FEE_U6 // 5
    assert venue.exchange.ledger.fees_u6 == 4 * FEE_U6
