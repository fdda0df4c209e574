"""The recorder: a RecordSink that writes append-only, compressed, crash-safe segments.

A block leaves the process when it is full or when its first record is a second old by the records' own clock
(the heartbeats see to it that the clock goes on), so a killed recorder loses about a second and never what
was before. The disk is told to sync at the end of a segment; a power failure may cost what the kernel had not
written yet.
"""

import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

import msgspec
import numpy as np

from feeder.recording.collector import RecordBuffer
from feeder.recording.errors import RecordingError
from feeder.recording.format import (
    FRAMES_SUFFIX,
    RECORDS_SUFFIX,
    BlockType,
    RecordArray,
    encode_block,
    pack_frame,
)
from feeder.recording.manifest import FORMAT_VERSION, Manifest, MarketSummary, save_manifest
from shm.layout import ALL_INSTRUMENTS, FeedChange, Flag, Kind, MarketChange, Outcome, Result
from shm.sink import Instrument, UniformSink

BLOCK_RECORDS_MAX: Final = 4_096
BLOCK_AGE_MAX_NS: Final = 1_000_000_000
FRAME_BLOCK_BYTES_MAX: Final = 1 << 20
SEGMENT_BYTES_MAX: Final = 64 << 20
FLAGS_TOLD: Final = {Flag.MIRRORED: "mirrored", Flag.INFERRED: "inferred", Flag.SYNTHETIC: "synthetic"}
"""The record flags that the manifest names, when any record carries them."""


class SegmentFile:
    """A run of numbered files of blocks; a new file is begun when one has `bytes_max`."""

    def __init__(self, directory: Path, stem: str, suffix: str, bytes_max: int) -> None:
        self._directory = directory
        self._stem = stem
        self._suffix = suffix
        self._bytes_max = bytes_max
        self._number = 0
        self._file: BinaryIO | None = None
        self._sequence = 0

    def write(self, block_type: BlockType, count: int, data: bytes) -> None:
        """Append one block and hand it to the kernel."""
        file = self._file or self._open_next()
        file.write(encode_block(block_type, count, self._sequence, data))
        file.flush()
        self._sequence += 1
        if file.tell() >= self._bytes_max:
            self.close()

    def _open_next(self) -> BinaryIO:
        self._number += 1
        self._sequence = 0
        self._file = (self._directory / f"{self._stem}-{self._number:05d}{self._suffix}").open("xb")
        return self._file

    def close(self) -> None:
        """Sync and close the file that is open, if any; a later write begins the next one."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


class RecordingWriter(UniformSink):
    """Writes one recording into a directory of its own (see format.py); implements shm.sink.RecordSink.

    Records that come one by one get a running `seq`; whole arrays from a ring keep the ring's.
    """

    def __init__(
        self,
        directory: Path,
        *,
        kind: str,
        source: str,
        software_version: str,
        flags: tuple[str, ...] = (),
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        block_age_max_ns: int = BLOCK_AGE_MAX_NS,
    ) -> None:
        """Create the directory; RecordingError when it exists and is not empty.

        `block_age_max_ns` may be larger where nothing is lost with the process, because it can be generated
        again.
        """
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise RecordingError(directory, 0, "expected a directory to create, was one that exists and is not empty")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.drops = 0
        self._identity = (kind, source, software_version)
        self._flags = flags
        self._flag_bits = 0
        self._block_age_max_ns = block_age_max_ns
        self._instruments: dict[int, Instrument] = {}
        self._results: dict[int, tuple[int, int]] = {}
        self._counts: Counter[str] = Counter()
        self._start_ns = 0
        self._end_ns = 0
        self._block_start_ns = 0
        self._pending = RecordBuffer()
        self._pending_rows: list[dict[str, object]] = []
        self._pending_frames: list[bytes] = []
        self._pending_frame_bytes = 0
        self._records_file = SegmentFile(directory, "records", RECORDS_SUFFIX, segment_bytes_max)
        self._frames_file = SegmentFile(directory, "frames", FRAMES_SUFFIX, segment_bytes_max)
        save_manifest(directory, self.manifest(complete=False))

    def __enter__(self) -> "RecordingWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(complete=error is None)

    def add_instrument(self, instrument: Instrument) -> int:
        """Register a token and return its index."""
        index = len(self._instruments)
        self.put_instrument(index, instrument)
        return index

    def put_instrument(self, index: int, instrument: Instrument) -> None:
        """Register a token under the index that a ring gave it; the row goes to disk before its records."""
        assert 0 <= index < ALL_INSTRUMENTS, f"an instrument's index must be in 0..{ALL_INSTRUMENTS - 1}, was {index}"
        assert index not in self._instruments, f"instrument {index} is registered already"
        self._instruments[index] = instrument
        self._pending_rows.append({"index": index, **instrument._asdict()})

    def knows(self, index: int) -> bool:
        """Tell whether the index has been registered."""
        return index in self._instruments

    def publish(
        self,
        kind: int,
        flags: int,
        instrument: int,
        aux: int,
        w2: int,
        w3: int,
        w4: int,
        w5: int,
        venue_ts_ns: int,
        recv_ts_ns: int,
        /,
    ) -> None:
        """Record one record of any kind."""
        self._begin(recv_ts_ns)
        seq = self._counts["records"] + 1
        self._counts["records"] = seq
        self._pending.append(seq, kind, flags, instrument, aux, w2, w3, w4, w5, venue_ts_ns, recv_ts_ns)
        self._flag_bits |= flags
        if kind == Kind.MARKET or kind == Kind.FEED:
            self._note(kind, flags, instrument, aux, w5)
        self._flush_if_due(recv_ts_ns)

    def append(self, records: RecordArray) -> None:
        """Record an array from a ring as it is, `seq` included; its instruments must be registered."""
        if not len(records):
            return
        self._begin(int(records["recv_ts_ns"][0]))
        self._counts["records"] += len(records)
        self._pending.extend(records)
        self._flag_bits |= int(np.bitwise_or.reduce(records["flags"]))
        noted = (records["kind"] == Kind.MARKET) | (records["kind"] == Kind.FEED)
        for record in records[np.flatnonzero(noted)]:
            self._note(*(int(record[name]) for name in ("kind", "flags", "instrument", "aux", "w5")))
        self._flush_if_due(int(records["recv_ts_ns"][-1]))

    def add_frame(self, recv_ts_ns: int, data: bytes) -> None:
        """Record one raw frame as it came from the venue."""
        self._begin(recv_ts_ns)
        self._counts["frames"] += 1
        self._pending_frames.append(pack_frame(recv_ts_ns, data))
        self._pending_frame_bytes += len(data)
        self._flush_if_due(recv_ts_ns)

    def flush(self) -> None:
        """Write what is pending as blocks, instruments first: every record on disk can be resolved."""
        if self._pending_rows:
            rows, self._pending_rows = self._pending_rows, []
            self._records_file.write(BlockType.INSTRUMENTS, len(rows), msgspec.json.encode(rows))
        if count := len(self._pending):
            self._records_file.write(BlockType.RECORDS, count, self._pending.take())
        if self._pending_frames:
            frames, self._pending_frames, self._pending_frame_bytes = self._pending_frames, [], 0
            self._frames_file.write(BlockType.FRAMES, len(frames), b"".join(frames))
        self._block_start_ns = 0

    def close(self, *, complete: bool = True) -> None:
        """Write the rest and the final manifest; `complete` is false where an error ended the recording."""
        self.flush()
        self._records_file.close()
        self._frames_file.close()
        save_manifest(self.directory, self.manifest(complete=complete))

    def manifest(self, *, complete: bool) -> Manifest:
        """Return the manifest of what has been recorded so far."""
        kind, source, software_version = self._identity
        return Manifest(
            format_version=FORMAT_VERSION,
            kind=kind,
            source=source,
            software_version=software_version,
            complete=complete,
            start_ns=self._start_ns,
            end_ns=self._end_ns,
            records=self._counts["records"],
            frames=self._counts["frames"],
            gaps=self._counts["gaps"],
            drops=self.drops,
            flags=sorted({*self._flags, *(text for bit, text in FLAGS_TOLD.items() if self._flag_bits & bit)}),
            markets=self._markets(),
        )

    def _begin(self, recv_ts_ns: int) -> None:
        self._start_ns = self._start_ns or recv_ts_ns
        self._block_start_ns = self._block_start_ns or recv_ts_ns

    def _flush_if_due(self, recv_ts_ns: int) -> None:
        self._end_ns = recv_ts_ns
        if (
            len(self._pending) >= BLOCK_RECORDS_MAX
            or self._pending_frame_bytes >= FRAME_BLOCK_BYTES_MAX
            or recv_ts_ns - self._block_start_ns >= self._block_age_max_ns
        ):
            self.flush()

    def _note(self, kind: int, flags: int, instrument: int, aux: int, w5: int) -> None:
        """Keep what the manifest tells of a MARKET or FEED record: gaps, and how each token was settled."""
        if kind == Kind.FEED and aux == FeedChange.GAP:
            self._counts["gaps"] += 1
        if kind == Kind.MARKET and aux == MarketChange.RESOLVED:
            self._results[instrument] = (w5 >> 24 & 0xFF, flags)

    def _markets(self) -> list[MarketSummary]:
        """Return one row per market, told by its Up token (the first one where there is none)."""
        rows: dict[str, MarketSummary] = {}
        for index, token in self._instruments.items():
            if token.condition_id in rows and token.outcome != Outcome.UP:
                continue
            result, flags = self._results.get(index, (None, 0))
            rows[token.condition_id] = MarketSummary(
                slug=token.slug,
                condition_id=token.condition_id,
                window_start_s=token.window_start_s,
                window_length_s=token.window_length_s,
                result=winner_name(result, token.outcome),
                inferred=bool(flags & Flag.INFERRED),
            )
        return list(rows.values())


def winner_name(result: int | None, outcome: int) -> str:
    """Return the winning side as text from one token's result: up, down, unknown, or "" where it was not
    resolved.
    """
    if result is None:
        return ""
    if result == Result.UNKNOWN:
        return "unknown"
    return "up" if (result == Result.WON) == (outcome == Outcome.UP) else "down"
