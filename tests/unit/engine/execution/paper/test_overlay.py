from hypothesis import given
from hypothesis import strategies as st

from engine.execution.paper.overlay import overlay
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Market, Side, Tob
from engine.model.market import show
from engine.model.orders import Order
from engine.strategy.bucket.external import external_ask, external_bid
from engine.strategy.bucket.round import Round, open_round
from tests.unit.engine.rounds import DOWN, UP, at, book, opened

PRICES = st.integers(1, 49).map(lambda cents: cents * 100)
SIZES = st.integers(1, 500).map(lambda shares: shares * 1_000_000)


def order(side: Side, price_e4: int, size_u6: int, asset: int = UP) -> Order:
    """Return a resting order of ours."""
    purpose = Purpose.ENTRY if side == Side.BUY else Purpose.TAKE_PROFIT
    return Order("r/1/entry", asset, side, price_e4, size_u6, TimeInForce.GTC, purpose, True, at(1))


@st.composite
def tops(draw: st.DrawFn) -> Tob:
    """Return a book that is not crossed: bids below 0.50, asks above, up to two levels a side."""
    bids = sorted(draw(st.sets(PRICES, max_size=2)), reverse=True)
    asks = sorted(10_000 - price_e4 for price_e4 in draw(st.sets(PRICES, max_size=2)))
    flat: list[int] = []
    for prices in (bids, asks):
        levels = [(price_e4, draw(SIZES)) for price_e4 in prices]
        flat += [number for level in [*levels, (0, 0), (0, 0)][:2] for number in level]
    bid1, bid1_size, bid2, bid2_size, ask1, ask1_size, ask2, ask2_size = flat
    return Tob(at(1), UP, bid1, bid1_size, ask1, ask1_size, bid2, bid2_size, ask2, ask2_size)


@st.composite
def own_orders(draw: st.DrawFn) -> Order:
    """Return an order of ours on one of the two tokens that crosses nothing of `tops`."""
    asset, side = draw(st.sampled_from([UP, DOWN])), draw(st.sampled_from([Side.BUY, Side.SELL]))
    price_e4 = draw(PRICES)
    return order(side, price_e4 if side == Side.BUY else 10_000 - price_e4, draw(SIZES), asset)


def seen_by(tob: Tob, own: Order) -> tuple[Round, Tob]:
    """Return a round that has this order and sees this book of Up."""
    markets: list[Market] = [opened(UP), opened(DOWN)]
    state = open_round(*markets)
    state.entry, state.up = own, show(state.up, tob)
    return state, tob


@given(tops(), own_orders())
def test_the_strategy_takes_out_again_what_the_overlay_put_in(tob: Tob, own: Order) -> None:
    state, _ = seen_by(overlay(tob, [own], DOWN), own)
    assert external_bid(state, state.up) == tob.bid1_price_e4
    assert external_ask(state, state.up) == tob.ask1_price_e4


@given(tops(), st.lists(own_orders(), max_size=4))
def test_the_levels_shown_are_the_best_ones_in_order_and_none_is_worse_than_without_us(
    tob: Tob, owns: list[Order]
) -> None:
    shown = overlay(tob, owns, DOWN)
    if shown.bid2_size_u6:
        assert shown.bid1_price_e4 > shown.bid2_price_e4
    if shown.ask2_size_u6:
        assert shown.ask1_price_e4 < shown.ask2_price_e4
    assert shown.bid1_price_e4 >= tob.bid1_price_e4
    assert not tob.ask1_size_u6 or shown.ask1_price_e4 <= tob.ask1_price_e4


def test_our_size_adds_to_the_level_that_it_joins() -> None:
    shown = overlay(book(UP, 1, 4_000, 6_000), [order(Side.BUY, 4_000, 7_000_000)], DOWN)
    assert (shown.bid1_price_e4, shown.bid1_size_u6, shown.bid2_size_u6) == (4_000, 107_000_000, 0)


def test_an_order_of_another_market_leaves_the_book_the_very_same() -> None:
    tob = book(UP, 1, 4_000, 6_000)
    assert overlay(tob, [order(Side.BUY, 4_000, 7_000_000, asset=9)], DOWN) is tob
