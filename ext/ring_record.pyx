"""The record that a reader copies into: sixty-four bytes with their fields as attributes."""

cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class Record:
    """One record, copied out of the ring; reuse it from call to call. Words as in shm/layout.py."""

    @property
    def seq(self) -> int:
        """The record's sequence: 1 for the ring's first, then without gaps."""
        return self.raw.word[0]

    @property
    def kind(self) -> int:
        """What it is (shm.layout.Kind)."""
        return self.raw.word[1] & 0xFF

    @property
    def flags(self) -> int:
        """Properties of it (shm.layout.Flag)."""
        return (self.raw.word[1] >> 8) & 0xFF

    @property
    def instrument(self) -> int:
        """Index into the instrument table, 0xFFFF = all."""
        return (self.raw.word[1] >> 16) & 0xFFFF

    @property
    def aux(self) -> int:
        """The 32 bits whose meaning depends on the kind."""
        return self.raw.word[1] >> 32

    @property
    def w2(self) -> int:
        """Word 2; of a TOB the best bid."""
        return self.raw.word[2]

    @property
    def w3(self) -> int:
        """Word 3; of a TOB the best ask."""
        return self.raw.word[3]

    @property
    def w4(self) -> int:
        """Word 4; of a TOB the second bid."""
        return self.raw.word[4]

    @property
    def w5(self) -> int:
        """Word 5; of a TOB the second ask."""
        return self.raw.word[5]

    @property
    def venue_ts_ns(self) -> int:
        """The venue's time, Unix ns, 0 = not given."""
        return <int64_t>self.raw.word[6]

    @property
    def recv_ts_ns(self) -> int:
        """When the feeder had the bytes, Unix ns."""
        return <int64_t>self.raw.word[7]

    def __repr__(self) -> str:
        return f"Record(seq={self.seq}, kind={self.kind}, instrument={self.instrument}, recv_ts_ns={self.recv_ts_ns})"
