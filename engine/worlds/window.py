"""One bucket of a world while it trades: its market facts, its book, its takers."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from engine.model.events import Market, MarketChange, Side, Tob, Trade
from engine.model.fees import CRYPTO_FEES
from engine.model.rounds import slug_of
from engine.model.units import NS_PER_MS, SIZE_GRID_U6, U6
from engine.worlds.dice import Dice
from engine.worlds.params import WorldParams
from engine.worlds.quotes import COARSE_TICK_E4, NO_LEVEL, Quotes, draw_quotes, next_tick_e4

MIN_SIZE_U6: Final = 5 * U6
UP, DOWN = 1, 2
WON, LOST = 1, 2
FAIR_E4_MIN: Final = 5
TRADE_SHARES: Final = ((0, 1), (250, 5), (500, 15), (750, 50), (900, 150), (990, 800), (1_000, 3_000))
"""Cumulative odds in 1e-3 and shares of one trade, before what is displayed caps it."""


class WindowMarket:
    """The market of one window; its assets are 2n (Up) and 2n + 1 (Down) for window number n."""

    def __init__(self, params: WorldParams, number: int, quote_dice: Dice, flow_dice: Dice) -> None:
        self.start_s = params.start_s + number * params.window_length_s
        self.end_s = self.start_s + params.window_length_s
        self.strike_e8 = 0
        self.up_asset = 2 * number
        self.down_asset = 2 * number + 1
        self._params = params
        self._quote_dice = quote_dice
        self._flow_dice = flow_dice
        self._quotes = Quotes()
        self._fair_e4 = 5_000
        self._tick_e4 = COARSE_TICK_E4
        self._slug = slug_of(params.asset_name, self.start_s, params.window_length_s)

    def market_events(self, ts_ns: int, change: MarketChange, up_won: bool | None = None) -> Iterator[Market]:
        """Yield the same change for both tokens; `up_won` where it is RESOLVED."""
        for outcome, asset, peer in (
            (UP, self.up_asset, self.down_asset),
            (DOWN, self.down_asset, self.up_asset),
        ):
            result = 0 if up_won is None else WON if up_won == (outcome == UP) else LOST
            yield Market(
                ts_ns=ts_ns,
                asset=asset,
                peer=peer,
                change=change,
                token_id=str(int(self._digest(outcome), 16)),
                condition_id=f"0x{self._digest(0)}",
                slug=self._slug,
                window_start_s=self.start_s,
                window_length_s=self._params.window_length_s,
                outcome=outcome,
                tick_e4=self._tick_e4,
                min_size_u6=MIN_SIZE_U6,
                fees=CRYPTO_FEES,
                result=result,
            )

    def quote(self, ts_ns: int, fair_e6: int, ending: bool) -> Iterator[Market | Tob]:
        """Move the makers' quotes to the fair odds of Up; a tick that flips is told before the first book on
        it.
        """
        self._fair_e4 = min(max(fair_e6 // 100, FAIR_E4_MIN), 10_000 - FAIR_E4_MIN)
        tick_e4 = next_tick_e4(self._tick_e4, self._fair_e4) if self._params.has_fine_tick else self._tick_e4
        if tick_e4 != self._tick_e4:
            self._tick_e4 = tick_e4
            yield from self.market_events(ts_ns, MarketChange.TICK)
        self._quotes = draw_quotes(self._quote_dice, self._params, self._fair_e4, tick_e4, ending)
        yield from self._tops(ts_ns)

    def trade(self, ts_ns: int, fair_e6: int) -> Iterator[Trade | Tob]:
        """Let one taker trade at the touch, and show the book after it; nothing where its side is empty."""
        dice = self._flow_dice
        towards_up = fair_e6 // 100 >= self._fair_e4
        buys_up = towards_up if dice.chance(self._params.informed_odds) else dice.chance(500_000)
        on_down = dice.chance(500_000)
        wanted_u6 = dice.quantile(TRADE_SHARES) * U6 + dice.below(100) * SIZE_GRID_U6
        quotes = self._quotes.mirrored() if on_down else self._quotes
        side = Side.BUY if buys_up != on_down else Side.SELL
        touch = quotes.ask1 if side == Side.BUY else quotes.bid1
        if touch == NO_LEVEL:
            return
        size_u6 = min(wanted_u6, touch.size_u6)
        yield Trade(ts_ns, self.down_asset if on_down else self.up_asset, side, touch.price_e4, size_u6)
        self._quotes = self._quotes.after_buy(size_u6) if buys_up else self._quotes.after_sell(size_u6)
        yield from self._tops(ts_ns)

    def _tops(self, ts_ns: int) -> Iterator[Tob]:
        venue_ts_ns = (ts_ns // NS_PER_MS - self._params.feed_delay_ms) * NS_PER_MS
        for asset, quotes in ((self.up_asset, self._quotes), (self.down_asset, self._quotes.mirrored())):
            yield Tob(
                ts_ns=ts_ns,
                asset=asset,
                bid1_price_e4=quotes.bid1.price_e4,
                bid1_size_u6=quotes.bid1.size_u6,
                ask1_price_e4=quotes.ask1.price_e4,
                ask1_size_u6=quotes.ask1.size_u6,
                bid2_price_e4=quotes.bid2.price_e4,
                bid2_size_u6=quotes.bid2.size_u6,
                ask2_price_e4=quotes.ask2.price_e4,
                ask2_size_u6=quotes.ask2.size_u6,
                venue_ts_ns=venue_ts_ns,
            )

    def _digest(self, what: int) -> str:
        """Return 64 hex digits that name a token (1, 2) or the condition (0) of this world's window."""
        return blake2b(f"{self._params.seed}:{self._slug}:{what}".encode(), digest_size=32).hexdigest()
