"""One suite for both books: the compiled one and the Python one that states the rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeder.book import (
    ASK,
    BID,
    NOT_SAID,
    BookState,
    CompiledBook,
    PythonBook,
    Shape,
    TokenBook,
    Verdict,
    make_pair,
    mirror_level,
    shape_of,
)
from feeder.collect import MemorySink, Record
from shm.layout import FeedChange, Flag, Kind, pack_level, unpack_level

KINDS = pytest.mark.parametrize("kind", [CompiledBook, PythonBook], ids=["compiled", "python"])
SHARE = 1_000_000


def open_book(kind: Any, sink: MemorySink, *, lead: bool = True) -> TokenBook:
    book: TokenBook = kind(sink, 7, 100, lead)
    return book


def live_book(kind: Any, sink: MemorySink, *, lead: bool = True) -> TokenBook:
    book = open_book(kind, sink, lead=lead)
    book.load([(4800, 30 * SHARE), (4900, 20 * SHARE)], [(5200, 25 * SHARE), (5300, 60 * SHARE)], 100, 1)
    return book


def tops(sink: MemorySink) -> list[Record]:
    return sink.of_kind(Kind.TOB)


def feed_changes(sink: MemorySink) -> list[tuple[int, int, int]]:
    return [(record.instrument, record.aux, record.w2) for record in sink.of_kind(Kind.FEED)]


@KINDS
def test_a_snapshot_is_published_with_two_levels_a_side(kind: Any) -> None:
    sink = MemorySink()
    live_book(kind, sink)
    (record,) = sink.records
    assert [unpack_level(word) for word in record[4:8]] == [
        (4900, 20 * SHARE), (5200, 25 * SHARE), (4800, 30 * SHARE), (5300, 60 * SHARE),
    ]  # fmt: skip
    assert (record.kind, record.flags, record.instrument, record.aux) == (Kind.TOB, 0, 7, 100)
    assert (record.venue_ts_ns, record.recv_ts_ns) == (100, 1)


@KINDS
def test_a_change_sets_the_absolute_size_and_zero_removes_the_level(kind: Any) -> None:
    sink = MemorySink()
    book = live_book(kind, sink)
    assert book.apply([(BID, 4900, 5 * SHARE)], NOT_SAID, NOT_SAID, 101, 2) == Verdict.APPLIED
    assert unpack_level(tops(sink)[-1].w2) == (4900, 5 * SHARE)
    assert book.apply([(BID, 4900, 0)], 4800, 5200, 102, 3) == Verdict.APPLIED
    assert unpack_level(tops(sink)[-1].w2) == (4800, 30 * SHARE)
    assert tops(sink)[-1].w4 == 0


@KINDS
def test_a_change_below_the_two_best_levels_is_suppressed_and_counted(kind: Any) -> None:
    sink = MemorySink()
    book = live_book(kind, sink)
    book.apply([(BID, 1000, SHARE)], 4900, 5200, 101, 2)
    assert len(tops(sink)) == 1
    assert book.counts()["suppressed"] == 1
    assert book.counts()["level_changes"] == 1


@KINDS
def test_a_change_older_than_the_snapshot_is_dropped(kind: Any) -> None:
    sink = MemorySink()
    book = live_book(kind, sink)
    assert book.apply([(BID, 4900, 0)], NOT_SAID, NOT_SAID, 99, 2) == Verdict.OLDER
    assert book.levels(BID)[0] == (4900, 20 * SHARE)
    assert book.counts()["older_changes"] == 1


@KINDS
def test_a_late_change_cannot_bring_an_old_size_back(kind: Any) -> None:
    book = live_book(kind, MemorySink())
    book.apply([(BID, 4900, 7 * SHARE)], NOT_SAID, NOT_SAID, 110, 2)
    assert book.apply([(BID, 4900, SHARE), (BID, 4700, SHARE)], 1, 2, 105, 3) == Verdict.APPLIED
    assert book.levels(BID) == [(4900, 7 * SHARE), (4800, 30 * SHARE), (4700, SHARE)]
    assert book.counts()["late_levels"] == 1
    assert book.venue_ts_ns == 110


@KINDS
def test_a_snapshot_older_than_what_was_seen_is_dropped(kind: Any) -> None:
    book = live_book(kind, MemorySink())
    book.apply([(ASK, 5100, SHARE)], NOT_SAID, NOT_SAID, 110, 2)
    assert book.load([], [], 109, 3) == Verdict.OLDER
    assert book.levels(ASK)[0] == (5100, SHARE)


@KINDS
def test_a_change_before_the_snapshot_is_early_and_makes_an_older_snapshot_unusable(kind: Any) -> None:
    sink = MemorySink()
    book = open_book(kind, sink)
    assert book.apply([(BID, 4900, SHARE)], NOT_SAID, NOT_SAID, 110, 1) == Verdict.EARLY
    assert book.load([(4900, SHARE)], [], 109, 2) == Verdict.OLDER
    assert (book.state, sink.records) == (BookState.WAITING, [])
    book.forget()
    assert book.load([(4900, SHARE)], [], 109, 3) == Verdict.APPLIED
    assert book.state == BookState.LIVE


@KINDS
@pytest.mark.parametrize(("bid_e4", "ask_e4"), [(4800, 5200), (4900, 5300), (0, 5200), (4900, 0)])
def test_other_best_prices_than_ours_are_a_disagreement_and_nothing_is_published(
    kind: Any, bid_e4: int, ask_e4: int
) -> None:
    sink = MemorySink()
    book = live_book(kind, sink)
    assert book.apply([(BID, 1000, SHARE)], bid_e4, ask_e4, 101, 2) == Verdict.DISAGREED
    assert len(sink.records) == 1
    assert book.counts()["disagreements"] == 1


@KINDS
def test_an_unsynced_book_says_gap_once_and_resynced_with_the_next_snapshot(kind: Any) -> None:
    sink = MemorySink()
    book = live_book(kind, sink)
    book.unsync(1, 5)
    book.unsync(2, 6)
    assert book.apply([(BID, 4900, 0)], NOT_SAID, NOT_SAID, 120, 7) == Verdict.EARLY
    assert book.load([(4900, 20 * SHARE)], [], 121, 8) == Verdict.APPLIED
    book.apply([(BID, 4900, SHARE)], NOT_SAID, NOT_SAID, 122, 9)
    assert feed_changes(sink) == [(7, FeedChange.GAP, 1), (7, FeedChange.RESYNCED, 0)]
    assert [record.flags for record in tops(sink)] == [0, Flag.GAP_BEFORE, 0]


@KINDS
def test_a_book_that_does_not_lead_publishes_nothing_until_it_takes_the_lead(kind: Any) -> None:
    sink = MemorySink()
    book = live_book(kind, sink, lead=False)
    book.unsync(1, 2)
    book.load([(4900, SHARE)], [], 101, 3)
    assert sink.records == []
    book.take_lead(50, None, True, 4)
    assert [record.kind for record in sink.records] == [Kind.FEED, Kind.TOB]
    book.drop_lead()
    book.apply([(BID, 4900, 2 * SHARE)], NOT_SAID, NOT_SAID, 102, 5)
    assert len(sink.records) == 2


@KINDS
def test_a_new_leader_repeats_nothing_and_publishes_nothing_older(kind: Any) -> None:
    sink = MemorySink()
    first, second = live_book(kind, sink), live_book(kind, sink, lead=False)
    first.apply([(BID, 4900, 2 * SHARE)], NOT_SAID, NOT_SAID, 150, 2)
    second.take_lead(first.published_ts_ns, first.shown, False, 3)
    assert len(tops(sink)) == 2
    assert second.counts()["behind_published"] == 1
    second.apply([(BID, 4900, 2 * SHARE)], NOT_SAID, NOT_SAID, 151, 4)
    assert len(tops(sink)) == 2
    second.apply([(BID, 4900, 3 * SHARE)], NOT_SAID, NOT_SAID, 152, 5)
    assert [record.venue_ts_ns for record in tops(sink)] == [100, 150, 152]


@KINDS
def test_a_new_tick_publishes_the_same_top_again(kind: Any) -> None:
    sink = MemorySink()
    book = live_book(kind, sink)
    book.set_tick(10, 2)
    book.set_tick(10, 3)
    assert [record.aux for record in tops(sink)] == [100, 10]
    assert tops(sink)[0][4:8] == tops(sink)[1][4:8]


@KINDS
def test_the_shapes_of_a_book_have_names(kind: Any) -> None:
    sink = MemorySink()
    book = open_book(kind, sink)
    assert book.shape == Shape.EMPTY
    for number, (bids, asks, shape) in enumerate(
        [
            ([], [], Shape.EMPTY),
            ([(4900, SHARE)], [], Shape.BID_ONLY),
            ([], [(5200, SHARE)], Shape.ASK_ONLY),
            ([(4900, SHARE)], [(5200, SHARE)], Shape.TWO_SIDED),
            ([(5200, SHARE)], [(5200, SHARE)], Shape.CROSSED),
            ([(5300, SHARE)], [(5200, SHARE)], Shape.CROSSED),
        ]
    ):
        book.load(bids, asks, 100 + number, number)
        assert book.shape == shape == shape_of(book.top)
        assert bool(tops(sink)[-1].flags & Flag.CROSSED) == (shape == Shape.CROSSED)
    assert book.counts()["crossed"] == 2


@KINDS
def test_the_silent_token_is_published_as_the_mirror_image_until_it_speaks(kind: Any) -> None:
    sink = MemorySink()
    up, down = make_pair(kind, sink, [(0, 100), (1, 100)], lead=True, mirror=True)
    up.load([(4800, 30 * SHARE)], [(5300, 60 * SHARE)], 100, 1)
    assert tops(sink)[1][1:8] == (
        Flag.MIRRORED,
        1,
        100,
        pack_level(4700, 60 * SHARE),
        pack_level(5200, 30 * SHARE),
        0,
        0,
    )
    up.unsync(2, 2)
    assert feed_changes(sink) == [(0, FeedChange.GAP, 2), (1, FeedChange.GAP, 2)]
    down.load([(4600, SHARE)], [(5200, SHARE)], 101, 3)
    up.load([(4900, SHARE)], [], 102, 4)
    assert [record.instrument for record in tops(sink)] == [0, 1, 1, 0]
    assert not tops(sink)[2].flags & Flag.MIRRORED


@KINDS
@pytest.mark.parametrize("price_e4", [0, 10_000, -1, 20_000])
def test_a_price_outside_the_grid_is_a_bug_of_the_caller(kind: Any, price_e4: int) -> None:
    book = live_book(kind, MemorySink())
    with pytest.raises(AssertionError, match="price_e4 must be in"):
        book.load([(price_e4, SHARE)], [], 200, 2)
    with pytest.raises(AssertionError, match="price_e4 must be in"):
        book.apply([(ASK, price_e4, SHARE)], NOT_SAID, NOT_SAID, 200, 2)


LEVELS = st.lists(st.tuples(st.integers(1, 9999), st.integers(0, 2**48 - 1)), max_size=30)
CHANGES = st.lists(
    st.tuples(st.sampled_from([BID, ASK]), st.integers(1, 9999), st.integers(0, 3) | st.just(2**48 - 1)), max_size=30
)


@given(LEVELS, LEVELS, CHANGES)
def test_the_compiled_ladder_holds_what_the_dictionary_holds(bids: Any, asks: Any, changes: Any) -> None:
    books = [kind(MemorySink(), 0, 100) for kind in (CompiledBook, PythonBook)]
    for book in books:
        book.load(bids, asks, 100, 1)
        for number, change in enumerate(changes):
            book.apply([change], NOT_SAID, NOT_SAID, 100 + number, 2)
    compiled, python = books
    assert [compiled.levels(side) for side in (BID, ASK)] == [python.levels(side) for side in (BID, ASK)]
    assert compiled.top == python.top
    assert compiled.counts() == python.counts()


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(0, 5)), max_size=25), st.randoms())
def test_reordered_changes_end_in_the_book_of_their_order(changes: Any, random: Any) -> None:
    stamped = [(100 + number, BID, price, size) for number, (_, price, size) in enumerate(changes)]
    shuffled = list(stamped)
    random.shuffle(shuffled)
    books = []
    for order in (stamped, shuffled):
        book = PythonBook(MemorySink(), 0, 100)
        book.load([], [], 50, 1)
        for ts_ns, side, price_e4, size_u6 in order:
            book.apply([(side, price_e4, size_u6)], NOT_SAID, NOT_SAID, ts_ns, 2)
        books.append(book)
    assert books[0].levels(BID) == books[1].levels(BID)


@given(st.integers(1, 9999), st.integers(1, 2**48 - 1))
def test_the_mirror_of_the_mirror_is_the_level(price_e4: int, size_u6: int) -> None:
    word = pack_level(price_e4, size_u6)
    assert unpack_level(mirror_level(word)) == (10_000 - price_e4, size_u6)
    assert mirror_level(mirror_level(word)) == word
    assert mirror_level(0) == 0
