"""Which line leads: the rules alone, then with sessions whose books follow them."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from feeder.book import BookState
from feeder.collect import MemorySink
from feeder.lines import LEAD_MARGIN_NS, LEADER_STALE_NS, BookView, Lines, choose_leader
from feeder.listings import Listings
from feeder.session import GapReason, MarketSession
from feeder.tape import TradeTape
from shm.layout import FeedChange, Flag, Kind, unpack_level
from tests import support_feed as feed
from tests.support_feed import DOWN, UP, book, change, price_change, trade

MS = 1_000_000
VIEWS = st.builds(BookView, st.booleans(), st.integers(0, 5).map(lambda n: n * 125 * MS), st.integers(0, 4 * 10**9))
TABLES = st.dictionaries(st.integers(0, 3), VIEWS, max_size=4)


@given(st.integers(0, 3), TABLES, st.integers(0, 6 * 10**9))
def test_a_book_that_is_not_live_never_takes_the_lead(leader: int, books: dict[int, BookView], now_ns: int) -> None:
    chosen = choose_leader(leader, books, now_ns)
    assert chosen == leader or books[chosen].live
    if any(view.live for view in books.values()):
        assert books[chosen].live


@given(st.integers(0, 3), TABLES, st.integers(0, 6 * 10**9))
def test_the_lead_moves_only_for_a_reason(leader: int, books: dict[int, BookView], now_ns: int) -> None:
    chosen = choose_leader(leader, books, now_ns)
    if chosen == leader or leader not in books or not books[leader].live:
        return
    ahead_ns = books[chosen].venue_ts_ns - books[leader].venue_ts_ns
    stale = now_ns - books[leader].recv_ts_ns >= LEADER_STALE_NS
    assert ahead_ns >= LEAD_MARGIN_NS or (stale and ahead_ns > 0)


@given(st.integers(0, 3), TABLES, st.integers(0, 6 * 10**9))
def test_a_choice_is_stable_and_leaves_nobody_ahead_by_the_margin(
    leader: int, books: dict[int, BookView], now_ns: int
) -> None:
    chosen = choose_leader(leader, books, now_ns)
    assert choose_leader(chosen, books, now_ns) == chosen
    if any(view.live for view in books.values()):
        newest_ns = max(view.venue_ts_ns for view in books.values() if view.live)
        assert newest_ns - books[chosen].venue_ts_ns < LEAD_MARGIN_NS


class Pair:
    """Two lines over one sink; frames are given to one or the other."""

    def __init__(self, lines: int = 2) -> None:
        self.sink = MemorySink()
        self.listings = Listings(self.sink)
        self.tape = TradeTape()
        self.lines = Lines()
        for number in range(lines):
            self.join(number)

    def join(self, number: int, now_ns: int = 0) -> MarketSession:
        session = MarketSession(self.sink, listings=self.listings, tape=self.tape, lead=False)
        session.add_market(feed.UP_ROW, feed.DOWN_ROW, now_ns)
        self.lines.join(number, session, now_ns)
        session.connected(now_ns)
        return session

    def give(self, line: int, message: Any, recv_ns: int = 1) -> None:
        self.lines.sessions[line].receive_frame(orjson.dumps(message), recv_ns)
        self.lines.after_frame(line, recv_ns)

    def tops(self) -> list[tuple[int, int, int]]:
        """Return (instrument, best bid, venue time in ms) of what was published."""
        return [
            (record.instrument, unpack_level(record.w2)[0], (record.venue_ts_ns - feed.T0_NS) // MS)
            for record in self.sink.of_kind(Kind.TOB)
        ]

    def feed_records(self) -> list[tuple[int, int, int]]:
        return [(record.instrument, record.aux, record.w2) for record in self.sink.of_kind(Kind.FEED)]


def up_book(bid: str, ms: int) -> Any:
    return book(UP, [(bid, "5")], [("0.6", "5")], ms)


def test_only_the_leader_is_published_and_both_are_kept() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0))
        pair.give(line, up_book("0.41", 10))
    assert pair.tops() == [(0, 4000, 0), (0, 4100, 10)]
    assert pair.lines.lead_changes == 0
    assert [session.book(UP).top for session in pair.lines.sessions.values()] == [
        pair.lines.sessions[0].book(UP).top
    ] * 2  # fmt: skip


def test_the_lead_moves_when_the_other_is_newer_by_250_ms_and_nothing_is_published_twice() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0))
    pair.give(1, up_book("0.41", 249))
    assert pair.lines.leader(UP) == 0
    pair.give(1, up_book("0.42", 250))
    assert pair.lines.leader(UP) == 1
    pair.give(0, up_book("0.41", 249))
    pair.give(0, up_book("0.42", 250))
    pair.give(1, up_book("0.43", 260))
    assert pair.tops() == [(0, 4000, 0), (0, 4200, 250), (0, 4300, 260)]


def test_each_token_has_a_leader_of_its_own() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0))
        pair.give(line, book(DOWN, [("0.3", "5")], [], 0))
    pair.give(1, up_book("0.5", 300))
    assert (pair.lines.leader(UP), pair.lines.leader(DOWN)) == (1, 0)


def test_a_stale_leader_loses_to_any_newer_book() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0), recv_ns=1)
    pair.give(1, up_book("0.41", 100), recv_ns=LEADER_STALE_NS)
    assert pair.lines.leader(UP) == 0
    pair.give(1, up_book("0.42", 101), recv_ns=LEADER_STALE_NS + 1)
    assert pair.lines.leader(UP) == 1


def test_a_leader_that_disagrees_is_replaced_without_a_gap() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0))
    pair.give(0, price_change(5, change(UP, "BUY", "0.41", "5", best_bid="0.5", best_ask="0.6")))
    assert pair.lines.leader(UP) == 1
    assert pair.feed_records() == []
    assert pair.lines.sessions[0].book(UP).state == BookState.UNSYNCED  # type: ignore[union-attr]


def test_a_gap_is_said_only_when_no_line_is_left_and_closed_by_whichever_is_first_again() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0))
    bad = price_change(5, change(UP, "BUY", "0.41", "5", best_bid="0.5", best_ask="0.6"))
    pair.give(0, bad)
    pair.give(1, bad)
    assert pair.feed_records() == [(0, FeedChange.GAP, GapReason.DISAGREEMENT)]
    pair.give(0, up_book("0.5", 6))
    assert pair.feed_records()[1:] == [(0, FeedChange.RESYNCED, 0)]
    pair.give(1, up_book("0.5", 6))
    assert pair.lines.leader(UP) == 0
    assert pair.tops() == [(0, 4000, 0), (0, 5000, 6)]


def test_a_line_that_leaves_hands_over_what_it_led() -> None:
    pair = Pair()
    for line in (0, 1):
        pair.give(line, up_book("0.4", 0))
    pair.lines.leave(0, 5)
    assert pair.lines.leader(UP) == 1
    assert pair.feed_records() == []
    pair.give(1, up_book("0.41", 1))
    assert pair.tops()[-1] == (0, 4100, 1)
    assert pair.lines.counts()["snapshots"] == 3


def test_when_the_last_line_leaves_the_gap_stays_open_for_the_next() -> None:
    pair = Pair(lines=1)
    pair.give(0, up_book("0.4", 100))
    pair.lines.leave(0, 5)
    assert pair.feed_records() == [(0, FeedChange.GAP, GapReason.DISCONNECTED)]
    assert pair.lines.leader(UP) is None
    pair.join(7, now_ns=6)
    pair.give(7, up_book("0.3", 99))
    assert pair.tops() == [(0, 4000, 100)]
    pair.give(7, up_book("0.4", 101))
    assert pair.feed_records()[1:] == [(0, FeedChange.RESYNCED, 0)]
    assert pair.tops()[1:] == [(0, 4000, 101)]


def test_a_trade_is_published_from_whichever_line_has_it_first() -> None:
    pair = Pair()
    pair.give(1, trade(UP, "BUY", "0.5", "3", 10))
    pair.give(0, trade(UP, "BUY", "0.5", "3", 10))
    pair.give(0, trade(UP, "BUY", "0.5", "3", 11))
    assert len(pair.sink.of_kind(Kind.TRADE)) == 2


def test_a_market_fact_of_two_lines_is_published_once() -> None:
    pair = Pair()
    tick = {"event_type": "tick_size_change", "asset_id": UP, "new_tick_size": "0.001", "timestamp": feed.timestamp(1)}
    pair.give(0, tick)
    pair.give(1, tick)
    assert len(pair.sink.of_kind(Kind.MARKET)) == 3


def test_books_that_differ_at_the_same_venue_time_diverge_once_they_had_time_to_settle() -> None:
    pair = Pair()
    pair.give(0, up_book("0.4", 100), recv_ns=0)
    pair.give(1, up_book("0.41", 100), recv_ns=10)
    assert pair.lines.divergent(400 * MS) == []
    assert pair.lines.divergent(600 * MS) == [UP]
    assert pair.lines.divergent(700 * MS) == []
    assert pair.lines.divergences == 1
    pair.give(1, up_book("0.4", 100), recv_ns=800 * MS)
    pair.give(0, up_book("0.4", 101), recv_ns=800 * MS)
    assert pair.lines.divergent(2000 * MS) == []


def test_a_book_that_rest_proved_wrong_is_resynced_and_the_other_leads() -> None:
    pair = Pair()
    pair.give(0, up_book("0.4", 100))
    pair.give(1, up_book("0.41", 100))
    pair.lines.resync(0, UP, 5)
    assert pair.lines.leader(UP) == 1
    assert pair.tops() == [(0, 4000, 100), (0, 4100, 100)]


def test_dropped_tokens_have_no_leader_any_more() -> None:
    pair = Pair()
    pair.lines.drop([UP, DOWN])
    for session in pair.lines.sessions.values():
        session.drop_market(UP)
    assert pair.lines.leader(UP) is None
    pair.lines.leave(0, 1)
    assert pair.lines.divergent(10**12) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1]), st.integers(0, 6), st.integers(30, 45), st.sampled_from(["book", "bad", "book"])
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_the_lines_say_venue_time_never_goes_back_and_gaps_are_closed_before_books(steps: Any) -> None:
    pair = Pair()
    now_ns = 0
    for line, late, cents, kind in steps:
        now_ns += 100 * MS
        ms = now_ns // MS - 100 * late
        if ms < 0:
            continue
        wrong = price_change(ms, change(UP, "BUY", "0.2", "1", best_bid="0.9", best_ask="0.95"))
        pair.give(line, up_book(f"0.{cents}", ms) if kind == "book" else wrong, recv_ns=now_ns)
    open_gap, newest_ns = False, 0
    for record in pair.sink.records:
        if record.kind == Kind.FEED:
            assert (record.aux == FeedChange.GAP) != open_gap
            open_gap = record.aux == FeedChange.GAP
        elif record.kind == Kind.TOB:
            assert not open_gap
            assert record.venue_ts_ns >= newest_ns
            assert not record.flags & Flag.CROSSED
            newest_ns = record.venue_ts_ns
