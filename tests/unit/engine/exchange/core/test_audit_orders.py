"""Where the orders' half of the audit looks: every order of every book once, whatever its side and token."""

from engine.exchange.core.audit_orders import books, orders, resting
from tests.support_exchange import BUY, SELL, Floor, spec


def test_resting_orders_are_those_of_all_levels_sides_and_markets() -> None:
    floor = Floor()
    other = floor.exchange.list_market(spec(2), floor.now_ms)
    floor.limit("ann", BUY, 10, 4000, order_id="1")
    floor.limit("bob", BUY, 10, 4000, order_id="2")
    floor.limit("ann", SELL, 10, 6000, order_id="3")
    floor.limit("ann", BUY, 10, 4000, token=1, market=other, order_id="4")
    assert {order.order_id for order in resting(floor.exchange)} == {"1", "2", "3", "4"}
    assert list(books(floor.exchange)) == list(orders(floor.exchange)) == []


def test_a_finding_names_the_market_and_the_level() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4000)
    floor.market.book.bids.levels[4000].total_u6 += 1
    assert list(books(floor.exchange)) == ["m1: level 4000 says 10000001, its orders 10000000"]
