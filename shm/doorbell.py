"""The doorbell: a FIFO per reader that the writer rings, for event loops (epoll cannot wait on a futex).

One FIFO per reader and not one per ring: with a shared one, whoever empties it first takes the wake from the
others. A reader opens its bell once, and before each sleep *arms* it: takes old rings out, says that it waits, and
looks at the ring again. The writer looks for armed bells only when the waiters flag says so, and disarms a bell
before it rings it, so that arming again at the same moment is answered by that ring.
"""

import asyncio
import os
from typing import Final, Protocol

from shm import header, readers
from shm.objects import RingObject, bell_path

_RING_BYTE: Final = b"\0"
_EMPTY_BYTES: Final = 4096


def open_bell(ring_object: RingObject, slot: int) -> int:
    """Create the FIFO of a reader slot anew and return its read end, non-blocking."""
    path = bell_path(ring_object.name, slot)
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    # Read-write, so that a writer that goes away does not leave the bell readable for ever (POLLHUP).
    file = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    readers.put(ring_object, slot, "bell_generation", readers.get(ring_object, slot, "bell_generation") + 1)
    readers.put(ring_object, slot, "flags", readers.get(ring_object, slot, "flags") | header.READER_BELL)
    return file


def close_bell(ring_object: RingObject, slot: int, file: int) -> None:
    """Close and remove a reader's FIFO, if it is still this one's."""
    path = bell_path(ring_object.name, slot)
    try:
        if path.stat().st_ino == os.fstat(file).st_ino:
            path.unlink()
    except FileNotFoundError:
        pass
    os.close(file)


def silence(file: int) -> None:
    """Take rings that were not waited for out of a bell."""
    try:
        while len(os.read(file, _EMPTY_BYTES)) == _EMPTY_BYTES:
            pass
    except BlockingIOError:
        return


class BellRinger:
    """The writer's side: rings every armed bell, keeping the FIFOs open between rings."""

    def __init__(self, ring_object: RingObject) -> None:
        self._ring_object = ring_object
        self._bells: dict[int, tuple[int, int]] = {}  # slot -> (generation, file)

    def ring(self) -> int:
        """Ring the armed bells and return how many were rung."""
        rung = 0
        for slot in range(header.READER_SLOTS):
            if readers.get(self._ring_object, slot, "bell_armed"):
                readers.put(self._ring_object, slot, "bell_armed", 0)
                rung += self._ring_one(slot)
        return rung

    def _ring_one(self, slot: int) -> bool:
        file = self._bell(slot)
        if file is None:
            return False
        try:
            os.write(file, _RING_BYTE)
        except BlockingIOError:
            return False  # full of rings that nobody took out: it is ringing already
        return True

    def _bell(self, slot: int) -> int | None:
        generation = readers.get(self._ring_object, slot, "bell_generation")
        known = self._bells.get(slot)
        if known is not None:
            if known[0] == generation:
                return known[1]
            os.close(self._bells.pop(slot)[1])
        try:
            # Read-write, so that a reader which dies in between makes neither ENXIO nor SIGPIPE.
            file = os.open(bell_path(self._ring_object.name, slot), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        self._bells[slot] = (generation, file)
        return file

    def close(self) -> None:
        """Close the FIFOs."""
        for _, file in self._bells.values():
            os.close(file)
        self._bells.clear()


class BellReader(Protocol):
    """What BellWaiter needs of a reader."""

    def open_doorbell(self) -> int:
        """Return the doorbell's file descriptor, the same one every time."""
        ...

    def arm_doorbell(self) -> bool:
        """Return True when nothing is to be read and the next record will ring, False when a record is there."""
        ...


class BellWaiter:
    """Lets one asyncio task wait for the records of one reader."""

    def __init__(self, reader: BellReader, loop: asyncio.AbstractEventLoop) -> None:
        self._reader = reader
        self._loop = loop
        self._file = reader.open_doorbell()
        self._rung = asyncio.Event()
        loop.add_reader(self._file, self._on_ring)

    def _on_ring(self) -> None:
        silence(self._file)  # or the loop would find it readable again and again until the task comes round
        self._rung.set()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Sleep until there is something to read; False when `timeout_s` passed before."""
        self._rung.clear()
        if not self._reader.arm_doorbell():
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Stop watching the doorbell."""
        self._loop.remove_reader(self._file)
