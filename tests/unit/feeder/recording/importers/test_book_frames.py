"""Raw book frames: one token heard, the other mirrored, ticks and outcomes inferred, bad lines named."""

import gzip
import json
from pathlib import Path

import pytest

from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded
from feeder.recording.format import RecordArray
from feeder.recording.importers.book_frames import is_frame, open_book_frames
from shm.layout import FeedChange, Flag, Kind, MarketChange, unpack_level

START_S = 1_776_083_700
SLUG = f"btc-updown-5m-{START_S}"
Levels = list[tuple[str, str]]


def frame(second: float, bids: Levels, asks: Levels, asset: str = "111", **fields: str) -> dict[str, object]:
    """One line: levels best last, as the venue sends them."""
    message = {
        "market": "0xabc",
        "asset_id": asset,
        "timestamp": str(int((START_S + second) * 1_000)),
        "hash": "",
        "bids": [{"price": price, "size": size} for price, size in bids],
        "asks": [{"price": price, "size": size} for price, size in asks],
        "event_type": "book",
        **fields,
    }
    return {"recv_s": START_S + second, "msg": message}


def write(tmp_path: Path, *lines: object, name: str = SLUG) -> Path:
    path = tmp_path / f"{name}.jsonl.gz"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def load(path: Path) -> Loaded:
    return open_book_frames(path).load()


def of_kind(records: RecordArray, kind: Kind) -> RecordArray:
    return records[records["kind"] == kind]


BOOK: tuple[Levels, Levels] = ([("0.47", "9"), ("0.48", "30")], [("0.53", "60"), ("0.52", "25.5")])


def test_the_token_that_is_heard_is_up_and_the_other_its_mirror_image(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, frame(1, *BOOK)))
    up, down = of_kind(loaded.records(), Kind.TOB)
    assert [unpack_level(int(up[word])) for word in ("w2", "w3")] == [
        (4_800, 30_000_000),
        (5_200, 25_500_000),
    ]
    assert [unpack_level(int(down[word])) for word in ("w2", "w3")] == [
        (4_800, 25_500_000),
        (5_200, 30_000_000),
    ]
    assert (int(up["flags"]), int(down["flags"])) == (0, Flag.MIRRORED)
    assert [row.token_id for row in loaded.instruments.values()] == ["111", f"{SLUG}-down"]
    assert loaded.instruments[0].condition_id == "0xabc"


def test_an_up_token_that_was_guessed_says_so_on_every_market_record(tmp_path: Path) -> None:
    markets = of_kind(load(write(tmp_path, frame(1, *BOOK))).records(), Kind.MARKET)
    assert len(markets) == 6
    assert all(int(record["flags"]) & Flag.INFERRED for record in markets)


def test_the_second_tokens_frames_are_counted_and_its_mirror_image_goes_on(tmp_path: Path) -> None:
    lines = [
        frame(1, *BOOK),
        frame(2, [("0.48", "25.5")], [("0.52", "30")], asset="222"),
        frame(3, [("0.49", "7")], [("0.52", "25.5")]),
    ]
    loaded = load(write(tmp_path, *lines))
    tops = of_kind(loaded.records(), Kind.TOB)
    assert list(tops["instrument"]) == [0, 1, 0, 1]
    assert unpack_level(int(tops[3]["w3"])) == (5_100, 7_000_000)
    assert loaded.counts["other_token_frames"] == 1
    assert loaded.instruments[1].token_id == "222"


@pytest.mark.parametrize(
    ("bids", "asks", "second", "outcome"),
    [
        ([("0.99", "5")], [], 299, "up"),
        ([], [("0.01", "5")], 299, "down"),
        ([("0.95", "5")], [("0.96", "5")], 270, "up"),
        ([("0.99", "5")], [], 269, "unknown"),
        ([("0.49", "5")], [("0.6", "5")], 299, "unknown"),
        ([("0.99", "5")], [], 302, "up"),
    ],
)
def test_the_last_frame_tells_the_outcome_and_only_after_the_end(
    tmp_path: Path, bids: Levels, asks: Levels, second: float, outcome: str
) -> None:
    loaded = load(write(tmp_path, frame(1, *BOOK), frame(second, bids, asks)))
    assert loaded.outcomes() == {SLUG: outcome}
    records = loaded.records()
    assert int(records["recv_ts_ns"].max()) == (START_S + 300) * 10**9
    told = (records["kind"] == Kind.MARKET) & (records["aux"] == MarketChange.RESOLVED)
    assert int(records["recv_ts_ns"][told].min()) == (START_S + 300) * 10**9


def test_frames_after_the_end_are_not_played(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, frame(1, *BOOK), frame(300.5, *BOOK)))
    assert loaded.counts["outside_window"] == 1
    assert len(of_kind(loaded.records(), Kind.TOB)) == 2


def test_a_price_on_the_fine_grid_changes_the_tick_of_both_tokens_before_the_book(tmp_path: Path) -> None:
    fine: tuple[Levels, Levels] = ([("0.991", "5"), ("0.993", "5")], [("0.999", "5")])
    lines = [frame(1, *BOOK, tick_size="0.01"), frame(2, *fine), frame(3, *BOOK)]
    loaded = load(write(tmp_path, *lines))
    records = loaded.records()
    ticks = records[(records["kind"] == Kind.MARKET) & (records["aux"] == MarketChange.TICK)]
    assert [(int(r["instrument"]), int(r["w2"]) & 0xFFFF) for r in ticks] == [(0, 10), (1, 10)]
    tops = of_kind(records, Kind.TOB)
    fine_tops = tops[(tops["w2"] & 0xFFFF) == 9_930]
    assert list(fine_tops["aux"]) == [10]
    assert int(fine_tops["seq"][0]) > int(ticks["seq"].max())
    assert loaded.counts["inferred_ticks"] == 1
    assert int(tops["aux"][-2]) == 10


def test_a_tick_that_the_frames_name_is_taken(tmp_path: Path) -> None:
    lines = [frame(1, *BOOK, tick_size="0.001"), frame(2, *BOOK, tick_size="0.01")]
    loaded = load(write(tmp_path, *lines))
    records = loaded.records()
    ticks = records[(records["kind"] == Kind.MARKET) & (records["aux"] == MarketChange.TICK)]
    assert [(int(r["instrument"]), int(r["w2"]) & 0xFFFF) for r in ticks] == [
        (0, 10),
        (1, 10),
        (0, 100),
        (1, 100),
    ]
    assert loaded.counts["inferred_ticks"] == 0


def test_fifteen_seconds_of_silence_are_a_gap(tmp_path: Path) -> None:
    lines = [frame(1, *BOOK), frame(16, [("0.48", "1")], []), frame(31.5, *BOOK), frame(290, *BOOK)]
    loaded = load(write(tmp_path, *lines))
    feeds = of_kind(loaded.records(), Kind.FEED)[:-1]
    gap, back = FeedChange.GAP, FeedChange.RESYNCED
    assert list(feeds["aux"]) == [gap, gap, back, back] * 2
    assert [int(ns) / 10**9 - START_S for ns in feeds["recv_ts_ns"][::2]] == [31, 31.5, 46.5, 290]
    flagged = of_kind(loaded.records(), Kind.TOB)["flags"] & Flag.GAP_BEFORE
    assert [bool(flag) for flag in flagged][:6] == [False] * 4 + [True] * 2


@pytest.mark.parametrize(
    ("levels", "kind"),
    [([("1", "5")], "malformed_book"), ([("0", "5")], "malformed_book"), ([("x", "5")], "malformed_book")],
)
def test_what_cannot_be_a_level_is_counted_and_never_a_crash(tmp_path: Path, levels: Levels, kind: str) -> None:
    loaded = load(write(tmp_path, frame(1, *BOOK), frame(2, levels, []), frame(3, [("0.5", "5")], [])))
    assert loaded.counts[kind] == 1
    assert unpack_level(int(of_kind(loaded.records(), Kind.TOB)[-2]["w2"])) == (5_000, 5_000_000)


def test_a_clock_that_goes_back_is_counted_and_not_followed(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, frame(2, *BOOK), frame(1, [("0.5", "5")], [])))
    times = loaded.records()["recv_ts_ns"]
    assert loaded.counts["time_went_back"] == 1
    assert bool((times[1:] >= times[:-1]).all())


@pytest.mark.parametrize(("last_s", "slug"), [(299, SLUG), (899, f"btc-updown-15m-{START_S - 300}")])
def test_a_file_with_another_name_is_told_by_its_times(tmp_path: Path, last_s: int, slug: str) -> None:
    shift = 0 if last_s == 299 else -300
    path = write(tmp_path, frame(1 + shift, *BOOK), frame(last_s + shift, *BOOK), name="mine")
    recording = open_book_frames(path)
    assert (recording.slug, recording.window_length_s) == (slug, 300 if last_s == 299 else 900)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([frame(1, *BOOK), "{oops"], ":2: expected"),
        ([frame(1, *BOOK), "", '{"recv_s": 1}'], ":3: expected"),
        ([{"recv_s": 1.0, "msg": {"event_type": "other"}}], "none that can be read"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: list[object], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        load(write(tmp_path, *lines))


def test_frames_of_more_than_one_window_under_an_unknown_name_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, frame(1, *BOOK), frame(2_000, *BOOK), name="mine")
    with pytest.raises(RecordingError, match="one window of 300 or 900 s, was 1999 s"):
        open_book_frames(path)


def test_frames_of_another_window_than_the_name_says_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none of its window \(the first 400 s after"):
        load(write(tmp_path, frame(400, *BOOK)))


def test_a_line_is_recognised_by_its_content() -> None:
    assert is_frame(b'{"recv_s": 1.5, "msg": {}}')
    assert not is_frame(b'{"recv_s": "x", "msg": {}}')
    assert not is_frame(b"slug,start")
