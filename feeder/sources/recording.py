"""Play recordings into a ring as if they were live: at real time, faster, or as fast as the readers
follow."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from feeder.recording.errors import RecordingError
from feeder.recording.files import Loaded, RecordingFile
from feeder.recording.player import Player
from feeder.sources import SourceError
from feeder.sources.pacing import UNPACED_MILLI, Pace, due_until
from shm.sink import RecordSink

BURST_RECORDS_MAX: Final = 512
"""How many records are published between two looks at the clock, at `stop` and at the slowest reader."""
BACKLOG_RECORDS_MAX: Final = 8_192
"""How far an unpaced recording may be ahead of the slowest gating reader: an eighth of the ring's default
capacity."""
BACKLOG_WAIT_S: Final = 0.001


@runtime_checkable
class PacedSink(Protocol):
    """What a ring's writer knows beyond a sink: the pace of a recording, and the readers that it must wait
    for."""

    @property
    def cursor(self) -> int:
        """The newest sequence published."""
        ...

    def set_pace(self, wall_start_ns: int, recording_start_ns: int, rate_milli: int, /) -> None:
        """Tell readers how to derive the recording's time from the wall clock."""
        ...

    def slowest_gating_position(self) -> int | None:
        """Return the lowest sequence that a gating reader still wants, None when nobody gates."""
        ...


class RecordingSource:
    """Plays recordings one after the other; each sets the pace anew, so that no time passes between two of
    them.

    `rate_milli` is as in pacing.py; `clock_ns` is the wall clock, an argument for the tests' sake. The
    records keep the recording's own times; heartbeats are the caller's.
    """

    def __init__(
        self, files: Sequence[RecordingFile], rate_milli: int, *, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._files = files
        self._rate_milli = rate_milli
        self._clock_ns = clock_ns
        self._records = 0
        self._playing = ""

    @property
    def name(self) -> str:
        """The source's name as the command line knows it."""
        return "recording"

    def health(self) -> Mapping[str, object]:
        """Return how far the recordings have been played."""
        return {"messages": self._records, "playing": self._playing, "recordings": len(self._files)}

    async def run(self, sink: RecordSink, stop: asyncio.Event) -> None:
        """Play everything, or until `stop` is set; the last recording ends with FEED ENDED.

        Raises SourceError when a recording cannot be read.
        """
        for number, file in enumerate(self._files):
            self._playing = file.name
            try:
                loaded = file.load()
                player = Player(sink, loaded, last=number == len(self._files) - 1)
                await self._play(loaded, player, sink, stop)
            except RecordingError as error:
                raise SourceError(str(error)) from error

    async def _play(self, loaded: Loaded, player: Player, sink: RecordSink, stop: asyncio.Event) -> None:
        """Play one recording: the pace is set at its first record."""
        pace: Pace | None = None
        for batch in loaded.batches():
            times_ns = np.maximum.accumulate(batch["recv_ts_ns"])
            position = 0
            while position < len(batch) and not stop.is_set():
                if pace is None:
                    pace = self._set_pace(int(times_ns[0]), sink)
                end = self._end_of_burst(times_ns, position, pace, sink)
                player.publish(batch[position:end])
                self._records += end - position
                await self._rest(times_ns, end, pace, end == position, stop)
                position = end

    def _set_pace(self, recording_start_ns: int, sink: RecordSink) -> Pace:
        pace = Pace(self._clock_ns(), recording_start_ns, self._rate_milli)
        if isinstance(sink, PacedSink):
            sink.set_pace(*pace)
        return pace

    def _end_of_burst(self, times_ns: NDArray[np.int64], start: int, pace: Pace, sink: RecordSink) -> int:
        """Return the end of what may be published now, `start` when nothing may."""
        burst_end = min(start + BURST_RECORDS_MAX, len(times_ns))
        if pace.rate_milli != UNPACED_MILLI:
            return min(burst_end, due_until(times_ns, start, pace, self._clock_ns()))
        if isinstance(sink, PacedSink):
            slowest = sink.slowest_gating_position()
            if slowest is not None and sink.cursor - slowest > BACKLOG_RECORDS_MAX:
                return start
        return burst_end

    async def _rest(
        self, times_ns: NDArray[np.int64], position: int, pace: Pace, idle: bool, stop: asyncio.Event
    ) -> None:
        """Give way to others, and sleep until the next record is due, a slow reader has moved, or `stop` is
        set."""
        wait_s = BACKLOG_WAIT_S if idle else 0.0
        if pace.rate_milli != UNPACED_MILLI and position < len(times_ns):
            wait_s = (pace.wall_ns(int(times_ns[position])) - self._clock_ns()) / 1e9
        if wait_s <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
