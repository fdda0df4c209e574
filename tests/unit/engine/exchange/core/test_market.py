"""A market's tick: fine near 0 and 1, coarse again further in."""

import pytest

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.notices import TickChanged
from tests.support_exchange import BUY, SELL, Floor, spec


def mids(*pairs: tuple[int, int]) -> list[int]:
    """Return the tick after each touch (bid, ask) in turn."""
    market = Market(spec(), Phase.OPEN)
    ticks = []
    for bid_e4, ask_e4 in pairs:
        market.book.bids.prices_e4[:] = [bid_e4] if bid_e4 else []
        market.book.asks.prices_e4[:] = [ask_e4] if ask_e4 else []
        market.tick_e4 = market.next_tick_e4()
        ticks.append(market.tick_e4)
    return ticks


def test_the_tick_is_fine_beyond_four_cents_of_either_end() -> None:
    assert mids((9500, 9600), (9600, 9600 + 100), (9300, 9400)) == [100, 10, 100]
    assert mids((300, 500), (300, 400), (600, 700)) == [100, 10, 100]


def test_it_stays_fine_until_the_price_is_five_cents_inside() -> None:
    assert mids((9700, 9800), (9500, 9600), (9400, 9500), (9500, 9600)) == [10, 10, 100, 100]


def test_an_empty_side_counts_as_the_end_of_the_range() -> None:
    assert mids((0, 0), (9300, 0), (0, 700)) == [100, 10, 10]
    assert Market(spec(), Phase.OPEN).mid_e4() == 5000


def test_a_book_is_shown_while_the_market_is_open_or_halted() -> None:
    assert [phase for phase in Phase if Market(spec(), phase).is_readable] == [Phase.OPEN, Phase.HALTED]


@pytest.mark.parametrize("tick_e4", [10, 1000])
def test_only_a_cents_tick_flips(tick_e4: int) -> None:
    market = Market(spec(tick_e4=tick_e4), Phase.OPEN)
    market.book.bids.prices_e4[:] = [9800]
    assert not market.tick_flips
    assert market.next_tick_e4() == tick_e4


def test_orders_flip_the_tick_and_it_is_told() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 9600, order_id="bid")
    floor.limit("bob", SELL, 10, 9900)
    assert floor.market.tick_e4 == 10
    assert floor.limit("cat", SELL, 10, 9855).refusal is not None
    assert floor.limit("cat", SELL, 10, 9850).status == "LIVE"
    floor.exchange.cancel_all("cat", floor.now_ms)
    floor.exchange.cancel_all("ann", floor.now_ms)
    floor.look()
    told = [(notice.old_e4, notice.new_e4) for notice in floor.seen if isinstance(notice, TickChanged)]
    assert told == [(100, 10), (10, 100)]
    assert floor.limit("cat", SELL, 10, 9855).refusal is not None
