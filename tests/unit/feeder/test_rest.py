from typing import Any

import pytest

from feeder.rest import read_book
from shm.layout import unpack_level
from tests import support_feed as feed


def test_the_two_best_levels_are_found_in_any_order() -> None:
    bids, asks = [("0.49", "20"), ("0.48", "30"), ("0.4", "1")], [("0.52", "25"), ("0.53", "60")]
    for answer in (feed.book(feed.UP, bids, asks, 5), feed.book(feed.UP, bids[::-1], asks[::-1], 5)):
        found = read_book(answer)
        assert [unpack_level(word) for word in found.top] == [
            (4900, 20_000_000), (5200, 25_000_000), (4800, 30_000_000), (5300, 60_000_000),
        ]  # fmt: skip
        assert found.venue_ts_ns == feed.venue_ns(5)


def test_an_empty_side_is_zero() -> None:
    assert read_book(feed.book(feed.UP, [], [("0.9", "0")], 5)).top == (0, 0, 0, 0)


@pytest.mark.parametrize("answer", [None, [], {}, {"bids": [], "asks": 3}, feed.book("1", [("2", "3")], [], 1)])
def test_an_answer_that_is_no_book_is_refused(answer: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_book(answer)
