"""The live engine: kernel, shell and gateway in one asyncio loop; an order's bytes leave in the turn that decided it.

Everything outward is handed in (feed, clock, dialler, the loop's own time), so the same engine runs on a ring and real
sockets, and in virtual time over transports in memory.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

import msgspec

from engine.execution.polymarket.dialling import Address, Dial, parse_url
from engine.execution.polymarket.gateway import PolymarketGateway
from engine.execution.polymarket.http_line import Answer
from engine.execution.polymarket.reads import read_page
from engine.execution.polymarket.signing import WalletSigner
from engine.execution.polymarket.upkeep import Upkeep
from engine.execution.polymarket.user_stream import UserStream
from engine.execution.polymarket.wire import Wire
from engine.kernel.state import KernelState
from engine.model.errors import ResourceError
from engine.model.events import Foreign, Operator
from engine.model.units import NS_PER_MS, NS_PER_S
from engine.runtime.recovery import first_words
from engine.runtime.shell import Shell
from engine.venue.credentials import ApiCredentials
from engine.venue.keys import OwnerKey
from engine.venue.orders import SignatureType

READY_WITHIN_S: Final = 20.0
FOREVER_S: Final = 1e9
REST_CHECKS: Final = 10
REST_CHECK_EVERY_S: Final = 0.5


class Hosts(msgspec.Struct, frozen=True):
    """Where a venue is: the order book service, its user channel, and the Data API."""

    clob: Address
    user: Address
    data: Address

    @property
    def is_local(self) -> bool:
        """Whether all of it is on this machine's loopback: play money."""
        return all(address.is_loopback for address in (self.clob, self.user, self.data))


def hosts_of(clob_url: str, user_ws_url: str, data_url: str) -> Hosts:
    """Return where three URLs lead. Raises InputError for a URL that is none."""
    return Hosts(parse_url(clob_url), parse_url(user_ws_url), parse_url(data_url))


class Account(msgspec.Struct, frozen=True):
    """Who trades: the key that signs, the wallet whose money it is, and the API credentials."""

    key: OwnerKey
    wallet: bytes
    signature_type: SignatureType
    credentials: ApiCredentials

    def __repr__(self) -> str:
        return f"Account(wallet=0x{self.wallet.hex()})"


class Bell(Protocol):
    """Rings when there is something to read."""

    def watch(self, on_ring: Callable[[], None]) -> None:
        """Call `on_ring` from the loop whenever the bell rings, from now on."""
        ...

    def arm(self) -> bool:
        """Ask for the next ring; False when there is something to read already."""
        ...

    def has_more(self) -> bool:
        """Tell whether there is something to read."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


class Driver:
    """Turns a shell whenever a record, an answer or a timer is there; `spin` never sleeps until then, it looks."""

    def __init__(
        self,
        shell: Shell,
        bell: Bell,
        *,
        spin: bool = False,
        rehearse: Callable[[], object] | None = None,
        rehearse_every_s: float = 0.0,
    ) -> None:
        self._shell = shell
        self._rehearse = rehearse
        self._rehearse_every_s = rehearse_every_s if rehearse is not None else FOREVER_S
        self._rehearse_s = 0.0 if rehearse is not None else FOREVER_S
        self._bell = bell
        self._spin = spin
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None
        self._is_soon = self._is_woken = False
        self._due_s = 0.0
        self._finished: asyncio.Future[None] = self._loop.create_future()

    def wake(self) -> None:
        """Have a turn as soon as what runs now has returned."""
        self._is_woken = True
        if not self._is_soon and not self._finished.done():
            self._next(self._loop.call_soon(self.turn), soon=True)

    async def run(self) -> None:
        """Turn until the shell says that it is done. An exception of a turn is raised here."""
        self._bell.watch(self.turn)
        try:
            self._shell.hear_operator()
            self.wake()
            await self._finished
        finally:
            self._next(None, soon=False)
            self._bell.close()

    def turn(self) -> None:
        """Do what is due and see to it that there is a next turn."""
        if self._finished.done():
            return
        if self._spin and not self._is_due():
            self._next(self._loop.call_soon(self.turn), soon=True)
            self._keep_warm()
            return
        self._next(None, soon=False)
        self._is_woken = False
        try:
            if self._shell.turn():
                self._finished.set_result(None)
            else:
                self._see_to_the_next_turn()
        except Exception as error:
            self.fail(error)

    def _is_due(self) -> bool:
        """Whether a turn would find something to do: one that finds nothing takes the time of several looks."""
        return self._is_woken or self._bell.has_more() or self._loop.time() >= self._due_s

    def _see_to_the_next_turn(self) -> None:
        waits = self._shell.loop.gateway.next_due_ns() == 0
        if self._spin:
            self._due_s = 0.0 if waits else self._loop.time() + self._shell.wait_s()
            self._next(self._loop.call_soon(self.turn), soon=True)
        elif waits or not self._bell.arm():
            self._next(self._loop.call_soon(self.turn), soon=True)
        elif not self._is_soon:
            self._keep_warm()
            wait_s = min(self._shell.wait_s(), self._rehearse_every_s)
            self._next(self._loop.call_later(wait_s, self.turn), soon=False)

    def fail(self, error: BaseException) -> None:
        """Let the run end with an error from beside the turns."""
        if not self._finished.done():
            self._finished.set_exception(error)

    def _keep_warm(self) -> None:
        now_s = self._loop.time()
        if now_s >= self._rehearse_s and self._rehearse is not None:
            self._rehearse_s = now_s + self._rehearse_every_s
            self._rehearse()

    def _next(self, handle: asyncio.Handle | None, *, soon: bool) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self._is_soon = handle, soon


class LiveEngine:
    """One live session's moving parts; `prepare` connects and looks, `run` trades, `close` leaves nothing resting."""

    def __init__(
        self,
        account: Account,
        hosts: Hosts,
        dial: Dial,
        now_ns: Callable[[], int],
        complain: Callable[[str], None],
    ) -> None:
        self.wire: Final = Wire(dial, hosts.clob, hosts.data, account.key.address, account.credentials, now_ns)
        signer = WalletSigner(account.key, account.wallet, account.signature_type)
        self.gateway: Final = PolymarketGateway(self.wire, signer, self._wake, complain)
        self.upkeep: Final = Upkeep(self.gateway, now_ns, lambda: self.healthy, now_ns() // NS_PER_S)
        self.stream: Final = UserStream(
            dial, hosts.user, account.credentials, self.gateway.on_frame, self._stream_state
        )
        self.healthy = True
        self.on_driver: Callable[[Driver], None] = lambda driver: None
        """Hears of the driver before its first turn: for whoever measures it."""
        self._stream_up = asyncio.Event()
        self._driver: Driver | None = None

    async def prepare(self, state: KernelState, *, accept_foreign: bool) -> None:
        """Connect, know our orders again, and look at the venue before the first decision.

        Raises:
            ResourceError: The venue cannot be reached, or our wallet has orders that are not ours.
        """
        windows = [(one.up, one.down, one.end_ns) for one in state.rounds.values()]
        fills = [row for one in state.rounds.values() for row in one.fills]
        self.gateway.restore(state.placed.values(), windows, state.venue, fills)
        self.wire.open()
        self.stream.open()
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._stream_up.wait()
                while not await self.upkeep.first_look():
                    await asyncio.sleep(REST_CHECK_EVERY_S)
        except TimeoutError:
            raise ResourceError(
                f"expected {self.wire.clob.authority} to answer and to take our API credentials within "
                f"{READY_WITHIN_S:g} s{self._last_loss()}"
            ) from None
        foreign = self.gateway.waiting(Foreign)
        if foreign and not accept_foreign:
            names = ", ".join(f"{event.what} {event.remote_id[:18]}" for event in foreign[:5])
            raise ResourceError(
                f"expected no orders on the wallet but ours, found {len(foreign)} ({names}): another program trades "
                "there; stop it and cancel them, or start with --accept-foreign"
            )
        self.gateway.acknowledge_foreign(all_known=accept_foreign)
        self.upkeep.open()

    async def run(
        self,
        shell: Shell,
        bell: Bell,
        state: KernelState,
        *,
        spin: bool = False,
        rehearse: Callable[[], object] | None = None,
        rehearse_every_s: float = 0.0,
    ) -> None:
        """Trade until the shell is done. Raises what a turn raises; then no beat is sent any more."""
        self._driver = Driver(shell, bell, spin=spin, rehearse=rehearse, rehearse_every_s=rehearse_every_s)
        self.on_driver(self._driver)
        for task in self._beside:
            task.add_done_callback(self._broke_off)  # called soon where that was before
        try:
            now_ns = shell.tell_time()
            events, commands = first_words(state, now_ns)
            shell.begin([Operator(now_ns, "start", "shell", "the venue can be asked"), *events], commands)
            await self._driver.run()
        except BaseException:
            self.healthy = False  # no more beats: whatever we cannot cancel the venue will
            raise

    async def leave_nothing(self) -> int:
        """Cancel everything and look until the venue says that nothing rests; return how many orders still do."""
        resting = -1
        for _ in range(REST_CHECKS):
            await self.wire.ask(self.wire.cancel_all)
            listed = await self.wire.ask(self.wire.read, "/data/orders")
            try:
                resting = len(read_page(listed.body).rows) if isinstance(listed, Answer) else -1
            except ValueError:
                resting = -1
            if resting == 0:
                return 0
            await asyncio.sleep(REST_CHECK_EVERY_S)
        return resting

    def describe(self) -> dict[str, Any]:
        """Return what status shows of the venue's side."""
        return {
            "venue": self.wire.clob.authority,
            "mode": self.gateway.modes.state.name,
            "user_stream_connections": self.stream.connections,
            "lines_ready": self.wire.orders.ready,
            "lines_lost": self.wire.orders.lost,
            "last_line_lost": self.wire.orders.last_loss,
            "orders_not_ended": len(self.gateway.orders.unended()),
            "beats_refused": self.upkeep.heartbeat.refused,
            "compared_with_venue": self.upkeep.reconciled,
            "clock_offset_ms": self.wire.offset_ns // NS_PER_MS,
            "round_trip_ms": _percentiles_ms(self.wire.round_trips_ns),
        }

    async def close(self) -> None:
        """Close every connection."""
        self.healthy = False
        await self.upkeep.close()
        await self.stream.close()
        await self.wire.close()

    def _last_loss(self) -> str:
        loss = self.wire.orders.last_loss
        return f"; {loss}" if loss else ""

    @property
    def _beside(self) -> list[asyncio.Task[None]]:
        return [task for task in (self.upkeep.task, self.stream.task) if task is not None]

    def _broke_off(self, task: asyncio.Task[None]) -> None:
        """End the run where upkeep or user stream ended by themselves: without them nobody may go on trading."""
        error = None if task.cancelled() else task.exception()
        if error is not None and self._driver is not None:
            self._driver.fail(error)

    def _wake(self) -> None:
        if self._driver is not None:
            self._driver.wake()

    def _stream_state(self, is_up: bool, why: str) -> None:
        if is_up:
            self._stream_up.set()
        self.upkeep.stream_state(is_up, why)


def _percentiles_ms(spans_ns: Collection[int]) -> dict[str, float]:
    """Return median and 99th percentile in milliseconds, nothing before there is a span."""
    ordered = sorted(spans_ns)
    if not ordered:
        return {}
    return {
        "p50": round(ordered[len(ordered) // 2] / NS_PER_MS, 2),
        "p99": round(ordered[len(ordered) * 99 // 100] / NS_PER_MS, 2),
    }
