"""Levels in order, queues in order of arrival, totals to the last unit."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.core.book import Book


def entry(order_id: str, up_price_e4: int, size_u6: int, filled_u6: int = 0) -> Any:
    return SimpleNamespace(order_id=order_id, up_price_e4=up_price_e4, size_u6=size_u6, filled_u6=filled_u6)


def test_an_empty_book_has_no_touch_and_is_crossed_by_nothing() -> None:
    book = Book()
    assert (book.best_bid_e4(), book.best_ask_e4()) == (0, 0)
    assert not book.crossed_by(True, 9999)
    assert not book.crossed_by(False, 1)


def test_the_touch_and_what_crosses_it() -> None:
    book = Book()
    for price_e4 in (4000, 4500, 4200):
        book.bids.add(entry(f"b{price_e4}", price_e4, 5))
    for price_e4 in (5500, 5000):
        book.asks.add(entry(f"a{price_e4}", price_e4, 5))
    assert (book.best_bid_e4(), book.best_ask_e4()) == (4500, 5000)
    assert book.crossed_by(True, 5000)
    assert not book.crossed_by(True, 4999)
    assert book.crossed_by(False, 4500)
    assert not book.crossed_by(False, 4501)
    assert [price for price, _ in book.opposite(is_bid=True)] == [5000, 5500]
    assert [price for price, _ in book.opposite(is_bid=False)] == [4500, 4200, 4000]


def test_depth_is_the_best_first_and_may_be_cut() -> None:
    book = Book()
    for price_e4 in (4000, 4500, 4200):
        book.bids.add(entry(f"b{price_e4}", price_e4, 5))
        book.asks.add(entry(f"a{price_e4}", price_e4 + 2000, 5))
    assert book.depth(True) == ((4500, 5), (4200, 5), (4000, 5))
    assert book.depth(True, 2) == ((4500, 5), (4200, 5))
    assert book.depth(False, 1) == ((6000, 5),)
    assert book.side(True) is book.bids


def test_a_level_counts_what_is_open_and_goes_with_its_last_order() -> None:
    book = Book()
    first, second = entry("1", 4000, 10), entry("2", 4000, 8, filled_u6=3)
    assert book.bids.add(first).total_u6 == 10
    assert book.bids.add(second).total_u6 == 15
    assert list(book.bids.levels[4000].orders) == ["1", "2"]
    assert book.bids.remove(first) == 5
    assert book.bids.remove(second) == 0
    assert (book.bids.levels, book.bids.prices_e4) == ({}, [])


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 100), st.booleans()), max_size=60))
def test_any_order_of_adding_and_removing_leaves_sorted_levels_with_right_totals(
    steps: list[tuple[int, int, bool]],
) -> None:
    side = Book().bids
    standing: dict[str, Any] = {}
    for number, (price_e4, size_u6, removes) in enumerate(steps):
        if removes and standing:
            key = sorted(standing)[size_u6 % len(standing)]
            side.remove(standing.pop(key))
        else:
            standing[f"o{number:03}"] = entry(f"o{number:03}", price_e4, size_u6)
            side.add(standing[f"o{number:03}"])
        assert side.prices_e4 == sorted({one.up_price_e4 for one in standing.values()}) == sorted(side.levels)
        for price_e4, level in side.levels.items():
            there = [key for key, one in standing.items() if one.up_price_e4 == price_e4]
            assert list(level.orders) == there
            assert level.total_u6 == sum(standing[key].size_u6 for key in there)
