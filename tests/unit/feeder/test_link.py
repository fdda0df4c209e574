"""One connection, with a transport that only remembers and a clock that the test moves."""

import orjson
import pytest

from engine.venue.market_channel import PING
from feeder.collect import MemorySink
from feeder.lines import Lines
from feeder.link import TIMED_EVERY, Link
from feeder.session import MarketSession
from shm.layout import Kind
from tests import support_feed as feed
from tests.support_feed import DOWN, UP, book

S = 10**9


class FakeConnection:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    async def close(self) -> None:
        self.closed = True


class Tape:
    def __init__(self) -> None:
        self.frames: list[tuple[int, int, bytes]] = []

    def record_frame(self, line: int, recv_ts_ns: int, frame: bytes) -> None:
        self.frames.append((line, recv_ts_ns, frame))


class Stage:
    def __init__(self) -> None:
        self.now_ns = feed.T0_NS
        self.sink, self.tape, self.connection = MemorySink(), Tape(), FakeConnection()
        lines = Lines()
        session = MarketSession(self.sink, lead=False)
        session.add_market(feed.UP_ROW, feed.DOWN_ROW, self.now_ns)
        lines.join(3, session, self.now_ns)
        self.link = Link(3, session, lines, lambda: self.now_ns, self.tape)

    def books(self) -> list[bytes]:
        return [orjson.dumps(book(token, [("0.4", "5")], [("0.6", "5")], 0)) for token in (UP, DOWN)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_it_subscribes_at_once_and_pings_every_ten_seconds(stage: Stage) -> None:
    stage.link.tick()
    stage.link.opened(stage.connection)
    assert [orjson.loads(frame)["type"] for frame in stage.connection.sent] == ["market"]
    stage.now_ns += 10 * S - 1
    stage.link.tick()
    assert len(stage.connection.sent) == 1
    stage.now_ns += 1
    stage.link.tick()
    stage.link.tick()
    assert stage.connection.sent[1:] == [PING]


def test_frames_are_stamped_once_taped_as_they_came_and_published(stage: Stage) -> None:
    stage.link.opened(stage.connection)
    stage.now_ns += 7
    frames = stage.books()
    stage.link.on_frame(memoryview(frames[0]))
    assert not stage.link.is_complete
    stage.link.on_frame(frames[1])
    assert stage.link.is_complete
    assert stage.tape.frames == [(3, stage.now_ns, frame) for frame in frames]
    assert [record.recv_ts_ns for record in stage.sink.of_kind(Kind.TOB)] == [stage.now_ns] * 2


def test_a_resync_goes_out_with_the_frame_that_caused_it(stage: Stage) -> None:
    stage.link.opened(stage.connection)
    for frame in stage.books():
        stage.link.on_frame(frame)
    stage.link.on_frame(b"{rubbish")
    operations = [orjson.loads(frame).get("operation") for frame in stage.connection.sent[1:]]
    assert operations == ["unsubscribe", "subscribe"]


def test_it_asks_for_attention_when_it_is_closed_or_wants_to_be(stage: Stage) -> None:
    stage.link.opened(stage.connection)
    assert not stage.link.attention.is_set()
    stage.link.on_frame(b"INVALID OPERATION")
    assert stage.link.attention.is_set()
    stage.link.attention.clear()
    stage.link.on_closed("first")
    stage.link.on_closed("second")
    assert stage.link.attention.is_set()
    assert stage.link.closed_reason == "first"


def test_a_snapshot_that_does_not_come_asks_for_attention(stage: Stage) -> None:
    stage.link.opened(stage.connection)
    stage.now_ns += 5 * S
    stage.link.tick()
    assert stage.link.attention.is_set()


def test_one_frame_in_sixteen_is_timed(stage: Stage) -> None:
    stage.link.opened(stage.connection)
    for _ in range(2 * TIMED_EVERY):
        stage.link.on_frame(b"PONG")
    assert (stage.link.frames, stage.link.timed_frames) == (32, 2)
    assert stage.link.timed_ns > 0
