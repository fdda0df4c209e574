"""The words of a MARKET record from an instrument's row."""

from shm.layout import Result, pack_market_words
from shm.sink import Instrument


def market_words(
    row: Instrument, peer: int, tick_e4: int | None = None, result: int = Result.UNKNOWN
) -> tuple[int, int, int, int]:
    """Return words 2-5 of a token's MARKET record; `tick_e4` where it is no longer the row's."""
    return pack_market_words(
        tick_e4=row.tick_e4 if tick_e4 is None else tick_e4,
        min_size_u6=row.min_size_u6,
        fee_rate_e6=row.fee_rate_e6,
        fee_exponent=row.fee_exponent,
        taker_only=row.taker_only,
        window_start_s=row.window_start_s,
        window_length_s=row.window_length_s,
        peer=peer,
        outcome=row.outcome,
        result=result,
    )
