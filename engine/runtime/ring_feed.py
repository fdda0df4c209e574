"""The ring as the dry shell sees it: batches of events, the newest book per asset and drain, laps, late joining, a dead
feeder.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
import numpy as np

from engine.model.events import Event, Feed, FeedChange, Gap, Tob
from engine.model.market import View
from engine.runtime.clock import PaceLike
from engine.runtime.decode import Decoder
from engine.runtime.decode import Record as Row
from shm.errors import RingError
from shm.layout import ALL_INSTRUMENTS, RECORD_DTYPE, Kind, MarketChange
from shm.layout import FeedChange as RecordFeedChange
from shm.ring import Record, RingReader
from shm.sink import Instrument

BATCH_RECORDS: Final = 4096


class Seen(NamedTuple):
    """One event of a drain. The paper venue sees all of them, the kernel only the visible ones."""

    event: Event
    visible: bool


class RingFeed:
    """Reads one ring; reopens it when the feeder made a new one."""

    def __init__(
        self, name: str, known: Iterable[View], assets_seen: int, *, gating: bool, heartbeat_max_ns: int
    ) -> None:
        """Attach to the ring. Raises shm.errors.RingError when there is none or it is not ours."""
        self.name = name
        self.reader = RingReader(name, start="oldest", gating=gating)
        self.decoder = Decoder(self.instrument, known, assets_seen)
        self.ended = False
        self.skipped = 0
        self.records = 0
        self._gating = gating
        self._heartbeat_max_ns = heartbeat_max_ns
        self._batch = np.zeros(BATCH_RECORDS, RECORD_DTYPE)
        self._history: list[Row] = [] if gating else self._read_history()
        self._lost = self.reader.lost
        self._made_anew = False
        self._primed: dict[int, int] = {}  # instrument -> the sequence that its newest book had in the table
        self._silent = False
        self._shown_ns = 0
        self._late = not gating

    @property
    def pace(self) -> PaceLike | None:
        """The recording's pace, None for live data."""
        return self.reader.pace

    @property
    def is_unpaced(self) -> bool:
        """Whether a recording is played as fast as it is read: its records' own times are the present."""
        pace = self.pace
        return pace is not None and pace.rate_milli == 0

    @property
    def lost(self) -> int:
        """Records that were overwritten before they were read."""
        return self.reader.lost

    def instrument(self, index: int) -> Instrument:
        """Look an index up in the instrument table."""
        return self.reader.instrument(index)

    def await_pace(self, within_s: float) -> bool:
        """Wait until a recording has begun: before that nobody knows what time it is there. False if it does not."""
        deadline = time.monotonic() + within_s
        while self.reader.pace is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True

    def drain(self) -> list[Row]:
        """Return the records that have come, oldest first."""
        count = self.reader.drain(self._batch)
        self.records += count
        return self._batch[:count].tolist() if count else []

    def events(self, rows: list[Row], now_ns: int) -> Iterator[Seen]:
        """Yield what a drain means: first what was missed, then every record in order.

        Of an unpaced recording every book is visible and stamped with its own time: nothing is ever late there.
        """
        unpaced, rows = self.is_unpaced, self._of_this_epoch(rows)
        if self._late:
            self._late = False
            yield from self._prime(now_ns, self._history)
            self._history = []
        if self.reader.lost != self._lost or self._made_anew:
            lost, self._lost = self.reader.lost - self._lost, self.reader.lost
            self._made_anew = False
            self.decoder.forget_instruments()  # what was missed may have been a feeder's restart
            yield Seen(Gap(now_ns, lost), True)
            yield from self._prime(now_ns, [])
        if self._primed and rows:
            rows = self._newer_than_primed(rows)
        newest = {row[3]: index for index, row in enumerate(rows) if row[1] == Kind.TOB}
        passed: dict[int, int] = {}
        for index, row in enumerate(rows):
            is_tob = row[1] == Kind.TOB
            visible = unpaced or not is_tob or newest[row[3]] == index
            if not visible:
                passed[row[3]] = passed.get(row[3], 0) + 1
                self.skipped += 1
            for event in self.decoder.events(row, self._unpaced_ns(row) if unpaced else now_ns):
                self._shown_ns = event.ts_ns
                if isinstance(event, Tob) and passed.get(row[3]):
                    event = _with_skipped(event, passed[row[3]] if visible else 0)
                if isinstance(event, Feed) and row[4] == RecordFeedChange.ENDED:
                    self.ended = True
                yield Seen(event, visible)

    def _unpaced_ns(self, row: Row) -> int:
        """Return the recording's time at a record; the feeder's own ones carry the wall's and leave it as it is."""
        is_feeders = row[1] == Kind.RESET or (row[1] == Kind.FEED and row[4] == RecordFeedChange.STALE)
        return self._shown_ns if is_feeders and row[3] == ALL_INSTRUMENTS else max(row[10], self._shown_ns)

    def liveness(self, wall_ns: int, now_ns: int) -> Feed | None:
        """Return the event that the feeder has fallen silent, or speaks again; None while nothing changed."""
        silent = wall_ns - self.reader.heartbeat_ns > self._heartbeat_max_ns or not self.reader.writer_alive()
        if silent == self._silent:
            return None
        self._silent = silent
        return Feed(now_ns, -1, FeedChange.STALE if silent else FeedChange.CONNECTED)

    def is_silent(self) -> bool:
        """Whether the feeder is believed dead."""
        return self._silent

    def wait(self, timeout_s: float) -> None:
        """Sleep until a record comes or the time is up."""
        if timeout_s > 0:
            self.reader.wait(timeout_s)

    def reopen(self) -> bool:
        """Attach to the new object when the ring of this name was made anew; whether it was."""
        if self.reader.is_current():
            return False
        try:
            reader = RingReader(self.name, start="oldest", gating=self._gating)
        except RingError:
            return False  # removed, or not yet ready: the old mapping is still read to its end
        self.reader.close()
        self.reader = reader
        self._lost = self.reader.lost
        self._made_anew = True
        return True

    def close(self) -> None:
        """Detach."""
        self.reader.close()

    def _read_history(self) -> list[Row]:
        """Read what is still in the ring and keep what outlives a restart: tick changes, closes, results, and which
        books have been silent.
        """
        facts: list[Row] = []
        kept = (Kind.MARKET, Kind.FEED)
        while self.reader.position <= self.reader.cursor:
            rows = self.drain()
            if not rows:
                break
            facts += [row for row in rows if row[1] in kept and not _is_opening(row)]
            self.ended = self.ended or any(row[1] == Kind.FEED and row[4] == RecordFeedChange.ENDED for row in rows)
        return facts

    def _of_this_epoch(self, rows: list[Row]) -> list[Row]:
        """Leave out what a feeder published before it was restarted, but for results: which token an instrument
        was cannot be looked up any more.
        """
        reset = max((index for index, row in enumerate(rows) if row[1] == Kind.RESET), default=0)
        results = [row for row in rows[:reset] if row[1] == Kind.MARKET and row[4] == MarketChange.RESOLVED]
        return [row for row in results if self.decoder.asset(row[3]) is not None] + rows[reset:]

    def _newer_than_primed(self, rows: list[Row]) -> list[Row]:
        """Leave out the books that are not newer than what was read from the table."""
        primed = self._primed
        if rows[0][1] == Kind.RESET or rows[-1][0] >= max(primed.values()):
            self._primed = {}
        if rows[0][1] == Kind.RESET:
            return rows  # after which every book has to be told again
        return [row for row in rows if row[1] != Kind.TOB or row[0] > primed.get(row[3], 0)]

    def _prime(self, now_ns: int, history: list[Row]) -> Iterator[Seen]:
        """Yield the tables' markets, what changed since they opened, and their newest books: for who is
        late or was lapped.
        """
        indices = range(self.reader.instruments_count)
        peers: dict[str, list[int]] = {}
        with suppress(KeyError):  # the feeder was restarted this moment: its RESET comes next
            for index in indices:
                peers.setdefault(self.reader.instrument(index).condition_id, []).append(index)
            for pair in peers.values():
                if len(pair) == 2:
                    for index, peer in (pair, pair[::-1]):
                        yield Seen(self.decoder.announced(index, peer, now_ns), True)
        for row in history:
            for event in self.decoder.events(row, now_ns):
                yield Seen(event, True)
        record, self._primed = Record(), {}
        for index in indices:
            if self.reader.latest_into(index, record):
                self._primed[index] = record.seq
                for event in self.decoder.events(as_row(record), now_ns):
                    yield Seen(event, True)


def as_row(record: Record) -> Row:
    """Return a Record's fields in the order of a drained row."""
    return (
        record.seq,
        record.kind,
        record.flags,
        record.instrument,
        record.aux,
        record.w2,
        record.w3,
        record.w4,
        record.w5,
        record.venue_ts_ns,
        record.recv_ts_ns,
    )


def _is_opening(row: Row) -> bool:
    return row[1] == Kind.MARKET and row[4] == MarketChange.OPENED


def _with_skipped(event: Tob, skipped: int) -> Tob:
    return msgspec.structs.replace(event, skipped=skipped)
