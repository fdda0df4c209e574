"""Play recordings into a ring as if they were live: at real time, faster, or as fast as the readers
follow."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from feeder.recording.errors import RecordingError
from feeder.recording.files import NO_RECORDS, RecordingFile
from feeder.recording.format import RecordArray
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
NEVER_NS: Final = 1 << 62


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


class Part(NamedTuple):
    """Records of one recording that no other one's come between."""

    name: str
    player: Player
    records: RecordArray
    times_ns: NDArray[np.int64]


class Playing:
    """One recording on its way; it is loaded when its first record is asked for."""

    def __init__(self, file: RecordingFile, sink: RecordSink, *, last: bool) -> None:
        self._file = file
        self._sink = sink
        self._last = last
        self._player: Player | None = None
        self._batches: Iterator[RecordArray] = iter(())
        self._records: RecordArray = NO_RECORDS
        self._times_ns: NDArray[np.int64] = NO_RECORDS["recv_ts_ns"]

    @property
    def head_ns(self) -> int:
        """The time of the next record, NEVER_NS behind the last. Raises RecordingError when it cannot be read."""
        if self._player is None:
            loaded = self._file.load()
            self._player = Player(self._sink, loaded, last=self._last)
            self._batches = loaded.batches()
        while not len(self._records):
            batch = next(self._batches, None)
            if batch is None:
                return NEVER_NS
            self._records, self._times_ns = batch, np.maximum.accumulate(batch["recv_ts_ns"])
        return int(self._times_ns[0])

    def take(self, until_ns: int) -> Part:
        """Return the next records up to a moment, at least one, at most a batch."""
        assert self._player is not None, "the head was looked at before"
        count = max(int(np.searchsorted(self._times_ns, until_ns, side="right")), 1)
        part = Part(self._file.name, self._player, self._records[:count], self._times_ns[:count])
        self._records, self._times_ns = self._records[count:], self._times_ns[count:]
        return part


class RecordingSource:
    """Plays recordings in the order of their time. Those that overlap, as a window's settlement and the next window
    do, are interleaved; before one that begins later the pace is set anew, so that no time passes between the two.

    `rate_milli` is as in pacing.py; `clock_ns` is the wall clock, an argument for the tests' sake. The
    records keep the recording's own times; heartbeats are the caller's.
    """

    def __init__(
        self, files: Sequence[RecordingFile], rate_milli: int, *, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._files = sorted(files, key=lambda file: file.window_start_s)
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
        pace: Pace | None = None
        try:
            for part, begins in self._parts(sink):
                self._playing = part.name
                pace = self._set_pace(int(part.times_ns[0]), sink) if begins or pace is None else pace
                await self._play(part, pace, sink, stop)
                if stop.is_set():
                    return
        except RecordingError as error:
            raise SourceError(str(error)) from error

    def _parts(self, sink: RecordSink) -> Iterator[tuple[Part, bool]]:
        """Yield what is to be played in the order of its time, and whether time begins anew with it."""
        last = len(self._files) - 1
        upcoming = iter([Playing(file, sink, last=number == last) for number, file in enumerate(self._files)])
        playing: list[Playing] = []
        following = next(upcoming, None)
        begins = True
        while playing or following is not None:
            if following is not None and all(following.head_ns <= one.head_ns for one in playing):
                begins = begins or not playing
                playing.append(following)
                following = next(upcoming, None)
            else:
                first = min(playing, key=lambda one: one.head_ns)
                others = [one.head_ns for one in (*playing, following) if one is not None and one is not first]
                part = first.take(min(others, default=NEVER_NS))
                if len(part.records):
                    yield part, begins
                    begins = False
            playing = [one for one in playing if one.head_ns < NEVER_NS]

    async def _play(self, part: Part, pace: Pace, sink: RecordSink, stop: asyncio.Event) -> None:
        position = 0
        while position < len(part.records) and not stop.is_set():
            end = self._end_of_burst(part.times_ns, position, pace, sink)
            part.player.publish(part.records[position:end])
            self._records += end - position
            await self._rest(part.times_ns, end, pace, end == position, stop)
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
