"""The ring between Python processes: killed writers, several readers, three ways to wait, foreign or full memory."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from shm import objects, registry
from shm.doorbell import BellWaiter
from shm.errors import RingBusyError, RingForeignError
from shm.layout import Kind
from shm.ring import Record, RingReader, RingWriter

DEADLINE_S = 30
WRITER = """
    import sys
    from shm.ring import RingWriter

    name, count = sys.argv[1], int(sys.argv[2])
    with RingWriter(name, capacity=1024) as writer:
        print(writer.epoch, flush=True)
        number = 0
        while count == 0 or number < count:
            seq = writer.cursor + 1
            writer.publish(3, 0, 0, seq & 0xFFFFFFFF, seq, seq * 3, seq * 5, seq * 7, seq * 11, seq * 13)
            number += 1
        sys.stdin.read()
"""
READER = """
    import sys
    from shm.ring import Record, RingReader

    name, mode, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
    record, got, torn = Record(), 0, 0
    with RingReader(name) as reader:
        print("ready", reader.position, flush=True)
        first = reader.position
        while reader.position <= last:
            if not reader.poll_into(record):
                reader.wait(1.0, mode)
                continue
            got += 1
            seq = record.seq
            words = (record.w2, record.w3, record.w4, record.w5, record.venue_ts_ns, record.recv_ts_ns)
            torn += words != (seq, seq * 3, seq * 5, seq * 7, seq * 11, seq * 13)
        print(got + reader.lost == last + 1 - first, torn, got > 0)
"""


def start(script, *arguments, core=None):
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    return process


@pytest.fixture
def spawn():
    processes = []

    def run(script, *arguments, core=None):
        processes.append(start(script, *arguments, core=core))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def publish_checked(writer, count):
    for _ in range(count):
        seq = writer.cursor + 1
        writer.publish(Kind.SPOT, 0, 0, 0, seq, seq * 3, seq * 5, seq * 7, seq * 11, seq * 13)


@pytest.mark.parametrize("core", [None, min(os.sched_getaffinity(0))], ids=["all_cores", "one_core"])
@pytest.mark.parametrize("mode", ["futex", "spin"])
def test_several_reading_processes_get_or_count_every_record(ring_name, spawn, mode, core):
    with RingWriter(ring_name, capacity=1024) as writer:
        last = writer.cursor + 20_000
        readers = [spawn(READER, ring_name, mode, last, core=core) for _ in range(2)]
        for reader in readers:
            assert reader.stdout.readline().startswith("ready")
        for _ in range(20):
            publish_checked(writer, 1_000)
            os.sched_yield()
        for reader in readers:
            assert reader.stdout.readline().split() == ["True", "0", "True"]


def test_killed_writers_are_noticed_and_the_next_one_goes_on(ring_name, spawn):
    record, torn, resets, reader = Record(), 0, [], None
    for epoch in range(1, 5):
        writer = spawn(WRITER, ring_name, 0)
        assert writer.stdout.readline().strip() == str(epoch)
        reader = reader or RingReader(ring_name)
        assert reader.writer_alive()
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            if reader.poll_into(record):
                torn += is_torn(record, resets)
        writer.send_signal(signal.SIGKILL)
        writer.wait(DEADLINE_S)
        assert not reader.writer_alive()
        while reader.poll_into(record):
            torn += is_torn(record, resets)
    assert torn == 0
    assert reader.epoch == 4
    assert reader.position == reader.cursor + 1
    reader.close()


def is_torn(record, resets):
    if record.kind == Kind.RESET:
        resets.append(record.w2)
        return False
    seq = record.seq
    words = (record.aux, record.w2, record.w3, record.w4, record.w5, record.venue_ts_ns, record.recv_ts_ns)
    return words != (seq & 0xFFFF_FFFF, seq, seq * 3, seq * 5, seq * 7, seq * 11, seq * 13)


def test_a_second_process_cannot_write_and_is_told_who_does(ring_name, spawn):
    writer = spawn(WRITER, ring_name, 1)
    assert writer.stdout.readline().strip() == "1"
    with pytest.raises(RingBusyError, match=f"already has a writer .pid {writer.pid}."):
        RingWriter(ring_name, capacity=1024)


def test_a_sleeping_reader_is_woken_by_a_record(ring_name, spawn):
    with RingWriter(ring_name, capacity=1024) as writer:
        reader = spawn(READER, ring_name, "futex", writer.cursor + 1)
        assert reader.stdout.readline().startswith("ready")
        publish_checked(writer, 1)
        assert reader.stdout.readline().split() == ["True", "0", "True"]


def test_a_signal_ends_a_wait(ring_name):
    class Interrupted(Exception):  # noqa: N818
        pass

    def interrupt(_number, _frame):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with RingWriter(ring_name, capacity=16), RingReader(ring_name) as reader:
            for mode in ("futex", "spin"):
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                with pytest.raises(Interrupted):
                    reader.wait(DEADLINE_S, mode)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_event_loop_is_woken_by_the_doorbell_and_misses_nothing(ring_name, spawn):
    writer = RingWriter(ring_name, capacity=1024)
    writer.close()
    reader = RingReader(ring_name)

    async def read(last):
        waiter = BellWaiter(reader, asyncio.get_running_loop())
        record, got = Record(), 0
        while reader.position <= last:
            if reader.poll_into(record):
                got += 1
            else:
                assert await waiter.wait(DEADLINE_S), "nothing came, nothing rang"
        assert await waiter.wait(0.01) is False
        waiter.close()
        return got

    process = spawn(WRITER, ring_name, 5_000)
    got = asyncio.run(read(reader.cursor + 5_001))
    assert got + reader.lost == 5_001
    assert process.poll() is None
    reader.close()


def test_rings_that_nobody_uses_are_removed_and_others_are_not(ring_name, spawn):
    used = f"{ring_name}_used"
    with RingWriter(used, capacity=16):
        writer = spawn(WRITER, ring_name, 1)
        writer.stdout.readline()
        assert ring_name in registry.names()
        assert registry.remove_orphans(ring_name) == []
        writer.kill()
        writer.wait(DEADLINE_S)
        reader = RingReader(ring_name)
        reader.open_doorbell()
        assert registry.remove_orphans(ring_name) == [], "a reader is still there"
        assert len(registry.status(ring_name).readers) == 1
        reader.close()
        assert registry.remove_orphans(ring_name) == [ring_name]
        assert used in registry.names()
    objects.unlink(used)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give an object to another user")
def test_an_object_of_another_user_is_refused(ring_name):
    RingWriter(ring_name, capacity=16).close()
    path = objects.SHM_DIRECTORY / ring_name
    os.chown(path, 12345, -1)
    for opening in (RingReader, RingWriter):
        with pytest.raises(RingForeignError, match="12345"):
            opening(ring_name)
    os.chown(path, 0, -1)
    path.chmod(0o666)
    with pytest.raises(RingForeignError, match="mode 0600, was 0666"):
        RingReader(ring_name)


@pytest.mark.parametrize(
    ("mount", "said"),
    [
        ("mount -t tmpfs -o size=64k tmpfs /dev/shm", "RingSpaceError: ring small needs"),
        (
            "mount -t tmpfs tmpfs /dev && ln -s /proc/self/fd /dev/fd",
            "RingMissingError: this machine has no POSIX",
        ),
    ],
    ids=["too_small", "missing"],
)
def test_a_small_or_missing_dev_shm_is_said_so(require_tool, mount, said):
    unshare = [
        require_tool("unshare"),
        "--mount",
        *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
    ]
    code = "from shm.ring import RingWriter; RingWriter('small')"
    probe = subprocess.run([*unshare, "sh", "-c", mount], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"no private mounts here: {probe.stderr.strip()}")
    command = [*unshare, "sh", "-c", f'{mount} && exec {sys.executable} -c "{code}"']
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert said in done.stderr
