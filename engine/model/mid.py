"""The canonical mid: the one price that positions are marked to, and how good it is (execution.md, Money).

(bid + ask) / 2 of a fresh two-sided book; one-sided: the last trade if it lies on the right side of the level that is
there, else that level plus or minus a configured half spread; empty: the last trade alone does not make a price; stale
or crossed: none. Prices here are in half ticks of 1e-4 (`price_2e4` = twice the price), so that no mid is rounded.
"""

from collections import Counter
from enum import StrEnum
from typing import Final, NamedTuple

from engine.model.market import View
from engine.model.units import PRICE_ONE_E4

TWO_ONES_E4: Final = 2 * PRICE_ONE_E4


class MidSource(StrEnum):
    """What a mid was made of; everything but BOOK is a fallback that is counted."""

    BOOK = "book"
    LAST_TRADE = "last_trade"
    ONE_SIDE = "one_side"
    NONE = "none"


class Mid(NamedTuple):
    """A mid as twice its price in 1e-4 USD, and its source; 0 with NONE."""

    price_2e4: int
    source: MidSource


NO_MID: Final = Mid(0, MidSource.NONE)


def canonical_mid(view: View, last_trade_e4: int, half_spread_e4: int) -> Mid:
    """Return the mid of a token's book; `last_trade_e4` 0 = no trade is known."""
    bid_e4 = view.bid1_price_e4 if view.bid1_size_u6 else 0
    ask_e4 = view.ask1_price_e4 if view.ask1_size_u6 else 0
    if not view.is_fresh or (bid_e4 and ask_e4 and bid_e4 >= ask_e4):
        return NO_MID
    if bid_e4 and ask_e4:
        return Mid(bid_e4 + ask_e4, MidSource.BOOK)
    if bid_e4:
        return _one_sided(bid_e4, half_spread_e4, last_trade_e4 if last_trade_e4 >= bid_e4 else 0)
    if ask_e4:
        return _one_sided(ask_e4, -half_spread_e4, last_trade_e4 if last_trade_e4 <= ask_e4 else 0)
    return NO_MID


def _one_sided(level_e4: int, offset_e4: int, trade_e4: int) -> Mid:
    if trade_e4:
        return Mid(2 * trade_e4, MidSource.LAST_TRADE)
    return Mid(min(max(2 * (level_e4 + offset_e4), 0), TWO_ONES_E4), MidSource.ONE_SIDE)


class MidCounter:
    """Counts by source which mids were used: a study that leans on fallbacks says so."""

    def __init__(self) -> None:
        self.counts: Counter[MidSource] = Counter()

    def mid(self, view: View, last_trade_e4: int, half_spread_e4: int) -> Mid:
        """Return the canonical mid and count its source."""
        mid = canonical_mid(view, last_trade_e4, half_spread_e4)
        self.counts[mid.source] += 1
        return mid


def tokens_to_usd_u6(size_u6: int, mid: Mid) -> int:
    """Return what shares are worth at the mid, in 1e-6 USD, rounded down. The mid must be one."""
    assert mid.source != MidSource.NONE, "nothing can be marked without a mid"
    return size_u6 * mid.price_2e4 // TWO_ONES_E4


def usd_to_tokens_u6(cash_u6: int, mid: Mid) -> int:
    """Return the least number of shares that are worth at least `cash_u6` at the mid, in 1e-6 shares.

    Marking them back gives `cash_u6` again: the two are round-trip consistent. The mid must be above 0.
    """
    assert mid.price_2e4 > 0, "cash cannot be turned into shares at a price of nothing"
    return -(-cash_u6 * TWO_ONES_E4 // mid.price_2e4)
