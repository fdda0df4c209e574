"""What a ring does, over the compiled writer and reader and over their pure-Python twin alike."""

import os
import select
from pathlib import Path

import numpy as np
import pytest

from shm import header, objects
from shm.errors import RingBusyError, RingMissingError, RingOwnershipError
from shm.header import Pace
from shm.layout import ALL_INSTRUMENTS, RECORD_DTYPE, Flag, Kind, pack_level
from shm.sink import Instrument

UP = Instrument("7" * 77, "0x" + "ab" * 32, "btc-updown-15m-1700000100", 1_700_000_100, 900, 1, 100, 5_000_000, 70_000)
DOWN = UP._replace(token_id="8" * 77, outcome=2)


def publish_numbers(writer, numbers):
    for number in numbers:
        writer.publish(Kind.HEARTBEAT, 0, ALL_INSTRUMENTS, 0, number, 0, 0, 0, 0, number)


def read_all(reader, record):
    found = []
    while reader.poll_into(record):
        found.append((record.seq, record.kind, record.w2))
    return found


@pytest.fixture
def open_ring(ring, ring_name):
    writer = ring.writer(ring_name, capacity=16, instruments=4)
    reader = ring.reader(ring_name)
    yield writer, reader, ring.record()
    reader.close()
    writer.close(unlink=True)


def test_a_record_arrives_with_every_field_as_it_was_published(open_ring):
    writer, reader, record = open_ring
    index = writer.add_instrument(UP)
    bid, ask = pack_level(4800, 12_000_000), pack_level(4900, 5_500_000)
    writer.publish_tob(index, Flag.CROSSED, bid, ask, 0, (1 << 64) - 1, 1_700_000_000_123, -5, 10)
    assert reader.poll_into(record) is True
    assert (record.kind, record.flags, record.instrument, record.aux) == (Kind.TOB, Flag.CROSSED, 0, 10)
    assert (record.w2, record.w3, record.w4, record.w5) == (bid, ask, 0, (1 << 64) - 1)
    assert (record.venue_ts_ns, record.recv_ts_ns) == (1_700_000_000_123, -5)
    assert reader.poll_into(record) is False


def test_a_new_reader_starts_at_the_newest_unless_told_oldest(ring, ring_name, open_ring):
    writer, _, record = open_ring
    publish_numbers(writer, [1, 2])
    newest, oldest = ring.reader(ring_name), ring.reader(ring_name, start="oldest")
    publish_numbers(writer, [3])
    assert [w2 for _, _, w2 in read_all(newest, record)] == [3]
    assert read_all(oldest, record) == [(1, Kind.RESET, 1), (2, 6, 1), (3, 6, 2), (4, 6, 3)]
    newest.close()
    oldest.close()


def test_oldest_leaves_a_start_before_a_writer_that_filled_the_ring(ring, ring_name, open_ring):
    writer, _, record = open_ring
    publish_numbers(writer, range(100))
    with_start = ring.reader(ring_name, start="oldest")
    publish_numbers(writer, [100])
    assert [w2 for _, _, w2 in read_all(with_start, record)] == list(range(85, 101))
    assert with_start.lost == 0
    with_start.close()


def test_a_lapped_reader_counts_the_loss_and_resumes_at_the_newest(open_ring):
    writer, reader, record = open_ring
    publish_numbers(writer, range(40))
    assert read_all(reader, record) == [(41, Kind.HEARTBEAT, 39)]
    assert reader.lost == 39
    publish_numbers(writer, [40])
    assert read_all(reader, record) == [(42, Kind.HEARTBEAT, 40)]
    assert reader.lost == 39


def test_a_reader_exactly_one_ring_behind_loses_nothing(open_ring):
    writer, reader, record = open_ring
    publish_numbers(writer, range(16))
    assert [w2 for _, _, w2 in read_all(reader, record)] == list(range(16))
    assert reader.lost == 0


def test_drain_copies_a_batch_in_order_and_stops_at_the_arrays_end(open_ring):
    writer, reader, _ = open_ring
    publish_numbers(writer, range(10))
    batch = np.zeros(8, RECORD_DTYPE)
    assert reader.drain(batch) == 8
    assert batch["w2"].tolist() == list(range(8))
    assert batch["seq"].tolist() == list(range(2, 10))
    assert reader.drain(batch) == 2
    assert reader.drain(batch) == 0


def test_drain_shows_a_lap_as_a_gap_in_the_sequences(open_ring):
    writer, reader, record = open_ring
    publish_numbers(writer, [0])
    assert reader.poll_into(record)
    publish_numbers(writer, range(1, 31))
    batch = np.zeros(4, RECORD_DTYPE)
    assert reader.drain(batch) == 1
    assert batch["seq"][0] == record.seq + 1 + reader.lost


def test_drain_refuses_an_array_of_another_record(open_ring):
    _, reader, _ = open_ring
    with pytest.raises(ValueError, match="64 bytes, was 8"):
        reader.drain(np.zeros(8, np.uint64))


def test_the_latest_table_holds_the_newest_top_of_book_with_its_sequence(open_ring):
    writer, reader, record = open_ring
    up, down = writer.add_instrument(UP), writer.add_instrument(DOWN)
    writer.publish_tob(up, 0, 1, 2, 3, 4, 5, 6)
    writer.publish_tob(up, 0, 7, 8, 9, 10, 11, 12)
    writer.publish(Kind.TRADE, 0, up, 0, 1, 1, 0, 0, 0, 0)
    assert reader.latest_into(up, record) is True
    assert (record.seq, record.w2, record.recv_ts_ns) == (writer.cursor - 1, 7, 12)
    assert reader.latest_into(down, record) is False


def test_a_row_given_to_a_later_instrument_no_longer_answers_for_the_earlier_one(open_ring):
    writer, reader, record = open_ring
    indices = [writer.add_instrument(UP._replace(token_id=str(number))) for number in range(5)]
    writer.publish_tob(4, 0, 1, 2, 3, 4, 5, 6)
    writer.publish_tob(0, 0, 9, 9, 9, 9, 9, 9)
    assert indices == [0, 1, 2, 3, 4]
    assert reader.instruments_count == 5
    assert reader.instrument(4).token_id == "4"
    with pytest.raises(KeyError, match="no instrument 0"):
        reader.instrument(0)
    assert reader.latest_into(4, record)
    assert record.w2 == 1
    assert not reader.latest_into(0, record)


def test_an_instrument_is_read_back_as_it_was_added(open_ring):
    writer, reader, _ = open_ring
    assert reader.instrument(writer.add_instrument(UP)) == UP
    assert reader.instrument(writer.add_instrument(DOWN._replace(taker_only=False))) == DOWN._replace(taker_only=False)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda w: w.publish_tob(0, 0, 1, 2, 3, 4, 5, 6), ValueError),
        (lambda w: w.publish(Kind.TOB, 0, 3, 0, 0, 0, 0, 0, 0, 0), ValueError),
        (lambda w: w.publish(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), ValueError),
        (lambda w: w.publish(256, 0, 0, 0, 0, 0, 0, 0, 0, 0), OverflowError),
        (lambda w: w.publish(Kind.SPOT, 0, 65536, 0, 0, 0, 0, 0, 0, 0), OverflowError),
        (lambda w: w.publish(Kind.SPOT, 0, 0, 0, -1, 0, 0, 0, 0, 0), OverflowError),
        (lambda w: w.publish(Kind.SPOT, 0, 0, 0, 1 << 64, 0, 0, 0, 0, 0), OverflowError),
        (lambda w: w.publish(Kind.SPOT, 0, 0, 0, 0, 0, 0, 0, 1 << 63, 0), OverflowError),
        (lambda w: w.add_instrument(UP._replace(token_id="9" * 97)), ValueError),
        (lambda w: w.add_instrument(UP._replace(min_size_u6=-1)), ValueError),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_published(open_ring, call, error):
    writer, reader, record = open_ring
    with pytest.raises(error):
        call(writer)
    assert not reader.poll_into(record)
    assert reader.instruments_count == 0


def test_a_second_writer_is_refused_while_the_first_lives(ring, ring_name, open_ring):
    with pytest.raises(RingBusyError, match=f"already has a writer .pid {os.getpid()}."):
        ring.writer(ring_name, capacity=16, instruments=4)


def test_a_missing_ring_is_said_so(ring, ring_name):
    with pytest.raises(RingMissingError, match=f"no ring {ring_name}"):
        ring.reader(ring_name)


@pytest.mark.parametrize("capacity", [0, 1, 3, 1000, 1 << 27])
def test_a_capacity_that_is_not_a_power_of_two_is_refused(ring, ring_name, capacity):
    with pytest.raises(ValueError, match=f"was {capacity}"):
        ring.writer(ring_name, capacity=capacity)


def test_a_restarted_writer_goes_on_in_a_new_epoch_and_says_so_in_band(ring, ring_name, open_ring):
    writer, reader, record = open_ring
    writer.add_instrument(UP)
    writer.publish_tob(0, 0, 1, 2, 3, 4, 5, 6)
    read_all(reader, record)
    writer.close()
    assert not reader.writer_alive()
    again = ring.writer(ring_name, capacity=16, instruments=4)
    assert reader.writer_alive()
    assert reader.epoch == 1, "the reader is still before the RESET record"
    assert not reader.latest_into(0, record)
    assert read_all(reader, record) == [(3, Kind.RESET, 2)]
    assert reader.epoch == again.epoch == 2
    assert reader.instruments_count == 0
    with pytest.raises(KeyError, match="in epoch 2"):
        reader.instrument(0)
    again.close()


def test_a_lap_over_a_restart_ends_in_the_new_epoch(ring, ring_name, open_ring):
    writer, reader, record = open_ring
    writer.close()
    with_lap = ring.writer(ring_name, capacity=16, instruments=4)
    publish_numbers(with_lap, range(40))
    assert reader.poll_into(record)
    assert reader.epoch == 2
    with_lap.close()


def test_a_slot_that_a_dead_writer_left_half_written_is_repaired_by_the_next(ring, ring_name, open_ring):
    writer, reader, record = open_ring
    publish_numbers(writer, [1])
    read_all(reader, record)
    writer.close()
    leave_half_written(ring_name, seq=3, committed=False)
    assert not reader.poll_into(record)
    again = ring.writer(ring_name, capacity=16, instruments=4)
    assert read_all(reader, record) == [(3, Kind.RESET, 2)]
    again.close()


def test_a_record_committed_without_its_cursor_is_kept(ring, ring_name, open_ring):
    writer, reader, record = open_ring
    publish_numbers(writer, [1])
    writer.close()
    leave_half_written(ring_name, seq=3, committed=True)
    again = ring.writer(ring_name, capacity=16, instruments=4)
    assert [seq for seq, _, _ in read_all(reader, record)] == [2, 3, 4]
    assert record.kind == Kind.RESET
    again.close()


def leave_half_written(name, *, seq, committed):
    """Do to the object what a writer killed between two stores does."""
    shape = header.geometry(16, 4)
    ring_object = objects.open_for_writing(name, shape)
    words = ring_object.memory.cast("Q")
    words[shape.slots_offset // 8 + seq % 16 * 8] = seq if committed else header.BUSY | seq
    words.release()
    ring_object.close()


def test_another_geometry_replaces_the_object_and_readers_can_tell(ring, ring_name, open_ring):
    writer, reader, _ = open_ring
    writer.close()
    assert reader.is_current()
    wider = ring.writer(ring_name, capacity=32, instruments=4)
    assert not reader.is_current()
    assert not reader.writer_alive()
    assert ring.reader(ring_name).is_current()
    wider.close()


def test_pace_and_heartbeat_are_read_back(open_ring):
    writer, reader, _ = open_ring
    assert reader.pace is None
    writer.set_pace(1_800_000_000_000_000_000, 1_700_000_000_000_000_000, 10_000)
    assert reader.pace == Pace(1_800_000_000_000_000_000, 1_700_000_000_000_000_000, 10_000)
    writer.heartbeat(1_800_000_000_000_000_123)
    assert reader.heartbeat_ns == 1_800_000_000_000_000_123


def test_wait_says_whether_there_is_something_to_read(open_ring):
    writer, reader, record = open_ring
    assert reader.wait(0.0) is False
    assert reader.wait(0.002, "spin") is False
    publish_numbers(writer, [1])
    assert reader.wait(0.0) is True
    assert reader.wait(1.0, "spin") is True
    assert reader.poll_into(record)
    with pytest.raises(ValueError, match="was 'hope'"):
        reader.wait(0.0, "hope")


def test_a_flag_left_by_a_reader_that_gave_up_costs_one_wake_and_is_taken_down(ring_name, open_ring):
    writer, reader, _ = open_ring
    assert reader.wait(0.002) is False
    publish_numbers(writer, [1])
    ring_object = objects.attach(ring_name)
    assert header.get(ring_object.memory, "waiters") == 0
    ring_object.close()


def is_readable(file):
    return bool(select.select([file], [], [], 0)[0])


def test_an_armed_doorbell_rings_once_and_an_unarmed_one_stays_silent(open_ring):
    writer, reader, record = open_ring
    file = reader.open_doorbell()
    assert os.fstat(file).st_ino == Path(reader.doorbell_path).stat().st_ino
    publish_numbers(writer, [1])
    assert not is_readable(file)
    assert reader.arm_doorbell() is False, "there is a record: do not sleep"
    assert reader.poll_into(record)
    assert reader.arm_doorbell() is True
    assert not is_readable(file)
    publish_numbers(writer, [2, 3])
    assert is_readable(file)
    assert os.read(file, 16) == b"\0"


def test_a_bell_is_not_left_ringing_by_a_writer_that_goes_away(ring, ring_name, open_ring):
    writer, reader, _ = open_ring
    file = reader.open_doorbell()
    assert reader.arm_doorbell() is True
    publish_numbers(writer, [1])
    assert os.read(file, 16) == b"\0"
    writer.close()
    assert not is_readable(file), "an event loop would never sleep again"


def test_every_armed_reader_is_rung(ring, ring_name, open_ring):
    writer, first, _ = open_ring
    second = ring.reader(ring_name)
    bells = [first.open_doorbell(), second.open_doorbell()]
    assert [first.arm_doorbell(), second.arm_doorbell()] == [True, True]
    publish_numbers(writer, [1])
    assert [is_readable(bell) for bell in bells] == [True, True]
    second.close()


def test_a_gating_reader_is_known_to_the_writer_until_it_leaves(ring, ring_name, open_ring):
    writer, _, record = open_ring
    assert writer.slowest_gating_position() is None
    slow, fast = ring.reader(ring_name, gating=True), ring.reader(ring_name, gating=True)
    publish_numbers(writer, [1, 2, 3])
    read_all(fast, record)
    slow.poll_into(record)
    assert writer.slowest_gating_position() == 3
    slow.close()
    assert writer.slowest_gating_position() == 5
    fast.close()
    assert writer.slowest_gating_position() is None


def test_a_seventeenth_reader_reads_but_may_neither_gate_nor_have_a_doorbell(ring, ring_name, open_ring):
    writer, _, record = open_ring
    others = [ring.reader(ring_name) for _ in range(16)]
    publish_numbers(writer, [1])
    assert others[-1].poll_into(record)
    with pytest.raises(RingBusyError, match="16 registered"):
        ring.reader(ring_name, gating=True)
    with pytest.raises(RingBusyError, match="doorbell"):
        others[-1].open_doorbell()
    for reader in others:
        reader.close()


def test_a_closed_writer_or_reader_refuses_and_closes_twice(ring, ring_name):
    writer = ring.writer(ring_name, capacity=16, instruments=4)
    reader = ring.reader(ring_name)
    reader.close()
    reader.close()
    writer.close(unlink=True)
    writer.close(unlink=True)
    with pytest.raises(RingOwnershipError, match="closed"):
        reader.poll_into(ring.record())
    with pytest.raises(RingOwnershipError, match="closed"):
        writer.heartbeat(1)
    with pytest.raises(RingMissingError):
        ring.reader(ring_name)


def test_an_unlinked_ring_can_still_be_read_to_its_end(ring, ring_name, open_ring):
    writer, reader, record = open_ring
    publish_numbers(writer, [1])
    writer.close(unlink=True)
    assert [w2 for _, _, w2 in read_all(reader, record)] == [1]


def test_the_twins_read_what_the_other_wrote(mixed, ring_name):
    write_side, read_side = mixed
    writer = write_side.writer(ring_name, capacity=16, instruments=4)
    reader, record = read_side.reader(ring_name, start="oldest"), read_side.record()
    index = writer.add_instrument(UP)
    writer.set_pace(3, 2, 1)
    writer.publish_tob(index, 1, 2, 3, 4, 5, -6, 7, 8)
    assert reader.poll_into(record)
    assert reader.poll_into(record)
    fields = (
        "seq",
        "kind",
        "flags",
        "instrument",
        "aux",
        "w2",
        "w3",
        "w4",
        "w5",
        "venue_ts_ns",
        "recv_ts_ns",
    )
    assert [getattr(record, field) for field in fields] == [2, 1, 1, 0, 8, 2, 3, 4, 5, -6, 7]
    assert reader.instrument(index) == UP
    assert reader.pace == (3, 2, 1)
    reader.close()
    writer.close()
