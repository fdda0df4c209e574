"""Writes a journal: frames into a buffer, the buffer to the file before any command leaves, a new segment when one is
full.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from engine.journal.format import (
    ENCODER,
    FRAME,
    MAGIC,
    SEGMENT_BYTES_MAX,
    DecisionEntry,
    EndEntry,
    Header,
    RoundEntry,
    segment_name,
)
from engine.model.commands import Command
from engine.model.errors import InputError, ResourceError
from engine.model.events import Event
from engine.model.records import RoundRecord, Verdict

_EVENT_TAG: Final = 1
BUFFER_BYTES_MAX: Final = 256 << 10
"""Market data may wait in the buffer up to here; whatever led to a command is written at once."""


class JournalWriter:
    """The kernel's Recorder on disk. One writer per folder; the folder must not hold a journal yet.

    Every method that writes raises ResourceError when the disk is full or gone, and from then on always.
    """

    def __init__(self, folder: Path, header: Header, *, segment_bytes_max: int = SEGMENT_BYTES_MAX) -> None:
        """Create the first segment. Raises InputError when the folder already holds a journal."""
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.glob("journal-*.bmj")):
            raise InputError(f"expected a folder without a journal, {folder} holds one already")
        self.folder = folder
        self.events = 0
        self.decisions = 0
        self._header = header
        self._segment_bytes_max = segment_bytes_max
        self._buffer = bytearray()
        self._scratch = bytearray(4096)
        self._written = 0
        self._crc = 0
        self._file = -1
        self._open(header)

    def event(self, seq: int, event: Event) -> None:
        """Record an input; it is written with the next decision or when the buffer is full."""
        self.events += 1
        self._append((_EVENT_TAG, seq, event))
        if len(self._buffer) > BUFFER_BYTES_MAX:
            self.flush()

    def decision(
        self,
        seq: int,
        intents: list[Command],
        verdicts: list[Verdict],
        commands: list[Command],
        stages: list[str],
    ) -> None:
        """Record what an input led to and write everything so far: the bytes are with the system before a command
        leaves.
        """
        self.decisions += 1
        self._append(DecisionEntry(seq, intents, verdicts, commands, stages))  # type: ignore[arg-type]
        self.flush()

    def round(self, seq: int, record: RoundRecord) -> None:
        """Record what a round came to."""
        self._append(RoundEntry(seq, record))
        self.flush()

    def flush(self) -> None:
        """Hand the buffer to the operating system. Raises ResourceError when it does not take it."""
        if not self._buffer:
            return
        buffer = self._buffer
        try:  # not a context manager: an order waits for this
            taken = os.write(self._file, buffer)
            while taken < len(buffer):
                taken += os.write(self._file, buffer[taken:])
        except OSError as error:
            raise self._failed(error) from error
        self._written += len(buffer)
        self._buffer = bytearray()
        if self._written >= self._segment_bytes_max:
            self._rotate()

    def close(self, seq: int) -> None:
        """Write the closing frame and bring everything to the disk; a second call does nothing."""
        if self._file >= 0:
            self._append(EndEntry(seq))
            self.abandon()

    def abandon(self) -> None:
        """Bring what there is to the disk, without the frame that says that the session ended in order."""
        if self._file < 0:
            return
        self.flush()
        with self._writing():
            os.fsync(self._file)
            self._let_go()

    def _append(self, entry: object) -> None:
        scratch = self._scratch
        ENCODER.encode_into(entry, scratch, 0)
        crc = zlib.crc32(scratch)
        self._crc = crc
        self._buffer += FRAME.pack(len(scratch), crc)
        self._buffer += scratch

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Fail for good when the system refuses: a second try would write behind half a frame."""
        try:
            yield
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> ResourceError:
        self._let_go()
        return ResourceError(f"expected to write the journal {self.folder}: {error}")

    def _let_go(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _open(self, header: Header) -> None:
        path = self.folder / segment_name(header.segment)
        with self._writing():
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._written = 0
        self._buffer += MAGIC
        self._append(header)
        self.flush()

    def _rotate(self) -> None:
        with self._writing():
            os.fsync(self._file)
        self._let_go()
        self._header = msgspec.structs.replace(
            self._header,
            segment=self._header.segment + 1,
            kernel_state=b"",
            config_json=b"",
            previous_crc=self._crc,
        )
        self._open(self._header)


class NullRecorder:
    """Keeps nothing: for a kernel whose decisions somebody else looks at."""

    def event(self, seq: int, event: Event) -> None:
        """Forget the input."""

    def decision(
        self,
        seq: int,
        intents: list[Command],
        verdicts: list[Verdict],
        commands: list[Command],
        stages: list[str],
    ) -> None:
        """Forget the decision."""

    def round(self, seq: int, record: RoundRecord) -> None:
        """Forget the round."""
