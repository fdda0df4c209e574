"""A small ring with one market, written by the test as a feeder would."""

import os
from uuid import uuid4

from engine.runtime.ring_feed import RingFeed
from ext.ring import RingWriter
from shm.layout import ALL_INSTRUMENTS, Kind, pack_level, pack_market_words
from shm.layout import FeedChange as RecordFeedChange
from shm.layout import MarketChange as RecordChange
from shm.sink import Instrument

S = 1_000_000_000
START_S = 1_800_000_000
NOW = START_S * S


class Ring:
    """One epoch of a feeder."""

    def __init__(self, name: str = "", start_s: int = START_S) -> None:
        self.name = name or f"/bmt_feed_{os.getpid()}_{uuid4().hex[:8]}"
        self.start_s = start_s
        self.writer = RingWriter(self.name, capacity=64, instruments=8)
        self.writer.heartbeat(NOW)
        self.tokens = [self._token(side) for side in (0, 1)]

    def _token(self, side: int) -> int:
        slug = f"btc-updown-15m-{self.start_s}"
        name = f"token-{side}" if self.start_s == START_S else f"token-{self.start_s}-{side}"
        condition = "condition" if self.start_s == START_S else f"condition-{self.start_s}"
        return self.writer.add_instrument(
            Instrument(name, condition, slug, self.start_s, 900, side + 1, 100, 5_000_000, 0)
        )

    def market(self, change: RecordChange, *, result: int = 0, at_ns: int = NOW) -> None:
        """Publish one MARKET record of each token."""
        for side, token in enumerate(self.tokens):
            words = pack_market_words(
                tick_e4=100,
                min_size_u6=5_000_000,
                fee_rate_e6=70_000,
                fee_exponent=1,
                taker_only=True,
                window_start_s=self.start_s,
                window_length_s=900,
                peer=self.tokens[1 - side],
                outcome=side + 1,
                result=result and (result if side == 0 else 3 - result),
            )
            self.writer.publish(Kind.MARKET, 0, token, change, *words, 0, at_ns)

    def book(self, bid_e4: int, side: int = 0, at_ns: int = NOW) -> None:
        """Publish a top of book with one level a side."""
        bid, ask = pack_level(bid_e4, 7_000_000), pack_level(bid_e4 + 100, 7_000_000)
        self.writer.publish_tob(self.tokens[side], 0, bid, ask, 0, 0, 0, at_ns)

    def say(self, change: RecordFeedChange, instrument: int = ALL_INSTRUMENTS) -> None:
        """Publish a FEED record."""
        self.writer.publish(Kind.FEED, 0, instrument, change, 0, 0, 0, 0, 0, NOW)

    def feed(self, *, gating: bool = True) -> RingFeed:
        """Attach to the ring."""
        return RingFeed(self.name, (), 0, gating=gating, heartbeat_max_ns=2 * S)
