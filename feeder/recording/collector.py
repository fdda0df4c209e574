"""A RecordSink that keeps everything in memory: importers build their rounds in it, tests look into it."""

import struct
from typing import Final

import numpy as np

from feeder.recording.format import RecordArray
from shm.layout import ALL_INSTRUMENTS, RECORD_BYTES, RECORD_DTYPE, Kind
from shm.sink import Instrument, UniformSink

_RECORD: Final = struct.Struct("<QBBHIQQQQqq")
assert _RECORD.size == RECORD_BYTES


class RecordBuffer:
    """Ring records as contiguous bytes, appended one by one and taken out as one array."""

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data) // RECORD_BYTES

    def append(self, *words: int) -> None:
        """Append one record: the eleven fields of RECORD_DTYPE in order."""
        self._data += _RECORD.pack(*words)

    def extend(self, records: RecordArray) -> None:
        """Append an array of records as they are."""
        assert records.dtype == RECORD_DTYPE, f"expected ring records, was {records.dtype}"
        self._data += records.tobytes()

    def view(self) -> RecordArray:
        """Return a copy of the records so far."""
        return np.frombuffer(bytes(self._data), RECORD_DTYPE)

    def take(self) -> bytes:
        """Return the records as bytes and begin anew."""
        data = bytes(self._data)
        self._data.clear()
        return data


class RecordCollector(UniformSink):
    """Collects instruments and records; `seq` counts the records from 1, `tob_flags` go on every top of
    book."""

    def __init__(self) -> None:
        self.tob_flags = 0
        self.instruments: list[Instrument] = []
        self._buffer = RecordBuffer()

    def __len__(self) -> int:
        return len(self._buffer)

    def records(self) -> RecordArray:
        """Return everything that was published so far, in order."""
        return self._buffer.view()

    def add_instrument(self, instrument: Instrument) -> int:
        """Register a token and return its index."""
        assert len(self.instruments) < ALL_INSTRUMENTS, "the index of an instrument has 16 bits"
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
        """Keep one record of any kind."""
        if kind == Kind.TOB:
            flags |= self.tob_flags
        seq = len(self._buffer) + 1
        self._buffer.append(seq, kind, flags, instrument, aux, w2, w3, w4, w5, venue_ts_ns, recv_ts_ns)
