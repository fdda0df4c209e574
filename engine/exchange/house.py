"""One asset of the running exchange: its reference price, its series of windows, and the counterparties in them.

The counterparties' tape is the reference price: it settles the windows and goes out on both price streams.
"""

from collections.abc import Sequence
from typing import Final

from engine.exchange.background import Background
from engine.exchange.calendar import Calendar, SeriesOptions
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Market
from engine.exchange.streams.polybolt import PolyBoltChannel
from engine.exchange.streams.polybolt_wire import SPOT, TWAP, Feed
from engine.exchange.streams.prices import PricePoint
from engine.exchange.streams.rtds import AVERAGES_S, BINANCE, CHAINLINK, RtdsChannel
from engine.worlds.counterparties import Counterparties
from engine.worlds.tape import SPOT_EVERY_MS

AVERAGE_S: Final = 60
"""The average that the venue publishes; those of shorter windows are published beside it."""


def feeds_of(asset: str, series: Sequence[SeriesOptions]) -> list[Feed]:
    """Return what the price stream has of an asset."""
    lookbacks = sorted({AVERAGE_S, *(each.lookback_ms // 1_000 for each in series)})
    return [Feed(SPOT, f"{asset}usd"), *(Feed(TWAP, f"{asset}usd", window_s=seconds) for seconds in lookbacks)]


class House:
    """Drives one asset. All of its series share the price."""

    def __init__(self, exchange: Exchange, series: Sequence[SeriesOptions], source: Counterparties) -> None:
        assert len({each.asset for each in series}) == 1, "a house has one asset"
        self.asset = series[0].asset
        self.calendars = [Calendar(exchange, each, self) for each in series]
        self.background = Background(exchange, source)
        self._source = source
        self._told_ms = source.tape.now_ms  # up to which the price streams have been told
        for calendar in self.calendars:
            calendar.on_open = lambda market, own=calendar: self._open(own, market)  # type: ignore[misc]
            calendar.on_end = self.background.close

    @property
    def first_ms(self) -> int:
        """Return since when the reference price is known, Unix ms."""
        return self._source.tape.first_ms

    def begin(self, now_ms: int) -> None:
        """List the first windows."""
        self._source.advance(now_ms)
        for calendar in self.calendars:
            calendar.begin(now_ms)

    def average_e8(self, at_ms: int, lookback_ms: int) -> int:
        """Return the average of the reference price over the time before `at_ms`, in 1e-8 USD."""
        self._source.advance(at_ms)
        return self._source.tape.twap_e8(at_ms, lookback_ms)

    def next_ms(self) -> int:
        """Return when a counterparty acts or a price is published next; steps of the tape divide that period."""
        price_ms = self._told_ms - self._told_ms % SPOT_EVERY_MS + SPOT_EVERY_MS
        acts_ms = self.background.next_ms()
        return price_ms if acts_ms is None else min(price_ms, acts_ms)

    def advance(self, now_ms: int) -> None:
        """Let the counterparties act up to now."""
        self.background.advance(now_ms)
        self._source.advance(now_ms)

    def tell_prices(self, polybolt: PolyBoltChannel, rtds: RtdsChannel, feeds: Sequence[Feed]) -> None:
        """Publish the prices that have come since the last call."""
        tape = self._source.tape
        after_ms, until_ms = self._told_ms, tape.now_ms
        if until_ms <= after_ms:
            return
        self._told_ms = until_ms
        spot = next(feed for feed in feeds if feed.channel == SPOT)
        for tick in tape.spot_ticks(after_ms, until_ms):
            point = PricePoint(tick.price_e8, tick.at_ms)
            polybolt.publish(spot, point)
            rtds.publish(CHAINLINK, f"{self.asset}/usd", point)
            rtds.publish(BINANCE, f"{self.asset}usdt", point)
        for feed in feeds:
            if feed.window_s is not None:
                for tick in tape.twap_ticks(after_ms, until_ms, feed.window_s * 1_000):
                    polybolt.publish(feed, PricePoint(tick.price_e8, tick.at_ms))
        for topic, seconds in AVERAGES_S.items():
            for tick in tape.twap_ticks(after_ms, until_ms, seconds * 1_000):
                rtds.publish(topic, f"{self.asset}/usd", PricePoint(tick.price_e8, tick.at_ms))

    def _open(self, calendar: Calendar, market: Market) -> None:
        strike_e8 = calendar.strikes_e8.get(market.spec.condition_id)
        self.background.open(market, calendar.options.lookback_ms, strike_e8)
