"""Import raw `book` frames of one round, one JSON line each: {"recv_s": ..., "msg": {...}}, as the venue sent
them.

The frames go through the same session and book as live ones. Only one token's frames are played and the other
token is its mirror image: the recordings hold the second token for seconds at most, and a book that is heard
once and then no more would stand still for the rest of the round.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import orjson

from engine.model.rounds import bucket_start_s, parse_slug, slug_of
from engine.model.units import NS_PER_S, PRICE_ONE_E4, format_price, parse_price_e4
from engine.venue.market_channel import EventType
from feeder.recording.collector import RecordCollector
from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded, RecordingFile, Window
from feeder.recording.importers.lines import iter_lines
from feeder.recording.importers.scribe import COARSE_TICK_E4, FINE_TICK_E4, LastTops, RoundScribe
from feeder.session import MarketSession
from shm.layout import Flag

KIND: Final = "book frames"
ASSET_NAME: Final = "btc"
"""What an inferred slug calls the asset; the frames do not say it."""
LENGTHS_S: Final = (300, 900)
LATE_S: Final = 10
"""Frames may come this long after the window's end; with that slack they all have to lie in one window."""
TICKS_E4: Final = {"0.01": COARSE_TICK_E4, "0.001": FINE_TICK_E4}
ORDINARY_COUNTS: Final = frozenset(
    {"frames", "book", "tick_size_change", "snapshots", "published", "suppressed", "mirrored"}
)
"""What the session counts that is not odd."""
_FINE_PRICE: Final = re.compile(r"\.[0-9]{2}[0-9]*[1-9]")
"""More than two decimals that say something: a price that only the 0.001 grid has."""


class Price(msgspec.Struct):
    """One level of a book message; only its price matters here."""

    price: str


class Book(msgspec.Struct):
    """What the importer itself reads of a book message."""

    asset_id: str
    timestamp: str
    market: str = ""
    tick_size: str = ""
    bids: list[Price] = []
    asks: list[Price] = []


class Line(msgspec.Struct):
    """One line: the recorder's clock in seconds, and the frame exactly as it came."""

    recv_s: float
    msg: msgspec.Raw


class Frame(NamedTuple):
    """One frame: its bytes, its receive time, and its book where it is one that can be read."""

    recv_ts_ns: int
    data: bytes
    book: Book | None


def is_frame(line: bytes) -> bool:
    """Tell whether a file's first line is of this format."""
    try:
        msgspec.json.decode(line, type=Line)
    except msgspec.MsgspecError:
        return False
    return True


def open_book_frames(path: Path) -> RecordingFile:
    """Describe the file's round; its slug is the file's name, or inferred from the frames' times where that
    is none.

    Raises RecordingError naming the line.
    """
    slug = path.name.split(".")[0]
    try:
        parse_slug(slug)
    except ValueError:
        slug = _infer_slug(path)
    _, start_s, length_s = parse_slug(slug)
    return RecordingFile(slug, path, KIND, (Window(slug, start_s, length_s),), lambda: _load(path, slug))


def _infer_slug(path: Path) -> str:
    times_s = [frame.recv_ts_ns // NS_PER_S for frame in _iter_frames(path)]
    first_s, last_s = min(times_s), max(times_s)
    for length_s in LENGTHS_S:
        start_s = bucket_start_s(first_s, length_s)
        if last_s < start_s + length_s + LATE_S:
            return slug_of(ASSET_NAME, start_s, length_s)
    lengths = " or ".join(map(str, LENGTHS_S))
    text = f"expected frames of one window of {lengths} s, was {last_s - first_s} s of frames"
    raise RecordingError(path, 0, text)


def _iter_frames(path: Path) -> Iterator[Frame]:
    for number, line in iter_lines(path):
        try:
            decoded = msgspec.json.decode(line, type=Line)
        except msgspec.MsgspecError as error:
            text = f'expected {{"recv_s": ..., "msg": ...}}: {error}'
            raise RecordingError(path, number, text) from error
        recv_ts_ns = round(decoded.recv_s * 1_000_000) * 1_000
        yield Frame(recv_ts_ns, bytes(decoded.msg), _read_book(decoded.msg))


def _read_book(message: msgspec.Raw) -> Book | None:
    """Return the message's book, None where it is another kind or cannot be read: the session counts that."""
    try:
        return msgspec.json.decode(message, type=Book)
    except msgspec.MsgspecError:
        return None


def _load(path: Path, slug: str) -> Loaded:
    frames = list(_iter_frames(path))
    first = next((frame.book for frame in frames if frame.book is not None), None)
    if first is None:
        raise RecordingError(path, 0, "expected book frames, was none that can be read")
    _, start_s, length_s = parse_slug(slug)
    seconds = [frame.recv_ts_ns // NS_PER_S - start_s for frame in frames]
    if not any(0 <= second < length_s for second in seconds):
        text = f"expected frames of {slug}, was none of its window (the first {seconds[0]} s after its start)"
        raise RecordingError(path, 0, text)
    return FramePlay(slug, first, frames).play()


class FramePlay:
    """Plays one round's frames through a session: the first token seen is Up, Down its mirror image."""

    def __init__(self, slug: str, first: Book, frames: list[Frame]) -> None:
        self._frames = frames
        self._up_id = first.asset_id
        self._collector = RecordCollector()
        seen = (frame.book.asset_id for frame in frames if frame.book is not None)
        down_id = next((asset_id for asset_id in seen if asset_id != self._up_id), f"{slug}-down")
        tokens = (self._up_id, down_id)
        self._scribe = RoundScribe(self._collector, slug, first.market or slug, tokens, Flag.INFERRED)
        self._session = MarketSession(self._collector, mirror_missing=True, listings=self._scribe.listings)
        self._counts: Counter[str] = Counter()
        self._now_ns = self._scribe.start_ns

    def play(self) -> Loaded:
        """Return the round's records: those of its window, and the outcome that the last frame tells."""
        self._up, _ = self._scribe.open()
        self._session.add_market(*self._scribe.rows, self._scribe.start_ns)
        for frame in self._frames:
            self._play_frame(frame)
        self._scribe.finish(self._last_tops().winner(self._scribe.end_ns))
        self._counts["gaps"] = self._scribe.gaps
        counts = self._session.counts()
        self._counts.update({name: counts[name] for name in counts if name not in ORDINARY_COUNTS})
        records = self._collector.records()
        return Loaded(dict(enumerate(self._collector.instruments)), self._counts, lambda: iter([records]))

    def _play_frame(self, frame: Frame) -> None:
        if frame.book is not None and frame.book.asset_id != self._up_id:
            self._counts["other_token_frames"] += 1
            return
        if not self._scribe.start_ns <= frame.recv_ts_ns < self._scribe.end_ns:
            self._counts["outside_window"] += 1
            return
        self._counts["time_went_back"] += frame.recv_ts_ns < self._now_ns
        self._now_ns = max(self._now_ns, frame.recv_ts_ns)
        self._collector.tob_flags = self._scribe.observe(self._now_ns)
        if frame.book is not None:
            self._take_tick(frame.book)
        self._session.receive_frame(frame.data, self._now_ns)
        self._collector.tob_flags = 0

    def _last_tops(self) -> LastTops:
        """Return the best prices of the last book of the token that is played whose prices can be read."""
        for frame in reversed(self._frames):
            if frame.book is None or frame.book.asset_id != self._up_id:
                continue
            try:
                bid_e4 = max((parse_price_e4(level.price) for level in frame.book.bids), default=0)
                ask_e4 = min((parse_price_e4(level.price) for level in frame.book.asks), default=0)
            except ValueError:
                continue
            mirrored = (ask_e4 and PRICE_ONE_E4 - ask_e4, bid_e4 and PRICE_ONE_E4 - bid_e4)
            return LastTops(frame.recv_ts_ns, bid_e4, ask_e4, *mirrored)
        return LastTops()

    def _take_tick(self, book: Book) -> None:
        """Tell the session of the tick that a book names or its prices imply, as the venue does: once per
        token."""
        named = TICKS_E4.get(book.tick_size, self._up.tick_e4)
        tick_e4 = min(named, FINE_TICK_E4) if _is_fine(book) else named
        if tick_e4 == self._up.tick_e4:
            return
        self._counts["inferred_ticks"] += not book.tick_size
        for row in self._scribe.rows:
            change = {
                "event_type": EventType.TICK_SIZE_CHANGE,
                "asset_id": row.token_id,
                "market": book.market,
                "old_tick_size": format_price(self._up.tick_e4),
                "new_tick_size": format_price(tick_e4),
                "timestamp": book.timestamp,
            }
            self._session.receive_frame(orjson.dumps(change), self._now_ns)


def _is_fine(book: Book) -> bool:
    """Tell whether a price lies on the 0.001 grid alone."""
    return any(_FINE_PRICE.search(level.price) for side in (book.bids, book.asks) for level in side)
