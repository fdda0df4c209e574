import pytest

from feeder.collect import MemorySink
from feeder.listings import Listings
from shm.layout import Kind, MarketChange
from tests import support_feed as feed


def test_a_market_is_registered_once_whoever_adds_it() -> None:
    sink = MemorySink()
    listings = Listings(sink)
    first = listings.add(feed.UP_ROW, feed.DOWN_ROW, 1)
    assert listings.add(feed.UP_ROW, feed.DOWN_ROW, 2) == first
    assert [record.aux for record in sink.records] == [MarketChange.OPENED] * 2
    assert listings.by_index(1) is listings.by_token(feed.DOWN)


def test_tokens_of_two_markets_are_no_pair() -> None:
    with pytest.raises(AssertionError, match="two markets"):
        Listings(MemorySink()).add(feed.UP_ROW, feed.DOWN_ROW._replace(condition_id="0x1"), 1)


def test_a_tick_is_news_once_and_older_word_of_it_is_not_taken() -> None:
    sink = MemorySink()
    listings = Listings(sink)
    up, _ = listings.add(feed.UP_ROW, feed.DOWN_ROW, 1)
    assert listings.change_tick(up, 10, 50, 51)
    assert not listings.change_tick(up, 10, 60, 61)
    assert not listings.change_tick(up, 100, 55, 62)
    assert (up.tick_e4, len(sink.of_kind(Kind.MARKET))) == (10, 3)


def test_closing_and_resolving_are_said_once_and_the_first_winner_stays() -> None:
    sink = MemorySink()
    listings = Listings(sink)
    up, down = listings.add(feed.UP_ROW, feed.DOWN_ROW, 1)
    for _ in range(2):
        listings.close(up, 5)
        listings.resolve(up, 6, 7)
    listings.resolve(down, 8, 9)
    assert [(record.instrument, record.aux, record.w5 >> 24) for record in sink.records[2:]] == [
        (0, MarketChange.CLOSED, 0), (0, MarketChange.RESOLVED, 1), (1, MarketChange.RESOLVED, 2),
    ]  # fmt: skip
