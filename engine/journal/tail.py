"""Follows a journal that is still being written: what is new since the last look, up to a frame not yet whole."""

import zlib
from pathlib import Path
from typing import Final

import msgspec

from engine.journal.format import FRAME, FRAME_BYTES_MAX, MAGIC, Header, segment_name
from engine.journal.reader import Frame, check_tail, good_frames
from engine.model.errors import InputError

CHUNK_BYTES: Final = 4 << 20
"""Read at once: some ten thousand events, which is a good size for a transaction too."""


class Position(msgspec.Struct, frozen=True):
    """How far a journal was read: the segment, the byte in it, and the check sum of the last frame."""

    segment: int = 0
    offset: int = 0
    crc: int = 0


class JournalTail:
    """Reads one journal in pieces; `position` says where it stands and may be kept to go on from another day."""

    def __init__(self, folder: Path, position: Position | None = None) -> None:
        self.folder = folder
        self.position = position or Position()

    def read(self) -> list[Frame]:
        """Return new frames of the segment that is being read, headers too; none when there is nothing new.

        Call again until nothing comes. Raises InputError for a bad frame that is not the journal's tail.
        """
        here = self.position
        is_last = not (self.folder / segment_name(here.segment + 1)).exists()  # asked before the bytes are read
        frames = self._frames(CHUNK_BYTES, is_last=is_last)
        if frames is None:  # one frame is larger than a chunk, or a bad one
            frames = self._frames(FRAME_BYTES_MAX + FRAME.size, is_last=is_last)
        if frames is None:
            raise InputError(f"bad frame in {self.folder / segment_name(here.segment)} at byte {here.offset}")
        if not frames and not is_last:
            self.position = Position(here.segment + 1, 0, here.crc)
            return self.read()
        return frames

    def _frames(self, bytes_max: int, *, is_last: bool) -> list[Frame] | None:
        """Return the whole frames among the next bytes and go behind them; None when none is whole in so many bytes."""
        here = self.position
        segment = self.folder / segment_name(here.segment)
        data = _bytes_from(segment, here.offset, bytes_max)
        begin = _behind_magic(data, segment) if here.offset == 0 else 0
        if begin is None:
            return []
        frames = list(good_frames(data, begin, segment, here.offset))
        end = begin + sum(frame.size for frame in frames)
        if len(data) < bytes_max:
            check_tail(data, end, segment, here.offset, is_last=is_last)
        elif not frames:
            return None
        crc = here.crc
        for frame in frames:
            self._check_header(frame, crc)
            crc = zlib.crc32(frame.payload)
        if frames:
            self.position = Position(here.segment, here.offset + end, crc)
        return frames

    def _check_header(self, frame: Frame, crc: int) -> None:
        header = frame.entry
        if not isinstance(header, Header):
            return
        index = self.position.segment
        if header.segment != index or (index and header.previous_crc != crc):
            raise InputError(f"{self.folder / segment_name(index)} does not continue the segment before it")


def _bytes_from(segment: Path, offset: int, bytes_max: int) -> bytes:
    try:
        with segment.open("rb") as file:
            file.seek(offset)
            return file.read(bytes_max)
    except FileNotFoundError:
        return b""


def _behind_magic(data: bytes, segment: Path) -> int | None:
    """Return where the first frame begins, None while the file's mark is not yet whole."""
    if data.startswith(MAGIC):
        return len(MAGIC)
    if MAGIC.startswith(data):
        return None
    raise InputError(f"expected a journal segment (magic {MAGIC!r}), {segment} begins with {data[:8]!r}")
