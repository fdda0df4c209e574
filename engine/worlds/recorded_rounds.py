"""Rounds of a recording as participants play them: Up's book and the trades, by the time since the round's start."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from engine.model.events import Event, Feed, FeedChange, Gap, Market, MarketChange, Outcome, Side, Tob, Trade
from engine.model.units import NS_PER_MS, NS_PER_S, PRICE_ONE_E4
from engine.worlds.participants.actions import Token

WON: Final = 1
ALL_ASSETS: Final = -1


class BookMoment(NamedTuple):
    """What Up's book became: (price_e4, size_u6) levels, the best one first; at most two a side are recorded.

    Where the recording missed something it is empty until the next book: nobody trades at prices that are not known.
    """

    at_ms: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class TradeMoment(NamedTuple):
    """A trade by somebody who bought `token`; the sale of one token is the purchase of the other at 1 - p."""

    at_ms: int
    token: Token
    price_e4: int
    size_u6: int


class RecordedRound(msgspec.Struct, frozen=True):
    """One round. Times are in ms since its start and within it; `up_won` is None where the recording does not tell."""

    slug: str
    length_ms: int
    books: tuple[BookMoment, ...]
    trades: tuple[TradeMoment, ...]
    up_won: bool | None


def split_rounds(events: Iterable[Event]) -> Iterator[RecordedRound]:
    """Yield the rounds of a stream of events in the order in which they are resolved, then those that are not.

    A round without any book is left out.
    """
    building: dict[str, _Building] = {}
    of_asset: dict[int, tuple[_Building, Token]] = {}
    for event in events:
        match event:
            case Market():
                one = building.setdefault(event.slug, _Building(event))
                of_asset[event.asset] = (one, Token(event.outcome))
                if event.change == MarketChange.RESOLVED:
                    won = None if event.result == 0 else event.result == WON
                    yield from one.resolve(Token(event.outcome), won)
            case Outcome() if event.asset in of_asset:
                one, token = of_asset[event.asset]
                yield from one.resolve(token, event.won if event.known else None)
            case Tob() | Trade() if event.asset in of_asset:
                one, token = of_asset[event.asset]
                one.take(event, token)
            case Feed() if event.change in (FeedChange.GAP, FeedChange.STALE):
                for asset, (one, token) in of_asset.items():
                    if token == Token.UP and event.asset in (asset, ALL_ASSETS):
                        one.lose(event.ts_ns)
            case Gap():
                for one, _ in of_asset.values():
                    one.lose(event.ts_ns)
    for one in building.values():
        yield from one.finish()


class _Building:
    """A round while its events come in."""

    def __init__(self, market: Market) -> None:
        self._slug = market.slug
        self._start_ns = market.window_start_s * NS_PER_S
        self._length_ms = market.window_length_s * 1_000
        self._books: list[BookMoment] = []
        self._trades: list[TradeMoment] = []
        self._up_won: bool | None = None
        self._is_finished = False

    def take(self, event: Tob | Trade, token: Token) -> None:
        """Keep a book of Up or a trade of either token, if it lies within the round; no book that is crossed."""
        at_ms = (event.ts_ns - self._start_ns) // NS_PER_MS
        if not 0 <= at_ms < self._length_ms:
            return
        if isinstance(event, Trade):
            self._trades.append(_purchase(at_ms, token, event))
        elif token == Token.UP:
            bids = ((event.bid1_price_e4, event.bid1_size_u6), (event.bid2_price_e4, event.bid2_size_u6))
            asks = ((event.ask1_price_e4, event.ask1_size_u6), (event.ask2_price_e4, event.ask2_size_u6))
            book = BookMoment(at_ms, *(tuple(row for row in side if row[1]) for side in (bids, asks)))
            if not (book.bids and book.asks and book.bids[0][0] >= book.asks[0][0]):
                self._books.append(book)

    def lose(self, ts_ns: int) -> None:
        """Empty the book until the next one: something was missed."""
        at_ms = (ts_ns - self._start_ns) // NS_PER_MS
        if self._books and self._books[0].at_ms <= at_ms < self._length_ms:
            self._books.append(BookMoment(at_ms, (), ()))

    def resolve(self, token: Token, won: bool | None) -> Iterator[RecordedRound]:
        """Yield the round, whose outcome is told now; the word about the other token says nothing new."""
        if won is not None:
            self._up_won = won == (token == Token.UP)
        yield from self.finish()

    def finish(self) -> Iterator[RecordedRound]:
        """Yield the round unless it was yielded before or has no book."""
        if self._books and not self._is_finished:
            yield RecordedRound(self._slug, self._length_ms, tuple(self._books), tuple(self._trades), self._up_won)
        self._is_finished = True


def _purchase(at_ms: int, token: Token, trade: Trade) -> TradeMoment:
    if trade.taker_side == Side.BUY:
        return TradeMoment(at_ms, token, trade.price_e4, trade.size_u6)
    return TradeMoment(at_ms, token.peer, PRICE_ONE_E4 - trade.price_e4, trade.size_u6)


def inferred_trades(books: Iterable[BookMoment]) -> Iterator[TradeMoment]:
    """Yield the trades that books without trades hint at: what the best level lost while its price stayed.

    It is an upper bound, because a cancel looks the same; frames that are sent with trades make it a close one.
    """
    before: BookMoment | None = None
    for book in books:
        if before is not None:
            for token, old, new in ((Token.UP, before.asks, book.asks), (Token.DOWN, before.bids, book.bids)):
                if old and new and old[0][0] == new[0][0] and old[0][1] > new[0][1]:
                    price_e4 = old[0][0] if token == Token.UP else PRICE_ONE_E4 - old[0][0]
                    yield TradeMoment(book.at_ms, token, price_e4, old[0][1] - new[0][1])
        before = book
