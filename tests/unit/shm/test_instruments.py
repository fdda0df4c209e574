"""An instrument row: fixed bytes, and the way back for every instrument that fits."""

from hypothesis import given
from hypothesis import strategies as st

from shm.instruments import pack_row, unpack_row
from shm.sink import Instrument

text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=96)
instruments = st.builds(
    Instrument,
    token_id=text,
    condition_id=text,
    slug=text,
    window_start_s=st.integers(0, 2**64 - 1),
    window_length_s=st.integers(0, 2**64 - 1),
    outcome=st.integers(0, 255),
    tick_e4=st.integers(0, 2**32 - 1),
    min_size_u6=st.integers(0, 2**64 - 1),
    fee_rate_e6=st.integers(0, 2**64 - 1),
    fee_exponent=st.integers(0, 2**16 - 1),
    taker_only=st.booleans(),
)


@given(st.integers(0, 65534), st.integers(1, 2**64 - 1), instruments)
def test_a_row_gives_back_index_epoch_and_instrument(index, epoch, instrument):
    assert unpack_row(pack_row(index, epoch, instrument)) == (index, epoch, instrument)


def test_the_bytes_of_a_row_are_fixed():
    row = pack_row(1, 2, Instrument("tok", "con", "slug", 3, 4, 1, 100, 5, 6, 7, True))
    words = [0, 1, 3, 4, 100 | 1 << 32 | 1 << 40 | 7 << 48, 5, 6, 2]
    head = b"".join(word.to_bytes(8, "little") for word in words)
    assert row == head + b"tok".ljust(96, b"\0") + b"con".ljust(96, b"\0") + b"slug".ljust(128, b"\0")
