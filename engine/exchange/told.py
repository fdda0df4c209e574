"""What the exchange's notices tell a market data client, as typed events: facts of markets, tops of book, trades."""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.notices import AnyNotice, LevelChanged, PhaseChanged, TickChanged, TradeChanged
from engine.model import events
from engine.model.events import MarketChange, Tob
from engine.model.units import NS_PER_MS, PRICE_ONE_E4
from engine.venue.statuses import TradeStatus

WON: Final = 1
LOST: Final = 2
TWO_LEVELS: Final = 2
Levels = tuple[tuple[int, int], ...]


class Teller:
    """Turns notices into events. Market number n (in the order of listing) has the assets 2n (Up) and 2n + 1 (Down).

    `levels_changed` counts what the market channel would have said of price levels: one message each.
    """

    def __init__(self) -> None:
        self.levels_changed = 0
        self._number: dict[str, int] = {}
        self._shown: dict[str, tuple[Levels, Levels]] = {}

    def tell(self, notices: Iterable[AnyNotice], now_ms: int) -> Iterator[events.Event]:
        """Yield what has happened at one moment: trades and facts in order, then each book that looks different."""
        moved: dict[str, Market] = {}
        for notice in notices:
            market = notice.market
            match notice:
                case LevelChanged():
                    self.levels_changed += 1
                    moved[market.spec.slug] = market
                case TickChanged():
                    yield from self.facts(market, MarketChange.TICK, now_ms)
                case PhaseChanged(phase=Phase.OPEN):
                    yield from self.facts(market, MarketChange.OPENED, now_ms)
                case PhaseChanged(phase=Phase.RESOLVED):
                    yield from self.facts(market, MarketChange.RESOLVED, now_ms)
                case TradeChanged(trade=trade, status=TradeStatus.MATCHED):
                    asset = self._asset(market, trade.token)
                    yield events.Trade(now_ms * NS_PER_MS, asset, trade.side, trade.price_e4, trade.size_u6)
        for market in moved.values():
            yield from self._tops(market, now_ms)

    def facts(self, market: Market, change: MarketChange, now_ms: int) -> Iterator[events.Market]:
        """Yield a change of a market for both of its tokens."""
        spec = market.spec
        for token in (0, 1):
            result = 0 if market.winner is None else WON if market.winner == token else LOST
            yield events.Market(
                ts_ns=now_ms * NS_PER_MS,
                asset=self._asset(market, token),
                peer=self._asset(market, 1 - token),
                change=change,
                token_id=spec.tokens[token],
                condition_id=spec.condition_id,
                slug=spec.slug,
                window_start_s=spec.start_ms // 1_000,
                window_length_s=spec.length_s,
                outcome=token + 1,
                tick_e4=market.tick_e4,
                min_size_u6=spec.min_size_u6,
                fees=spec.fees,
                result=result,
            )

    def _asset(self, market: Market, token: int) -> int:
        return 2 * self._number.setdefault(market.spec.condition_id, len(self._number)) + token

    def _tops(self, market: Market, now_ms: int) -> Iterator[Tob]:
        bids, asks = market.book.depth(True, TWO_LEVELS), market.book.depth(False, TWO_LEVELS)
        if self._shown.get(market.spec.slug) == (bids, asks) or market.phase == Phase.RESOLVED:
            return
        self._shown[market.spec.slug] = (bids, asks)
        yield _tob(self._asset(market, 0), bids, asks, now_ms)
        yield _tob(self._asset(market, 1), _mirrored(asks), _mirrored(bids), now_ms)


def _mirrored(levels: Levels) -> Levels:
    return tuple((PRICE_ONE_E4 - price_e4, size_u6) for price_e4, size_u6 in levels)


def _tob(asset: int, bids: Levels, asks: Levels, now_ms: int) -> Tob:
    (bid1, bid2), (ask1, ask2) = ((*levels, (0, 0), (0, 0))[:TWO_LEVELS] for levels in (bids, asks))
    return Tob(now_ms * NS_PER_MS, asset, *bid1, *ask1, *bid2, *ask2, venue_ts_ns=now_ms * NS_PER_MS)
