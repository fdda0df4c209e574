"""The world's clock: moves the price in small steps and yields in order what a feeder would have seen."""

from collections.abc import Iterator
from typing import Final

from engine.model.events import Event, Feed, FeedChange, MarketChange, Spot
from engine.model.units import NS_PER_MS
from engine.worlds.dice import Dice
from engine.worlds.params import WorldParams
from engine.worlds.reference import CALM_TRUST_E3, MS_PER_S, ReferencePrice, Sentiment
from engine.worlds.settlement import TwapAverage, deviation_e8, up_odds_e6, up_wins
from engine.worlds.window import WindowMarket

STEP_MS: Final = 20
SPOT_EVERY_MS: Final = 1_000
SPOT_SYNTHETIC: Final = 3
"""shm.layout.SpotSource.SYNTHETIC: worlds know nothing of the ring."""
ALL_ASSETS: Final = -1
ENDING_SHARE: Final = 10
"""The last tenth of a round is where sides of the book go missing."""


def generate_events(params: WorldParams, rounds: int) -> Iterator[Event]:
    """Yield the events of `rounds` consecutive windows, times never going back, the same for the same
    parameters.

    A window's market opens `open_ahead_s` before its start, while the one before still trades; it is resolved
    `settlement_ms` after its end. The last event says that the feed has ended.
    """
    if rounds < 1:
        raise ValueError(f"expected at least one round, was {rounds}")
    return World(params, rounds).events()


class World:
    """The state of a world between two steps."""

    def __init__(self, params: WorldParams, rounds: int) -> None:
        self._params = params
        self._length_ms = params.window_length_s * MS_PER_S
        self._price = ReferencePrice(params, STEP_MS)
        self._sentiment = Sentiment(params, STEP_MS)
        self._average = TwapAverage()
        self._dice = Dice(params.seed, "clock")
        quote_dice, flow_dice = Dice(params.seed, "quotes"), Dice(params.seed, "flow")
        self._windows = [WindowMarket(params, number, quote_dice, flow_dice) for number in range(rounds)]
        self._to_resolve: list[tuple[int, WindowMarket, bool]] = []
        self._trading: WindowMarket | None = None
        self._silent_until_ms = 0
        self._update_odds = params.updates_per_s_e3 * STEP_MS
        self._trade_odds = params.trades_per_s_e3 * STEP_MS
        self._silence_odds = params.silences_per_round_e3 * 1_000 * STEP_MS // self._length_ms

    def events(self) -> Iterator[Event]:
        """Yield everything, from the first market's opening to the last one's resolution."""
        first_ms = self._params.start_s * MS_PER_S
        ahead_ms = max(self._params.twap_ms, self._params.open_ahead_s * MS_PER_S)
        end_ms = first_ms + self._length_ms * len(self._windows) + self._params.settlement_ms
        for now_ms in range(first_ms - ahead_ms - ahead_ms % STEP_MS, end_ms + STEP_MS, STEP_MS):
            self._price.step()
            self._sentiment.step()
            yield from self._keep_time(now_ms)
            if self._trading is not None:
                yield from self._trade(self._trading, now_ms)
        yield Feed(now_ms * NS_PER_MS, ALL_ASSETS, FeedChange.ENDED)

    def _keep_time(self, now_ms: int) -> Iterator[Event]:
        """Yield what happens at fixed times: spot prices, openings, starts, ends, resolutions."""
        since_ms = (now_ms - self._params.start_s * MS_PER_S) % self._length_ms
        if since_ms > self._length_ms - self._params.twap_ms or since_ms == 0:
            self._average.observe(self._price.spot_e8)
        ts_ns = now_ms * NS_PER_MS
        if now_ms % SPOT_EVERY_MS == 0:
            yield Spot(ts_ns, SPOT_SYNTHETIC, self._price.spot_e8, ts_ns)
        for window in self._windows:
            if now_ms == (window.start_s - self._params.open_ahead_s) * MS_PER_S:
                yield from window.market_events(ts_ns, MarketChange.OPENED)
        if since_ms == 0:
            yield from self._turn(now_ms)
        while self._to_resolve and self._to_resolve[0][0] <= now_ms:
            _, window, up_won = self._to_resolve.pop(0)
            yield from window.market_events(ts_ns, MarketChange.RESOLVED, up_won)

    def _turn(self, now_ms: int) -> Iterator[Event]:
        """Close the window that ends here and start the one that begins: one average is the price of both."""
        average_e8 = self._average.value_e8()
        self._average = TwapAverage()
        ts_ns = now_ms * NS_PER_MS
        if self._trading is not None:
            yield from self._trading.market_events(ts_ns, MarketChange.CLOSED)
            up_won = up_wins(average_e8, self._trading.strike_e8)
            self._to_resolve.append((now_ms + self._params.settlement_ms, self._trading, up_won))
        self._trading = next((w for w in self._windows if w.start_s * MS_PER_S == now_ms), None)
        if self._trading is not None:
            self._trading.strike_e8 = average_e8
            yield Spot(ts_ns, SPOT_SYNTHETIC, average_e8, ts_ns, strike=True)

    def _trade(self, window: WindowMarket, now_ms: int) -> Iterator[Event]:
        """Yield what makers and takers do in this step, unless the feed is silent."""
        if self._dice.chance(self._silence_odds):
            self._silent_until_ms = now_ms + self._dice.below(self._params.silence_ms_max + 1)
        ts_ns = now_ms * NS_PER_MS + 1 + self._dice.below(STEP_MS * NS_PER_MS // 2)
        updates, trades = self._dice.chance(self._update_odds), self._dice.chance(self._trade_odds)
        if now_ms < self._silent_until_ms:
            return
        left_ms = window.end_s * MS_PER_S - now_ms
        if updates:
            makers_e6 = self._up_odds_e6(window, left_ms, self._sentiment.trust_e3, self._sentiment.error_e6)
            yield from window.quote(ts_ns, makers_e6, left_ms * ENDING_SHARE < self._length_ms)
        if trades:
            fair_e6 = self._up_odds_e6(window, left_ms, CALM_TRUST_E3, 0)
            yield from window.trade(ts_ns + STEP_MS * NS_PER_MS // 4, fair_e6)

    def _up_odds_e6(self, window: WindowMarket, left_ms: int, trust_e3: int, error_e6: int) -> int:
        """Return the odds of Up as somebody with this trust in the price and this error sees them."""
        volatility_e8 = self._params.volatility_e8 * self._params.maker_volatility_e3 // 1_000
        expected_e8 = self._average.expected_e8(self._price.spot_e8, left_ms, self._params.twap_ms)
        spread_e8 = deviation_e8(volatility_e8, left_ms, self._params.twap_ms)
        distance_e8 = (expected_e8 - window.strike_e8) * trust_e3 // CALM_TRUST_E3
        return up_odds_e6(distance_e8, spread_e8, error_e6)
