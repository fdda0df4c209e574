"""Ways to hand 64 bytes from one Python process to another: the ring and its peers, each behind the same two calls.

A sender is a context that yields `send(stamp)`; a receiver is a context that yields `receive() -> stamp`. Both get
the same fresh path, of which shared memory uses the last part as its name. shm/bench/peers.py measures them.
"""

import ctypes
import importlib
import mmap
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, Final, NamedTuple

import posix_ipc

from ext.ring import Record, RingReader, RingWriter
from shm.bench.measure import TOKEN

PAYLOAD: Final = struct.Struct("<8Q")
Send = Callable[[int], None]
Receive = Callable[[], int]  # returns the sender's stamp of the next message


def payload(stamp: int) -> bytes:
    """Return the 64 bytes that every peer sends."""
    return PAYLOAD.pack(0, 1, 2, 3, 4, 5, stamp, stamp)


def stamp_of(message: bytes) -> int:
    """Return the sender's stamp."""
    return int(PAYLOAD.unpack(message)[7])


@contextmanager
def _ring_sender(where: str) -> Iterator[Send]:
    writer = RingWriter(Path(where).name, capacity=1024)
    publish = writer.publish_tob
    try:
        writer.add_instrument(TOKEN)
        yield lambda stamp: publish(0, 0, 2, 3, 4, 5, stamp, stamp)
    finally:
        writer.close(unlink=True)


@contextmanager
def _ring_spinning(where: str) -> Iterator[Receive]:
    record = Record()
    with RingReader(Path(where).name) as reader:
        poll = reader.poll_into

        def receive() -> int:
            while not poll(record):
                pass
            return record.recv_ts_ns

        yield receive


@contextmanager
def _ring_sleeping(where: str) -> Iterator[Receive]:
    record = Record()
    with RingReader(Path(where).name) as reader:

        def receive() -> int:
            while not reader.poll_into(record):
                reader.wait(1.0)
            return record.recv_ts_ns

        yield receive


def _send_by_memory(memory: Any) -> Send:
    """Write the payload, then a counter: what one writes without a protocol, and what may tear."""
    count = 0

    def send(stamp: int) -> None:
        nonlocal count
        count += 1
        PAYLOAD.pack_into(memory, 64, 0, 1, 2, 3, 4, 5, stamp, stamp)
        struct.pack_into("<Q", memory, 0, count)

    return send


def _receive_by_memory(memory: Any) -> Receive:
    seen = 0

    def receive() -> int:
        nonlocal seen
        while struct.unpack_from("<Q", memory, 0)[0] == seen:
            pass
        seen = struct.unpack_from("<Q", memory, 0)[0]
        return int(PAYLOAD.unpack_from(memory, 64)[7])

    return receive


@contextmanager
def _shared_memory_sender(where: str) -> Iterator[Send]:
    memory = SharedMemory(Path(where).name, create=True, size=4096)
    try:
        yield _send_by_memory(memory.buf)
    finally:
        memory.close()
        memory.unlink()


@contextmanager
def _shared_memory_receiver(where: str) -> Iterator[Receive]:
    memory = SharedMemory(Path(where).name)
    try:
        yield _receive_by_memory(memory.buf)
    finally:
        memory.close()


@contextmanager
def _posix_sender(where: str) -> Iterator[Send]:
    opened = posix_ipc.SharedMemory(f"/{Path(where).name}", posix_ipc.O_CREX, size=4096, mode=0o600)
    with mmap.mmap(opened.fd, 4096) as memory:
        yield _send_by_memory(memory)
    opened.close_fd()
    opened.unlink()


@contextmanager
def _posix_receiver(where: str) -> Iterator[Receive]:
    opened = posix_ipc.SharedMemory(f"/{Path(where).name}")
    with mmap.mmap(opened.fd, 4096) as memory:
        yield _receive_by_memory(memory)
    opened.close_fd()


@contextmanager
def _socket_sender(where: str) -> Iterator[Send]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(where)
        listener.listen(1)
        listener.settimeout(10)
        connected: list[socket.socket] = []

        def send(stamp: int) -> None:
            if not connected:
                connected.append(listener.accept()[0])
            connected[0].send(payload(stamp))

        yield send
        for connection in connected:
            connection.close()


@contextmanager
def _socket_receiver(where: str) -> Iterator[Receive]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(where)
        yield lambda: stamp_of(connection.recv(64))


@contextmanager
def _pipe_sender(where: str) -> Iterator[Send]:
    os.mkfifo(where)
    file = os.open(where, os.O_RDWR)
    yield lambda stamp: _discard(os.write(file, payload(stamp)))
    os.close(file)


def _discard(_: int) -> None:
    return None


@contextmanager
def _pipe_receiver(where: str) -> Iterator[Receive]:
    file = os.open(where, os.O_RDONLY)
    yield lambda: stamp_of(os.read(file, 64))
    os.close(file)


@contextmanager
def _zmq_sender(where: str) -> Iterator[Send]:
    zmq: Any = importlib.import_module("zmq")
    with zmq.Context() as context, context.socket(zmq.PUSH) as pushing:
        pushing.bind(f"ipc://{where}")
        yield lambda stamp: pushing.send(payload(stamp))


@contextmanager
def _zmq_receiver(where: str) -> Iterator[Receive]:
    zmq: Any = importlib.import_module("zmq")
    with zmq.Context() as context, context.socket(zmq.PULL) as pulling:
        pulling.connect(f"ipc://{where}")
        yield lambda: stamp_of(pulling.recv())


@contextmanager
def _nng_sender(where: str) -> Iterator[Send]:
    pynng: Any = importlib.import_module("pynng")
    with pynng.Push0(listen=f"ipc://{where}") as pushing:
        yield lambda stamp: pushing.send(payload(stamp))


@contextmanager
def _nng_receiver(where: str) -> Iterator[Receive]:
    pynng: Any = importlib.import_module("pynng")
    with pynng.Pull0(dial=f"ipc://{where}") as pulling:
        yield lambda: stamp_of(pulling.recv())


class _Words(ctypes.Structure):
    _fields_ = (("word", ctypes.c_uint64 * 8),)


def _iceoryx_service(where: str) -> Any:
    iceoryx: Any = importlib.import_module("iceoryx2")
    iceoryx.set_log_level_from_env_or(iceoryx.LogLevel.Error)
    node = iceoryx.NodeBuilder.new().create(iceoryx.ServiceType.Ipc)
    builder = node.service_builder(iceoryx.ServiceName.new(Path(where).name)).publish_subscribe(_Words)
    return node, builder.open_or_create()


@contextmanager
def _iceoryx_sender(where: str) -> Iterator[Send]:
    _node, service = _iceoryx_service(where)
    publisher = service.publisher_builder().create()

    def send(stamp: int) -> None:
        words = _Words.from_buffer_copy(payload(stamp))
        publisher.loan_uninit().write_payload(words).send()

    yield send


@contextmanager
def _iceoryx_receiver(where: str) -> Iterator[Receive]:
    _node, service = _iceoryx_service(where)
    subscriber = service.subscriber_builder().create()

    def receive() -> int:
        while (sample := subscriber.receive()) is None:
            pass
        return int(sample.payload().contents.word[7])

    yield receive


class Transport(NamedTuple):
    """One way to send; `library` must be installed for it (None = nothing); `spins` = the receiver never sleeps."""

    name: str
    library: str | None
    spins: bool
    sender: Callable[[str], AbstractContextManager[Send]]
    receiver: Callable[[str], AbstractContextManager[Receive]]


TRANSPORTS: Final = (
    Transport("ring, spinning", None, True, _ring_sender, _ring_spinning),
    Transport("ring, sleeping", None, False, _ring_sender, _ring_sleeping),
    Transport("multiprocessing.shared_memory + struct", None, True, _shared_memory_sender, _shared_memory_receiver),
    Transport("posix_ipc + mmap + struct", None, True, _posix_sender, _posix_receiver),
    Transport("Unix socket", None, False, _socket_sender, _socket_receiver),
    Transport("named pipe", None, False, _pipe_sender, _pipe_receiver),
    Transport("pyzmq ipc", "zmq", False, _zmq_sender, _zmq_receiver),
    Transport("iceoryx2", "iceoryx2", True, _iceoryx_sender, _iceoryx_receiver),
    Transport("nng ipc", "pynng", False, _nng_sender, _nng_receiver),
)
