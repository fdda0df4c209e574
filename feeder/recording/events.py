"""Write the typed events of a seeded world as ring records, so that it can be played like any recording."""

from typing import Final

from engine.model.events import Event, Feed, Market, MarketChange, Side, Spot, Tob, Trade
from feeder.recording.market_words import market_words
from shm.layout import ALL_INSTRUMENTS, Flag, Kind, pack_level
from shm.sink import Instrument, RecordSink

_TAKER_BUY: Final = 1
_TAKER_SELL: Final = 2


class EventRecorder:
    """Publishes market data events into a sink, each flagged as synthetic.

    Assets become instruments when both tokens of their market have been OPENED, so that each can name its
    peer.
    """

    def __init__(self, sink: RecordSink) -> None:
        self._sink = sink
        self._index: dict[int, int] = {}
        self._tick_e4: dict[int, int] = {}
        self._waiting: dict[int, Market] = {}

    def publish(self, event: Event) -> None:
        """Publish one event. Raises TypeError for an event that is not market data."""
        match event:
            case Tob():
                self._publish_tob(event)
            case Trade():
                level = pack_level(event.price_e4, event.size_u6)
                taker = _TAKER_BUY if event.taker_side == Side.BUY else _TAKER_SELL
                self._publish(Kind.TRADE, self._index[event.asset], 0, (level, taker, 0, 0), event.ts_ns)
            case Spot():
                words = (event.price_e8, event.observed_ts_ns, 0, 0)
                flag = Flag.STRIKE if event.strike else 0
                self._publish(Kind.SPOT, ALL_INSTRUMENTS, event.source, words, event.ts_ns, flag)
            case Market():
                self._publish_market(event)
            case Feed():
                index = self._index.get(event.asset, ALL_INSTRUMENTS)
                self._publish(Kind.FEED, index, event.change, (event.detail, 0, 0, 0), event.ts_ns)
            case _:
                raise TypeError(f"expected an event of market data, was {type(event).__name__}")

    def _publish(
        self, kind: Kind, index: int, aux: int, words: tuple[int, int, int, int], ts_ns: int, flags: int = 0
    ) -> None:
        self._sink.publish(kind, flags | Flag.SYNTHETIC, index, aux, *words, 0, ts_ns)

    def _publish_tob(self, event: Tob) -> None:
        levels = (
            pack_level(event.bid1_price_e4, event.bid1_size_u6),
            pack_level(event.ask1_price_e4, event.ask1_size_u6),
            pack_level(event.bid2_price_e4, event.bid2_size_u6),
            pack_level(event.ask2_price_e4, event.ask2_size_u6),
        )
        index = self._index[event.asset]
        flags, tick_e4 = event.flags | Flag.SYNTHETIC, self._tick_e4[event.asset]
        self._sink.publish_tob(index, flags, *levels, event.venue_ts_ns, event.ts_ns, tick_e4)

    def _publish_market(self, event: Market) -> None:
        if event.change == MarketChange.OPENED and event.asset not in self._index:
            self._register(event)
            return
        self._tick_e4[event.asset] = event.tick_e4
        words = market_words(_row_of(event), self._index[event.peer], event.tick_e4, event.result)
        self._publish(Kind.MARKET, self._index[event.asset], event.change, words, event.ts_ns)

    def _register(self, event: Market) -> None:
        """Keep the first token of a market until its peer has opened, then register and publish both."""
        first = self._waiting.pop(event.peer, None)
        if first is None:
            self._waiting[event.asset] = event
            return
        for token in (first, event):
            self._index[token.asset] = self._sink.add_instrument(_row_of(token))
        self._publish_market(first)
        self._publish_market(event)


def _row_of(event: Market) -> Instrument:
    return Instrument(
        token_id=event.token_id,
        condition_id=event.condition_id,
        slug=event.slug,
        window_start_s=event.window_start_s,
        window_length_s=event.window_length_s,
        outcome=event.outcome,
        tick_e4=event.tick_e4,
        min_size_u6=event.min_size_u6,
        fee_rate_e6=event.fees.rate_e6,
        fee_exponent=event.fees.exponent,
        taker_only=event.fees.taker_only,
    )
