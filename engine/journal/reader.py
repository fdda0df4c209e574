"""Reads a journal back, entry by entry, over all its segments, up to a torn tail."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from engine.journal.format import DECODER, FRAME, FRAME_BYTES_MAX, MAGIC, Entry, Header
from engine.model.errors import InputError


class Frame(NamedTuple):
    """One entry with its raw payload, for comparing byte by byte."""

    entry: Entry
    payload: bytes

    @property
    def size(self) -> int:
        """The bytes that it takes in its segment."""
        return FRAME.size + len(self.payload)


class UnbegunError(InputError):
    """The journal has no whole header: its writer died before it took the first event, nothing was decided in it."""


def journal_folders(path: Path) -> list[Path]:
    """Return the journals at `path`, sorted: the folder itself, or every folder below it that holds segments.

    Raises InputError when there is none.
    """
    if path.is_file() and path.suffix == ".bmj":
        return [path.parent]
    if not path.is_dir():
        raise InputError(f"expected a journal folder, {path} does not exist or is no folder")
    found = sorted({segment.parent for segment in path.rglob("journal-*.bmj")})
    if not found:
        raise InputError(f"expected a folder with journal-*.bmj segments, found none in {path}")
    return found


PAYLOAD_BYTES_MIN: Final = 3
"""No entry is shorter; eight zero bytes would be a frame of none, and a disk may leave many of them."""
_SESSION: Final = re.compile(r"session-[0-9]{6,}")


def session_folders(root: Path) -> list[Path]:
    """Return the folders of an engine's sessions under its state folder, oldest first, begun or not."""
    return sorted((path for path in root.glob("session-*") if _SESSION.fullmatch(path.name)), key=session_number)


def session_number(folder: Path) -> int:
    """Return the number in a session folder's name."""
    return int(folder.name.removeprefix("session-"))


class JournalReader:
    """Iterates over the frames of one journal; `torn_bytes` says what was dropped at the end."""

    def __init__(self, folder: Path) -> None:
        """Read the first header. Raises InputError when the folder holds no readable journal, UnbegunError when it
        was never begun.
        """
        self.folder = folder
        self.torn_bytes = 0
        self.segments = sorted(folder.glob("journal-*.bmj"))
        if not self.segments:
            raise InputError(f"expected journal-*.bmj segments in {folder}, found none")
        first = next(self._frames(self.segments[0], is_last=len(self.segments) == 1), None)
        if first is None:
            raise UnbegunError(f"expected a header at the beginning of {self.segments[0]}, found none")
        if not isinstance(first.entry, Header) or first.entry.segment != 0:
            raise InputError(f"expected a header at the beginning of {self.segments[0]}, found none")
        self.header: Header = first.entry

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame but the headers, in order. Raises InputError at a bad frame that is not the torn tail."""
        crc = 0
        for index, segment in enumerate(self.segments):
            is_last = index == len(self.segments) - 1
            for frame in self._frames(segment, is_last=is_last):
                if isinstance(frame.entry, Header):
                    if frame.entry.segment != index or (index and frame.entry.previous_crc != crc):
                        raise InputError(f"{segment} does not continue the segment before it")
                else:
                    yield frame
                crc = zlib.crc32(frame.payload)

    def _frames(self, segment: Path, *, is_last: bool) -> Iterator[Frame]:
        data = segment.read_bytes()
        if data[: len(MAGIC)] != MAGIC:
            if is_last and MAGIC.startswith(data[: len(MAGIC)]):
                self.torn_bytes = len(data)
                return
            raise InputError(f"expected a journal segment (magic {MAGIC!r}), {segment} begins with {data[:8]!r}")
        offset = len(MAGIC)
        for frame in good_frames(data, offset, segment):
            yield frame
            offset += frame.size
        check_tail(data, offset, segment, is_last=is_last)
        self.torn_bytes = len(data) - offset


def good_frames(data: bytes, offset: int, segment: Path, base: int = 0) -> Iterator[Frame]:
    """Yield the frames from `offset` on, up to one that is cut off or fails its check; `base` is where `data` begins.

    Raises InputError for a frame that is whole and says nothing that this version knows.
    """
    while (payload := _payload_at(data, offset)) is not None:
        try:
            frame = Frame(DECODER.decode(payload), payload)
        except msgspec.DecodeError as error:
            raise InputError(f"unknown entry in {segment} at byte {base + offset}: {error}") from error
        offset += frame.size
        yield frame


def check_tail(data: bytes, offset: int, segment: Path, base: int = 0, *, is_last: bool) -> None:
    """Raise InputError when what is left from `offset` on cannot be a torn tail: damage in the middle."""
    if offset == len(data):
        return
    if not is_last:
        raise InputError(f"bad frame in {segment} at byte {base + offset}, and it is not the journal's tail")
    if _frame_follows(data, offset):
        raise InputError(f"bad frame in {segment} at byte {base + offset}: its check failed and more frames follow")


def _payload_at(data: bytes, offset: int) -> bytes | None:
    """Return the frame's payload, or None when it is cut off or fails its check."""
    if offset + FRAME.size > len(data):
        return None
    length, crc = FRAME.unpack_from(data, offset)
    begin = offset + FRAME.size
    if not PAYLOAD_BYTES_MIN <= length <= FRAME_BYTES_MAX or begin + length > len(data):
        return None
    payload = data[begin : begin + length]
    return payload if zlib.crc32(payload) == crc else None


def _frame_follows(data: bytes, offset: int) -> bool:
    """Whether a good frame stands anywhere behind the bad one: then it is damage in the middle, not a torn tail.

    Every place is tried, because the damage may be in the bad frame's length.
    """
    return any(_payload_at(data, at) is not None for at in range(offset + 1, len(data) - FRAME.size))
