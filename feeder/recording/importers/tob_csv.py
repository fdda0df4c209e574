"""Import one-second tops of book of both tokens from a CSV that holds many 15-minute rounds.

Columns: slug, ts_utc, and {Up,Down}{Bid,Ask} with {..}Liquidity; others are ignored. One row is one
observation of each side, at its whole second. A price of 0 is an empty side. Liquidity is the sum of the top
five levels, so the one level that is published gets a twentieth of it (docs/recordings.md says why), rounded
down to 0.01 share.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from engine.model.rounds import parse_slug
from engine.model.units import NS_PER_S, PRICE_ONE_E4, SIZE_GRID_U6, parse_scaled
from feeder.listings import Listing
from feeder.recording.collector import RecordCollector
from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded, RecordingFile, Window
from feeder.recording.importers.lines import iter_lines
from feeder.recording.importers.scribe import COARSE_TICK_E4, FINE_TICK_E4, LastTops, RoundScribe
from shm.layout import Flag, pack_level

KIND: Final = "top-of-book csv"
COLUMNS: Final = (
    "slug",
    "ts_utc",
    "UpBid",
    "UpAsk",
    "UpBidLiquidity",
    "UpAskLiquidity",
    "DownBid",
    "DownAsk",
    "DownBidLiquidity",
    "DownAskLiquidity",
)
LEVEL_SHARE: Final = 20
"""The published size is the liquidity of five levels divided by this."""


class Row(NamedTuple):
    """One line: its number, its time, and the eight texts from UpBid to DownAskLiquidity."""

    line: int
    ts_ns: int
    texts: tuple[str, ...]


class Side(NamedTuple):
    """The top of one token's book, packed and as prices."""

    bid: int
    ask: int
    bid_e4: int
    ask_e4: int


def is_header(line: bytes) -> bool:
    """Tell whether a file's first line looks like a CSV header of this format (it may still lack columns)."""
    return line.split(b",")[0] == b"slug"


def open_tob_csv(path: Path) -> list[RecordingFile]:
    """Return one recording per slug of the file. Raises RecordingError naming the line."""
    rounds: dict[str, list[Row]] = {}
    for slug, row in _iter_rows(path):
        rounds.setdefault(slug, []).append(row)
    if not rounds:
        raise RecordingError(path, 1, "expected rows after the header, was none")
    return [_describe(path, slug, rows) for slug, rows in rounds.items()]


def _describe(path: Path, slug: str, rows: list[Row]) -> RecordingFile:
    try:
        _, start_s, length_s = parse_slug(slug)
    except ValueError as error:
        raise RecordingError(path, rows[0].line, str(error)) from error
    return RecordingFile(slug, path, KIND, (Window(slug, start_s, length_s),), lambda: _load(path, slug, rows))


def _iter_rows(path: Path) -> Iterator[tuple[str, Row]]:
    lines = iter_lines(path)
    header = _split(path, *next(lines))
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise RecordingError(path, 1, f"expected the columns {', '.join(COLUMNS)}, was without {', '.join(missing)}")
    places = [header.index(name) for name in COLUMNS]
    for number, line in lines:
        cells = _split(path, number, line)
        if len(cells) != len(header):
            raise RecordingError(path, number, f"expected {len(header)} columns, was {len(cells)}")
        slug, ts_text, *texts = (cells[place] for place in places)
        yield slug, Row(number, _parse_time_ns(path, number, ts_text), tuple(texts))


def _split(path: Path, number: int, line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode()]))
    except UnicodeDecodeError as error:
        raise RecordingError(path, number, f"expected UTF-8 text: {error.reason}") from error


def _parse_time_ns(path: Path, number: int, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
    except ValueError as error:
        raise RecordingError(path, number, f"expected a UTC time such as 2025-12-25T17:30:52Z, was {text!r}") from error
    return int(moment.timestamp()) * NS_PER_S


def _load(path: Path, slug: str, rows: list[Row]) -> Loaded:
    """Turn the rows of one round into records; rows outside of its window are counted and only tell the
    outcome.
    """
    collector = RecordCollector()
    counts: Counter[str] = Counter()
    scribe = RoundScribe(collector, slug, slug, (f"{slug}-up", f"{slug}-down"))
    pair = scribe.open()
    tops = LastTops()
    for row in sorted(rows, key=lambda row: row.ts_ns):
        up = _parse_side(path, row, row.texts[:4], counts)
        down = _parse_side(path, row, row.texts[4:], counts)
        tops = LastTops(row.ts_ns, up.bid_e4, up.ask_e4, down.bid_e4, down.ask_e4)
        if scribe.start_ns <= row.ts_ns < scribe.end_ns:
            _publish(collector, scribe, row.ts_ns, tuple(zip(pair, (up, down), strict=True)), counts)
        else:
            counts["outside_window"] += 1
    scribe.finish(tops.winner(scribe.end_ns))
    counts["gaps"] = scribe.gaps
    records = collector.records()
    return Loaded(dict(enumerate(collector.instruments)), counts, lambda: iter([records]))


def _publish(
    collector: RecordCollector,
    scribe: RoundScribe,
    ts_ns: int,
    tops: tuple[tuple[Listing, Side], ...],
    counts: Counter[str],
) -> None:
    """Publish one row: its gap if there was one, its tick if it moved, and both tokens' tops."""
    flags = scribe.observe(ts_ns)
    if any(price_e4 % COARSE_TICK_E4 for _, side in tops for price_e4 in (side.bid_e4, side.ask_e4)):
        for listing, _ in tops:
            scribe.listings.change_tick(listing, FINE_TICK_E4, 0, ts_ns)
    for listing, side in tops:
        crossed = 0 < side.ask_e4 <= side.bid_e4
        counts["crossed"] += crossed
        flag = flags | (Flag.CROSSED if crossed else 0)
        collector.publish_tob(listing.index, flag, side.bid, side.ask, 0, 0, 0, ts_ns, listing.tick_e4)


def _parse_side(path: Path, row: Row, texts: tuple[str, ...], counts: Counter[str]) -> Side:
    """Parse bid, ask, bid liquidity and ask liquidity of one token."""
    bid_e4, bid = _parse_level(path, row, texts[0], texts[2], counts)
    ask_e4, ask = _parse_level(path, row, texts[1], texts[3], counts)
    return Side(bid, ask, bid_e4, ask_e4)


def _parse_level(path: Path, row: Row, price: str, liquidity: str, counts: Counter[str]) -> tuple[int, int]:
    """Return (price_e4, packed level); (0, 0) for an empty side and, counted, for what cannot be a level."""
    try:
        price_e9 = parse_scaled(price, 9)
        size_u6 = parse_scaled(liquidity, 6) // LEVEL_SHARE
    except ValueError as error:
        raise RecordingError(path, row.line, f"{error} (a price or a liquidity)") from error
    price_e4, finer = divmod(price_e9, 100_000)
    if price_e9 == 0:
        return 0, 0
    if price_e4 >= PRICE_ONE_E4:
        counts["price_one_or_more"] += 1
        return 0, 0
    if finer or price_e4 % FINE_TICK_E4:
        counts["off_grid"] += 1
        return 0, 0
    size_u6 -= size_u6 % SIZE_GRID_U6
    if size_u6 == 0:
        counts["no_size"] += 1
        return 0, 0
    return price_e4, pack_level(price_e4, size_u6)
