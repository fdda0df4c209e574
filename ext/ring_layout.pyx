"""What the C compiler made of the ring's layout, for the test that compares it with shm/header.py."""

from libc.stdint cimport uint64_t


cdef extern from "ring_core.h":
    const uint64_t RING_MAGIC
    enum:
        RING_LAYOUT_VERSION
        RING_ROW_WORDS
        RING_KIND_TOB
        RING_ROWS_OFFSET
        RING_WAITER_FUTEX
        RING_WAITER_BELL

    size_t ring_total_bytes(uint64_t, uint64_t)

cdef extern from *:
    """
    #define RING_AT(field) offsetof(ring_header, field)
    #define RING_READERS_AT(field) (sizeof(ring_header) + offsetof(ring_readers, field))
    #define RING_READER_AT(field) offsetof(ring_reader_slot, field)
    #define RING_READER_SLOTS_AT (sizeof(ring_header) + offsetof(ring_readers, slot))
    """
    const size_t RING_READER_SLOTS_AT
    const size_t AT_magic "RING_AT(magic)"
    const size_t AT_layout_version "RING_AT(layout_version)"
    const size_t AT_byte_order_mark "RING_AT(byte_order_mark)"
    const size_t AT_record_bytes "RING_AT(record_bytes)"
    const size_t AT_row_bytes "RING_AT(row_bytes)"
    const size_t AT_capacity "RING_AT(capacity)"
    const size_t AT_instruments "RING_AT(instruments)"
    const size_t AT_total_bytes "RING_AT(total_bytes)"
    const size_t AT_created_ns "RING_AT(created_ns)"
    const size_t AT_writer_pid "RING_AT(writer_pid)"
    const size_t AT_writer_start_ticks "RING_AT(writer_start_ticks)"
    const size_t AT_epoch "RING_AT(epoch)"
    const size_t AT_epoch_first_seq "RING_AT(epoch_first_seq)"
    const size_t AT_tsc_hz "RING_AT(tsc_hz)"
    const size_t AT_tsc_base "RING_AT(tsc_base)"
    const size_t AT_wall_base_ns "RING_AT(wall_base_ns)"
    const size_t AT_mono_base_ns "RING_AT(mono_base_ns)"
    const size_t AT_pace_count "RING_AT(pace_count)"
    const size_t AT_pace_wall_start_ns "RING_AT(pace_wall_start_ns)"
    const size_t AT_pace_recording_start_ns "RING_AT(pace_recording_start_ns)"
    const size_t AT_pace_rate_milli "RING_AT(pace_rate_milli)"
    const size_t AT_heartbeat_ns "RING_AT(heartbeat_ns)"
    const size_t AT_instruments_count "RING_AT(instruments_count)"
    const size_t AT_cursor "RING_AT(cursor)"
    const size_t AT_waiters "RING_READERS_AT(waiters)"
    const size_t AT_wakes "RING_READERS_AT(wakes)"
    const size_t READER_position "RING_READER_AT(position)"
    const size_t READER_pid "RING_READER_AT(pid)"
    const size_t READER_start_ticks "RING_READER_AT(start_ticks)"
    const size_t READER_flags "RING_READER_AT(flags)"
    const size_t READER_lost "RING_READER_AT(lost)"
    const size_t READER_bell_generation "RING_READER_AT(bell_generation)"
    const size_t READER_bell_armed "RING_READER_AT(bell_armed)"


def constants() -> dict[str, int]:
    """Return the numbers that both sides must share."""
    return {
        "magic": RING_MAGIC,
        "layout_version": RING_LAYOUT_VERSION,
        "rows_offset": RING_ROWS_OFFSET,
        "reader_slots_offset": RING_READER_SLOTS_AT,
        "row_words": RING_ROW_WORDS,
        "kind_tob": RING_KIND_TOB,
        "waiter_futex": RING_WAITER_FUTEX,
        "waiter_bell": RING_WAITER_BELL,
    }


def header_fields() -> dict[str, int]:
    """Return the offset of each field of the first two pages."""
    return {
        "magic": AT_magic,
        "layout_version": AT_layout_version,
        "byte_order_mark": AT_byte_order_mark,
        "record_bytes": AT_record_bytes,
        "row_bytes": AT_row_bytes,
        "capacity": AT_capacity,
        "instruments": AT_instruments,
        "total_bytes": AT_total_bytes,
        "created_ns": AT_created_ns,
        "writer_pid": AT_writer_pid,
        "writer_start_ticks": AT_writer_start_ticks,
        "epoch": AT_epoch,
        "epoch_first_seq": AT_epoch_first_seq,
        "tsc_hz": AT_tsc_hz,
        "tsc_base": AT_tsc_base,
        "wall_base_ns": AT_wall_base_ns,
        "mono_base_ns": AT_mono_base_ns,
        "pace_count": AT_pace_count,
        "pace_wall_start_ns": AT_pace_wall_start_ns,
        "pace_recording_start_ns": AT_pace_recording_start_ns,
        "pace_rate_milli": AT_pace_rate_milli,
        "heartbeat_ns": AT_heartbeat_ns,
        "instruments_count": AT_instruments_count,
        "cursor": AT_cursor,
        "waiters": AT_waiters,
        "wakes": AT_wakes,
    }


def reader_fields() -> dict[str, int]:
    """Return the offset of each field of a reader slot."""
    return {
        "position": READER_position,
        "pid": READER_pid,
        "start_ticks": READER_start_ticks,
        "flags": READER_flags,
        "lost": READER_lost,
        "bell_generation": READER_bell_generation,
        "bell_armed": READER_bell_armed,
    }


def total_bytes(capacity: int, instruments: int) -> int:
    """Return the size of a ring object."""
    return ring_total_bytes(capacity, instruments)
