"""What is the compiled ring's own: who may use it, its clock, and agreement with the twin on any input."""

import os
import threading
import uuid
from contextlib import contextmanager

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import ring
from shm import objects
from shm.errors import RingOwnershipError
from shm.layout import RECORD_DTYPE, Kind
from shm.reference import ReferenceReader, ReferenceRecord, ReferenceWriter
from shm.sink import Instrument

INSTRUMENT = Instrument("1", "0x1", "slug", 900, 900, 1, 100, 5_000_000, 70_000)


@contextmanager
def fresh_name():
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    try:
        yield name
    finally:
        objects.unlink(name)


def test_another_thread_is_refused():
    with fresh_name() as name, ring.RingWriter(name, capacity=16) as writer, ring.RingReader(name) as reader:
        found = []

        def use_them():
            for call in (lambda: writer.heartbeat(1), lambda: reader.poll_into(ring.Record())):
                try:
                    call()
                except RingOwnershipError as error:
                    found.append(str(error))

        thread = threading.Thread(target=use_them)
        thread.start()
        thread.join()
    assert [text.split(" belongs")[0] for text in found] == ["this writer", "this reader"]


def test_a_forked_child_may_not_use_its_parents_ring_and_does_not_keep_it_alive():
    with fresh_name() as name:
        writer, reader = ring.RingWriter(name, capacity=16), ring.RingReader(name)
        hold, release = os.pipe()
        is_ready, ready = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(release)
            try:
                writer.heartbeat(1)
            except RingOwnershipError as error:
                writer.close(unlink=True)
                os.write(ready, b"1" if "before a fork" in str(error) else b"0")
                os.read(hold, 1)
            os._exit(0)
        assert os.read(is_ready, 1) == b"1"
        writer.close()
        assert not reader.writer_alive()
        assert reader.is_current(), "the child must not have removed it"
        ring.RingWriter(name, capacity=16).close()
        os.close(release)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        reader.close()
        for file in (hold, is_ready, ready):
            os.close(file)


operations = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 40)),
        st.tuples(st.just("poll"), st.integers(1, 20)),
        st.tuples(st.just("drain"), st.integers(1, 20)),
        st.tuples(st.just("tob"), st.integers(0, 2)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 1)),
    ),
    max_size=25,
)


class Side:
    """One implementation driven by a list of operations, noting everything that can be seen."""

    def __init__(self, name, writer, reader, record):
        self.name, self.open_writer, self.record = name, writer, record()
        self.writer = self._start()
        self.reader = reader(name, start="oldest")
        self.count = 0

    def _start(self):
        writer = self.open_writer(self.name, capacity=16, instruments=2)
        for _ in range(3):
            writer.add_instrument(INSTRUMENT)
        return writer

    def do(self, operation, number):
        return getattr(self, operation)(number)

    def publish(self, number):
        for _ in range(number):
            self.count += 1
            self.writer.publish(Kind.SPOT, 0, 0, number, self.count, 0, 0, 0, 0, 0)

    def tob(self, number):
        self.count += 1
        self.writer.publish_tob(number, 0, self.count, 0, 0, 0, 0, 0)

    def poll(self, number):
        found = []
        while len(found) < number and self.reader.poll_into(self.record):
            found.append((self.record.seq, self.record.kind, self.record.aux, self.record.w2))
        return found

    def drain(self, number):
        batch = np.zeros(number, RECORD_DTYPE)
        return batch[: self.reader.drain(batch)][["seq", "kind", "aux", "w2"]].tolist()

    def restart(self, _):
        self.writer.close()
        self.writer = self._start()

    def seek(self, oldest):
        self.reader.seek_oldest() if oldest else self.reader.seek_newest()

    def state(self):
        latest = [self.record.w2 if self.reader.latest_into(index, self.record) else None for index in range(3)]
        reader = self.reader
        return latest, reader.position, reader.lost, reader.epoch, reader.cursor, self.writer.epoch

    def close(self):
        self.reader.close()
        self.writer.close()


@settings(max_examples=60, deadline=None)
@given(operations)
def test_the_compiled_ring_and_its_twin_agree_on_any_sequence_of_operations(sequence):
    with fresh_name() as first, fresh_name() as second:
        compiled = Side(first, ring.RingWriter, ring.RingReader, ring.Record)
        twin = Side(second, ReferenceWriter, ReferenceReader, ReferenceRecord)
        try:
            for operation, number in sequence:
                assert compiled.do(operation, number) == twin.do(operation, number)
                assert compiled.state() == twin.state()
        finally:
            compiled.close()
            twin.close()


def test_the_time_stamp_counter_is_calibrated_against_the_clock():
    with fresh_name() as name, ring.RingWriter(name, capacity=16), ring.RingReader(name) as reader:
        clock = reader.clock
    assert 0 < clock.tsc_hz < 20_000_000_000
    assert clock.tsc_base <= ring.ticks()
    assert clock.wall_base_ns > clock.mono_base_ns
