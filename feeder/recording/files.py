"""What a recording is to the rest of the system: its windows, and a way to load its records."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from feeder.recording.format import RecordArray
from feeder.recording.writer import winner_name
from shm.layout import RECORD_DTYPE, Kind, MarketChange
from shm.sink import Instrument

NO_RECORDS: Final = np.empty(0, RECORD_DTYPE)


class Window(NamedTuple):
    """One bucket of a recording."""

    slug: str
    start_s: int
    length_s: int


@dataclass(frozen=True)
class Loaded:
    """A recording's content: records in order, whose `instrument` is a key of `instruments`; counts of what
    was odd.
    """

    instruments: dict[int, Instrument]
    counts: Counter[str]
    batches: Callable[[], Iterator[RecordArray]]

    def records(self) -> RecordArray:
        """Return all records as one array."""
        return np.concatenate([NO_RECORDS, *self.batches()])

    def outcomes(self) -> dict[str, str]:
        """Return {slug: up | down | unknown} of the windows whose end is in the recording."""
        results = {}
        for batch in self.batches():
            resolved = (batch["kind"] == Kind.MARKET) & (batch["aux"] == MarketChange.RESOLVED)
            for record in batch[np.flatnonzero(resolved)]:
                token = self.instruments[int(record["instrument"])]
                results[token.slug] = winner_name(int(record["w5"]) >> 24 & 0xFF, token.outcome)
        return results


@dataclass(frozen=True)
class RecordingFile:
    """One recording: a round of a public data set, or a whole recording of ours with one or more windows.

    `load` decodes it; it raises RecordingError naming the file and the line of what is wrong.
    """

    name: str
    path: Path
    kind: str
    windows: tuple[Window, ...]
    load: Callable[[], Loaded]

    @property
    def slug(self) -> str:
        """Return the slug of the first window."""
        return self.windows[0].slug

    @property
    def window_start_s(self) -> int:
        """Return the start of the first window, Unix seconds."""
        return self.windows[0].start_s

    @property
    def window_length_s(self) -> int:
        """Return the length of the first window in seconds."""
        return self.windows[0].length_s
