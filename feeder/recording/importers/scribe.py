"""What every imported round has in common: how it opens, falls silent, changes its tick, and ends.

Assumptions about the data are in docs/recordings.md. Nothing about a round's outcome is published before its
end.
"""

from dataclasses import dataclass
from typing import Final

from engine.model.fees import CRYPTO_FEES
from engine.model.rounds import parse_slug
from engine.model.units import NS_PER_MS, NS_PER_S, U6
from feeder.recording.market_words import market_words
from shm.layout import (
    ALL_INSTRUMENTS,
    FeedChange,
    Flag,
    Kind,
    MarketChange,
    Outcome,
    Result,
)
from shm.sink import Instrument, RecordSink

COARSE_TICK_E4: Final = 100
FINE_TICK_E4: Final = 10
MIN_SIZE_U6: Final = 5 * U6
"""The venue's minimum order of these markets, in shares; no recording states another."""
CERTAIN_BID_E4: Final = 9_500
CERTAIN_ASK_E4: Final = 500
OUTCOME_AGE_MAX_NS: Final = 30 * NS_PER_S
GAP_AFTER_NS: Final = {900: 5 * NS_PER_S, 300: 15 * NS_PER_S}
"""How long a recording of a window length may be silent (decision 5); other lengths take the shorter one."""


@dataclass
class LastTops:
    """The last best prices of both tokens (0 = empty side) and when they were seen: all that an outcome is
    told from.
    """

    ts_ns: int = 0
    up_bid_e4: int = 0
    up_ask_e4: int = 0
    down_bid_e4: int = 0
    down_ask_e4: int = 0

    def winner(self, end_ns: int) -> Outcome | None:
        """Return the side that the last prices say has won, None when they are too old, open, or contradict
        each other.
        """
        if self.ts_ns < end_ns - OUTCOME_AGE_MAX_NS:
            return None
        up = self.up_bid_e4 >= CERTAIN_BID_E4 or 0 < self.down_ask_e4 <= CERTAIN_ASK_E4
        down = self.down_bid_e4 >= CERTAIN_BID_E4 or 0 < self.up_ask_e4 <= CERTAIN_ASK_E4
        if up == down:
            return None
        return Outcome.UP if up else Outcome.DOWN


class RoundScribe:
    """Publishes one round's market and feed records into a sink, around the books that the importer publishes
    itself.

    Call `open`, then `observe` before the books of each observation, and `finish` at last; times never go
    back.
    """

    def __init__(
        self, sink: RecordSink, slug: str, condition_id: str, tokens: tuple[str, str], market_flags: int = 0
    ) -> None:
        """Register the Up and the Down token; `market_flags` go on every MARKET record (an inferred Up
        token).
        """
        _, start_s, length_s = parse_slug(slug)
        self.start_ns = start_s * NS_PER_S
        self.end_ns = (start_s + length_s) * NS_PER_S
        self.tick_e4 = COARSE_TICK_E4
        self.gaps = 0
        self._sink = sink
        self._rows = [
            Instrument(
                token_id=token,
                condition_id=condition_id,
                slug=slug,
                window_start_s=start_s,
                window_length_s=length_s,
                outcome=outcome,
                tick_e4=COARSE_TICK_E4,
                min_size_u6=MIN_SIZE_U6,
                fee_rate_e6=CRYPTO_FEES.rate_e6,
                fee_exponent=CRYPTO_FEES.exponent,
                taker_only=CRYPTO_FEES.taker_only,
            )
            for token, outcome in zip(tokens, Outcome, strict=True)
        ]
        self.up, self.down = (sink.add_instrument(row) for row in self._rows)
        self._market_flags = market_flags
        self._gap_after_ns = GAP_AFTER_NS.get(length_s, GAP_AFTER_NS[900])
        self._last_ns = self.start_ns

    def open(self) -> None:
        """Publish that both tokens' market is open, at the window's start."""
        self._publish_market(MarketChange.OPENED, self.start_ns)

    def observe(self, ts_ns: int) -> int:
        """Publish the gap and its end if the recording was silent for too long; return the flags of the books
        to come.
        """
        assert ts_ns >= self._last_ns, f"a round's time must not go back, was {ts_ns} after {self._last_ns}"
        silent_ns = ts_ns - self._last_ns
        gap = self._publish_gap_before(ts_ns)
        self._last_ns = ts_ns
        if not gap:
            return 0
        self._publish_feed(FeedChange.RESYNCED, ts_ns, silent_ns // NS_PER_MS)
        return Flag.GAP_BEFORE

    def change_tick(self, tick_e4: int, ts_ns: int) -> None:
        """Publish that both tokens have another tick from now on; nothing if it is the one in force."""
        if tick_e4 != self.tick_e4:
            self.tick_e4 = tick_e4
            self._publish_market(MarketChange.TICK, ts_ns)

    def finish(self, winner: Outcome | None) -> None:
        """Publish the end: closed, resolved (inferred, or unknown), and the end of the recording."""
        self._publish_gap_before(self.end_ns)
        self._publish_market(MarketChange.CLOSED, self.end_ns)
        self._publish_market(MarketChange.RESOLVED, self.end_ns, winner)
        self._sink.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.ENDED, 0, 0, 0, 0, 0, self.end_ns)

    def _publish_gap_before(self, ts_ns: int) -> bool:
        if ts_ns - self._last_ns <= self._gap_after_ns:
            return False
        self.gaps += 1
        self._publish_feed(FeedChange.GAP, self._last_ns + self._gap_after_ns, 0)
        return True

    def _publish_feed(self, change: FeedChange, ts_ns: int, detail: int) -> None:
        for index in (self.up, self.down):
            self._sink.publish(Kind.FEED, 0, index, change, detail, 0, 0, 0, 0, ts_ns)

    def _publish_market(self, change: MarketChange, ts_ns: int, winner: Outcome | None = None) -> None:
        resolved = change == MarketChange.RESOLVED
        flags = self._market_flags | (Flag.INFERRED if resolved else 0)
        for index, peer, row in ((self.up, self.down, self._rows[0]), (self.down, self.up, self._rows[1])):
            result = Result.UNKNOWN
            if winner is not None:
                result = Result.WON if winner == row.outcome else Result.LOST
            words = market_words(row, peer, self.tick_e4, result)
            self._sink.publish(Kind.MARKET, flags, index, change, *words, 0, ts_ns)
