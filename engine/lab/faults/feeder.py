"""The feeder as a party of its own: real lines, real sessions, a real ring, but virtual time; it can die and come
back.
"""

import asyncio
from pathlib import Path
from typing import Final

from engine.lab.faults.venue import FOR_FEEDER
from engine.lab.virtual.loop import VirtualLoop
from engine.lab.virtual.party import Party
from engine.venue.credentials import ApiCredentials
from feeder.clock import SteadyClock
from feeder.rest import RestClient
from feeder.service import FeederService, ServiceOptions
from feeder.sources.polymarket import PolymarketOptions, PolymarketSource
from feeder.transport_websockets import connect
from shm.ring import RingWriter

CAPACITY: Final = 1_024
"""Small enough that an engine that stands still for some seconds is lapped."""
INSTRUMENTS: Final = 64


class FeederProcess:
    """Starts feeders, one after the other, on one ring."""

    def __init__(
        self, loop: VirtualLoop, ring: str, run_dir: Path, length_s: int, seed: int, credentials: ApiCredentials
    ) -> None:
        self.starts = 0
        self._loop = loop
        self._ring = ring
        self._run_dir = run_dir
        self._length_s = length_s
        self._seed = seed
        self._credentials = credentials
        self._party: Party | None = None
        self._task: asyncio.Task[None] | None = None
        self._writer: RingWriter | None = None
        self._stop = asyncio.Event()

    @property
    def is_running(self) -> bool:
        """Tell whether there is one, stopped or not."""
        return self._party is not None

    @property
    def failure(self) -> BaseException | None:
        """Return what ended it although nobody wanted that."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    def start(self) -> None:
        """Begin a new one: a new epoch of the ring."""
        assert self._party is None, "one feeder at a time"
        self.starts += 1
        self._party = self._loop.party(f"feeder {self.starts}")
        self._writer = RingWriter(self._ring, capacity=CAPACITY, instruments=INSTRUMENTS)
        with self._party.acting():
            self._task = asyncio.create_task(self._feed(self._writer))

    def kill(self) -> None:
        """Let it die as by SIGKILL."""
        if self._party is not None and self._writer is not None:
            self._loop.kill(self._party)
            self._writer.close()
            self._party = None

    def freeze(self) -> None:
        """Let it stand still."""
        if self._party is not None:
            self._party.stop()

    def thaw(self) -> None:
        """Let it go on."""
        if self._party is not None:
            self._loop.go_on(self._party)

    async def end(self) -> None:
        """End it in order, and remove the ring."""
        self._stop.set()
        if self._party is not None and self._task is not None:
            await self._task
            self._party = None
        RingWriter(self._ring, capacity=CAPACITY, instruments=INSTRUMENTS).close(unlink=True)

    async def _feed(self, writer: RingWriter) -> None:
        host, port = FOR_FEEDER
        base = f"{host}:{port}"
        options = PolymarketOptions(
            market_ws_url=f"ws://{base}/ws/market",
            length_s=self._length_s,
            seed=self._seed,
            rtds_url=f"ws://{base}/rtds",
            polybolt_url=f"ws://{base}/polybolt",
            polybolt_credentials={
                "apiKey": self._credentials.key,
                "secret": self._credentials.secret,
                "passphrase": self._credentials.passphrase,
            },
        )
        clock = SteadyClock(self._loop.monotonic_ns, self._loop.wall_ns)
        rest = RestClient(f"http://{base}/gamma", f"http://{base}")
        source = PolymarketSource(options, rest, connect, clock=clock)
        service = FeederService(source, writer, ServiceOptions(self._run_dir), clock, say=_nobody)
        await service.run(self._stop)


def _nobody(text: str) -> None:
    del text
