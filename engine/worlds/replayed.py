"""A recording as the market's background: recorded round k is played in the k-th window that opens.

One account's orders are steered so that the book shows what the recorded one showed, and another one takes what takers
took, at the recorded moments, scaled to the window's length. Everybody else's orders are left alone: where the recorded
market moves through one of them, the steered orders trade with it.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4, SIZE_GRID_U6, U6
from engine.worlds.counterparties import Counterparties
from engine.worlds.dice import Dice
from engine.worlds.implied import ImpliedPath
from engine.worlds.participants.actions import (
    AnyAction,
    CancelOrder,
    CancelWindow,
    MergePairs,
    PlaceOrder,
    Token,
)
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.takers import MARKETABLE_MIN_U6
from engine.worlds.participants.view import BookView, Holdings, Outlook, View, Window
from engine.worlds.recorded_rounds import BookMoment, RecordedRound, TradeMoment, inferred_trades
from engine.worlds.schedule import Turn
from engine.worlds.steering import levels_of, steer
from engine.worlds.tape import PriceTape

BOOK_ACCOUNT: Final = "replayed-book"
TAKER_ACCOUNT: Final = "replayed-takers"
MERGE_FROM_U6: Final = 1_000 * U6
LOOK_AGAIN_MS: Final = 1_000
"""How soon the book is put right where nothing was recorded: after a refusal, and after somebody traded with it."""
NO_OUTLOOK: Final = Outlook(0, 0, 0)


class ReplayParams(msgspec.Struct, frozen=True, kw_only=True):
    """How recordings are played, and what is made up where they say nothing.

    `depth` is the number of levels a side, those that are made up included. Trades are sent `hold_ms` before the
    moment at which they were seen, because the venue holds takers that long (protocol.md 4.9). `infers_trades` takes
    what the best level lost as trades in rounds that have none. The volatility turns a book into a reference price.
    """

    depth: int = 6
    hold_ms: int = 150
    infers_trades: bool = True
    spot_e8: int = 65_000 * 10**8
    volatility_e8: int = 6 * 10**8


class Replay(Counterparties):
    """The participants that play recorded rounds, and the reference price that those rounds imply.

    Windows that open when no round is left stay empty.
    """

    def __init__(self, rounds: Iterator[RecordedRound], params: ReplayParams, start_ms: int) -> None:
        self._rounds = rounds
        self._params = params
        self._paths: dict[str, tuple[Window, ImpliedPath]] = {}
        self._spot_e8 = params.spot_e8
        super().__init__(PriceTape(self._next_e8, start_ms))

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the names of the accounts that act."""
        return BOOK_ACCOUNT, TAKER_ACCOUNT

    def close_window(self, name: str) -> None:
        """Let nobody act in a window any more; a window that is not open is left alone."""
        super().close_window(name)
        self._paths.pop(name, None)

    def act(self, turn: Turn, book: BookView, own: Holdings) -> list[AnyAction]:
        """Return what brings the book to what was recorded, or a recorded taker's order."""
        return turn.participant.act(View(turn.at_ms, turn.window, book, own, NO_OUTLOOK))

    def _participants(self, window: Window) -> Iterator[Participant]:
        played = next(self._rounds, None)
        if played is None:
            return
        self._paths[window.name] = (window, ImpliedPath(played, window, self._params.volatility_e8))
        yield SteeredBook(played, window, self._params.depth)
        trades = played.trades
        if not trades and self._params.infers_trades:
            trades = tuple(inferred_trades(played.books))
        yield RecordedTakers(played, trades, window, self._params.hold_ms)

    def _next_e8(self, at_ms: int) -> int:
        """Return the price that the round being played implies; it stands still where none is."""
        for window, path in self._paths.values():
            if window.start_ms < at_ms <= window.end_ms:
                self._spot_e8 = self.strike_e8(window) + path.distance_e8(at_ms)
        return self._spot_e8


class _Player(Participant):
    """What both participants share: the recorded moments in the time of the window."""

    def __init__(self, account: str, played: RecordedRound, window: Window, lead_ms: int) -> None:
        super().__init__(account, 0, window, Dice(0, account), window.start_ms)
        self._played = played
        self._lead_ms = lead_ms
        self._place = 0

    def _time_of(self, moment: BookMoment | TradeMoment) -> int:
        scaled_ms = moment.at_ms * self.window.length_ms // self._played.length_ms
        return max(self.window.start_ms, self.window.start_ms + scaled_ms - self._lead_ms)


class SteeredBook(_Player):
    """Keeps orders such that the book shows the recorded levels; it only ever buys, and merges the pairs it gets."""

    def __init__(self, played: RecordedRound, window: Window, depth: int) -> None:
        super().__init__(BOOK_ACCOUNT, played, window, 0)
        self._depth = depth

    def act(self, view: View) -> list[AnyAction]:
        """Return the cancels and placements from the book that its orders make to the recorded one of this moment."""
        if view.now_ms >= self.window.end_ms:
            self.wake_at_ms = None
            return [CancelWindow()]
        books = self._played.books
        while self._place < len(books) and self._time_of(books[self._place]) <= view.now_ms:
            self._place += 1
        next_ms = self._time_of(books[self._place]) if self._place < len(books) else self.window.end_ms
        if self._place == 0:
            self.wake_at_ms = next_ms
            return []
        self.wake_at_ms = min(next_ms, view.now_ms + LOOK_AGAIN_MS)
        wanted = levels_of(books[self._place - 1], view.book.tick_e4, self._depth, self.window.min_size_u6)
        changes = steer(view.own.orders, wanted, self.window.min_size_u6)
        actions: list[AnyAction] = [CancelOrder(key) for key in changes.first]
        pairs_u6 = min(view.own.up_u6, view.own.down_u6)
        if pairs_u6 > MERGE_FROM_U6:
            actions.append(MergePairs(pairs_u6))
        for token, price_e4, size_u6 in changes.added:
            actions.append(PlaceOrder(self._next_key(), token, Side.BUY, price_e4, size_u6))
        actions += map(CancelOrder, changes.then)
        return actions


class RecordedTakers(_Player):
    """Buys what recorded takers bought; trades too small for an order of their own are added to the next one."""

    def __init__(self, played: RecordedRound, trades: tuple[TradeMoment, ...], window: Window, hold_ms: int) -> None:
        super().__init__(TAKER_ACCOUNT, played, window, hold_ms)
        self._trades = trades
        self._carried_u6 = dict.fromkeys(Token, 0)

    def act(self, view: View) -> list[AnyAction]:
        """Return the immediate orders that are due, one for each trade."""
        actions: list[AnyAction] = []
        pairs_u6 = min(view.own.up_u6, view.own.down_u6)
        if pairs_u6 > MERGE_FROM_U6:
            actions.append(MergePairs(pairs_u6))
        while self._place < len(self._trades) and self._time_of(self._trades[self._place]) <= view.now_ms:
            actions += self._take(self._trades[self._place], view.book.tick_e4)
            self._place += 1
        is_over = view.now_ms >= self.window.end_ms or self._place == len(self._trades)
        self.wake_at_ms = None if is_over else self._time_of(self._trades[self._place])
        return actions

    def _take(self, trade: TradeMoment, tick_e4: int) -> Iterator[PlaceOrder]:
        price_e4 = min(-(-trade.price_e4 // tick_e4) * tick_e4, PRICE_ONE_E4 - tick_e4)
        self._carried_u6[trade.token] += trade.size_u6
        size_u6 = self._carried_u6[trade.token] // SIZE_GRID_U6 * SIZE_GRID_U6
        if size_u6 >= self.window.min_size_u6 and size_u6 * price_e4 >= MARKETABLE_MIN_U6 * PRICE_ONE_E4:
            self._carried_u6[trade.token] -= size_u6
            yield PlaceOrder(self._next_key(), trade.token, Side.BUY, price_e4, size_u6, TimeInForce.FAK)
