"""One run with real processes: `bucketmm exchange`, `feed` and `run` on real sockets and shared memory.

The faults are those of virtual time, by the control API, by signals and by relays in which the network is cut. What
was at risk at which moment is not known here: the exchange is asked when all is over, by the state that it keeps.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import orjson

from engine.config.load import Config
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.state import load_state
from engine.lab.faults.checks import check_books, decisions, order_sizes
from engine.lab.faults.engine import Moment
from engine.lab.faults.evidence import BALANCE_U6, BALANCE_USD, Evidence
from engine.lab.faults.troubles import OVER_MS, Mishap, Trouble
from engine.lab.faults.venue import AHEAD, CONFIRMED_MS, MINED_MS
from engine.lab.faults.world import LENGTH_S, QUIET_S, SETTLED_S, STYLES, RunResult, world_config
from engine.lab.sockets.process import Program
from engine.lab.sockets.relay import HOST, Relay
from engine.model.errors import InputError
from engine.runtime.control import ControlFiles
from engine.runtime.live import Account
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address
from engine.venue.credentials import ApiCredentials
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of
from shm import objects

STATE: Final = "exchange-state.json"
JOURNALS: Final = "state"
_ENGINE_FOLDERS: Final = ("--state", JOURNALS, "--run-dir", "run-engine")
READY_WITHIN_S: Final = 20.0
CAPACITY: Final = 1_024


def run_seed_on_sockets(seed: int, troubles: list[Trouble], folder: Path) -> RunResult:
    """Play one run in an empty folder, in about 85 s of real time."""
    return asyncio.run(_SocketWorld(seed, troubles, folder).play())


class _SocketWorld:
    def __init__(self, seed: int, troubles: list[Trouble], folder: Path) -> None:
        self._seed = seed
        self._troubles = troubles
        self._folder = folder
        self._config: Config = world_config(folder)
        self._ring = f"bucketmm-sockets-{os.getpid()}-{seed}"
        self._effects: dict[str, int] = {}
        self._control = ControlFiles(folder / "run" / "KILL")
        style = STYLES[seed // 2 % len(STYLES)]
        options = {
            "--bucket-seconds": LENGTH_S,
            "--ahead": AHEAD,
            "--seed": seed,
            "--style": style.value,
            "--accounts": 1,
            "--balance-usd": BALANCE_USD,
            "--mined-ms": MINED_MS,
            "--confirmed-ms": CONFIRMED_MS,
            "--state": STATE,
            "--run-dir": "run",
        }
        words = [str(word) for pair in options.items() for word in pair]
        ring = ("--ring", self._ring)
        self._exchange = Program("exchange", ("exchange", *words, "--json"), folder)
        self._feeder = Program(
            "feeder",
            ("feed", "--source", "local", *ring, "--capacity", str(CAPACITY), "--run-dir", "run-feeder"),
            folder,
        )
        self._engine = Program(
            "engine",
            ("run", "--mode", "live", *ring, "--window-seconds", str(LENGTH_S), *_ENGINE_FOLDERS),
            folder,
        )
        self._relays: dict[str, Relay] = {}

    async def play(self) -> RunResult:
        """Play it and look at what it has left."""
        try:
            reach = orjson.loads(await self._exchange.first_line())
            await self._open_relays(reach)
            async with httpx.AsyncClient(base_url=reach["control_url"]) as self._http:
                violations = await self._live_through()
            evidence = self._evidence(reach["accounts"][0])
        finally:
            for program in (self._engine, self._feeder, self._exchange):
                program.abandon()
            for relay in self._relays.values():
                await relay.close()
            objects.unlink(self._ring)
        root = self._folder / JOURNALS
        violations += [*order_sizes(self._config, evidence.orders), *check_books(self._config, root, evidence)]
        return RunResult(
            seed=self._seed,
            troubles=tuple(map(str, self._troubles)),
            violations=tuple(violations),
            effects=self._effects,
            decisions=decisions(root),
            orders=len(evidence.orders),
            trades=sum(map(len, evidence.exchange.trades_by_owner.values())),
            sessions=self._engine.starts,
        )

    async def _open_relays(self, reach: dict[str, Any]) -> None:
        """Put a relay before the exchange for the engine and one for the feeder: each finds it by a file of its own."""
        told = orjson.loads((self._folder / "run" / "exchange.json").read_bytes())
        port = int(reach["clob_url"].rsplit(":", 1)[1])
        for name in ("engine", "feeder"):
            relay = self._relays[name] = Relay(port)
            await relay.begin()
            moved = {
                key: value.replace(f"{HOST}:{port}", f"{HOST}:{relay.port}") if key.endswith("_url") else value
                for key, value in told.items()
            }
            folder = self._folder / f"run-{name}"
            folder.mkdir()
            (folder / "exchange.json").write_bytes(orjson.dumps(moved))

    async def _live_through(self) -> list[str]:
        """Let everything happen, then end everything in order; return what was wrong with that."""
        self._feeder.keep_running()
        await self._until_ring()
        self._engine.keep_running()
        begun_s = asyncio.get_running_loop().time()
        doing = [asyncio.create_task(self._do(trouble)) for trouble in self._troubles]
        await asyncio.gather(*doing, asyncio.sleep(OVER_MS / 1_000))
        await asyncio.sleep(max(0.0, begun_s + OVER_MS / 1_000 + QUIET_S - asyncio.get_running_loop().time()))
        ended = await self._engine.end()
        await asyncio.sleep(SETTLED_S)
        audit = (await self._http.get("/audit")).json()
        await self._feeder.end()
        kept = await self._exchange.end()
        return [*self._endings(ended, kept), *(f"audit: {line}" for line in audit["wrong"])]

    def _endings(self, engine: int | None, exchange: int | None) -> Iterator[str]:
        yield from (*self._engine.failures, *self._feeder.failures)
        if engine != 0:
            yield f"engine: ended with {engine}"
        if exchange != 0:
            yield f"exchange: ended with {exchange}"

    async def _until_ring(self) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            while not (objects.SHM_DIRECTORY / self._ring).exists():
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)

    def _evidence(self, account: dict[str, str]) -> Evidence:
        """Return what the exchange's state file says. Raises InputError when it is no good."""
        exchange = Exchange()
        load_state(self._folder / STATE, exchange)
        key = known_account(0)
        wallet = wallets_of(key.address).deposit
        credentials = ApiCredentials(account["api_key"], account["secret"], account["passphrase"])
        address = checksum_address(wallet)
        chain = exchange.ledger.account(address).chain
        return Evidence(
            exchange=exchange,
            account=Account(key, wallet, SignatureType.DEPOSIT_WALLET, credentials),
            orders={name: order for name, order in exchange.orders.items() if order.wallet == address},
            shares_u6={token: size_u6 for token, size_u6 in chain.items() if token != COLLATERAL},
            cash_u6=chain.get(COLLATERAL, 0) - BALANCE_U6,
        )

    async def _do(self, trouble: Trouble) -> None:
        await asyncio.sleep(trouble.at_ms / 1_000)
        if trouble.incident is None:
            await self._happen(Mishap(trouble.name), trouble)
            return
        name = trouble.incident.name
        (await self._http.post("/faults", content=msgspec.json.encode(trouble.incident))).raise_for_status()
        await asyncio.sleep(trouble.for_ms / 1_000)
        listed = (await self._http.get("/faults")).json()["faults"]
        if listed[name]["happened"]:
            self._effects[trouble.name] = self._effects.get(trouble.name, 0) + listed[name]["happened"]
        (await self._http.delete(f"/faults/{name}")).raise_for_status()

    async def _happen(self, mishap: Mishap, trouble: Trouble) -> None:
        name = "feeder" if mishap.startswith("feeder") else "engine"
        program = self._feeder if name == "feeder" else self._engine
        relay, last_s = self._relays[name], trouble.for_ms / 1_000
        if not program.is_running:
            return
        if mishap is not Mishap.ENGINE_KILLED_IN_REQUEST:
            self._effects[trouble.name] = self._effects.get(trouble.name, 0) + 1
        match mishap:
            case Mishap.ENGINE_KILLED | Mishap.ENGINE_POWER_OFF | Mishap.FEEDER_KILLED:
                program.kill(last_s)
            case Mishap.ENGINE_KILLED_IN_REQUEST:
                moment, _, request = trouble.detail.partition(" ")
                relay.watch = lambda data: self._watched(Moment(moment), request.encode(), last_s, data)
            case Mishap.ENGINE_RESTARTED:
                program.send(signal.SIGTERM)
            case Mishap.ENGINE_FROZEN | Mishap.FEEDER_FROZEN:
                program.send(signal.SIGSTOP)
                await asyncio.sleep(last_s)
                program.send(signal.SIGCONT)
            case Mishap.ENGINE_CUT_OFF | Mishap.FEEDER_CUT_OFF:
                relay.cut()
                await asyncio.sleep(last_s)
                relay.heal()
            case Mishap.KILL_SWITCH:
                self._control.kill("a mishap")
                await asyncio.sleep(last_s)
                with suppress(InputError):  # of two that overlap the first to end has resumed
                    self._control.resume("the campaign", "it is over")
            case Mishap.CONNECTIONS_RESET:
                for each in self._relays.values():
                    each.reset()

    def _watched(self, moment: Moment, request: bytes, stays_dead_s: float, data: bytes) -> bytes:
        """Kill the engine over a request that begins so; return what of it still leaves."""
        if not data.startswith(request):
            return data
        self._relays["engine"].watch = lambda later: later
        self._engine.kill(stays_dead_s)
        self._effects[Mishap.ENGINE_KILLED_IN_REQUEST.value] = 1
        return {Moment.HALF: data[: len(data) // 2], Moment.AFTER: data}.get(moment, b"")
