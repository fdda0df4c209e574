"""Play loaded recordings into a sink, each with its own instruments, registered when they are first named."""

from typing import Final

from feeder.recording.files import Loaded
from feeder.recording.format import RecordArray
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind
from shm.sink import RecordSink

_PEER_MASK: Final = 0xFFFF


class Player:
    """Translates one recording's instrument numbers into the sink's and publishes its records unchanged
    otherwise.

    What belongs to the ring it was recorded from is left out: RESET records, and FEED ENDED where `last` is
    false, because another recording follows.
    """

    def __init__(self, sink: RecordSink, loaded: Loaded, *, last: bool) -> None:
        self._sink = sink
        self._loaded = loaded
        self._last = last
        self._index = {ALL_INSTRUMENTS: ALL_INSTRUMENTS}

    def publish(self, records: RecordArray) -> None:
        """Publish records of the recording, in order. Raises KeyError when one names an instrument without a
        row.
        """
        for _, kind, flags, instrument, aux, w2, w3, w4, w5, venue_ts_ns, recv_ts_ns in records.tolist():
            if kind == Kind.TOB:
                index = self._translate(instrument)
                self._sink.publish_tob(index, flags, w2, w3, w4, w5, venue_ts_ns, recv_ts_ns, aux)
                continue
            if kind == Kind.RESET or (kind == Kind.FEED and aux == FeedChange.ENDED and not self._last):
                continue
            index = ALL_INSTRUMENTS if kind == Kind.HEARTBEAT else self._translate(instrument)
            if kind == Kind.MARKET:
                w5 = w5 & ~_PEER_MASK | self._translate(w5 & _PEER_MASK)
            self._sink.publish(kind, flags, index, aux, w2, w3, w4, w5, venue_ts_ns, recv_ts_ns)

    def _translate(self, instrument: int) -> int:
        index = self._index.get(instrument)
        if index is None:
            index = self._index[instrument] = self._sink.add_instrument(self._loaded.instruments[instrument])
        return index
