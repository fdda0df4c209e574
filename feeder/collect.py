"""A sink that keeps what was published in a list: for tests, benchmarks and comparisons."""

from typing import NamedTuple

from shm.layout import Kind
from shm.sink import Instrument, UniformSink


class Record(NamedTuple):
    """One published record; the words 2-5 as in shm/layout.py."""

    kind: int
    flags: int
    instrument: int
    aux: int
    w2: int
    w3: int
    w4: int
    w5: int
    venue_ts_ns: int
    recv_ts_ns: int


class MemorySink(UniformSink):
    """A RecordSink in memory: `instruments` by index, `records` in order."""

    def __init__(self) -> None:
        self.instruments: list[Instrument] = []
        self.records: list[Record] = []

    def add_instrument(self, instrument: Instrument) -> int:
        """Register a token and return its index."""
        self.instruments.append(instrument)
        return len(self.instruments) - 1

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
        """Keep a record of any kind."""
        # int() so that enum members do not survive into comparisons and printouts.
        self.records.append(
            Record(int(kind), int(flags), instrument, int(aux), w2, w3, w4, w5, venue_ts_ns, recv_ts_ns)
        )

    def of_kind(self, kind: Kind) -> list[Record]:
        """Return the records of one kind."""
        return [record for record in self.records if record.kind == kind]
