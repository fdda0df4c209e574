"""Notices told as events."""

from engine.exchange.core.exchange import Exchange, Settings
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.core.orders import NewOrder
from engine.exchange.told import Teller
from engine.model import events
from engine.model.events import MarketChange, Side, Tob
from engine.model.units import NS_PER_MS, U6

NOW_MS = 1_800_000_000_000


class Venue:
    """An exchange without a hold, somebody with money, and what is told of it."""

    def __init__(self) -> None:
        self.exchange = Exchange(Settings(balance_lag_ms=0))
        self.exchange.deposit("me", 10_000 * U6)
        self.teller = Teller()
        self.markets: list[Market] = []

    def list_market(self) -> Market:
        number = len(self.markets)
        spec = MarketSpec(
            slug=f"w{number}", condition_id=f"0x{number}", tokens=(f"{number}1", f"{number}2"), hold_ms=0, length_s=900
        )
        self.markets.append(self.exchange.list_market(spec, NOW_MS, Phase.OPEN))
        return self.markets[-1]

    def buy(self, token: str, price_e4: int, shares: int) -> None:
        order_id = f"{len(self.exchange.orders)}"
        new = NewOrder(order_id, "me", "me", token, Side.BUY, price_e4 * shares * 100, shares * U6)
        assert self.exchange.submit(new, NOW_MS).refusal is None

    def told(self) -> list[events.Event]:
        return list(self.teller.tell(self.exchange.take_notices(), NOW_MS))


def test_a_market_is_told_for_both_tokens_when_it_opens_and_when_it_is_resolved() -> None:
    venue = Venue()
    market = venue.list_market()
    other = venue.list_market()
    up, down, *others = [event for event in venue.told() if isinstance(event, events.Market)]
    assert [(one.asset, one.peer, one.outcome, one.token_id) for one in (up, down)] == [
        (0, 1, 1, "01"),
        (1, 0, 2, "02"),
    ]
    assert [one.asset for one in others] == [2, 3]
    assert {one.change for one in (up, down)} == {MarketChange.OPENED}
    venue.exchange.resolve(market, 1, NOW_MS)
    venue.exchange.resolve(other, 0, NOW_MS)
    assert [one.result for one in venue.told() if isinstance(one, events.Market)] == [2, 1, 1, 2]


def test_a_changed_book_is_told_once_for_each_token_as_its_mirror_image() -> None:
    venue = Venue()
    venue.list_market()
    venue.told()
    venue.buy("01", 4_000, 10)
    venue.buy("02", 5_500, 20)
    up, down = venue.told()
    assert isinstance(up, Tob)
    assert isinstance(down, Tob)
    assert (up.bid1_price_e4, up.bid1_size_u6, up.ask1_price_e4, up.ask1_size_u6) == (4_000, 10 * U6, 4_500, 20 * U6)
    assert (down.bid1_price_e4, down.bid1_size_u6, down.ask1_price_e4) == (5_500, 20 * U6, 6_000)
    assert (up.bid2_size_u6, up.ts_ns) == (0, NOW_MS * NS_PER_MS)
    assert venue.teller.levels_changed == 2


def test_a_change_below_the_second_level_is_counted_and_not_told() -> None:
    venue = Venue()
    venue.list_market()
    for price_e4 in (4_000, 3_900):
        venue.buy("01", price_e4, 10)
    venue.told()
    venue.buy("01", 3_800, 10)
    assert venue.told() == []
    assert venue.teller.levels_changed == 3


def test_a_trade_is_told_with_its_takers_side_before_the_book_that_it_leaves() -> None:
    venue = Venue()
    venue.list_market()
    venue.buy("01", 4_000, 10)
    venue.told()
    venue.buy("02", 6_000, 6)
    trade, up, _ = venue.told()
    assert trade == events.Trade(NOW_MS * NS_PER_MS, 1, Side.BUY, 6_000, 6 * U6)
    assert isinstance(up, Tob)
    assert up.bid1_size_u6 == 4 * U6


def test_a_tick_that_flips_is_told() -> None:
    venue = Venue()
    market = venue.list_market()
    venue.told()
    venue.buy("01", 9_800, 10)
    ticks = [event for event in venue.told() if isinstance(event, events.Market)]
    assert [(one.change, one.tick_e4) for one in ticks] == [(MarketChange.TICK, 10)] * 2
    assert market.tick_e4 == 10
