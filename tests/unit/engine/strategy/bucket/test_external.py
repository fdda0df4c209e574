"""External prices are the book without us, whatever of ours stands in it."""

from hypothesis import given
from hypothesis import strategies as st

from engine.execution.paper.overlay import overlay
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Side, Tob
from engine.model.market import show
from engine.model.orders import Order, OrderStatus
from engine.strategy.bucket.external import external_ask, external_bid
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import DOWN, UP, at, price, shares, tob

sizes = st.integers(1, 50).map(shares)
cents = st.integers(1, 99).map(lambda cent: cent * 100)


def own(asset: int, side: Side, price_e4: int, size_u6: int, filled_u6: int = 0) -> Order:
    purpose = Purpose.ENTRY if side == Side.BUY else Purpose.TAKE_PROFIT
    return Order(
        f"r/{side}", asset, side, price_e4, size_u6, TimeInForce.GTC, purpose, True, 0, OrderStatus.LIVE, filled_u6
    )


@st.composite
def books(draw: st.DrawFn) -> Tob:
    """Return an uncrossed book with up to two levels a side."""
    levels = sorted(draw(st.lists(cents, min_size=4, max_size=4, unique=True)))
    bid_count, ask_count = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    bids = [(levels[1], draw(sizes)), (levels[0], draw(sizes))][:bid_count] + [(0, 0)] * (2 - bid_count)
    asks = [(levels[2], draw(sizes)), (levels[3], draw(sizes))][:ask_count] + [(0, 0)] * (2 - ask_count)
    return Tob(at(1), draw(st.sampled_from([UP, DOWN])), *bids[0], *asks[0], *bids[1], *asks[1])


@given(books(), st.sampled_from([UP, DOWN]), cents, cents, sizes, sizes, st.booleans(), st.booleans())
def test_our_orders_taken_out_again_give_the_book_without_us(
    book: Tob, leg: int, buy_e4: int, sell_e4: int, buy_u6: int, sell_u6: int, buys: bool, sells: bool
) -> None:
    state = Scenario().state
    state.entry = own(leg, Side.BUY, buy_e4, buy_u6) if buys else None
    state.exit = own(leg, Side.SELL, sell_e4, sell_u6, filled_u6=sell_u6 // 2) if sells else None
    shown = overlay(book, [order for order in (state.entry, state.exit) if order], peer=1 - book.asset)
    view = show(state.view(book.asset), shown)
    assert external_bid(state, view) == book.bid1_price_e4
    assert external_ask(state, view) == book.ask1_price_e4


def test_an_own_order_is_taken_out_by_its_open_size_only() -> None:
    state = Scenario().state
    state.entry = own(UP, Side.BUY, price(0.60), shares(10), filled_u6=shares(4))
    view = show(state.up, tob(1, UP, 0.60, 0.61, size=6, bid2_price_e4=price(0.55), bid2_size_u6=shares(1)))
    assert external_bid(state, view) == price(0.55)
    view = show(state.up, tob(1, UP, 0.60, 0.61, size=6.01))
    assert external_bid(state, view) == price(0.60)


def test_an_own_order_that_has_ended_is_nobody_elses_size() -> None:
    state = Scenario().state
    view = show(state.up, tob(1, UP, 0.60, 0.61, size=1))
    assert external_bid(state, view) == price(0.60)
