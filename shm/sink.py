"""Where market data goes: the port that the ring's writer, the recorder and the simulated shell's collector share."""

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

from shm.layout import Kind


class Instrument(NamedTuple):
    """One token of one market: a row of the instrument table. Units as in layout.py."""

    token_id: str
    condition_id: str
    slug: str
    window_start_s: int
    window_length_s: int
    outcome: int
    tick_e4: int
    min_size_u6: int
    fee_rate_e6: int
    fee_exponent: int = 1
    taker_only: bool = True


class RecordSink(Protocol):
    """Takes instruments and records in order; the levels are packed as in layout.py."""

    def add_instrument(self, instrument: Instrument) -> int:
        """Register a token and return its index, which every record of it carries; never reused within an epoch."""
        ...

    def publish_tob(
        self,
        instrument: int,
        flags: int,
        bid1: int,
        ask1: int,
        bid2: int,
        ask2: int,
        venue_ts_ns: int,
        recv_ts_ns: int,
        tick_e4: int = 0,
        /,
    ) -> None:
        """Publish one top of book: two packed levels a side, 0 = empty."""
        ...

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
        """Publish one record of any kind."""
        ...


class UniformSink(ABC):
    """A sink to which a top of book is one more kind of record: it has only `publish` to write."""

    @abstractmethod
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

    def publish_tob(
        self,
        instrument: int,
        flags: int,
        bid1: int,
        ask1: int,
        bid2: int,
        ask2: int,
        venue_ts_ns: int,
        recv_ts_ns: int,
        tick_e4: int = 0,
        /,
    ) -> None:
        """Keep one top of book."""
        self.publish(Kind.TOB, flags, instrument, tick_e4, bid1, ask1, bid2, ask2, venue_ts_ns, recv_ts_ns)
