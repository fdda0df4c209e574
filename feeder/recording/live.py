"""Record a live ring: drain it, keep what its records name, and say where records were lost."""

from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np

from feeder.recording.collector import RecordCollector
from feeder.recording.format import RecordArray
from feeder.recording.market_words import market_words
from feeder.recording.writer import RecordingWriter
from shm.layout import ALL_INSTRUMENTS, RECORD_DTYPE, FeedChange, Kind, MarketChange
from shm.sink import Instrument

DRAIN_RECORDS_MAX: Final = 4_096
_NAMING_KINDS: Final = (Kind.TOB, Kind.TRADE, Kind.MARKET)
_PEER_MASK: Final = 0xFFFF


class RingSource(Protocol):
    """What the recorder needs of a ring's reader (shm.ring.RingReader has it)."""

    @property
    def instruments_count(self) -> int:
        """How many instruments this epoch has had."""
        ...

    def drain(self, array: RecordArray, /) -> int:
        """Fill the array with the next records and return how many there were."""
        ...

    def instrument(self, index: int, /) -> Instrument:
        """Return the row of an index; KeyError when there is none."""
        ...


class RingRecorder:
    """Moves records from a ring into a recording; `ended` tells that another epoch of the ring has begun.

    Records keep the ring's sequence. What the recorder adds has sequence 0: the market facts of tokens that
    were there before it, and a gap wherever the sequence jumps (the ring had lapped the recorder).
    """

    def __init__(self, reader: RingSource, writer: RecordingWriter) -> None:
        self.ended = False
        self._reader = reader
        self._writer = writer
        self._array: RecordArray = np.empty(DRAIN_RECORDS_MAX, RECORD_DTYPE)
        self._next_seq = 0

    def poll(self) -> int:
        """Record what the ring has, up to one batch; return how many of its records were kept."""
        count = self._reader.drain(self._array)
        records = self._array[:count].copy()
        if self._next_seq == 0 and count and records["kind"][0] == Kind.RESET:
            records = records[1:]  # the epoch that is recorded begins here
        resets = np.flatnonzero(records["kind"] == Kind.RESET)
        if len(resets):
            self.ended = True
            records = records[: int(resets[0])]
        for run in self._split_at_losses(records):
            for index in self._unknown_instruments(run):
                self._register(index, run)
            self._writer.append(run)
        return len(records)

    def _split_at_losses(self, records: RecordArray) -> Iterator[RecordArray]:
        """Yield runs of consecutive records; record the gap before each run that does not follow the last
        one.
        """
        start = 0
        while start < len(records):
            seqs = records["seq"][start:].astype(np.int64)
            jumps = np.flatnonzero(np.diff(seqs) != 1)
            end = start + int(jumps[0]) + 1 if len(jumps) else len(records)
            lost = int(seqs[0]) - self._next_seq
            if self._next_seq and lost:
                self._note_loss(lost, int(records["recv_ts_ns"][start]))
            self._next_seq = int(records["seq"][end - 1]) + 1
            yield records[start:end]
            start = end

    def _note_loss(self, lost: int, recv_ts_ns: int) -> None:
        self._writer.drops += lost
        added = RecordCollector()
        added.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.GAP, lost, 0, 0, 0, 0, recv_ts_ns)
        self._append_added(added)

    def _unknown_instruments(self, records: RecordArray) -> list[int]:
        named = records["instrument"][np.isin(records["kind"], _NAMING_KINDS)]
        peers = records["w5"][records["kind"] == Kind.MARKET] & _PEER_MASK
        indices = np.unique(np.concatenate([named.astype(np.int64), peers.astype(np.int64)]))
        return [int(i) for i in indices if i != ALL_INSTRUMENTS and not self._writer.knows(int(i))]

    def _register(self, index: int, records: RecordArray) -> None:
        """Store a token's row, and its market's facts unless the ring is about to tell them."""
        if self._writer.knows(index):
            return
        row = self._reader.instrument(index)
        peer = self._find_peer(index, row)
        self._writer.put_instrument(index, row)
        if peer != ALL_INSTRUMENTS and not self._writer.knows(peer):
            self._writer.put_instrument(peer, self._reader.instrument(peer))
        opened = (records["kind"] == Kind.MARKET) & (records["aux"] == MarketChange.OPENED)
        if index in records["instrument"][opened]:
            return
        added = RecordCollector()
        for token, other in ((index, peer), (peer, index)):
            if token != ALL_INSTRUMENTS:
                words = market_words(self._reader.instrument(token), other)
                added.publish(Kind.MARKET, 0, token, MarketChange.OPENED, *words, 0, int(records["recv_ts_ns"][0]))
        self._append_added(added)

    def _find_peer(self, index: int, row: Instrument) -> int:
        """Return the other token of the market, looked for next to it first, ALL_INSTRUMENTS when there is
        none.
        """
        for other in sorted(range(self._reader.instruments_count), key=lambda other: abs(other - index)):
            try:
                if other != index and self._reader.instrument(other).condition_id == row.condition_id:
                    return other
            except KeyError:  # its row has been given to a later instrument
                continue
        return ALL_INSTRUMENTS

    def _append_added(self, added: RecordCollector) -> None:
        records = added.records().copy()
        records["seq"] = 0
        self._writer.append(records)
