"""Every quirk of the market channel, on the compiled session and on the Python one."""

import logging
from typing import Any

import orjson
import pytest

from feeder.book import BookState
from feeder.collect import MemorySink
from feeder.session import FRAME_BYTES_MAX, GapReason, MarketSession
from feeder.subscription import Subscription
from shm.layout import FeedChange, Flag, Kind, MarketChange, Result, unpack_level
from tests import support_feed as feed
from tests.support_feed import DOWN, UP, book, change, give, price_change, trade
from tests.unit.feeder.conftest import Open

S = 10**9


@pytest.fixture
def session(open_session: Open) -> MarketSession:
    session = open_session()
    session.add_market(feed.UP_ROW, feed.DOWN_ROW, feed.T0_NS)
    session.frames_to_send(feed.T0_NS)
    return session


def both_books(ms: int = 0) -> list[Any]:
    return [book(UP, [("0.48", "30")], [("0.52", "25")], ms), book(DOWN, [("0.48", "25")], [("0.52", "30")], ms)]


def feed_records(sink: MemorySink) -> list[tuple[int, int, int]]:
    return [(record.instrument, record.aux, record.w2) for record in sink.of_kind(Kind.FEED)]


def best(record: Any) -> tuple[int, int]:
    return unpack_level(record.w2)[0], unpack_level(record.w3)[0]


def test_a_market_is_announced_with_both_tokens_and_what_an_order_must_obey(
    session: MarketSession, sink: MemorySink
) -> None:
    up, down = sink.of_kind(Kind.MARKET)
    assert sink.instruments == [feed.UP_ROW, feed.DOWN_ROW]
    assert (up.aux, up.w2, up.w3) == (MarketChange.OPENED, 100 | 5_000_000 << 16, 70_000 | 1 << 32 | 1 << 48)
    assert (up.w4, up.w5 & 0xFFFFFF, down.w5 & 0xFFFFFF) == (feed.START_S | 900 << 40, 1 | 1 << 16, 0 | 2 << 16)


def test_the_first_reply_is_an_array_of_books(session: MarketSession, sink: MemorySink) -> None:
    give(session, both_books())
    assert [record.instrument for record in sink.of_kind(Kind.TOB)] == [0, 1]


def test_array_elements_of_old_captures_without_event_type_are_told_by_their_fields(
    session: MarketSession, sink: MemorySink
) -> None:
    bare = [{key: value for key, value in each.items() if key != "event_type"} for each in both_books()]
    give(session, bare)
    assert len(sink.of_kind(Kind.TOB)) == 2


def test_the_best_level_is_the_last_of_each_side_and_order_does_not_matter(
    session: MarketSession, sink: MemorySink
) -> None:
    give(session, book(UP, [("0.5", "15"), ("0.49", "20"), ("0.48", "30")], [("0.52", "25"), ("0.53", "60")], 0))
    reverse = book(UP, [("0.48", "30"), ("0.49", "20"), ("0.5", "15")], [("0.53", "60"), ("0.52", "25")], 1)
    give(session, reverse)
    (record,) = sink.of_kind(Kind.TOB)
    assert best(record) == (5000, 5200)
    assert session.counts()["suppressed"] == 1


def test_one_price_change_moves_both_tokens(session: MarketSession, sink: MemorySink) -> None:
    give(session, both_books())
    give(
        session,
        price_change(
            5,
            change(UP, "BUY", "0.5", "200", best_bid="0.5", best_ask="0.52"),
            change(DOWN, "SELL", "0.5", "200", best_bid="0.48", best_ask="0.5"),
        ),
    )
    up, down = sink.of_kind(Kind.TOB)[2:]
    assert (best(up), best(down)) == ((5000, 5200), (4800, 5000))
    assert up.venue_ts_ns == feed.venue_ns(5)


@pytest.mark.parametrize(("best_bid", "best_ask"), [("0", "1"), ("", ""), ("0", ""), ("0.0", "1.00")])
def test_an_emptied_side_is_said_in_several_ways(
    session: MarketSession, sink: MemorySink, best_bid: str, best_ask: str
) -> None:
    give(session, both_books())
    give(session, price_change(1, change(UP, "BUY", "0.48", "0", best_bid=best_bid, best_ask="0.52")))
    give(session, price_change(2, change(UP, "SELL", "0.52", "0", best_bid=best_bid, best_ask=best_ask)))
    assert [best(record) for record in sink.of_kind(Kind.TOB)[2:]] == [(0, 5200), (0, 0)]
    assert "best_price_disagreement" not in session.counts()


def test_the_schema_of_before_september_2025_is_read(session: MarketSession, sink: MemorySink) -> None:
    give(session, both_books())
    old = {
        "event_type": "price_change", "asset_id": UP, "market": feed.MARKET,
        "changes": [{"price": "0.5", "side": "BUY", "size": "200"}],
        "timestamp": feed.timestamp(3), "hash": "ab",
    }  # fmt: skip
    give(session, old)
    assert best(sink.of_kind(Kind.TOB)[-1]) == (5000, 5200)


def test_numbers_without_a_leading_zero_are_read(session: MarketSession, sink: MemorySink) -> None:
    give(session, book(UP, [(".48", ".5")], [(".5200", "25.")], 0))
    assert best(sink.of_kind(Kind.TOB)[0]) == (4800, 5200)


def test_a_disagreement_is_a_gap_resubscribed_and_healed_by_the_snapshot(
    session: MarketSession, sink: MemorySink
) -> None:
    give(session, both_books())
    give(session, price_change(5, change(UP, "BUY", "0.5", "200", best_bid="0.51", best_ask="0.52")), recv_ns=5)
    assert feed_records(sink) == [(0, FeedChange.GAP, GapReason.DISAGREEMENT)]
    assert len(sink.of_kind(Kind.TOB)) == 2
    leave, join = map(orjson.loads, session.frames_to_send(5))
    assert (leave["operation"], leave["assets_ids"]) == ("unsubscribe", [UP])
    assert (join["operation"], join["assets_ids"]) == ("subscribe", [UP])
    give(session, book(UP, [("0.51", "9")], [("0.52", "25")], 6), recv_ns=6)
    assert feed_records(sink)[1:] == [(0, FeedChange.RESYNCED, 0)]
    assert sink.records[-1].flags == Flag.GAP_BEFORE
    assert session.frames_to_send(7) == []


def test_only_the_last_entry_of_a_message_states_the_best_prices_after_it(
    session: MarketSession, sink: MemorySink
) -> None:
    give(session, both_books())
    give(
        session,
        price_change(
            1,
            change(UP, "BUY", "0.49", "5", best_bid="0.5", best_ask="0.52"),
            change(UP, "BUY", "0.5", "5", best_bid="0.5", best_ask="0.52"),
        ),
    )
    assert best(sink.records[-1]) == (5000, 5200)
    assert "disagreements" not in session.counts()


def test_changes_older_than_the_snapshot_are_dropped_after_a_resubscription_race(
    session: MarketSession, sink: MemorySink
) -> None:
    give(session, both_books(10))
    give(session, price_change(9, change(UP, "BUY", "0.5", "1", best_bid="0.5", best_ask="0.52")))
    assert len(sink.of_kind(Kind.TOB)) == 2
    assert session.counts()["older_changes"] == 1


def test_a_change_before_the_first_snapshot_is_not_a_book(session: MarketSession, sink: MemorySink) -> None:
    give(session, price_change(9, change(UP, "BUY", "0.5", "1", best_bid="0.5", best_ask="0.52")))
    assert sink.of_kind(Kind.TOB) == []
    assert session.counts()["early_changes"] == 1
    give(session, both_books(10))
    assert len(sink.of_kind(Kind.TOB)) == 2


def test_a_snapshot_older_than_the_changes_before_it_is_asked_for_again_and_then_taken(
    session: MarketSession, sink: MemorySink
) -> None:
    give(session, price_change(9, change(UP, "BUY", "0.5", "1")))
    give(session, both_books(8)[0], recv_ns=S)
    assert sink.of_kind(Kind.TOB) == []
    assert len(session.frames_to_send(S)) == 2
    give(session, both_books(8)[0], recv_ns=2 * S)
    assert len(sink.of_kind(Kind.TOB)) == 1


def test_duplicated_messages_change_nothing(session: MarketSession, sink: MemorySink) -> None:
    step = price_change(5, change(UP, "BUY", "0.5", "200", best_bid="0.5", best_ask="0.52"))
    give(
        session,
        both_books(),
        both_books(),
        step,
        step,
        trade(UP, "BUY", "0.52", "3", 6),
        trade(UP, "BUY", "0.52", "3", 6),
    )
    assert len(sink.of_kind(Kind.TOB)) == 3
    assert len(sink.of_kind(Kind.TRADE)) == 1
    assert session.counts()["trade_copies"] == 1


def test_a_trade_carries_the_takers_side(session: MarketSession, sink: MemorySink) -> None:
    give(session, trade(UP, "BUY", "0.52", "6.19", 7, transaction_hash="0xac"), trade(DOWN, "SELL", "0.2", "5", 8))
    buy, sell = sink.of_kind(Kind.TRADE)
    assert (unpack_level(buy.w2), buy.w3, buy.venue_ts_ns) == ((5200, 6_190_000), 1, feed.venue_ns(7))
    assert (sell.instrument, sell.w3) == (1, 2)


def test_a_tick_change_is_a_market_record_and_marks_the_next_book(session: MarketSession, sink: MemorySink) -> None:
    give(session, both_books())
    tick = {"event_type": "tick_size_change", "asset_id": UP, "old_tick_size": "0.01", "new_tick_size": "0.001"}
    give(session, {**tick, "timestamp": feed.timestamp(5)}, {**tick, "timestamp": feed.timestamp(6)})
    (market,) = [record for record in sink.of_kind(Kind.MARKET) if record.aux == MarketChange.TICK]
    assert (market.instrument, market.w2 & 0xFFFF) == (0, 10)
    assert sink.records[-1].aux == 10
    give(session, {**tick, "new_tick_size": "0.01", "timestamp": feed.timestamp(4)})
    assert sink.records[-1].aux == 10


def test_a_book_that_names_another_tick_is_word_of_the_tick(session: MarketSession, sink: MemorySink) -> None:
    give(session, book(UP, [("0.975", "5")], [], 5, tick_size="0.001"))
    assert [record.aux for record in sink.records[2:]] == [MarketChange.TICK, 10]


def test_a_best_bid_ask_checks_the_book_and_changes_nothing(session: MarketSession, sink: MemorySink) -> None:
    give(session, both_books())
    message = {"event_type": "best_bid_ask", "asset_id": UP, "best_bid": "0.48", "best_ask": "0.52", "spread": "0.04"}
    give(session, {**message, "timestamp": feed.timestamp(2)})
    assert feed_records(sink) == []
    give(session, {**message, "best_bid": "0.49", "timestamp": feed.timestamp(3)})
    assert feed_records(sink) == [(0, FeedChange.GAP, GapReason.DISAGREEMENT)]


def test_a_resolution_is_published_for_both_tokens_once(session: MarketSession, sink: MemorySink) -> None:
    message = {"event_type": "market_resolved", "assets_ids": [UP, DOWN], "winning_asset_id": DOWN,
               "winning_outcome": "Down", "timestamp": feed.timestamp(5)}  # fmt: skip
    give(session, message, message, {**message, "winning_asset_id": "99"})
    resolved = [record for record in sink.of_kind(Kind.MARKET) if record.aux == MarketChange.RESOLVED]
    assert [(record.instrument, record.w5 >> 24) for record in resolved] == [(1, Result.WON), (0, Result.LOST)]


def test_new_markets_and_pongs_are_counted(session: MarketSession, sink: MemorySink) -> None:
    give(session, {"event_type": "new_market", "id": "1", "assets_ids": ["7", "8"]}, b"PONG", memoryview(b"PONG"))
    assert {name: session.counts()[name] for name in ("new_market", "pong", "frames")} == {
        "new_market": 1, "pong": 2, "frames": 3,
    }  # fmt: skip


def test_invalid_operation_asks_for_a_new_connection(session: MarketSession) -> None:
    give(session, b"INVALID OPERATION")
    assert session.reconnect_reason is not None
    session.connected(1)
    assert session.reconnect_reason is None


def test_an_empty_array_is_counted_and_the_missing_snapshot_ends_in_a_reconnect(session: MarketSession) -> None:
    give(session, b"[]")
    assert session.counts()["empty_array"] == 1
    assert session.reconnect_reason is None
    session.frames_to_send(feed.T0_NS + Subscription.SNAPSHOT_WAIT_S * S)
    assert session.reconnect_reason is not None
    assert UP in session.reconnect_reason


def test_a_snapshot_that_came_before_its_subscription_was_sent_is_not_waited_for(open_session: Open) -> None:
    session = open_session()
    session.add_market(feed.UP_ROW, feed.DOWN_ROW, feed.T0_NS)
    give(session, both_books())
    session.frames_to_send(feed.T0_NS)
    give(session, both_books(1))
    session.frames_to_send(feed.T0_NS + Subscription.SNAPSHOT_WAIT_S * S)
    assert session.reconnect_reason is None


BAD_STATEFUL = {
    "not JSON": (b"{", "malformed_json", [0, 1]),
    "empty": (b"", "malformed_json", [0, 1]),
    "not UTF-8": (b'{"event_type":"\xff"}', "malformed_json", [0, 1]),
    "no object": (b"7", "malformed_message", [0, 1]),
    "no event type": (b'{"asset_id":"%s"}' % UP.encode(), "malformed_message", [0]),
    "price off the grid": (book(UP, [("0.48001", "3")], [], 9), "malformed_book", [0]),
    "price of one": (book(UP, [("1", "3")], [], 9), "malformed_book", [0]),
    "empty price": (book(UP, [("", "3")], [], 9), "malformed_book", [0]),
    "negative size": (book(UP, [("0.4", "-3")], [], 9), "malformed_book", [0]),
    "exponent": (book(UP, [("0.4", "1e3")], [], 9), "malformed_book", [0]),
    "huge size": (book(UP, [("0.4", "281474977")], [], 9), "malformed_book", [0]),
    "no bids": ({**book(UP, [], [], 9), "bids": None}, "malformed_book", [0]),
    "numbers not strings": ({**book(UP, [], [], 9), "bids": [{"price": 0.4, "size": 3}]}, "malformed_book", [0]),
    "no timestamp": ({**book(UP, [], [], 9), "timestamp": ""}, "malformed_book", [0]),
    "timestamp of another era": ({**book(UP, [], [], 9), "timestamp": "9" * 15}, "malformed_book", [0]),
    "unknown tick": (book(UP, [], [], 9, tick_size="0.02"), "malformed_book", [0]),
    "bad side": (price_change(9, change(DOWN, "buy", "0.4", "3")), "malformed_price_change", [1]),
    "bad price": (price_change(9, change(UP, "BUY", "abc", "3")), "malformed_price_change", [0]),
    "changes not a list": ({**price_change(9), "price_changes": {}}, "malformed_price_change", [0, 1]),
    "bad tick": (
        {"event_type": "tick_size_change", "asset_id": UP, "new_tick_size": "0.02", "timestamp": "1"},
        "malformed_tick_size_change",
        [0],
    ),
}


@pytest.mark.parametrize("case", BAD_STATEFUL)
def test_what_should_have_changed_a_book_and_cannot_be_read_makes_it_doubtful(
    session: MarketSession, sink: MemorySink, case: str
) -> None:
    message, count, doubtful = BAD_STATEFUL[case]
    give(session, both_books())
    tops = len(sink.of_kind(Kind.TOB))
    give(session, message)
    assert session.counts()[count] == 1
    assert feed_records(sink) == [(index, FeedChange.GAP, GapReason.BAD_MESSAGE) for index in doubtful]
    assert len(sink.of_kind(Kind.TOB)) == tops


@pytest.mark.parametrize(
    ("message", "count"),
    [
        ({"event_type": "weather", "asset_id": UP}, "unknown_event_type"),
        (trade(UP, "BUY", "", "3", 1), "malformed_last_trade_price"),
        (trade(UP, "BUY", "0.5", "3", 1) | {"side": ""}, "malformed_last_trade_price"),
        (trade("99", "BUY", "0.5", "3", 1), "unknown_asset"),
        (book("99", [("0.4", "5")], [], 1), "unknown_asset"),
        (price_change(1, change("99", "BUY", "0.4", "5")), "unknown_asset"),
        ({"event_type": "market_resolved", "winning_asset_id": None}, "malformed_market_resolved"),
    ],
)
def test_what_concerns_no_book_is_counted_and_leaves_the_books_alone(
    session: MarketSession, sink: MemorySink, message: Any, count: str
) -> None:
    give(session, both_books())
    published = len(sink.records)
    give(session, message)
    assert session.counts()[count] == 1
    assert len(sink.records) == published
    assert all(each.state == BookState.LIVE for each in session.books())


def test_a_huge_frame_is_counted_and_not_read(session: MarketSession, sink: MemorySink) -> None:
    give(session, both_books())
    give(session, b"[" + b" " * FRAME_BYTES_MAX + b"]")
    assert session.counts()["huge_frame"] == 1
    assert len(feed_records(sink)) == 2


def test_a_lost_connection_is_a_gap_and_the_next_one_subscribes_everything_again(
    session: MarketSession, sink: MemorySink
) -> None:
    give(session, both_books(5))
    session.disconnected(S)
    assert feed_records(sink) == [
        (0, FeedChange.GAP, GapReason.DISCONNECTED),
        (1, FeedChange.GAP, GapReason.DISCONNECTED),
    ]
    session.connected(2 * S)
    (frame,) = session.frames_to_send(2 * S)
    assert orjson.loads(frame) == {"type": "market", "assets_ids": [UP, DOWN], "custom_feature_enabled": True}
    give(session, both_books(4), recv_ns=3 * S)
    assert [change for _, change, _ in feed_records(sink)[2:]] == [FeedChange.RESYNCED] * 2


def test_a_dropped_market_is_unsubscribed_and_unknown_from_then_on(session: MarketSession) -> None:
    give(session, both_books())
    session.drop_market(DOWN)
    (frame,) = session.frames_to_send(feed.T0_NS)
    assert orjson.loads(frame) == {"operation": "unsubscribe", "assets_ids": [UP, DOWN]}
    give(session, both_books(1))
    assert session.counts()["unknown_asset"] == 2
    assert session.counts()["snapshots"] == 2


def test_each_kind_of_complaint_is_logged_once_a_minute(
    session: MarketSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "feeder"):
        for recv_ns in (0, 59 * S, 60 * S):
            give(session, {"event_type": "weather"}, recv_ns=feed.T0_NS + recv_ns)
    assert [record.message for record in caplog.records] == [
        "feed: unknown_event_type (1 so far): weather",
        "feed: unknown_event_type (3 so far): weather",
    ]
    assert session.counts()["unknown_event_type"] == 3


def test_without_the_other_tokens_data_its_book_is_the_mirror_image(open_session: Open, sink: MemorySink) -> None:
    session = open_session(mirror_missing=True)
    session.add_market(feed.UP_ROW, feed.DOWN_ROW, feed.T0_NS, Flag.INFERRED)
    give(session, both_books()[0])
    own, mirrored = sink.of_kind(Kind.TOB)
    assert (own.flags, mirrored.flags, best(mirrored)) == (0, Flag.MIRRORED, (4800, 5200))
    assert {record.flags for record in sink.of_kind(Kind.MARKET)} == {Flag.INFERRED}
