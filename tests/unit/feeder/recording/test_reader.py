"""The one entry point: kinds told by content, sorted by time, bad files named."""

import gzip
import json
from pathlib import Path

import pytest

from feeder.recording.errors import RecordingError
from feeder.recording.reader import open_recordings

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"
CSV = (
    "slug,ts_utc,UpBid,UpAsk,UpBidLiquidity,UpAskLiquidity,DownBid,DownAsk,DownBidLiquidity,DownAskLiquidity\n"
    "btc-updown-15m-900,1970-01-01T00:15:01Z,0.5,0.51,900,900,0.49,0.5,900,900\n"
    "btc-updown-15m-0,1970-01-01T00:00:01Z,0.5,0.51,900,900,0.49,0.5,900,900\n"
)
FRAME = json.dumps(
    {
        "recv_s": 301.0,
        "msg": {"event_type": "book", "asset_id": "1", "timestamp": "301000", "bids": [], "asks": []},
    }
)


def test_a_folder_holds_every_kind_and_is_sorted_by_window_start(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    (tmp_path / "z.jsonl").write_text(FRAME)
    (tmp_path / "rounds.csv").write_text("anything")
    (tmp_path / "LICENSE.txt").write_text("anything")
    found = open_recordings(tmp_path)
    assert [(recording.window_start_s, recording.window_length_s) for recording in found] == [
        (0, 900),
        (300, 300),
        (900, 900),
    ]


def test_generated_recordings_are_found_by_folder_directory_and_segment() -> None:
    names = [recording.name for recording in open_recordings(FIXTURES)]
    assert names == ["lively-seed-10", "wild-seed-5"]
    directory = FIXTURES / "wild-seed-5"
    (by_directory,) = open_recordings(directory)
    (by_segment,) = open_recordings(directory / "records-00001.bmr")
    assert by_directory.slug == by_segment.slug == "btc-updown-60s-1800000060"


def test_the_file_name_is_not_what_tells_the_kind(tmp_path: Path) -> None:
    (tmp_path / "btc-updown-5m-300.jsonl.gz").write_text(CSV)
    assert [recording.window_length_s for recording in open_recordings(tmp_path)] == [900, 900]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"{oops\n", "x.csv:1: expected"),
        (b"a,b\n1,2\n", "x.csv:1: expected"),
        (b"slug,b\n1,2\n", "x.csv:1: expected the columns"),
        (
            gzip.compress((CSV + CSV.split("\n")[1]).encode())[:-20],
            "x.csv:[0-9]+: expected a whole gzip file",
        ),
        (b"\x1f\x8bnot gzip at all", "x.csv:1: expected a whole gzip file"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        open_recordings(path)


def test_nothing_there_and_nothing_in_there_are_different_errors(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="nothing there"):
        open_recordings(tmp_path / "missing")
    with pytest.raises(RecordingError, match="none in there"):
        open_recordings(tmp_path)


def test_a_recording_of_another_format_version_is_refused(tmp_path: Path) -> None:
    manifest = {"format_version": 9, "kind": "ring", "source": "", "software_version": ""}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RecordingError, match="expected format version 1, was 9"):
        open_recordings(tmp_path)


def test_a_recording_without_segments_is_named(tmp_path: Path) -> None:
    manifest = {"format_version": 1, "kind": "ring", "source": "", "software_version": ""}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RecordingError, match="without any"):
        open_recordings(tmp_path)
