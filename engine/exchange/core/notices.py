"""What happened in the exchange, for the streams to tell: one frozen value each, in order."""

import msgspec

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import Answer, Order
from engine.exchange.core.trades import Trade
from engine.venue.statuses import OrderEventType, TradeStatus


class Notice(msgspec.Struct, frozen=True, gc=False):
    """Base of all notices: when it happened, Unix ms, and in which market."""

    at_ms: int
    market: Market


class LevelChanged(Notice, frozen=True, gc=False):
    """A price level of the mirrored book has a new total; 0 = it is gone. The price is the first outcome's."""

    is_bid: bool
    up_price_e4: int
    size_u6: int


class OrderChanged(Notice, frozen=True, gc=False):
    """An order was placed, filled further, or is gone; sizes as of then."""

    order: Order
    what: OrderEventType
    status: str
    filled_u6: int


class TradeChanged(Notice, frozen=True, gc=False):
    """A trade was matched, or went on towards the chain."""

    trade: Trade
    status: TradeStatus


class TickChanged(Notice, frozen=True, gc=False):
    """The tick flipped."""

    old_e4: int
    new_e4: int


class PhaseChanged(Notice, frozen=True, gc=False):
    """The market entered another phase of its life."""

    phase: Phase


class HoldEnded(Notice, frozen=True, gc=False):
    """A held order has its answer."""

    answer: Answer


AnyNotice = LevelChanged | OrderChanged | TradeChanged | TickChanged | PhaseChanged | HoldEnded
