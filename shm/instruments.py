"""How an instrument is written into a row of the ring's table: 384 bytes, the first word being the row's seqlock count.

word 0  seqlock count (odd = being written)          word 4  tick_e4 u32 | outcome u8 | taker_only u8 | fee_exponent
u16 word 1  index                                        word 5  min_size_u6 word 2  window_start_s
word 6  fee_rate_e6 word 3  window_length_s                              word 7  epoch words 8-47  token id 96 bytes
| condition id 96 bytes | slug 128 bytes, UTF-8, padded with zeros
"""

import struct
from typing import Final

from shm.header import ROW_BYTES
from shm.sink import Instrument

ROW: Final = struct.Struct("<QQQQIBBHQQQ96s96s128s")
assert ROW.size == ROW_BYTES
TEXT_LIMITS: Final = {"token_id": 96, "condition_id": 96, "slug": 128}


def pack_row(index: int, epoch: int, instrument: Instrument) -> bytes:
    """Return a row with a zero seqlock count. Raises ValueError for a text or a number that does not fit its field."""
    texts = [_text(name, getattr(instrument, name), limit) for name, limit in TEXT_LIMITS.items()]
    try:
        return ROW.pack(
            0,
            index,
            instrument.window_start_s,
            instrument.window_length_s,
            instrument.tick_e4,
            instrument.outcome,
            int(instrument.taker_only),
            instrument.fee_exponent,
            instrument.min_size_u6,
            instrument.fee_rate_e6,
            epoch,
            *texts,
        )
    except struct.error as error:
        raise ValueError(f"instrument {instrument.slug} does not fit its row ({error}): was {instrument}") from error


def _text(name: str, value: str, limit: int) -> bytes:
    encoded = value.encode()
    if len(encoded) > limit or b"\0" in encoded:
        raise ValueError(f"{name} must be at most {limit} bytes without NUL, was {value!r}")
    return encoded


def unpack_row(row: bytes) -> tuple[int, int, Instrument]:
    """Return (index, epoch, instrument) of a row that was copied whole."""
    (_, index, start_s, length_s, tick_e4, outcome, taker_only, exponent, size_u6, rate_e6, epoch, *texts) = ROW.unpack(
        row
    )
    token_id, condition_id, slug = (text.rstrip(b"\0").decode() for text in texts)
    instrument = Instrument(
        token_id=token_id,
        condition_id=condition_id,
        slug=slug,
        window_start_s=start_s,
        window_length_s=length_s,
        outcome=outcome,
        tick_e4=tick_e4,
        min_size_u6=size_u6,
        fee_rate_e6=rate_e6,
        fee_exponent=exponent,
        taker_only=bool(taker_only),
    )
    return index, epoch, instrument
