"""The one-second CSV: levels, sizes, gaps, ticks, outcomes, and what a bad file is told."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded
from feeder.recording.format import RecordArray
from feeder.recording.importers.tob_csv import open_tob_csv
from shm.layout import FeedChange, Flag, Kind, MarketChange, unpack_level

START_S = 1_766_683_800
SLUG = f"btc-updown-15m-{START_S}"
HEADER = (
    "slug,start,ts_utc,t,UpBid,UpAsk,UpBidLiquidity,UpAskLiquidity,"
    "DownBid,DownAsk,DownBidLiquidity,DownAskLiquidity,source_file"
)


def row(second: int, prices: str = "0.42,0.45,1992.78,1746.94,0.57,0.59,1242.74,2438.68", slug: str = SLUG) -> str:
    stamp = np.datetime64(START_S + second, "s")
    return f"{slug},{START_S},{stamp}Z,{second},{prices},x.csv"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_bytes(gzip.compress("\n".join([header, *lines]).encode() + b"\n"))
    return path


def load(path: Path) -> Loaded:
    (recording,) = open_tob_csv(path)
    return recording.load()


def of_kind(records: RecordArray, kind: Kind) -> RecordArray:
    return records[records["kind"] == kind]


def test_a_row_becomes_one_top_of_book_of_each_token(tmp_path: Path) -> None:
    records = load(write(tmp_path / "a.csv.gz", row(2))).records()
    tops = of_kind(records, Kind.TOB)
    assert list(tops["instrument"]) == [0, 1]
    assert list(tops["recv_ts_ns"]) == [(START_S + 2) * 10**9] * 2
    assert [unpack_level(int(top["w2"])) for top in tops] == [(4_200, 99_630_000), (5_700, 62_130_000)]
    assert [unpack_level(int(top["w3"])) for top in tops] == [(4_500, 87_340_000), (5_900, 121_930_000)]
    assert list(tops["aux"]) == [100, 100]


def test_a_price_of_zero_is_an_empty_side(tmp_path: Path) -> None:
    records = load(write(tmp_path / "a.csv.gz", row(2, "0,0.45,0,100,0.57,0,100,0"))).records()
    assert [(int(top["w2"]) > 0, int(top["w3"]) > 0) for top in of_kind(records, Kind.TOB)] == [
        (False, True),
        (True, False),
    ]


def test_a_round_opens_at_its_start_and_ends_at_its_end(tmp_path: Path) -> None:
    records = load(write(tmp_path / "a.csv.gz", *(row(second) for second in range(900)))).records()
    markets = of_kind(records, Kind.MARKET)
    opened, closed, resolved = MarketChange.OPENED, MarketChange.CLOSED, MarketChange.RESOLVED
    assert list(markets["aux"]) == [opened, opened, closed, closed, resolved, resolved]
    end_ns = (START_S + 900) * 10**9
    assert list(markets["recv_ts_ns"]) == [START_S * 10**9] * 2 + [end_ns] * 4
    assert [int(word) & 0xFFFF for word in markets["w5"]] == [1, 0] * 3
    assert (records[-1]["kind"], records[-1]["aux"]) == (Kind.FEED, FeedChange.ENDED)
    assert bool(np.all(np.diff(records["recv_ts_ns"]) >= 0))


def test_silence_of_more_than_five_seconds_is_a_gap_told_without_foresight(tmp_path: Path) -> None:
    lines = [*(row(second) for second in range(0, 100, 5)), *(row(second) for second in range(101, 900))]
    loaded = load(write(tmp_path / "a.csv.gz", *lines))
    feeds = of_kind(loaded.records(), Kind.FEED)[:-1]
    assert loaded.counts["gaps"] == 1
    assert list(feeds["aux"]) == [FeedChange.GAP] * 2 + [FeedChange.RESYNCED] * 2
    assert [int(ns) // 10**9 - START_S for ns in feeds["recv_ts_ns"]] == [100, 100, 101, 101]
    assert list(feeds["w2"]) == [0, 0, 6_000, 6_000]
    flagged = loaded.records()[(loaded.records()["flags"] & Flag.GAP_BEFORE) != 0]
    assert list(flagged["recv_ts_ns"]) == [(START_S + 101) * 10**9] * 2


@pytest.mark.parametrize(
    ("second", "prices", "outcome"),
    [
        (899, "0.95,0.97,9,9,0.02,0.06,9,9", "up"),
        (870, "0.94,0.96,9,9,0,0.05,0,9", "up"),
        (899, "0.02,0.06,9,9,0.95,0,9,0", "down"),
        (899, "0.94,0.96,9,9,0.04,0.06,9,9", "unknown"),
        (869, "0.99,0,9,0,0,0.01,0,9", "unknown"),
        (899, "0.95,0.97,9,9,0.95,0.97,9,9", "unknown"),
    ],
)
def test_the_outcome_is_told_from_the_last_row_alone(tmp_path: Path, second: int, prices: str, outcome: str) -> None:
    loaded = load(write(tmp_path / "a.csv.gz", row(second, prices)))
    assert loaded.outcomes() == {SLUG: outcome}
    resolved = of_kind(loaded.records(), Kind.MARKET)[-2:]
    assert all(int(record["flags"]) & Flag.INFERRED for record in resolved)


def test_a_finer_price_changes_the_tick_before_its_book_and_for_good(tmp_path: Path) -> None:
    lines = [row(1), row(2, "0.991,0.999,900,900,0.001,0.009,900,900"), row(3)]
    records = load(write(tmp_path / "a.csv.gz", *lines)).records()
    changed = np.flatnonzero((records["kind"] == Kind.MARKET) & (records["aux"] == MarketChange.TICK))
    tops = np.flatnonzero(records["kind"] == Kind.TOB)
    assert list(changed) == [tops[1] + 1, tops[1] + 2]
    assert [int(word) & 0xFFFF for word in records["w2"][changed]] == [10, 10]
    assert list(records["aux"][tops]) == [100, 100, 10, 10, 10, 10]


def test_what_cannot_be_a_level_is_counted_by_kind_and_shown_as_an_empty_side(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "a.csv.gz", row(1, "0.4205,1,900,900,0.42000001,0.5,900,0.1")))
    assert +loaded.counts == {"off_grid": 2, "price_one_or_more": 1, "no_size": 1, "gaps": 1}
    assert not any(int(top["w2"]) or int(top["w3"]) for top in of_kind(loaded.records(), Kind.TOB))


def test_a_crossed_book_is_published_and_flagged(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "a.csv.gz", row(1, "0.5,0.49,900,900,0.5,0.51,900,900")))
    assert loaded.counts["crossed"] == 1
    assert [int(top["flags"]) & Flag.CROSSED for top in of_kind(loaded.records(), Kind.TOB)] == [
        Flag.CROSSED,
        0,
    ]


def test_one_file_holds_many_rounds(tmp_path: Path) -> None:
    other = f"btc-updown-15m-{START_S + 900}"
    recordings = open_tob_csv(write(tmp_path / "a.csv.gz", row(1), row(901, slug=other), row(2)))
    assert [(r.slug, r.window_start_s, r.window_length_s) for r in recordings] == [
        (SLUG, START_S, 900),
        (other, START_S + 900, 900),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([row(1), row(2)[:40]], "a.csv.gz:3: expected 13 columns, was 3"),
        ([row(1, "abc,0.45,1,1,0.5,0.6,1,1")], "a.csv.gz:2: expected a plain decimal number, was 'abc'"),
        ([row(1).replace("Z,1,", ",1,", 1)], "a.csv.gz:2: expected a UTC time"),
        ([row(1, slug="eth")], "a.csv.gz:2: expected a slug"),
        ([], "a.csv.gz:1: expected rows"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: list[str], message: str) -> None:
    path = write(tmp_path / "a.csv.gz", *lines)
    with pytest.raises(RecordingError, match=message.replace("(", "\\(")):
        load(path)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", row(1), header=HEADER.replace("UpAsk,", "Ask,"))
    with pytest.raises(RecordingError, match=r"a.csv.gz:1: expected the columns .*, was without UpAsk"):
        load(path)
