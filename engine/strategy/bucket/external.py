"""External prices: the best levels after our own open size is taken out, so that dry and live see the same book.

Facts (protocol.md 4.9): the two tokens' books are mirror images, so our buy of one at p is an ask of the other at 1 -
p. The paper gateway shows our resting orders in the book that it hands on, as the venue does; every rule takes them out
again.
"""

from engine.model.events import Side
from engine.model.market import View
from engine.model.orders import Order
from engine.model.units import PRICE_ONE_E4
from engine.strategy.bucket.round import Round


def _own_bid(order: Order, asset: int) -> int:
    """Return the price at which this order of ours stands among the bids of `asset`, 0 if it does not."""
    if order.asset == asset:
        return order.price_e4 if order.side == Side.BUY else 0
    return PRICE_ONE_E4 - order.price_e4 if order.side == Side.SELL else 0


def _own_ask(order: Order, asset: int) -> int:
    """Return the price at which this order of ours stands among the asks of `asset`, 0 if it does not."""
    if order.asset == asset:
        return order.price_e4 if order.side == Side.SELL else 0
    return PRICE_ONE_E4 - order.price_e4 if order.side == Side.BUY else 0


def external_bid(state: Round, view: View) -> int:
    """Return the best bid of others in 1e-4 USD, 0 if there is none within the two levels that are known."""
    if view.bid1_size_u6 == 0:
        return 0
    left_u6 = view.bid1_size_u6
    for order in (state.entry, state.exit):
        if order is not None and _own_bid(order, view.asset) == view.bid1_price_e4:
            left_u6 -= order.open_u6
    if left_u6 > 0:
        return view.bid1_price_e4
    return view.bid2_price_e4 if view.bid2_size_u6 else 0


def external_ask(state: Round, view: View) -> int:
    """Return the best ask of others in 1e-4 USD, 0 if there is none within the two levels that are known."""
    if view.ask1_size_u6 == 0:
        return 0
    left_u6 = view.ask1_size_u6
    for order in (state.entry, state.exit):
        if order is not None and _own_ask(order, view.asset) == view.ask1_price_e4:
            left_u6 -= order.open_u6
    if left_u6 > 0:
        return view.ask1_price_e4
    return view.ask2_price_e4 if view.ask2_size_u6 else 0
