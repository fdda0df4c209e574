"""The book of a world: two levels a side around the fair price of Up; Down's book is its mirror image.

Facts (recorded rounds of April 2026 and December 2025): the spread is one tick 76-80 % of the time and two
ticks 8-19 %; the best size has a median of about 250 shares, p10 20, p90 1,000; near the end the likely
winner has no asks; the tick is 0.001 beyond 0.96 / 0.04.
"""

from typing import Final

import msgspec

from engine.model.units import PRICE_ONE_E4, SIZE_GRID_U6, U6
from engine.worlds.dice import Dice
from engine.worlds.params import WorldParams

COARSE_TICK_E4: Final = 100
FINE_TICK_E4: Final = 10
FLIP_E4: Final = 400
"""The tick becomes fine when the fair price is nearer to 0 or 1 than this, and coarse again beyond
FLIP_BACK_E4.
"""
FLIP_BACK_E4: Final = 600
SIZE_SHARES: Final = (
    (0, 5),
    (100, 20),
    (250, 90),
    (500, 250),
    (750, 530),
    (900, 1_000),
    (990, 4_000),
    (1_000, 12_000),
)
"""Cumulative odds in 1e-3 and shares of the best level."""


class Level(msgspec.Struct, frozen=True):
    """One price level; size 0 = there is none."""

    price_e4: int = 0
    size_u6: int = 0

    def mirrored(self) -> "Level":
        """Return the same level as the other token's book shows it."""
        return Level(PRICE_ONE_E4 - self.price_e4, self.size_u6) if self.size_u6 else NO_LEVEL

    def less(self, size_u6: int) -> "Level":
        """Return what is left of the level after a trade."""
        return Level(self.price_e4, self.size_u6 - size_u6) if size_u6 < self.size_u6 else NO_LEVEL


NO_LEVEL: Final = Level()


class Quotes(msgspec.Struct, frozen=True):
    """Two levels a side of one token; the first is the best."""

    bid1: Level = NO_LEVEL
    bid2: Level = NO_LEVEL
    ask1: Level = NO_LEVEL
    ask2: Level = NO_LEVEL

    def mirrored(self) -> "Quotes":
        """Return the other token's book."""
        return Quotes(self.ask1.mirrored(), self.ask2.mirrored(), self.bid1.mirrored(), self.bid2.mirrored())

    def after_sell(self, size_u6: int) -> "Quotes":
        """Return the book after a taker sold into the best bid; the second level moves up when it is gone."""
        left = self.bid1.less(size_u6)
        if left.size_u6:
            return msgspec.structs.replace(self, bid1=left)
        return msgspec.structs.replace(self, bid1=self.bid2, bid2=NO_LEVEL)

    def after_buy(self, size_u6: int) -> "Quotes":
        """Return the book after a taker bought from the best ask."""
        return self.mirrored().after_sell(size_u6).mirrored()


def next_tick_e4(tick_e4: int, fair_e4: int) -> int:
    """Return the tick in force after the fair price of Up has moved there, with some hysteresis."""
    edge_e4 = min(fair_e4, PRICE_ONE_E4 - fair_e4)
    if edge_e4 < FLIP_E4:
        return FINE_TICK_E4
    if edge_e4 > FLIP_BACK_E4:
        return COARSE_TICK_E4
    return tick_e4


def draw_quotes(dice: Dice, params: WorldParams, fair_e4: int, tick_e4: int, ending: bool) -> Quotes:
    """Draw Up's book around its fair price; `ending` = where in the round sides go missing."""
    spread_e4 = tick_e4 * _draw_spread_ticks(dice, params)
    bid_e4 = (2 * fair_e4 - spread_e4 + tick_e4) // (2 * tick_e4) * tick_e4
    ask_e4 = bid_e4 + spread_e4
    bid1, bid2 = (_draw_level(dice, price_e4) for price_e4 in (bid_e4, bid_e4 - tick_e4))
    ask1, ask2 = (_draw_level(dice, price_e4) for price_e4 in (ask_e4, ask_e4 + tick_e4))
    if ending and dice.chance(params.one_sided_odds):
        if fair_e4 > PRICE_ONE_E4 // 2:
            ask1 = ask2 = NO_LEVEL
        else:
            bid1 = bid2 = NO_LEVEL
    return Quotes(bid1, bid2, ask1, ask2)


def _draw_spread_ticks(dice: Dice, params: WorldParams) -> int:
    draw = dice.below(1_000_000)
    if draw < params.one_tick_odds:
        return 1
    return 2 if draw < params.one_tick_odds + params.two_tick_odds else 3


def _draw_level(dice: Dice, price_e4: int) -> Level:
    """Return a level of a drawn size, none where the price is not one; the draw happens in any case."""
    size_u6 = dice.quantile(SIZE_SHARES) * U6 - dice.below(100) * SIZE_GRID_U6
    return Level(price_e4, size_u6) if 0 < price_e4 < PRICE_ONE_E4 else NO_LEVEL
