"""The `strict` fill model: nothing is filled that the record does not show to have been there.

A resting order fills when the opposite best crosses it or a trade prints through it; an immediate order takes what is
displayed, down to its limit, and no more. Recordings without trades have only the first: printed as `strict/cross`.
Source: spec lab.md (fill models), decision 14 (a resting buy fills at its limit, capped by the displayed size).
"""

from typing import Final

from engine.model.events import Side
from engine.model.market import View

NAME: Final = "strict/cross"

Levels = tuple[tuple[int, int], ...]
"""Displayed (price_e4, size_u6), best first; only levels that exist."""


def opposite_levels(view: View, side: Side) -> Levels:
    """Return the levels that an order of `side` would trade with."""
    if side == Side.BUY:
        pairs = ((view.ask1_price_e4, view.ask1_size_u6), (view.ask2_price_e4, view.ask2_size_u6))
    else:
        pairs = ((view.bid1_price_e4, view.bid1_size_u6), (view.bid2_price_e4, view.bid2_size_u6))
    return tuple(pair for pair in pairs if pair[1] > 0)


def crossing(side: Side, limit_e4: int, levels: Levels) -> Levels:
    """Return the displayed levels that an order at `limit_e4` trades with."""
    if side == Side.BUY:
        return tuple(level for level in levels if level[0] <= limit_e4)
    return tuple(level for level in levels if level[0] >= limit_e4)


def newly_displayed_u6(before: Levels, now: Levels) -> int:
    """Return how much of `now` was not displayed in `before`: the same size, shown again, fills nobody twice."""
    known = dict(before)
    return sum(max(size_u6 - known.get(price_e4, 0), 0) for price_e4, size_u6 in now)


def prints_through(side: Side, limit_e4: int, trade_price_e4: int) -> bool:
    """Whether a trade at this price went through a resting order's limit; at the limit the queue ahead
    may have had it.
    """
    return trade_price_e4 < limit_e4 if side == Side.BUY else trade_price_e4 > limit_e4


def take(side: Side, limit_e4: int, size_u6: int, levels: Levels) -> list[tuple[int, int]]:
    """Return the (price_e4, size_u6) fills of an immediate order, best level first."""
    fills: list[tuple[int, int]] = []
    for price_e4, shown_u6 in crossing(side, limit_e4, levels):
        filled_u6 = min(size_u6, shown_u6)
        if filled_u6 > 0:
            fills.append((price_e4, filled_u6))
            size_u6 -= filled_u6
    return fills
