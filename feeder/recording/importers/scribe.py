"""What every imported round has in common: how it opens, falls silent, changes its tick, and ends.

Assumptions about the data are in docs/recordings.md. Nothing about a round's outcome is published before its
end.
"""

from dataclasses import dataclass
from typing import Final

from engine.model.fees import CRYPTO_FEES
from engine.model.rounds import parse_slug
from engine.model.units import NS_PER_MS, NS_PER_S, U6
from feeder.listings import Listing, Listings
from feeder.recording.market_words import market_words
from shm.layout import ALL_INSTRUMENTS, FeedChange, Flag, Kind, MarketChange, Outcome
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
    """Publishes one round's market and feed records into a sink, around the books that the importer
    publishes.

    Call `open`, then `observe` before the books of each observation, and `finish` at last; times never go
    back.
    """

    def __init__(
        self, sink: RecordSink, slug: str, condition_id: str, tokens: tuple[str, str], market_flags: int = 0
    ) -> None:
        """Describe the round; `market_flags` go on every MARKET record (an Up token that was inferred)."""
        _, start_s, length_s = parse_slug(slug)
        self.start_ns = start_s * NS_PER_S
        self.end_ns = (start_s + length_s) * NS_PER_S
        self.gaps = 0
        self.listings = Listings(sink)
        self._sink = sink
        self._market_flags = market_flags
        self._gap_after_ns = GAP_AFTER_NS.get(length_s, GAP_AFTER_NS[900])
        self._last_ns = self.start_ns
        self.rows = (
            _make_row(tokens[0], condition_id, slug, Outcome.UP),
            _make_row(tokens[1], condition_id, slug, Outcome.DOWN),
        )

    def open(self) -> tuple[Listing, Listing]:
        """Register both tokens and publish that their market is open, at the window's start."""
        self._pair = self.listings.add(*self.rows, self.start_ns, self._market_flags)
        return self._pair

    def observe(self, ts_ns: int) -> int:
        """Publish a gap and its end if there was silence for too long; return the flags of the books to
        come."""
        assert ts_ns >= self._last_ns, f"a round's time must not go back, was {ts_ns} after {self._last_ns}"
        silent_ns = ts_ns - self._last_ns
        gap = self._publish_gap_before(ts_ns)
        self._last_ns = ts_ns
        if not gap:
            return 0
        self._publish_feed(FeedChange.RESYNCED, ts_ns, silent_ns // NS_PER_MS)
        return Flag.GAP_BEFORE

    def finish(self, winner: Outcome | None) -> None:
        """Publish the end: closed, resolved (inferred, or unknown), and the end of the recording."""
        self._publish_gap_before(self.end_ns)
        for listing in self._pair:
            self.listings.close(listing, self.end_ns)
        if winner is not None:
            self.listings.resolve(self._pair[winner - 1], 0, self.end_ns, Flag.INFERRED)
        else:
            self._publish_unknown_result()
        self._sink.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.ENDED, 0, 0, 0, 0, 0, self.end_ns)

    def _publish_gap_before(self, ts_ns: int) -> bool:
        if ts_ns - self._last_ns <= self._gap_after_ns:
            return False
        self.gaps += 1
        self._publish_feed(FeedChange.GAP, self._last_ns + self._gap_after_ns, 0)
        return True

    def _publish_feed(self, change: FeedChange, ts_ns: int, detail: int) -> None:
        for listing in self._pair:
            self._sink.publish(Kind.FEED, 0, listing.index, change, detail, 0, 0, 0, 0, ts_ns)

    def _publish_unknown_result(self) -> None:
        """Say that the round is over and that nobody knows how: it is to be listed, not settled."""
        flags = self._market_flags | Flag.INFERRED
        for listing in self._pair:
            words = market_words(listing.instrument, listing.peer, listing.tick_e4)
            self._sink.publish(Kind.MARKET, flags, listing.index, MarketChange.RESOLVED, *words, 0, self.end_ns)


def _make_row(token: str, condition_id: str, slug: str, outcome: Outcome) -> Instrument:
    _, start_s, length_s = parse_slug(slug)
    return Instrument(
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
