"""One run: exchange, feeder and engine in virtual time, the faults that its seed draws, and what was found after it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from engine.config.build import scaled
from engine.config.load import Config, load_config
from engine.exchange.scenario import What
from engine.lab.faults.checks import at_risk, budget, check_books, decisions
from engine.lab.faults.engine import EngineProcess, KilledError, Moment
from engine.lab.faults.feeder import FeederProcess
from engine.lab.faults.troubles import OVER_MS, Mishap, Trouble
from engine.lab.faults.venue import FOR_ENGINE, FOR_FEEDER, Venue
from engine.lab.virtual.chance import seeded_libraries
from engine.lab.virtual.loop import VirtualLoop
from engine.model.errors import InputError
from engine.model.units import NS_PER_S
from engine.runtime.control import ControlFiles
from engine.worlds.params import Style
from shm import objects

LENGTH_S: Final = 20
START_S: Final = 1_795_262_400
"""The Unix time at which every run begins: 2026-11-21, 12:00 UTC, a window's start."""
JOIN_S: Final = 12
"""How far the first window has come then: the engine joins it late and has the next ones whole."""
QUIET_S: Final = 33
"""How long everything works again before the engine is ended: longer than it leaves its orders uncompared."""
LET_GO_S: Final = 16
"""After so long without us nothing of ours may rest: the venue's heartbeat takes 15 s at most."""
SETTLED_S: Final = 6
"""How long trades are given to be confirmed after that."""
HORIZON_S: Final = 240.0
STYLES: Final = (Style.CALM, Style.LIVELY, Style.WILD)
_WITHOUT_US: Final = (
    Mishap.ENGINE_KILLED,
    Mishap.ENGINE_POWER_OFF,
    Mishap.ENGINE_FROZEN,
    Mishap.ENGINE_CUT_OFF,
)
_STANDS_BY: Final = frozenset({What.RESTART, Mishap.ENGINE_RESTARTED, Mishap.KILL_SWITCH})
"""After these the engine waits longer than a run lasts: for the end of post-only mode, or of windows made safe."""


class RunResult(msgspec.Struct, frozen=True):
    """What one run came to. `digest` names every byte on every connection and when it was written."""

    seed: int
    troubles: tuple[str, ...]
    violations: tuple[str, ...]
    effects: dict[str, int] = {}
    decisions: int = 0
    orders: int = 0
    trades: int = 0
    sessions: int = 0
    digest: str = ""


def run_seed(seed: int, troubles: list[Trouble], folder: Path) -> RunResult:
    """Play one run in an empty folder. The same seed and troubles give the same result."""
    loop = VirtualLoop((START_S + JOIN_S) * NS_PER_S, f"world {seed}", horizon_s=HORIZON_S)
    ring = f"bucketmm-faults-{os.getpid()}-{seed}"
    try:
        with seeded_libraries(f"libraries {seed}"):
            return loop.run(_World(loop, seed, troubles, folder, ring).play())
    finally:
        objects.unlink(ring)


def world_config(folder: Path) -> Config:
    """Return the config that the engine plays: the defaults, for short windows, with all files in the folder.

    A round that loses much is no fault, and the guardian would rightly stop trading after it: its limits are off, so
    that whoever stops trading here has broken.
    """
    config = scaled(load_config(None), LENGTH_S)
    risk = {
        "kill_file": str(folder / "run" / "KILL"),
        "DAILY_LOSS_LIMIT": 0,
        "DRAWDOWN_LIMIT": 0,
        "TRADE_LOSS_LIMIT": 0,
    }
    return config.replaced({"risk": risk, "execution": {"REHEARSE_MS": 0}})


class _World:
    def __init__(self, loop: VirtualLoop, seed: int, troubles: list[Trouble], folder: Path, ring: str) -> None:
        self._loop = loop
        self._seed = seed
        self._troubles = troubles
        self._folder = folder
        self._ring = ring
        self._effects: dict[str, int] = {}
        self._left: list[str] = []
        self._doing: list[asyncio.Task[None]] = []

    async def play(self) -> RunResult:
        """Play it and look at what it has left."""
        loop, seed = self._loop, self._seed
        config = world_config(self._folder)
        self._control = ControlFiles(Path(config["risk"]["kill_file"]))
        (self._folder / "run").mkdir()
        self._venue = venue = Venue(loop, seed, STYLES[seed // 2 % 3], LENGTH_S)
        ring = self._ring
        self._feeder = feeder = FeederProcess(
            loop, ring, self._folder / "run", LENGTH_S, seed, venue.account.credentials
        )
        feeder.start()
        await asyncio.sleep(0.1)
        self._engine = engine = EngineProcess(loop, config, self._folder, ring, venue.account, accept_foreign=False)
        running = asyncio.create_task(engine.keep_running())
        try:
            for trouble in self._troubles:
                self._doing.append(asyncio.create_task(self._do(trouble)))
            await asyncio.sleep(OVER_MS / 1_000)
            await asyncio.gather(*self._doing)
            await asyncio.sleep(QUIET_S)
            engine.stop(for_good=True)
            await running
            await asyncio.sleep(SETTLED_S)
            venue.advance()
            violations = [
                *self._of_processes(),
                *self._left,
                *self._goes_on(),
                *at_risk(config, venue.record),
                *budget(config, venue.record),
                *check_books(config, engine.root, venue.evidence()),
            ]
        finally:
            await feeder.end()
            await venue.close()
        if engine.died_in_request:
            self._effects[Mishap.ENGINE_KILLED_IN_REQUEST.value] = engine.died_in_request
        return RunResult(
            seed=seed,
            troubles=tuple(map(str, self._troubles)),
            effects=self._effects,
            violations=tuple(violations),
            decisions=decisions(engine.root),
            orders=len(venue.record.orders),
            trades=len(venue.record.deals),
            sessions=engine.sessions,
            digest=loop.network.digest(),
        )

    def _of_processes(self) -> Iterator[str]:
        engine, feeder = self._engine, self._feeder
        yield from (f"engine: {failure}" for failure in engine.failures)
        yield from (f"callback: {error}" for error in self._loop.errors if KilledError.__name__ not in error)
        if feeder.failure is not None:
            yield f"feeder: {type(feeder.failure).__name__}: {feeder.failure}"
        if not engine.results[-1].clean:
            yield "engine: the last session ended without every cancel confirmed"

    async def _do(self, trouble: Trouble) -> None:
        await asyncio.sleep(trouble.at_ms / 1_000)
        if trouble.incident is not None:
            self._venue.begin(trouble.incident)
            await asyncio.sleep(trouble.for_ms / 1_000)
            self._took_effect(trouble, self._venue.end(trouble.incident.name))
        else:
            await self._happen(Mishap(trouble.name), trouble)

    def _goes_on(self) -> Iterator[str]:
        """See that the engine has traded again when everything worked again."""
        over_ms = (START_S + JOIN_S) * 1_000 + OVER_MS
        if _STANDS_BY.isdisjoint(trouble.name for trouble in self._troubles) and not any(
            placed_ms > over_ms for placed_ms in self._venue.record.placed_ms.values()
        ):
            yield f"stopped trading: no order in the last {QUIET_S} s, when everything worked again"

    async def _left_alone(self, mishap: Mishap) -> None:
        """See that nothing rests when the engine has been away for long."""
        sessions = self._engine.sessions
        await asyncio.sleep(LET_GO_S)
        if self._engine.sessions == sessions:
            orders = self._venue.app.exchange.open_orders(self._venue.account.credentials.key)
            self._left += [f"left resting: {order.order_id} {LET_GO_S} s after {mishap}" for order in orders]

    def _took_effect(self, trouble: Trouble, times: int = 1) -> None:
        if times:
            self._effects[trouble.name] = self._effects.get(trouble.name, 0) + times

    async def _happen(self, mishap: Mishap, trouble: Trouble) -> None:
        engine, feeder, network = self._engine, self._feeder, self._loop.network
        host = feeder if mishap.startswith("feeder") else engine
        last_s = trouble.for_ms / 1_000
        if not host.is_running:
            return
        if mishap is not Mishap.ENGINE_KILLED_IN_REQUEST:  # which waits for one
            self._took_effect(trouble)
        if mishap in _WITHOUT_US and last_s > LET_GO_S:
            self._doing.append(asyncio.create_task(self._left_alone(mishap)))
        match mishap:
            case Mishap.ENGINE_KILLED | Mishap.ENGINE_POWER_OFF:
                engine.kill(last_s, power_off=mishap is Mishap.ENGINE_POWER_OFF)
            case Mishap.ENGINE_KILLED_IN_REQUEST:
                moment, _, request = trouble.detail.partition(" ")
                engine.kill_in_request(Moment(moment), request.encode(), last_s)
            case Mishap.ENGINE_RESTARTED:
                engine.stop(for_good=False)
            case Mishap.ENGINE_FROZEN | Mishap.FEEDER_FROZEN:
                host.freeze()
                await asyncio.sleep(last_s)
                host.thaw()
            case Mishap.ENGINE_CUT_OFF | Mishap.FEEDER_CUT_OFF:
                address = FOR_ENGINE if mishap is Mishap.ENGINE_CUT_OFF else FOR_FEEDER
                heal = network.cut(lambda dialled: dialled == address)
                await asyncio.sleep(last_s)
                heal()
            case Mishap.KILL_SWITCH:
                self._control.kill("a mishap")
                await asyncio.sleep(last_s)
                with suppress(InputError):  # of two that overlap the first to end has resumed
                    self._control.resume("the campaign", "it is over")
            case Mishap.CONNECTIONS_RESET:
                network.reset(lambda dialled: True)
            case Mishap.FEEDER_KILLED:
                feeder.kill()
                await asyncio.sleep(last_s)
                if not feeder.is_running:
                    feeder.start()
