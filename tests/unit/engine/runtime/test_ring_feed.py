import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from engine.model.events import Feed, FeedChange, Gap, Market, MarketChange, Outcome, Tob
from engine.runtime.ring_feed import RingFeed
from ext.ring import RingWriter
from shm.layout import ALL_INSTRUMENTS, Kind, pack_level, pack_market_words
from shm.layout import FeedChange as RecordFeedChange
from shm.layout import MarketChange as RecordChange
from shm.sink import Instrument

NOW = 1_800_000_000_000_000_000
S = 1_000_000_000
START_S = 1_800_000_000


class Ring:
    """A small ring with one market, written by the test."""

    def __init__(self) -> None:
        self.name = f"/bmt_feed_{os.getpid()}_{uuid4().hex[:8]}"
        self.writer = RingWriter(self.name, capacity=64, instruments=8)
        self.writer.heartbeat(NOW)
        self.tokens = [
            self.writer.add_instrument(
                Instrument(
                    f"token-{side}", "condition", f"btc-updown-15m-{START_S}", START_S, 900, side + 1, 100, 5_000_000, 0
                )
            )
            for side in (0, 1)
        ]

    def market(self, change: RecordChange, *, result: int = 0) -> None:
        for side, token in enumerate(self.tokens):
            words = pack_market_words(
                tick_e4=100,
                min_size_u6=5_000_000,
                fee_rate_e6=70_000,
                fee_exponent=1,
                taker_only=True,
                window_start_s=START_S,
                window_length_s=900,
                peer=self.tokens[1 - side],
                outcome=side + 1,
                result=result and (result if side == 0 else 3 - result),
            )
            self.writer.publish(Kind.MARKET, 0, token, change, *words, 0, NOW)

    def book(self, bid_e4: int, side: int = 0, at_ns: int = NOW) -> None:
        bid, ask = pack_level(bid_e4, 7_000_000), pack_level(bid_e4 + 100, 7_000_000)
        self.writer.publish_tob(self.tokens[side], 0, bid, ask, 0, 0, 0, at_ns)

    def feed(self, *, gating: bool = True) -> RingFeed:
        return RingFeed(self.name, (), 0, gating=gating, heartbeat_max_ns=2 * S)


@pytest.fixture
def ring() -> Iterator[Ring]:
    made = Ring()
    yield made
    made.writer.close(unlink=True)


def seen(feed: RingFeed) -> list[tuple[object, bool]]:
    """Return what a drain means, without the RESET that every ring begins with."""
    both = list(feed.events(feed.drain(), NOW))
    return [(event, visible) for event, visible in both if event != Gap(NOW, 0)]


def test_of_one_drain_the_kernel_sees_the_newest_book_of_each_asset_and_how_many_it_missed(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    for bid_e4 in (6_000, 6_100, 6_200):
        ring.book(bid_e4)
    ring.book(3_700, side=1)
    books = [(event, visible) for event, visible in seen(feed) if isinstance(event, Tob)]
    assert [(event.bid1_price_e4, visible, event.skipped) for event, visible in books] == [
        (6_000, False, 0),
        (6_100, False, 0),
        (6_200, True, 2),
        (3_700, True, 0),
    ]
    assert feed.skipped == 2
    feed.close()


def test_market_facts_are_all_visible(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    ring.market(RecordChange.TICK)
    markets = [visible for event, visible in seen(feed) if isinstance(event, Market)]
    assert markets == [True] * 4
    feed.close()


def test_a_lapped_reader_tells_the_gap_and_reads_markets_and_newest_books_again(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    seen(feed)
    for number in range(200):
        ring.book(6_000 + number % 10 * 100)
    events = [event for event, _ in seen(feed)]
    gap = events[0]
    assert isinstance(gap, Gap)
    assert gap.lost > 0
    assert [event.change for event in events if isinstance(event, Market)] == [MarketChange.OPENED] * 2
    newest = [event for event in events if isinstance(event, Tob)]
    assert newest[-1].bid1_price_e4 == 6_900
    feed.close()


def test_a_late_joiner_gets_markets_books_and_what_happened_to_the_markets_meanwhile(ring: Ring) -> None:
    ring.market(RecordChange.OPENED)
    ring.book(6_000)
    ring.book(9_800)
    ring.market(RecordChange.RESOLVED, result=1)
    feed = ring.feed(gating=False)
    events = [event for event, _ in seen(feed)]
    assert [type(event) for event in events] == [Market, Market, Outcome, Outcome, Tob]
    assert [(event.asset, event.won) for event in events if isinstance(event, Outcome)] == [(0, True), (1, False)]
    assert [event.bid1_price_e4 for event in events if isinstance(event, Tob)] == [9_800]
    feed.close()


def test_a_recording_that_has_ended_is_known_to_who_comes_late(ring: Ring) -> None:
    ring.market(RecordChange.OPENED)
    ring.writer.publish(Kind.FEED, 0, ALL_INSTRUMENTS, RecordFeedChange.ENDED, 0, 0, 0, 0, 0, NOW)
    feed = ring.feed(gating=False)
    assert feed.ended
    feed.close()


def test_the_end_of_a_recording_is_seen_when_it_is_read(ring: Ring) -> None:
    feed = ring.feed()
    assert not feed.ended
    ring.writer.publish(Kind.FEED, 0, ALL_INSTRUMENTS, RecordFeedChange.ENDED, 0, 0, 0, 0, 0, NOW)
    assert [event for event, _ in seen(feed)] == [Feed(NOW, -1, FeedChange.ENDED)]
    assert feed.ended
    feed.close()


def test_a_silent_feeder_is_told_once_and_its_return_too(ring: Ring) -> None:
    feed = ring.feed()
    assert feed.liveness(NOW + S, 5) is None
    assert feed.liveness(NOW + 3 * S, 6) == Feed(6, -1, FeedChange.STALE)
    assert feed.is_silent()
    assert feed.liveness(NOW + 3 * S, 7) is None
    ring.writer.heartbeat(NOW + 3 * S)
    assert feed.liveness(NOW + 3 * S, 8) == Feed(8, -1, FeedChange.CONNECTED)
    feed.close()


def test_an_unpaced_recordings_books_are_all_visible_at_their_own_times(ring: Ring) -> None:
    ring.writer.set_pace(NOW, NOW, 0)
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    for second in (1, 2, 3):
        ring.book(6_000 + second * 100, at_ns=NOW + second * S)
    books = [(event.ts_ns - NOW, visible) for event, visible in seen(feed) if isinstance(event, Tob)]
    assert books == [(S, True), (2 * S, True), (3 * S, True)]
    feed.close()


def test_a_ring_that_was_made_anew_is_reopened_and_a_removed_one_is_read_to_its_end(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    ring.book(6_000)
    ring.writer.close(unlink=True)
    assert not feed.reopen()
    assert len(seen(feed)) == 3
    ring.writer = RingWriter(ring.name, capacity=64, instruments=8)
    assert feed.reopen()
    feed.close()
