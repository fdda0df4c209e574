"""One asset of the exchange: prices told once on both streams, windows opened to the counterparties."""

from typing import Any

from engine.exchange.calendar import SeriesOptions
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Phase
from engine.exchange.house import House, feeds_of
from engine.exchange.streams.polybolt import PolyBoltChannel
from engine.exchange.streams.polybolt_wire import SPOT, TWAP, Feed
from engine.exchange.streams.prices import PricePoint
from engine.exchange.streams.rtds import BINANCE, CHAINLINK, RtdsChannel
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style
from engine.worlds.replayed import Replay, ReplayParams
from engine.worlds.tape import SPOT_EVERY_MS
from tests.unit.engine.exchange.streams.fakes import OneOwner

NOW_MS = 1_795_262_415_000


class Told(PolyBoltChannel):
    """A channel that writes down what is published."""

    def __init__(self) -> None:
        super().__init__([], OneOwner(), lambda: NOW_MS)
        self.points: list[tuple[str, int | None, PricePoint]] = []

    def publish(self, feed: Feed, point: PricePoint) -> None:
        self.points.append((feed.channel, feed.window_s, point))


class Older(RtdsChannel):
    """The same of the older stream."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW_MS)
        self.points: list[tuple[str, str, PricePoint]] = []

    def publish(self, topic: str, symbol: str, point: PricePoint) -> None:
        self.points.append((topic, symbol, point))


def house(*lengths: int, crowd: bool = False, **options: Any) -> tuple[House, list[Feed], Exchange]:
    series = [SeriesOptions(length_s=length_s, ahead=1, **options) for length_s in lengths]
    exchange = Exchange()
    exchange.advance(NOW_MS)
    source = (
        Crowd(styled_crowd(Style.CALM, 1, lengths[0]), 1, NOW_MS) if crowd else Replay(iter(()), ReplayParams(), NOW_MS)
    )
    found = House(exchange, series, source)
    found.begin(NOW_MS)
    return found, feeds_of(series[0].asset, series), exchange


def test_the_published_average_is_there_beside_those_of_shorter_windows() -> None:
    series = [SeriesOptions(asset="eth", length_s=length_s) for length_s in (900, 60, 300)]
    assert [(feed.channel, feed.key, feed.window_s) for feed in feeds_of("eth", series)] == [
        (SPOT, "ethusd", None),
        (TWAP, "ethusd", 4),
        (TWAP, "ethusd", 60),
    ]


def test_prices_are_told_once_on_both_streams() -> None:
    found, feeds, _ = house(900)
    polybolt, rtds = Told(), Older()
    found.advance(NOW_MS + 2_000)
    found.tell_prices(polybolt, rtds, feeds)
    spots = [point for channel, _, point in polybolt.points if channel == SPOT]
    assert len(spots) == 2_000 // SPOT_EVERY_MS
    assert [point for topic, symbol, point in rtds.points if (topic, symbol) == (CHAINLINK, "btc/usd")] == spots
    assert [point for topic, symbol, point in rtds.points if (topic, symbol) == (BINANCE, "btcusdt")] == spots
    averages = [point for channel, window_s, point in polybolt.points if (channel, window_s) == (TWAP, 60)]
    assert [point.timestamp_ms % 1_000 for point in averages] == [0, 0]
    assert averages[0].value_e8 == found.average_e8(averages[0].timestamp_ms, 60_000)
    polybolt.points.clear()
    found.tell_prices(polybolt, rtds, feeds)
    assert polybolt.points == []


def test_the_next_price_is_due_without_counterparties() -> None:
    found, feeds, _ = house(900)
    assert NOW_MS < found.next_ms() <= NOW_MS + SPOT_EVERY_MS
    found.advance(NOW_MS + 10_000)
    found.tell_prices(Told(), Older(), feeds)
    assert NOW_MS + 10_000 < found.next_ms() <= NOW_MS + 10_000 + SPOT_EVERY_MS


def test_counterparties_come_to_every_window_of_every_series() -> None:
    found, _, exchange = house(60, 300, crowd=True)
    found.advance(NOW_MS + 5_000)
    exchange.advance(NOW_MS + 5_000)
    running = [market for market in exchange.markets.values() if market.spec.start_ms <= NOW_MS]
    assert [market.spec.length_s for market in running] == [60, 300]
    assert all(market.book.version for market in running)


def test_counterparties_leave_a_window_that_is_over() -> None:
    found, _, exchange = house(60, crowd=True)
    first = next(iter(exchange.markets.values()))
    for at_ms in range(NOW_MS, NOW_MS + 60_000, 500):
        found.advance(at_ms)
        exchange.advance(at_ms)
    assert first.phase == Phase.RESOLVED
    assert first.spec.slug not in {window.name for window in found.background.source.windows}
    resting = [order.market for orders in exchange.open_by_owner.values() for order in orders.values()]
    assert resting
    assert first not in resting
