"""Measures the feed's hot path on recorded frames: frame bytes in hand to record visible in the ring, per message kind.

The recordings hold `book` frames only. The `price_change` frames are derived from successive books, one level at a time
and mirrored into the other token, as the venue sends them; the result says so.
"""

import gzip
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from engine.model.units import PRICE_ONE_E4, format_price, format_scaled, parse_price_e4, parse_size_u6
from feeder.book import ASK, BID
from feeder.session import MarketSession
from shm.ring import RingWriter
from shm.sink import Instrument, RecordSink

MSG_MARK: Final = b'"msg":'
ORACLE_FRAMES_MAX: Final = 4_000
CHANGES_PER_ROUND_MAX: Final = 2_000
ROUNDS_FOR_CHANGES: Final = 10
_SIDE_NAMES: Final = ("BUY", "SELL")


class BenchInputError(Exception):
    """The path holds no recorded frames; the message is for a person."""


class Round(NamedTuple):
    """The frames of one recorded round, as they were received, and the tokens they name."""

    name: str
    frames: list[bytes]
    tokens: tuple[str, str]


class Timing(NamedTuple):
    """What one kind of message cost."""

    frames: int
    bytes_p50: float
    us_p50: float
    us_p99: float
    frames_per_s: float
    records_per_frame: float


def read_rounds(path: Path) -> list[Round]:
    """Return the recorded rounds in a file or under a folder; raises BenchInputError."""
    paths = sorted(path.rglob("*.jsonl.gz")) if path.is_dir() else [path]
    if not paths:
        raise BenchInputError(f"{path}: expected recorded frames (*.jsonl.gz), was none")
    return [_read_round(each) for each in paths]


def _read_round(path: Path) -> Round:
    frames, tokens = [], dict[str, None]()
    try:
        with gzip.open(path) as lines:
            for number, line in enumerate(lines, 1):
                start = line.find(MSG_MARK)
                if start < 0 or not line.rstrip().endswith(b"}}"):
                    raise BenchInputError(f'{path}, line {number}: expected {{...,"msg":{{...}}}}, was {line[:60]!r}')
                frames.append(line.rstrip()[start + len(MSG_MARK) : -1])
                tokens[str(orjson.loads(frames[-1]).get("asset_id"))] = None
    except (OSError, orjson.JSONDecodeError) as error:
        raise BenchInputError(f"{path}: {error}") from error
    first, second = (*tokens, "0", "00")[:2]
    return Round(path.name, frames, (first, second))


def derive_changes(recorded: Round) -> Iterator[bytes]:
    """Yield a book of each token, then price_change frames that lead from each recorded book of a token to its next."""
    token, other = recorded.tokens
    books = [message for message in map(orjson.loads, recorded.frames) if message["asset_id"] == token]
    if not books:
        return
    first = books[0]
    yield orjson.dumps({**first, "event_type": "book"})
    yield orjson.dumps(
        {
            **first,
            "event_type": "book",
            "asset_id": other,
            "bids": [_mirrored(level) for level in first["asks"]],
            "asks": [_mirrored(level) for level in first["bids"]],
        }
    )
    sides = [_levels(first["bids"]), _levels(first["asks"])]
    for _, message in pairwise(books):
        wanted = [_levels(message["bids"]), _levels(message["asks"])]
        for side in (BID, ASK):
            for price_e4 in sorted(sides[side].keys() | wanted[side].keys()):
                size_u6 = wanted[side].get(price_e4, 0)
                if sides[side].get(price_e4, 0) != size_u6:
                    _set(sides[side], price_e4, size_u6)
                    yield _change_frame(recorded.tokens, message, sides, side, price_e4, size_u6)


def _levels(levels: list[dict[str, str]]) -> dict[int, int]:
    return {parse_price_e4(level["price"]): parse_size_u6(level["size"]) for level in levels}


def _mirrored(level: dict[str, str]) -> dict[str, str]:
    return {"price": format_price(PRICE_ONE_E4 - parse_price_e4(level["price"])), "size": level["size"]}


def _set(side: dict[int, int], price_e4: int, size_u6: int) -> None:
    if size_u6:
        side[price_e4] = size_u6
    else:
        side.pop(price_e4, None)


def _change_frame(
    tokens: tuple[str, str],
    message: dict[str, Any],
    sides: Sequence[dict[int, int]],
    side: int,
    price_e4: int,
    size_u6: int,
) -> bytes:
    bid_e4, ask_e4 = max(sides[BID], default=0), min(sides[ASK], default=PRICE_ONE_E4)
    entries = [
        (tokens[0], price_e4, side, bid_e4, ask_e4),
        (tokens[1], PRICE_ONE_E4 - price_e4, 1 - side, PRICE_ONE_E4 - ask_e4, PRICE_ONE_E4 - bid_e4),
    ]
    changes = [
        {
            "asset_id": token,
            "price": format_price(price),
            "size": format_scaled(size_u6, 6),
            "side": _SIDE_NAMES[each_side],
            "hash": message["hash"],
            "best_bid": format_price(best_bid),
            "best_ask": format_price(best_ask),
        }
        for token, price, each_side, best_bid, best_ask in entries
    ]
    return orjson.dumps(
        {
            "market": message["market"],
            "price_changes": changes,
            "timestamp": message["timestamp"],
            "event_type": "price_change",
        }
    )


def measure(batches: Iterable[tuple[tuple[str, str], list[bytes]]], kind: str, *, compiled: bool) -> Timing:
    """Feed batches of (tokens, frames) to sessions on a ring, once to time each frame and once to time them all.

    Only frames of `kind` are timed one by one; the first frames of a batch may be others that they need.
    """
    batches = list(batches)
    name = f"bucketmm_bench_{uuid.uuid4().hex[:12]}"
    with RingWriter(name) as writer:
        try:
            each_ns = np.concatenate([_time_each(writer, *batch, kind, compiled) for batch in batches])
            total_s, frames, records = 0.0, 0, 0
            for tokens, batch_frames in batches:
                batch_s, published = _time_all(writer, tokens, batch_frames, compiled)
                total_s, frames, records = total_s + batch_s, frames + len(batch_frames), records + published
        finally:
            writer.close(unlink=True)
    sizes = [len(frame) for _, batch_frames in batches for frame in batch_frames if kind.encode() in frame]
    p50_ns, p99_ns = np.percentile(each_ns, [50, 99])
    return Timing(
        len(each_ns),
        float(np.median(sizes)),
        float(p50_ns) / 1e3,
        float(p99_ns) / 1e3,
        frames / total_s,
        records / frames,
    )


def _open_session(sink: RecordSink, tokens: tuple[str, str], compiled: bool) -> MarketSession:
    session = MarketSession(sink, compiled=compiled)
    up = Instrument(tokens[0], "0x" + "0" * 64, "btc-updown-5m-0", 0, 300, 1, 100, 5_000_000, 70_000)
    session.add_market(up, up._replace(token_id=tokens[1], outcome=2), 1)
    return session


def _time_each(
    sink: RecordSink, tokens: tuple[str, str], frames: list[bytes], kind: str, compiled: bool
) -> np.ndarray[Any, np.dtype[np.int64]]:
    session = _open_session(sink, tokens, compiled)
    receive, clock, mark = session.receive_frame, time.perf_counter_ns, f'"event_type":"{kind}"'.encode()
    taken = []
    for frame in frames:
        started_ns = clock()
        receive(frame, started_ns)
        elapsed_ns = clock() - started_ns
        if mark in frame:
            taken.append(elapsed_ns)
    return np.array(taken, dtype=np.int64)


def _time_all(sink: RecordSink, tokens: tuple[str, str], frames: list[bytes], compiled: bool) -> tuple[float, int]:
    """Return how long all frames took together, and how many records came of them."""
    session = _open_session(sink, tokens, compiled)
    receive = session.receive_frame
    started_s = time.perf_counter()
    for frame in frames:
        receive(frame, 1)
    elapsed_s = time.perf_counter() - started_s
    counts = session.counts()
    assert not counts.get("disagreements"), "derived frames must agree with their own best prices"
    return elapsed_s, counts.get("published", 0)


def clock_cost_us() -> float:
    """Return what reading the clock twice costs: it is part of every single timing."""
    readings = [time.perf_counter_ns() for _ in range(20_001)]
    return float(np.median(np.diff(readings))) / 1e3


def run(path: Path) -> dict[str, Any]:
    """Measure the compiled session and the Python oracle on the recorded frames; raises BenchInputError."""
    rounds = read_rounds(path)
    books = [(recorded.tokens, recorded.frames) for recorded in rounds]
    changes = [
        (recorded.tokens, _take(derive_changes(recorded), CHANGES_PER_ROUND_MAX))
        for recorded in rounds[:ROUNDS_FOR_CHANGES]
    ]
    fast_books = measure(books, "book", compiled=True)
    fast_changes = measure(changes, "price_change", compiled=True)
    few_books, few_changes = _first(books, ORACLE_FRAMES_MAX), _first(changes, ORACLE_FRAMES_MAX)
    return {
        "frame_to_ring_us_p50": fast_books.us_p50,
        "frame_to_ring_us_p99": fast_books.us_p99,
        "price_change_us_p50": fast_changes.us_p50,
        "price_change_us_p99": fast_changes.us_p99,
        "frames_per_s": fast_books.frames_per_s,
        "price_changes_per_s": fast_changes.frames_per_s,
        "price_changes_are": "derived from successive recorded books: no price_change was recorded",
        "kinds": {"book": fast_books._asdict(), "price_change": fast_changes._asdict()},
        "oracle": {
            "book": measure(few_books, "book", compiled=False)._asdict(),
            "price_change": measure(few_changes, "price_change", compiled=False)._asdict(),
        },
        "rounds": len(rounds),
        "clock_us": clock_cost_us(),
    }


def _take(frames: Iterator[bytes], count: int) -> list[bytes]:
    return [frame for frame, _ in zip(frames, range(count), strict=False)]


def _first(
    batches: list[tuple[tuple[str, str], list[bytes]]], frames: int
) -> list[tuple[tuple[str, str], list[bytes]]]:
    """Return as many frames of the first batches as the slow oracle is given."""
    tokens, first = batches[0]
    return [(tokens, first[:frames])]
