"""The compiled session against the Python one: the same frames give the same records, counts and books, byte
for byte."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.book import COUNT_NAMES as COMPILED_COUNT_NAMES
from feeder.book import COUNT_NAMES
from feeder.collect import MemorySink
from feeder.session import MarketSession
from tests import support_feed as feed

PRICES = st.one_of(
    st.integers(1, 99).map(lambda cents: f"0.{cents:02d}"),
    st.integers(1, 9999).map(lambda price_e4: f"0.{price_e4:04d}".rstrip("0")),
    st.sampled_from([".48", "0.5", "0.50", "0", "1", "1.0", "0.00001", "0.500000", "", "-0.5", "abc", "5.", "."]),
)
SIZES = st.one_of(
    st.integers(0, 50_000).map(str),
    st.sampled_from(["0", "12.34", ".5", "1.0000001", "1.234567", "281474976.710656", "281474976.710655", "1e3", ""]),
    st.sampled_from(["000000000001", "9999999999"]),
)
TOKENS = st.sampled_from([feed.UP, feed.UP, feed.UP, feed.DOWN, feed.DOWN, "99"])
MS = st.integers(0, 40)
BEST = st.one_of(PRICES, st.sampled_from(["", "0", "1"]))


@st.composite
def levels(draw: st.DrawFn) -> list[tuple[str, str]]:
    cents = draw(st.lists(st.integers(1, 99), max_size=8))
    good = [(f"0.{price:02d}", draw(st.integers(0, 900).map(str))) for price in cents]
    return good + draw(st.lists(st.tuples(PRICES, SIZES), max_size=1)) if draw(st.integers(0, 5)) == 0 else good


@st.composite
def books(draw: st.DrawFn) -> Any:
    more = draw(st.sampled_from([{}, {}, {}, {"tick_size": "0.01"}, {"tick_size": "0.001"}, {"tick_size": "0.02"}]))
    return feed.book(draw(TOKENS), draw(levels()), draw(levels()), draw(MS), **more)


@st.composite
def price_changes(draw: st.DrawFn) -> Any:
    changes = []
    for _ in range(draw(st.integers(0, 4))):
        best = {"best_bid": draw(BEST), "best_ask": draw(BEST)} if draw(st.integers(0, 4)) == 0 else {}
        side = draw(st.sampled_from(["BUY", "SELL", "BUY", "SELL", "buy"] if draw(st.booleans()) else ["BUY", "SELL"]))
        price = draw(st.integers(1, 99).map(lambda cents: f"0.{cents:02d}") | PRICES)
        changes.append(feed.change(draw(TOKENS), side, price, draw(SIZES), **best))
    return feed.price_change(draw(MS), *changes)


@st.composite
def others(draw: st.DrawFn) -> Any:
    token = draw(TOKENS)
    return draw(
        st.sampled_from(
            [
                feed.trade(token, "BUY", "0.5", "10", draw(MS)),
                {"event_type": "tick_size_change", "asset_id": token, "new_tick_size": "0.001",
                 "timestamp": feed.timestamp(draw(MS))},
                {"event_type": "best_bid_ask", "asset_id": token, "best_bid": "0.4", "best_ask": "0.6",
                 "timestamp": feed.timestamp(draw(MS))},
                {"event_type": "weather"},
                [],
                [feed.book(token, [("0.4", "5")], [("0.6", "5")], draw(MS))],
            ]
        )
    )  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A message, encoded in one of several ways, sometimes with a few bytes damaged."""
    message = draw(st.one_of(books(), books(), price_changes(), price_changes(), others()))
    if isinstance(message, dict) and draw(st.booleans()):
        message = dict(draw(st.permutations(list(message.items()))))
    frame = orjson.dumps(message, option=orjson.OPT_INDENT_2 if draw(st.integers(0, 4)) == 0 else 0)
    if draw(st.integers(0, 3)):
        return frame
    start = draw(st.integers(0, len(frame)))
    length = draw(st.integers(0, 3))
    junk = draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b",", b"}", b" ", b"\xc3\xa9", b"\\u0030"]))
    return frame[:start] + junk + frame[start + length :]


class Twins:
    """Both sessions on sinks of their own, fed alike."""

    def __init__(self, *, mirror_missing: bool) -> None:
        self.sinks = [MemorySink(), MemorySink()]
        self.sessions = [
            MarketSession(sink, compiled=compiled, mirror_missing=mirror_missing)
            for sink, compiled in zip(self.sinks, (True, False), strict=True)
        ]
        for session in self.sessions:
            session.add_market(feed.UP_ROW, feed.DOWN_ROW, feed.T0_NS)

    def receive(self, frame: bytes, recv_ns: int) -> None:
        for session in self.sessions:
            session.receive_frame(frame, recv_ns)

    def check(self, frame: bytes) -> None:
        compiled, python = self.sessions
        assert self.sinks[0].records == self.sinks[1].records, frame
        assert compiled.counts() == python.counts(), frame
        for ours, theirs in zip(compiled.books(), python.books(), strict=True):
            assert (ours.state, ours.shape, ours.top) == (theirs.state, theirs.shape, theirs.top), frame
            assert [ours.levels(side) for side in (0, 1)] == [theirs.levels(side) for side in (0, 1)], frame


@settings(max_examples=300, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=25), st.booleans())
def test_any_frames_give_the_same_records_counts_and_books(sent: list[bytes], mirror_missing: bool) -> None:
    twins = Twins(mirror_missing=mirror_missing)
    for number, frame in enumerate(sent):
        recv_ns = feed.T0_NS + number * 700_000_000
        twins.receive(frame, recv_ns)
        twins.check(frame)
        assert len({tuple(session.frames_to_send(recv_ns)) for session in twins.sessions}) == 1
        assert len({session.reconnect_reason for session in twins.sessions}) == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(books(), price_changes()), max_size=40))
def test_every_level_of_the_books_is_the_same_after_snapshots_and_changes(messages: list[Any]) -> None:
    twins = Twins(mirror_missing=False)
    for token in (feed.UP, feed.DOWN):
        opening = orjson.dumps(feed.book(token, [("0.4", "5")], [("0.6", "5")], 0))
        twins.receive(opening, feed.T0_NS)
    for message in messages:
        frame = orjson.dumps(message)
        twins.receive(frame, feed.T0_NS)
        twins.check(frame)


def test_a_frame_in_a_borrowed_buffer_is_read_as_the_same_bytes_are() -> None:
    twins = Twins(mirror_missing=False)
    frame = orjson.dumps(feed.book(feed.UP, [("0.4", "5")], [("0.6", "5")], 1))
    twins.receive(frame, 1)
    padded = memoryview(b"xx" + orjson.dumps(feed.book(feed.UP, [("0.41", "5")], [("0.6", "5")], 2)) + b"yy")
    for session in twins.sessions:
        session.receive_frame(padded[2:-2], 2)
    twins.check(b"")
    assert len(twins.sinks[0].records) == 4


def test_both_books_count_under_the_same_names() -> None:
    assert COMPILED_COUNT_NAMES == COUNT_NAMES


@pytest.mark.parametrize("part", range(4))
def test_all_recorded_rounds_give_the_same_records(part: int) -> None:
    paths = sorted((feed.data_folder() / "btc5m_ws_book" / "frames").glob("*.jsonl.gz"))
    assert len(paths) == 44, f"expected 44 recorded rounds, was {len(paths)}"
    for path in paths[part::4]:
        twins = Twins(mirror_missing=True)
        tokens: dict[str, str] = {}
        for frame, recv_ns in feed.recorded_frames(path):
            message = copy.copy(orjson.loads(frame))
            known = tokens.setdefault(message["asset_id"], (feed.UP, feed.DOWN)[len(tokens) % 2])
            twins.receive(frame.replace(message["asset_id"].encode(), known.encode()), recv_ns)
        twins.check(path.name.encode())
        assert len(twins.sinks[0].records) > 100, path.name
