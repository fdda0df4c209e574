"""The layout that the C compiler made is the one that the Python side describes."""

from hypothesis import given
from hypothesis import strategies as st

from ext import ring_layout
from shm import header
from shm.layout import Kind


def test_the_shared_numbers_are_equal():
    assert ring_layout.constants() == {
        "magic": header.MAGIC,
        "layout_version": header.LAYOUT_VERSION,
        "rows_offset": header.ROWS_OFFSET,
        "reader_slots_offset": header.READER_SLOTS_OFFSET,
        "row_words": header.ROW_BYTES // 8,
        "kind_tob": Kind.TOB,
        "waiter_futex": header.WAITER_FUTEX,
        "waiter_bell": header.WAITER_BELL,
    }


def test_every_header_field_lies_where_python_looks_for_it():
    assert ring_layout.header_fields() == {name: offset for name, (offset, _) in header.HEADER_FIELDS.items()}


def test_every_field_of_a_reader_slot_lies_where_python_looks_for_it():
    assert ring_layout.reader_fields() == header.READER_FIELDS


@given(st.integers(1, 26), st.integers(1, 15))
def test_both_sides_compute_the_same_size(capacity_bits, instrument_bits):
    shape = header.geometry(1 << capacity_bits, 1 << instrument_bits)
    assert ring_layout.total_bytes(*shape) == shape.total_bytes
