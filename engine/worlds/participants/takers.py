"""Takers: those that know the reference price better than a quote does, and those that know nothing."""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.fees import CRYPTO_FEES, FeeSchedule, taker_fee_u6
from engine.model.units import PRICE_ONE_E4, SHARE_U6, SIZE_GRID_U6, U6
from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction, MergePairs, PlaceOrder, Token
from engine.worlds.participants.ladder import E6_PER_E4
from engine.worlds.participants.opinion import Opinion, OpinionParams
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import BookView, Holdings, View, Window

MARKETABLE_MIN_U6: Final = 1_000_000
"""A marketable order must be worth 1 USD (protocol.md 11)."""
MERGE_FROM_U6: Final = 1_000 * U6
"""A taker that holds more pairs than this merges them."""


class TakerParams(msgspec.Struct, frozen=True, kw_only=True):
    """One taker's habits. Times are in ms, odds in 1e-6, ticks are whole, shares too."""

    name: str
    latency_ms: int
    wake_ms: int  # between two looks (informed) or two wishes to trade (uninformed), on average
    sizes: Sequence[tuple[int, int]]  # cumulative odds in 1e-3 and shares of one order
    follow_odds: int = 0  # that a trade is followed by another one soon: trades come in clusters
    follow_ms: int = 200
    opinion: OpinionParams | None = None  # informed; None = uninformed
    edge_e6: int = 0  # what a trade must be worth a share in 1e-6 USD, the fee not counted
    sell_odds: int = 0  # uninformed: that it sells what it holds instead of buying
    favourite_odds: int = 500_000  # uninformed: that it buys the token that costs more
    slippage_ticks: int = 2  # uninformed: how far beyond the touch it will trade
    fees: FeeSchedule = CRYPTO_FEES


class Taker(Participant):
    """What both kinds share: an immediate order of a drawn size, legal for the venue."""

    def __init__(self, params: TakerParams, window: Window, dice: Dice, wake_at_ms: int) -> None:
        super().__init__(params.name, params.latency_ms, window, dice, wake_at_ms)
        self._params = params

    def act(self, view: View) -> list[AnyAction]:
        """Return a trade if there is one to be wanted, and the merge of pairs where there are many."""
        if view.now_ms >= self.window.end_ms:
            self.wake_at_ms = None
            return []
        actions: list[AnyAction] = []
        own, pairs_u6 = view.own, min(view.own.up_u6, view.own.down_u6)
        if pairs_u6 > MERGE_FROM_U6:
            actions.append(MergePairs(pairs_u6))
            own = Holdings(own.up_u6 - pairs_u6, own.down_u6 - pairs_u6)
        trade = self._choose(view._replace(own=own))
        follows = trade is not None and self._dice.chance(self._params.follow_odds)
        mean_ms = self._params.follow_ms if follows else self._params.wake_ms
        self.wake_at_ms = view.now_ms + self._dice.wait_ms(mean_ms)
        if trade is not None:
            actions.append(trade)
        return actions

    def _choose(self, view: View) -> PlaceOrder | None:
        raise NotImplementedError

    def _take(self, token: Token, side: Side, limit_e4: int, most_u6: int, tick_e4: int) -> PlaceOrder | None:
        """Return an immediate order of a drawn size up to `most_u6`; None where that is too little to be legal.

        A limit that the tick cannot hold (levels stay where they were when it became coarser) is made a worse one.
        """
        price_e4 = limit_e4 // tick_e4 * tick_e4 if side == Side.SELL else -(-limit_e4 // tick_e4) * tick_e4
        price_e4 = min(max(price_e4, tick_e4), PRICE_ONE_E4 - tick_e4)
        least_u6 = max(self.window.min_size_u6, -(-MARKETABLE_MIN_U6 * PRICE_ONE_E4 // price_e4))
        least_u6 = -(-least_u6 // SIZE_GRID_U6) * SIZE_GRID_U6
        size_u6 = self._dice.quantile(self._params.sizes) * U6 + self._dice.below(100) * SIZE_GRID_U6
        size_u6 = min(max(size_u6, least_u6), most_u6 - most_u6 % SIZE_GRID_U6)
        if size_u6 < least_u6:
            return None
        return PlaceOrder(self._next_key(), token, side, price_e4, size_u6, TimeInForce.FAK)


class InformedTaker(Taker):
    """Buys what is quoted below its worth, fee and edge included; it is what makes stale quotes dear."""

    def __init__(self, params: TakerParams, window: Window, dice: Dice, wake_at_ms: int) -> None:
        super().__init__(params, window, dice, wake_at_ms)
        assert params.opinion is not None, "an informed taker needs an opinion"
        self._opinion = Opinion(params.opinion, window, dice)

    def _choose(self, view: View) -> PlaceOrder | None:
        fair_e6 = self._opinion.fair_e6(view.outlook)
        for token, worth_e6 in ((Token.UP, fair_e6), (Token.DOWN, PRICE_ONE_E4 * E6_PER_E4 - fair_e6)):
            price_e4, size_u6 = _offer(view.book, token)
            if size_u6 and worth_e6 - price_e4 * E6_PER_E4 >= self._params.edge_e6 + self._fee_e6(price_e4):
                return self._take(token, Side.BUY, price_e4, size_u6, view.book.tick_e4)
        return None

    def _fee_e6(self, price_e4: int) -> int:
        return taker_fee_u6(self._params.fees, price_e4, SHARE_U6)


class UninformedTaker(Taker):
    """Trades at random times for reasons of its own."""

    def _choose(self, view: View) -> PlaceOrder | None:
        sells, likes_favourite = (
            self._dice.chance(odds) for odds in (self._params.sell_odds, self._params.favourite_odds)
        )
        up_is_favourite = _is_up_favourite(view.book)
        token = Token.UP if up_is_favourite == likes_favourite else Token.DOWN
        slippage_e4 = self._params.slippage_ticks * view.book.tick_e4
        if sells:
            return self._sell(view.book, view.own, slippage_e4)
        price_e4, size_u6 = _offer(view.book, token)
        if not size_u6:
            return None
        return self._take(token, Side.BUY, price_e4 + slippage_e4, PRICE_ONE_E4 * U6, view.book.tick_e4)

    def _sell(self, book: BookView, own: Holdings, slippage_e4: int) -> PlaceOrder | None:
        """Return a sale of what it has more of; None where nobody bids for it."""
        token = Token.UP if own.up_u6 >= own.down_u6 else Token.DOWN
        price_e4, size_u6 = _offer(book, token.peer)
        if not size_u6:
            return None
        limit_e4 = PRICE_ONE_E4 - price_e4 - slippage_e4
        return self._take(token, Side.SELL, limit_e4, own.of(token), book.tick_e4)


def _offer(book: BookView, token: Token) -> tuple[int, int]:
    """Return price and size at which a token can be bought, (0, 0) where it cannot."""
    if token == Token.UP:
        return book.asks[0] if book.asks else (0, 0)
    return (PRICE_ONE_E4 - book.bids[0][0], book.bids[0][1]) if book.bids else (0, 0)


def _is_up_favourite(book: BookView) -> bool:
    """Tell whether Up is the dearer token; a side that is not quoted counts as the end of the scale."""
    bid_e4 = book.bids[0][0] if book.bids else 0
    ask_e4 = book.asks[0][0] if book.asks else PRICE_ONE_E4
    return bid_e4 + ask_e4 >= PRICE_ONE_E4
