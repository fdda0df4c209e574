"""A maker: a ladder of resting orders around its own opinion, moved with hysteresis, pulled at jumps, skewed by what it
holds, and without offers of a winner that it is sure of.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4, SIZE_GRID_U6, U6
from engine.worlds.dice import Dice
from engine.worlds.participants.actions import (
    AnyAction,
    CancelOrder,
    CancelWindow,
    MergePairs,
    PlaceOrder,
    SplitCollateral,
    Token,
)
from engine.worlds.participants.ladder import E6_PER_E4, Ladder, ladder_around, missing, surplus
from engine.worlds.participants.opinion import Opinion, OpinionParams
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import Holdings, OpenOrder, View, Window
from engine.worlds.quotes import COARSE_TICK_E4

ONE_E6: Final = 1_000_000
PAIRS_KEPT: Final = 2
"""Pairs of more than so many times the stock are merged down to the stock."""


class MakerParams(msgspec.Struct, frozen=True, kw_only=True):
    """One maker's habits. Ticks and fractions are in 1e-3, odds in 1e-6, times in ms, shares are whole.

    A tick is a cent to one that keeps to cents, else the market's own.
    """

    name: str
    opinion: OpinionParams
    latency_ms: int
    wake_ms: int  # how often it looks, on average
    levels: int  # a side
    gap: int = 1  # ticks between two levels
    half_spread_e3: int  # ticks between its opinion and its best level, at least
    hysteresis_e3: int  # ticks that its opinion must move before it moves the ladder
    sizes: Sequence[tuple[int, int]]  # cumulative odds in 1e-3 and shares of one order
    deeper_e3: int = 1_000  # how much larger each level is than the one before it
    refresh_odds: int = 0  # at each look, to replace one of its orders by one of another size
    keeps_to_cents: bool = False
    pull_e6: int = 40_000  # 1e-6 USD that its opinion must jump between two looks for it to cancel everything ...
    pull_ms: int = 300  # ... and to stay away for this long, on average
    withdraw_odds: int = 1_000_000  # when the winner is as sure as this, it does not offer the winner any more
    stock: int = 0  # pairs that it splits at the start, to be able to sell; 0 = it only ever buys
    inventory_max: int = 5_000  # shares of one token beyond those of the other at which it stops buying more
    skew_e3: int = 1_000  # ticks that it leans away from its inventory when that is at its greatest


class LadderMaker(Participant):
    """A maker in one window, from its first turn until the window's end."""

    def __init__(self, params: MakerParams, window: Window, dice: Dice, wake_at_ms: int) -> None:
        super().__init__(params.name, params.latency_ms, window, dice, wake_at_ms)
        self._params = params
        self._opinion = Opinion(params.opinion, window, dice)
        self._fair_e6 = -1
        self._centre_e6 = -1
        self._stocked = params.stock == 0

    def act(self, view: View) -> list[AnyAction]:
        """Return the cancels and placements that bring its orders to where it wants them."""
        if view.now_ms >= self.window.end_ms:
            self.wake_at_ms = None
            return [CancelWindow()]
        params = self._params
        before_e6, self._fair_e6 = self._fair_e6, self._opinion.fair_e6(view.outlook)
        if before_e6 >= 0 and abs(self._fair_e6 - before_e6) >= params.pull_e6:
            self.wake_at_ms = view.now_ms + self._dice.wait_ms(params.pull_ms)
            return [CancelWindow()]
        self.wake_at_ms = view.now_ms + self._dice.between(params.wake_ms // 2, params.wake_ms * 3 // 2)
        actions, own = self._keep_stock(view.own)
        ladder = self._ladder(own, max(view.book.tick_e4, COARSE_TICK_E4 * params.keeps_to_cents))
        cancelled = self._cancels(own, ladder)
        actions += map(CancelOrder, cancelled)
        kept = [order for key, order in own.orders.items() if key not in cancelled]
        actions += self._placements(view._replace(own=own), kept, ladder)
        return actions

    def _ladder(self, own: Holdings, tick_e4: int) -> Ladder:
        """Return where it wants its orders: around its opinion, moved only when that has moved far enough."""
        params, tick_e6 = self._params, tick_e4 * E6_PER_E4
        most_u6 = params.inventory_max * U6
        excess_u6 = min(max(own.up_u6 - own.down_u6, -most_u6), most_u6)
        centre_e6 = self._fair_e6 - tick_e6 * params.skew_e3 * excess_u6 // (1_000 * most_u6)
        if self._centre_e6 < 0 or abs(centre_e6 - self._centre_e6) * 1_000 >= params.hysteresis_e3 * tick_e6:
            self._centre_e6 = min(max(centre_e6, 0), ONE_E6)
        half_e6 = params.half_spread_e3 * tick_e6 // 1_000
        ladder = ladder_around(self._centre_e6, half_e6, tick_e4, params.levels, params.gap)
        up_is_sure = self._fair_e6 >= params.withdraw_odds
        down_is_sure = ONE_E6 - self._fair_e6 >= params.withdraw_odds
        bids = () if down_is_sure or excess_u6 == most_u6 else ladder.bids
        asks = () if up_is_sure or excess_u6 == -most_u6 else ladder.asks
        return Ladder(bids, asks)

    def _cancels(self, own: Holdings, ladder: Ladder) -> list[int]:
        """Return the keys of the orders that must go, and now and then one that is merely drawn anew."""
        cancelled = list(surplus(own.orders.items(), ladder))
        if own.orders and self._dice.chance(self._params.refresh_odds):
            drawn = list(own.orders)[self._dice.below(len(own.orders))]
            if drawn not in cancelled:
                cancelled.append(drawn)
        return cancelled

    def _placements(self, view: View, kept: list[OpenOrder], ladder: Ladder) -> list[AnyAction]:
        """Return an order for each level without one, but none that would cross what the book shows."""
        book, wanted = view.book, missing(kept, ladder)
        lowest_ask_e4 = book.asks[0][0] if book.asks else PRICE_ONE_E4
        highest_bid_e4 = book.bids[0][0] if book.bids else 0
        free = {token: view.own.of(token) - _on_sale(kept, token) for token in Token}
        actions: list[AnyAction] = []
        for price_e4 in wanted.bids:
            if price_e4 < lowest_ask_e4:
                actions.append(self._place(Token.UP, price_e4, self._size_u6(ladder.bids.index(price_e4)), free))
        for price_e4 in wanted.asks:
            if price_e4 > highest_bid_e4:
                size_u6 = self._size_u6(ladder.asks.index(price_e4))
                actions.append(self._place(Token.DOWN, PRICE_ONE_E4 - price_e4, size_u6, free))
        return actions

    def _place(self, token: Token, price_e4: int, size_u6: int, free: dict[Token, int]) -> PlaceOrder:
        """Return the purchase of a token, or the sale of the other one at the mirrored price where it is held."""
        side = Side.BUY
        if free[token.peer] >= size_u6:
            free[token.peer] -= size_u6
            token, side, price_e4 = token.peer, Side.SELL, PRICE_ONE_E4 - price_e4
        return PlaceOrder(self._next_key(), token, side, price_e4, size_u6, TimeInForce.GTC, True)

    def _size_u6(self, level: int) -> int:
        """Return the size of a new order, larger the further it is from the best level."""
        size_u6 = self._dice.quantile(self._params.sizes) * U6 - self._dice.below(100) * SIZE_GRID_U6
        for _ in range(level):
            size_u6 = size_u6 * self._params.deeper_e3 // 1_000
        return max(self.window.min_size_u6, size_u6 - size_u6 % SIZE_GRID_U6)

    def _keep_stock(self, own: Holdings) -> tuple[list[AnyAction], Holdings]:
        """Return the split that it begins with, or the merge of pairs that it has too many of, and what is left then.

        What a split brings is not there at once: it counts when it is shown.
        """
        stock_u6 = self._params.stock * U6
        if not self._stocked:
            self._stocked = True
            return [SplitCollateral(stock_u6)], own
        orders = list(own.orders.values())
        pairs_u6 = min(own.of(token) - _on_sale(orders, token) for token in Token)
        if pairs_u6 <= max(PAIRS_KEPT * stock_u6, self._params.inventory_max * U6):
            return [], own
        merged_u6 = pairs_u6 - stock_u6
        return [MergePairs(merged_u6)], Holdings(own.up_u6 - merged_u6, own.down_u6 - merged_u6, own.orders)


def _on_sale(orders: list[OpenOrder], token: Token) -> int:
    return sum(order.open_u6 for order in orders if order.token == token and order.side == Side.SELL)
