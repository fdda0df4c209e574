from collections.abc import Iterator

import pytest

from engine.model.events import Feed, FeedChange, Gap, Market, MarketChange, Outcome, Tob
from engine.runtime.ring_feed import RingFeed
from ext.ring import RingWriter
from shm.layout import ALL_INSTRUMENTS, Kind
from shm.layout import FeedChange as RecordFeedChange
from shm.layout import MarketChange as RecordChange
from tests.unit.engine.runtime.ring import NOW, START_S, Ring, S


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


def test_after_a_lap_a_book_that_is_older_than_the_one_read_again_is_dropped(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    seen(feed)
    for _ in range(200):
        ring.book(6_000)
    rows = feed.drain()
    ring.book(6_900)  # comes between the drain and the reading of the table
    books = [event for event, _ in feed.events(rows, NOW) if isinstance(event, Tob)]
    assert [book.bid1_price_e4 for book in books] == [6_900]
    assert [event for event, _ in seen(feed)] == []
    feed.close()


def test_a_lap_that_swallows_a_feeders_restart_gives_no_token_another_ones_number(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    seen(feed)
    ring.writer.close()
    restarted = Ring(ring.name, START_S + 900)
    restarted.market(RecordChange.OPENED)
    for number in range(200):
        restarted.book(6_000 + number % 10 * 100)
    events = [event for event, _ in seen(feed)]
    markets = [(event.asset, event.token_id) for event in events if isinstance(event, Market)]
    assert markets == [(2, f"token-{START_S + 900}-0"), (3, f"token-{START_S + 900}-1")]
    assert {event.asset for event in events if isinstance(event, Tob)} == {2}
    feed.close()
    ring.writer = restarted.writer


def test_a_ring_made_anew_gives_no_token_another_ones_number(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    seen(feed)
    ring.writer.close(unlink=True)
    ring.writer = Ring(ring.name, START_S + 900).writer
    for _ in range(200):
        ring.book(6_000)  # nobody read the first ones: the oldest that are left are not the epoch's first
    assert feed.reopen()
    assert {event.asset for event, _ in seen(feed) if isinstance(event, Tob)} == {2}
    feed.close()


def test_what_a_feeder_said_of_its_markets_before_it_was_restarted_unread_is_passed_over(ring: Ring) -> None:
    feed = ring.feed()
    ring.market(RecordChange.OPENED)
    ring.book(6_000)
    ring.writer.close()
    ring.writer = Ring(ring.name).writer  # the instruments of the old epoch cannot be looked up any more
    ring.market(RecordChange.OPENED)
    events = [event for event, _ in feed.events(feed.drain(), NOW)]
    assert [type(event) for event in events] == [Gap, Market, Market]
    feed.close()


def test_a_late_joiner_knows_that_a_book_was_silent_before_it_came(ring: Ring) -> None:
    ring.market(RecordChange.OPENED)
    ring.book(6_000)
    ring.say(RecordFeedChange.STALE, ring.tokens[0])
    feed = ring.feed(gating=False)
    events = [event for event, _ in seen(feed)]
    assert Feed(NOW, 0, FeedChange.STALE) in events
    feed.close()


def test_what_the_feeder_itself_says_does_not_move_the_time_of_an_old_unpaced_recording(ring: Ring) -> None:
    old_ns = 1_700_000_000 * S  # long before the wall time that the ring's own records carry
    ring.writer.set_pace(NOW, old_ns, 0)
    feed = ring.feed()  # begins with a RESET of this very moment
    ring.market(RecordChange.OPENED, at_ns=old_ns)
    ring.book(6_100, at_ns=old_ns + S)
    ring.say(RecordFeedChange.STALE)  # the feeder was told to stop
    ring.book(6_200, at_ns=old_ns + 2 * S)
    stamps = [event.ts_ns for event, _ in feed.events(feed.drain(), old_ns)]
    assert stamps == [0, old_ns, old_ns, old_ns + S, old_ns + S, old_ns + 2 * S]  # RESET: before any time is known
    feed.close()
