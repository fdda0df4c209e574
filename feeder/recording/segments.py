"""Read a recording of our own format: instruments from all its segments at once, records block by block."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import zstandard

from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded, RecordingFile, Window
from feeder.recording.format import (
    FRAMES_SUFFIX,
    MANIFEST_NAME,
    RECORDS_SUFFIX,
    Block,
    BlockType,
    Damage,
    RecordArray,
    decompress,
    iter_blocks,
    iter_frames,
)
from feeder.recording.manifest import load_manifest
from shm.layout import RECORD_DTYPE
from shm.sink import Instrument

KIND = "recording"


def is_recording(directory: Path) -> bool:
    """Tell whether a directory is a recording of ours: it has segments or a manifest."""
    return (directory / MANIFEST_NAME).is_file() or any(directory.glob(f"*{RECORDS_SUFFIX}"))


def open_recording(directory: Path) -> RecordingFile:
    """Describe a recording of ours. Raises RecordingError when it has no segments or no instruments."""
    manifest = load_manifest(directory)
    segments = sorted(directory.glob(f"*{RECORDS_SUFFIX}"))
    if not segments:
        raise RecordingError(directory, 0, f"expected segments (*{RECORDS_SUFFIX}), was a recording without any")
    instruments = _read_instruments(segments)
    if not instruments:
        raise RecordingError(directory, 0, "expected instruments in its segments, was a recording without any")
    windows = {
        token.slug: Window(token.slug, token.window_start_s, token.window_length_s) for token in instruments.values()
    }

    def load() -> Loaded:
        counts: Counter[str] = Counter()
        if manifest is None or not manifest.complete:
            counts["unfinished"] = 1
        return Loaded(instruments, counts, lambda: _iter_records(segments, counts))

    ordered = tuple(sorted(windows.values(), key=lambda window: (window.start_s, window.slug)))
    return RecordingFile(directory.name, directory, KIND, ordered, load)


def read_frames(directory: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (recv_ts_ns, bytes) of the raw frames of a recording of ours, in order."""
    for segment in sorted(directory.glob(f"*{FRAMES_SUFFIX}")):
        for block in iter_blocks(segment.read_bytes(), Damage()):
            yield from iter_frames(_content(segment, block), block.items)


def _read_instruments(segments: list[Path]) -> dict[int, Instrument]:
    instruments: dict[int, Instrument] = {}
    for segment in segments:
        for block in iter_blocks(segment.read_bytes(), Damage()):
            if block.type == BlockType.INSTRUMENTS:
                for row in msgspec.json.decode(_content(segment, block), type=list[dict[str, object]]):
                    index = row.pop("index")
                    assert isinstance(index, int)
                    instruments[index] = Instrument(**row)  # type: ignore[arg-type]
    return instruments


def _iter_records(segments: list[Path], counts: Counter[str]) -> Iterator[RecordArray]:
    """Yield the records of each whole block; damage is counted, each time anew."""
    damage = Damage()
    for segment in segments:
        for block in iter_blocks(segment.read_bytes(), damage):
            if block.type == BlockType.RECORDS:
                records = np.frombuffer(_content(segment, block), RECORD_DTYPE)
                if len(records) != block.items:
                    raise RecordingError(segment, 0, f"expected {block.items} records in a block, was {len(records)}")
                yield records
    counts["bad_blocks"] = damage.bad_blocks
    counts["torn_bytes"] = damage.torn_bytes


def _content(segment: Path, block: Block) -> bytes:
    try:
        return decompress(block)
    except zstandard.ZstdError as error:  # the checksum was right: another writer
        raise RecordingError(segment, 0, f"expected zstd in block {block.sequence}: {error}") from error
