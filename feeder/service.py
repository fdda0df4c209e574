"""Process 1: runs one source into a ring, with a heartbeat, a health file, and a clean end on SIGTERM or Ctrl-C."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from feeder.clock import Clock, SteadyClock
from feeder.sources import Source
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind
from shm.ring import RingWriter

HEARTBEAT_S: Final = 0.5
"""Half of what the specification allows, so that a late one is still in time."""
HEALTH_EVERY_NS: Final = 1_000_000_000
STOPPED: Final = 1
"""Detail of the last FEED/STALE record: the feeder was told to stop."""
WAIT_FOR_READER_S: Final = 20.0


@dataclass(frozen=True)
class ServiceOptions:
    """How the feeder runs: where its health file goes, and whether it waits for a gating reader before it plays."""

    run_dir: Path = Path("run")
    wait_for_reader: bool = False
    unlink: bool = False


class FeederService:
    """Publishes a source's data and the feeder's own pulse. `writer` is closed at the end, and unlinked if so opted."""

    def __init__(
        self,
        source: Source,
        writer: RingWriter,
        options: ServiceOptions,
        clock: Clock | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._source = source
        self._writer = writer
        self._options = options
        self._clock = clock or SteadyClock()
        self._say = say
        self._started_ns = self._clock()
        self._state = "starting"

    @property
    def health_path(self) -> Path:
        """Where the health file is."""
        return self._options.run_dir / "feeder.json"

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set or the source ends. Raises SourceError."""
        self._options.run_dir.mkdir(parents=True, exist_ok=True)
        pulse = asyncio.create_task(self._beat())
        try:
            self._beat_once()
            self._write_health()
            self._say(f"feeder ready: ring {self._writer.name}, source {self._source.name}, pid {os.getpid()}")
            await self._wait_for_reader(stop)
            self._state = "running"
            await self._source.run(self._writer, stop)
        finally:
            pulse.cancel()
            self._end(stop.is_set())

    def _end(self, stopped: bool) -> None:
        """Say that nothing more comes, and let the ring go."""
        self._state = "stopped" if stopped else "ended"
        if stopped:
            # A source that ends by itself has said so with FEED/ENDED.
            self._writer.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.STALE, STOPPED, 0, 0, 0, 0, self._clock())
        self._beat_once()
        self._write_health()
        self._writer.close(unlink=self._options.unlink)

    async def _wait_for_reader(self, stop: asyncio.Event) -> None:
        """Give a reader that must see everything the time to attach."""
        deadline_s = time.monotonic() + WAIT_FOR_READER_S
        while self._options.wait_for_reader and not stop.is_set() and time.monotonic() < deadline_s:
            if self._writer.slowest_gating_position() is not None:
                return
            await asyncio.sleep(0.005)

    async def _beat(self) -> None:
        health_due_ns = 0
        while True:
            self._beat_once()
            if self._clock() >= health_due_ns:
                health_due_ns = self._clock() + HEALTH_EVERY_NS
                self._write_health()
            await asyncio.sleep(HEARTBEAT_S)

    def _beat_once(self) -> None:
        now_ns = self._clock()
        messages = self._source.health().get("messages", 0)
        assert isinstance(messages, int), f"a source's messages must be a number, was {messages!r}"
        cursor = self._writer.cursor
        self._writer.publish(Kind.HEARTBEAT, 0, ALL_INSTRUMENTS, 0, messages, cursor, 0, 0, 0, now_ns)
        self._writer.heartbeat(now_ns)

    def _write_health(self) -> None:
        """Replace the health file as a whole, so that a reader never sees half of one."""
        health = {
            "pid": os.getpid(),
            "ring": self._writer.name,
            "source": self._source.name,
            "state": self._state,
            "started_ns": self._started_ns,
            "heartbeat_ns": self._clock(),
            "cursor": self._writer.cursor,
            "epoch": self._writer.epoch,
            "health": self._source.health(),
        }
        partial = self.health_path.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(orjson.dumps(health, option=orjson.OPT_INDENT_2))
        partial.replace(self.health_path)


async def run_until_signal(service: FeederService) -> int:
    """Run a service until it ends or a signal comes; return 0, or 130 after Ctrl-C. Raises SourceError."""
    stop = asyncio.Event()
    received: list[int] = []

    def on_signal(number: int) -> None:
        if received:
            sys.exit(128 + number)  # the second one means it
        received.append(number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        await service.run(stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 130 if received == [signal.SIGINT] else 0
