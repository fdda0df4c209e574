"""The one record layout that both processes agree on: 64 bytes, eight words, and what each kind puts in them.

Word 0 is the ring's own (sequence, bit 63 = busy) and word 1 is the same for every kind:

    word 1   kind u8 | flags u8 << 8 | instrument u16 << 16 | aux u32 << 32
    words 6  venue_ts_ns: the venue's time of the event, Unix ns, 0 = not given
    word  7  recv_ts_ns: when the feeder had the bytes, Unix ns (a recording's own time when it is played)

A *level* packs a book level in one word: `size_u6 << 16 | price_e4`; 0 = that side is empty.

    kind       words 2-5                                                       aux
    TOB        bid1 | ask1 | bid2 | ask2 (levels)                              tick_e4 of the book, 0 = unknown
    TRADE      level | taker side (1 buy, 2 sell) | 0 | 0                      0
    SPOT       price_e8 | observation_ts_ns | 0 | 0                            SpotSource; flag STRIKE: price to beat
    MARKET     tick_e4 | min_size_u6 << 16                                     MarketChange
               fee_rate_e6 u32 | fee_exponent u16 << 32 | taker_only u16 << 48
               window_start_s u40 | window_length_s u24 << 40
               peer instrument u16 | outcome u8 << 16 | result u8 << 24      (outcome: 1 Up, 2 Down; result: 0 unknown,
                                                                               1 this token won, 2 it lost)
    FEED       detail word, 0 | 0 | 0 | 0                                      FeedChange; instrument ALL = every one
    HEARTBEAT  messages so far | records so far | 0 | 0                        0
    RESET      epoch | 0 | 0 | 0                                               0 (first record of a new epoch)

Source: spec ring.md (layout) and architecture.md (units).
"""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np

RECORD_BYTES: Final = 64
RECORD_WORDS: Final = 8
ALL_INSTRUMENTS: Final = 0xFFFF
LEVEL_PRICE_BITS: Final = 16
LEVEL_PRICE_MASK: Final = 0xFFFF
LEVEL_SIZE_U6_MAX: Final = (1 << 48) - 1


class Kind(IntEnum):
    """What a record is; 0 is never written, so that zeroed memory is not a record."""

    TOB = 1
    TRADE = 2
    SPOT = 3
    MARKET = 4
    FEED = 5
    HEARTBEAT = 6
    RESET = 7


class Flag(IntFlag):
    """Properties of one record."""

    MIRRORED = 1  # derived from the other token of the market: this side was not received
    CROSSED = 2  # bid >= ask as received
    GAP_BEFORE = 4  # the feeder knows that it missed something before this record
    INFERRED = 8  # a fact that was inferred, not received (which token is Up, an outcome)
    STRIKE = 16  # SPOT: the price to beat, stamped exactly at the window's start
    SYNTHETIC = 32  # from a seeded world, not from a market


class MarketChange(IntEnum):
    """`aux` of a MARKET record."""

    OPENED = 1
    TICK = 2
    CLOSED = 3
    RESOLVED = 4


class FeedChange(IntEnum):
    """`aux` of a FEED record."""

    CONNECTED = 1
    STALE = 2
    GAP = 3
    RESYNCED = 4
    ENDED = 5  # the recording has been played to its end


class SpotSource(IntEnum):
    """`aux` of a SPOT record."""

    CHAINLINK = 1
    CHAINLINK_TWAP_60 = 2
    SYNTHETIC = 3


class Outcome(IntEnum):
    """Which side of the market a token is."""

    UP = 1
    DOWN = 2


class Result(IntEnum):
    """How a token was settled."""

    UNKNOWN = 0
    WON = 1
    LOST = 2


RECORD_DTYPE: Final = np.dtype(
    [
        ("seq", "<u8"),
        ("kind", "u1"),
        ("flags", "u1"),
        ("instrument", "<u2"),
        ("aux", "<u4"),
        ("w2", "<u8"),
        ("w3", "<u8"),
        ("w4", "<u8"),
        ("w5", "<u8"),
        ("venue_ts_ns", "<i8"),
        ("recv_ts_ns", "<i8"),
    ]
)
assert RECORD_DTYPE.itemsize == RECORD_BYTES


def pack_level(price_e4: int, size_u6: int) -> int:
    """Pack one book level; (0, 0) is the empty side. ValueError outside 1..9999 (1e-4 USD) or 48 bits of size."""
    if size_u6 == 0 and price_e4 == 0:
        return 0
    if not 0 < price_e4 < 10_000:
        raise ValueError(f"a level's price_e4 must be in 1..9999, was {price_e4}")
    if not 0 < size_u6 <= LEVEL_SIZE_U6_MAX:
        raise ValueError(f"a level's size_u6 must be in 1..2^48-1, was {size_u6}")
    return size_u6 << LEVEL_PRICE_BITS | price_e4


def unpack_level(word: int) -> tuple[int, int]:
    """Return (price_e4, size_u6) of a packed level; (0, 0) for the empty side."""
    return word & LEVEL_PRICE_MASK, word >> LEVEL_PRICE_BITS


def pack_market_words(
    *,
    tick_e4: int,
    min_size_u6: int,
    fee_rate_e6: int,
    fee_exponent: int,
    taker_only: bool,
    window_start_s: int,
    window_length_s: int,
    peer: int,
    outcome: int,
    result: int = Result.UNKNOWN,
) -> tuple[int, int, int, int]:
    """Pack the words 2-5 of a MARKET record (see the table at the top)."""
    return (
        tick_e4 | min_size_u6 << 16,
        fee_rate_e6 | fee_exponent << 32 | int(taker_only) << 48,
        window_start_s | window_length_s << 40,
        peer | outcome << 16 | result << 24,
    )
