"""The tokens a feeder knows: their index in the ring, tick and result, and the MARKET records that announce
them.

All lines of a source share one of these, so a fact that two connections report is published once.
"""

from dataclasses import dataclass

from feeder.recording.market_words import market_words
from shm.layout import Kind, MarketChange, Result
from shm.sink import Instrument, RecordSink


@dataclass
class Listing:
    """One token as it is listed now; `tick_ts_ns` is the venue time of the newest word about its tick."""

    instrument: Instrument
    index: int
    peer: int
    tick_e4: int
    flags: int
    tick_ts_ns: int = 0
    closed: bool = False
    result: int = Result.UNKNOWN


class Listings:
    """Registers tokens with the sink and publishes each change of a market once."""

    def __init__(self, sink: RecordSink) -> None:
        self._sink = sink
        self._by_token: dict[str, Listing] = {}
        self._by_index: dict[int, Listing] = {}

    def add(self, up: Instrument, down: Instrument, ts_ns: int, flags: int = 0) -> tuple[Listing, Listing]:
        """Register a market's two tokens and publish OPENED for both; a market that is known already is
        returned as it is."""
        known = self._by_token.get(up.token_id)
        if known is not None:
            return known, self._by_index[known.peer]
        assert up.condition_id == down.condition_id, f"two markets: {up.condition_id} and {down.condition_id}"
        up_index, down_index = self._sink.add_instrument(up), self._sink.add_instrument(down)
        pair = (
            Listing(up, up_index, down_index, up.tick_e4, flags),
            Listing(down, down_index, up_index, down.tick_e4, flags),
        )
        for listing in pair:
            self._by_token[listing.instrument.token_id] = listing
            self._by_index[listing.index] = listing
        for listing in pair:
            self._publish(listing, MarketChange.OPENED, ts_ns, ts_ns)
        return pair

    def by_token(self, token_id: str) -> Listing | None:
        """Return the listing of a token, or None when it was never added."""
        return self._by_token.get(token_id)

    def by_index(self, index: int) -> Listing:
        """Return the listing behind a record's index; KeyError when there is none."""
        return self._by_index[index]

    def change_tick(self, listing: Listing, tick_e4: int, venue_ts_ns: int, recv_ts_ns: int) -> bool:
        """Take a token's tick from the venue; True when it is news. Older word than the newest is not."""
        if venue_ts_ns < listing.tick_ts_ns:
            return False
        listing.tick_ts_ns = venue_ts_ns
        if tick_e4 == listing.tick_e4:
            return False
        listing.tick_e4 = tick_e4
        self._publish(listing, MarketChange.TICK, venue_ts_ns, recv_ts_ns)
        return True

    def close(self, listing: Listing, ts_ns: int) -> None:
        """Publish that a token's window is over (its market may still trade until it is resolved)."""
        if not listing.closed:
            listing.closed = True
            self._publish(listing, MarketChange.CLOSED, 0, ts_ns)

    def resolve(self, winner: Listing, venue_ts_ns: int, recv_ts_ns: int, flags: int = 0) -> None:
        """Publish how a market was settled, for both of its tokens, once."""
        if winner.result != Result.UNKNOWN:
            return
        loser = self._by_index[winner.peer]
        winner.result, loser.result = Result.WON, Result.LOST
        for listing in (winner, loser):
            self._publish(listing, MarketChange.RESOLVED, venue_ts_ns, recv_ts_ns, flags)

    def _publish(
        self, listing: Listing, change: MarketChange, venue_ts_ns: int, recv_ts_ns: int, flags: int = 0
    ) -> None:
        words = market_words(listing.instrument, listing.peer, listing.tick_e4, listing.result)
        flags |= listing.flags
        self._sink.publish(Kind.MARKET, flags, listing.index, change, *words, venue_ts_ns, recv_ts_ns)
