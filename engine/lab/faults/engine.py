"""The engine as a party of its own: real sessions with real recovery, started again whenever they end too early."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from engine.config.load import Config
from engine.execution.polymarket.dialling import Address
from engine.lab.faults.venue import FOR_ENGINE
from engine.lab.virtual.loop import VirtualLoop
from engine.lab.virtual.party import Party
from engine.lab.virtual.transport import MemoryTransport
from engine.model.errors import ResourceError
from engine.runtime.clock import ShellClock
from engine.runtime.live import Account, hosts_of
from engine.runtime.live_session import LivePlan, trade_live
from engine.runtime.recovery import sessions
from engine.runtime.session import Session, SessionResult
from engine.runtime.shell import Shell
from shm.errors import RingError

RESTART_S: Final = 1.0
TORN_BYTES: Final = 5
"""What is cut off the journal's last frame."""


class Moment(StrEnum):
    """When, of a request that leaves, the engine dies; its command is in the journal by then, but for a torn one."""

    TORN = "torn"
    BEFORE = "before"
    HALF = "half"
    AFTER = "after"


class KilledError(BaseException):
    """Ends the very call in which the engine dies."""


class MemoryDial:
    """The client's dialler, over the loop's network."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    async def __call__(self, factory: Any, address: Address, /) -> Any:
        """Return transport and protocol of a new connection. Raises OSError where nobody listens."""
        return await self._loop.network.dial(factory, address.host, address.port)


class EngineProcess:
    """Keeps an engine running on one state folder until it is asked to stop; `sessions` counts what was started."""

    def __init__(
        self, loop: VirtualLoop, config: Config, folder: Path, ring: str, account: Account, accept_foreign: bool
    ) -> None:
        self.root = folder / "state"
        self.sessions = 0
        self.died_in_request = 0
        self.results: list[SessionResult] = []
        self.failures: list[str] = []
        self.alerts: list[str] = []
        self._loop = loop
        self._config = config
        self._run_dir = folder / "run"
        self._ring = ring
        base = f"{FOR_ENGINE[0]}:{FOR_ENGINE[1]}"
        hosts = hosts_of(f"http://{base}", f"ws://{base}/ws/user", f"http://{base}/data")
        self._plan = LivePlan(account, hosts, accept_foreign=accept_foreign)
        self._party: Party | None = None
        self._shell: Shell | None = None
        self._over = asyncio.Event()
        self._wanted = True
        self._dies: tuple[Moment, bytes, float] | None = None
        self._stays_dead_s = RESTART_S
        loop.network.on_dialled = self._dialled

    @property
    def is_running(self) -> bool:
        """Tell whether there is one, stopped or not."""
        return self._party is not None

    async def keep_running(self) -> None:
        """Start an engine, and another one whenever it has ended, until one has ended after `stop`."""
        while True:
            result = await self._run_one()
            if result is not None and not self._wanted:
                return
            await asyncio.sleep(self._stays_dead_s)
            self._stays_dead_s = RESTART_S

    def stop(self, *, for_good: bool) -> None:
        """Ask it to end in order."""
        self._wanted = not for_good
        if self._shell is not None:
            self._shell.request_stop()

    def kill(self, stays_dead_s: float, *, power_off: bool = False) -> None:
        """Let it die as by SIGKILL, or with its machine; it is started again later."""
        if self._party is not None:
            self._stays_dead_s = stays_dead_s
            self._loop.kill(self._party, power_off=power_off)
            self._party = self._shell = None
            self._over.set()

    def kill_in_request(self, moment: Moment, request: bytes, stays_dead_s: float) -> None:
        """Let it die with the next request that begins so."""
        self._dies = (moment, request, stays_dead_s)

    def freeze(self) -> None:
        """Let it stand still."""
        if self._party is not None:
            self._party.stop()

    def thaw(self) -> None:
        """Let it go on."""
        if self._party is not None:
            self._loop.go_on(self._party)

    async def _run_one(self) -> SessionResult | None:
        """Run one engine to its end; None where it died or could not begin."""
        self.sessions += 1
        self._over.clear()
        party = self._party = self._loop.party(f"engine {self.sessions}")
        with party.acting():
            task = asyncio.create_task(self._live())
        task.add_done_callback(lambda _: self._over.set())
        await self._over.wait()
        if self._party is not party:
            return None  # it died
        self._party = self._shell = None
        try:
            result = task.result()
        except (ResourceError, RingError) as error:
            self.alerts.append(f"could not go on: {error}")
            return None
        except Exception as error:
            self.failures.append(f"session {self.sessions} ended with {type(error).__name__}: {error}")
            return None
        self.results.append(result)
        return result

    async def _live(self) -> SessionResult:
        clock = ShellClock(self._loop.monotonic_ns, self._loop.wall_ns)
        session = Session(
            self._config,
            self.root,
            self._ring,
            mode=self._plan.label,
            gating=False,
            run_dir=self._run_dir,
            on_alert=self.alerts.append,
            clock=clock,
        )
        try:
            clean = await trade_live(session, self._plan, MemoryDial(self._loop), None, self._begun)
        finally:
            session.abandon()
        return session.result(clean=clean)

    def _begun(self, shell: Shell) -> None:
        self._shell = shell
        if not self._wanted:
            shell.request_stop()

    def _dialled(self, transport: MemoryTransport) -> None:
        if transport.party is not None and transport.party is self._party:
            transport.on_write = self._written

    def _written(self, transport: MemoryTransport, data: bytes) -> bytes:
        """Let bytes leave, or die over them."""
        if self._dies is None or transport.party is not self._party or not data.startswith(self._dies[1]):
            return data
        (moment, _, stays_dead_s), self._dies = self._dies, None
        if moment in (Moment.HALF, Moment.AFTER):
            transport.out.send(data[: len(data) // 2] if moment is Moment.HALF else data)
        self.kill(stays_dead_s)
        self.died_in_request += 1
        if moment is Moment.TORN:
            self._tear_journal()
        raise KilledError

    def _tear_journal(self) -> None:
        """Cut the frame that was written last, as if the machine had not got to its end."""
        file = max(sessions(self.root)[-1].glob("journal-*.bmj"))
        os.truncate(file, file.stat().st_size - TORN_BYTES)
