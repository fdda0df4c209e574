"""Small recordings to read and write: two tokens of one 60-second window, and records of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feeder.recording.writer import RecordingWriter
from shm.layout import ALL_INSTRUMENTS, FeedChange, Flag, Kind, MarketChange, Outcome, Result, pack_level
from shm.sink import Instrument, RecordSink

START_S = 1_800_000_000
START_NS = START_S * 10**9


def make_instrument(outcome: int = Outcome.UP, start_s: int = START_S) -> Instrument:
    return Instrument(
        token_id=f"{start_s}{outcome}",
        condition_id=f"0x{start_s:x}",
        slug=f"btc-updown-60s-{start_s}",
        window_start_s=start_s,
        window_length_s=60,
        outcome=outcome,
        tick_e4=100,
        min_size_u6=5_000_000,
        fee_rate_e6=70_000,
    )


@pytest.fixture
def pair() -> tuple[Instrument, Instrument]:
    return make_instrument(Outcome.UP), make_instrument(Outcome.DOWN)


@pytest.fixture
def publish_round() -> Callable[[RecordSink, int], None]:
    """A function that publishes one short round of `tops` tops of book of each token, a second apart."""

    def publish(sink: RecordSink, tops: int) -> None:
        up = sink.add_instrument(make_instrument(Outcome.UP))
        down = sink.add_instrument(make_instrument(Outcome.DOWN))
        for index, peer in ((up, down), (down, up)):
            sink.publish(Kind.MARKET, 0, index, MarketChange.OPENED, 100, 0, 0, peer | 1 << 16, 0, START_NS)
        for number in range(tops):
            now_ns = START_NS + number * 10**9
            sink.publish_tob(up, 0, pack_level(5_000 + number, 10**6), 0, 0, 0, now_ns, now_ns, 100)
            sink.publish_tob(down, Flag.MIRRORED, 0, pack_level(5_000 - number, 10**6), 0, 0, now_ns, now_ns, 100)
        end_ns = START_NS + 60 * 10**9
        for index, result in ((up, Result.WON), (down, Result.LOST)):
            words = (100, 0, 0, result << 24)
            sink.publish(Kind.MARKET, Flag.INFERRED, index, MarketChange.RESOLVED, *words, 0, end_ns)
        sink.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.ENDED, 0, 0, 0, 0, 0, end_ns)

    return publish


@pytest.fixture
def new_writer(tmp_path: Path) -> Callable[..., RecordingWriter]:
    """A function that creates a writer in its own directory; options as RecordingWriter has them."""

    def create(name: str = "recording", **options: int) -> RecordingWriter:
        directory = tmp_path / name
        return RecordingWriter(directory, kind="ring", source="test", software_version="0", **options)

    return create
