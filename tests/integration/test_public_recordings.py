"""The public data sets: every round of the CSV and some of the book frames, against their own index."""

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from feeder.recording.files import Loaded, RecordingFile
from feeder.recording.reader import open_recordings
from shm.layout import Flag, Kind, MarketChange, unpack_level

UNKNOWN_15M = {
    "btc-updown-15m-1766690100",
    "btc-updown-15m-1766691900",
    "btc-updown-15m-1766694600",
    "btc-updown-15m-1767006000",
    "btc-updown-15m-1767031200",
    "btc-updown-15m-1767315600",
    "btc-updown-15m-1767452400",
    "btc-updown-15m-1767453300",
}
FRAME_ROUNDS = {
    "btc-updown-5m-1776094500": "unknown",  # open to the last frame, and 300 frames of the second token
    "btc-updown-5m-1776260100": "up",  # a fine tick in the middle of the book
    "btc-updown-5m-1776261300": "down",  # a fine tick at the losing end
    "btc-updown-5m-1776325800": "up",  # 600 frames of the second token
    "btc-updown-5m-1776327600": "down",  # the fewest frames
}


@pytest.fixture(scope="module")
def data() -> Path:
    path = Path(os.environ.get("BUCKETMM_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not path.is_dir():
        reason = f"recorded market data is not at {path} (set BUCKETMM_DATA)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def read_index(path: Path) -> dict[str, dict[str, str]]:
    with path.open() as file:
        return {row["slug"]: row for row in csv.DictReader(file)}


def check_order(recording: RecordingFile, loaded: Loaded) -> None:
    """Check what holds for every imported round: times in order, facts first, outcome last."""
    records = loaded.records()
    start_ns = recording.window_start_s * 10**9
    end_ns = start_ns + recording.window_length_s * 10**9
    assert bool(np.all(np.diff(records["recv_ts_ns"]) >= 0))
    assert (int(records["recv_ts_ns"][0]), int(records["recv_ts_ns"][-1])) == (start_ns, end_ns)
    opened = (records["kind"] == Kind.MARKET) & (records["aux"] == MarketChange.OPENED)
    assert list(np.flatnonzero(opened)) == [0, 1]
    told = (records["kind"] == Kind.MARKET) & (records["w5"] >> 24 != 0)
    assert bool(np.all(records["recv_ts_ns"][told] == end_ns))


def test_all_88_rounds_of_the_csv_load_and_their_outcomes_agree_with_the_index(data: Path) -> None:
    index = read_index(data / "btc15m_tob_1hz" / "rounds.csv")
    recordings = open_recordings(data / "btc15m_tob_1hz")
    counts: Counter[str] = Counter()
    outcomes: dict[str, str] = {}
    tops = 0
    for recording in recordings:
        loaded = recording.load()
        check_order(recording, loaded)
        counts.update(loaded.counts)
        outcomes.update(loaded.outcomes())
        tops += int((loaded.records()["kind"] == Kind.TOB).sum())
    assert len(recordings) == len(outcomes) == 88
    assert tops == 2 * sum(int(row["n"]) for row in index.values())
    assert {slug for slug, outcome in outcomes.items() if outcome == "unknown"} == UNKNOWN_15M
    known = {slug: outcome for slug, outcome in outcomes.items() if outcome != "unknown"}
    assert known == {slug: index[slug]["outcome_inferred"].lower() for slug in known}
    assert +counts == {"gaps": 53, "crossed": 2}


def test_all_44_rounds_of_book_frames_are_found_without_reading_them(data: Path) -> None:
    recordings = open_recordings(data / "btc5m_ws_book")
    index = read_index(data / "btc5m_ws_book" / "rounds.csv")
    assert {recording.slug for recording in recordings} == set(index)
    assert {recording.window_length_s for recording in recordings} == {300}


@pytest.mark.parametrize(("slug", "outcome"), FRAME_ROUNDS.items())
def test_a_round_of_book_frames_plays_through_the_session(data: Path, slug: str, outcome: str) -> None:
    row = read_index(data / "btc5m_ws_book" / "rounds.csv")[slug]
    (recording,) = open_recordings(data / "btc5m_ws_book" / "frames" / f"{slug}.jsonl.gz")
    loaded = recording.load()
    check_order(recording, loaded)
    assert loaded.outcomes() == {slug: outcome}
    inferred = {"WON": "up", "LOST": "down", "?": "unknown"}[row["recorded_token_outcome_inferred"]]
    assert outcome == inferred
    records = loaded.records()
    tops = records[records["kind"] == Kind.TOB]
    up, down = (tops[tops["instrument"] == index] for index in (0, 1))
    assert abs(len(up) - len(down)) <= 1
    assert bool(np.all(down["flags"] & Flag.MIRRORED))
    assert not bool(np.any(up["flags"] & Flag.MIRRORED))
    best_bid_e4, _ = unpack_level(int(up[-1]["w2"]))
    final_bid = row["final_bid"] or "0"
    if float(row["last_t"]) < 300:
        assert best_bid_e4 == round(float(final_bid) * 10_000)
    assert loaded.instruments[0].token_id == row["recorded_asset_id"]
    assert loaded.instruments[1].token_id == (row["other_asset_id"] or f"{slug}-down")
