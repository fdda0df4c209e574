"""The stop order that would be sent now, asked for ahead of time: a stop that fires then needs no signing (decision 8).

There is at most one prepared order a round. It is asked for once per token, size and tick, asked for again when one of
them changes, and used at most once; after that stops are signed when they are sent, until the round holds again.
"""

from typing import Final

from engine.model.commands import Prepare, Purpose, TimeInForce
from engine.model.events import Side
from engine.strategy.bucket.round import Prepared
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.turn import Turn

PREPARES_MAX: Final = 64
"""In one round; each fill, settlement and tick change may ask for one, a venue that plays ping-pong may not."""
_WATCHED: Final = frozenset({Stage.ENTRY_PLACED, Stage.SETTLING_IN, Stage.EXIT, Stage.LATE_HOLD})
"""Stages in which a stop may fire and none works."""


def prepare_stop(turn: Turn) -> None:
    """Ask for the stop order that fits what can be sold now, unless it was asked for already."""
    state = turn.state
    view = state.leg_view
    if view is None or view.closed or state.stage not in _WATCHED:
        return
    size_u6 = state.sell_size_u6
    if size_u6 < turn.min_stop_u6 or state.held_u6 < turn.min_stop_u6:
        return
    known = state.prepared
    if known is not None and (known.asset, known.size_u6, known.tick_e4) == (view.asset, size_u6, view.tick_e4):
        return
    if state.prepares >= PREPARES_MAX:
        state.prepared = None
        return
    state.prepares += 1
    name = f"{state.slug}/{state.prepares}/prepare"
    price_e4 = turn.params.sl_order_price_e4
    state.prepared = Prepared(name, view.asset, price_e4, size_u6, view.tick_e4)
    turn.intents.append(
        Prepare(name, view.asset, Side.SELL, price_e4, size_u6, TimeInForce.FAK, Purpose.STOP),
    )
