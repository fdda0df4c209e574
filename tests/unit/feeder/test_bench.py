"""The benchmark's own logic: what it reads, what it derives, and that it measures what it says."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from feeder import bench
from feeder.collect import MemorySink
from feeder.session import MarketSession
from tests import support_feed as feed
from tests.support_feed import DOWN, UP, book


def write(path: Path, messages: list[Any]) -> Path:
    with gzip.open(path, "wb") as file:
        for message in messages:
            file.write(orjson.dumps({"recv_s": 1.5, "msg": message}) + b"\n")
    return path


BOOKS = [
    book(UP, [("0.4", "5"), ("0.39", "7")], [("0.6", "5")], 0),
    book(DOWN, [("0.4", "5")], [("0.6", "5")], 1),
    book(UP, [("0.41", "5"), ("0.39", "8")], [("0.6", "5"), ("0.61", "2")], 2),
    book(UP, [], [("0.61", "2")], 3),
]


def test_frames_are_the_recorded_bytes_and_tokens_are_found(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl.gz", BOOKS)
    write(tmp_path / "b.jsonl.gz", BOOKS[:1])
    rounds = bench.read_rounds(tmp_path)
    assert [recorded.name for recorded in rounds] == ["a.jsonl.gz", "b.jsonl.gz"]
    assert rounds[0].frames == [orjson.dumps(message) for message in BOOKS]
    assert (rounds[0].tokens, rounds[1].tokens) == ((UP, DOWN), (UP, "0"))


def test_derived_changes_lead_from_book_to_book_and_agree_with_their_own_best_prices(tmp_path: Path) -> None:
    (recorded,) = bench.read_rounds(write(tmp_path / "a.jsonl.gz", BOOKS))
    for compiled in (True, False):
        session = MarketSession(MemorySink(), compiled=compiled)
        session.add_market(feed.UP_ROW, feed.DOWN_ROW, 1)
        for frame in bench.derive_changes(recorded):
            session.receive_frame(frame, 1)
        counts = session.counts()
        assert "disagreements" not in counts
        assert (counts["book"], counts["price_change"]) == (2, 7)
        up, down = session.books()
        assert (up.levels(0), up.levels(1)) == ([], [(6100, 2_000_000)])
        assert (down.levels(0), down.levels(1)) == ([(3900, 2_000_000)], [])


@pytest.mark.parametrize("compiled", [True, False])
def test_every_frame_of_the_kind_is_timed(tmp_path: Path, compiled: bool) -> None:
    (recorded,) = bench.read_rounds(write(tmp_path / "a.jsonl.gz", BOOKS))
    changes = [(recorded.tokens, list(bench.derive_changes(recorded)))]
    timing = bench.measure(changes, "price_change", compiled=compiled)
    assert timing.frames == 7
    assert timing.us_p50 > 0
    assert timing.frames_per_s > 0
    assert timing.records_per_frame == pytest.approx(16 / 9)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip", "a.jsonl.gz: Not a gzipped file"),
        (gzip.compress(b'{"x":1}\n'), "line 1: expected"),
        (gzip.compress(b'{"msg":{x}}\n'), "a.jsonl.gz: "),
    ],
    ids=["not gzip", "no message", "not JSON"],
)
def test_a_file_without_frames_is_refused_with_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(content)
    with pytest.raises(bench.BenchInputError, match=message):
        bench.read_rounds(tmp_path)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bench.BenchInputError, match="expected recorded frames"):
        bench.read_rounds(tmp_path)
