from feeder.collect import MemorySink
from shm.layout import Kind, MarketChange
from tests import support_feed as feed


def test_what_is_published_is_kept_in_order_as_plain_numbers() -> None:
    sink = MemorySink()
    assert [sink.add_instrument(row) for row in (feed.UP_ROW, feed.DOWN_ROW)] == [0, 1]
    sink.publish_tob(1, 0, 2, 3, 4, 5, 6, 7, 100)
    sink.publish(Kind.MARKET, 0, 0, MarketChange.TICK, 1, 2, 3, 4, 5, 6)
    assert sink.records == [(1, 0, 1, 100, 2, 3, 4, 5, 6, 7), (4, 0, 0, 2, 1, 2, 3, 4, 5, 6)]
    assert [type(value) for value in sink.records[1][:4]] == [int] * 4
    assert sink.of_kind(Kind.MARKET) == sink.records[1:]
