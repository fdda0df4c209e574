"""One live session on a real ring and real sockets: recover, connect, look, trade, leave nothing resting, close.

A shadow session is a live one with a paper twin beside it: the same records, its own kernel, journal and paper money,
served after what the engine sends has left.
"""

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from engine.config.load import Config
from engine.execution.paper.ledger import FileLedger
from engine.execution.polymarket.dialling import Dial, NetworkDial
from engine.model.errors import ResourceError
from engine.runtime.compose import build_kernel, build_paper, open_journal
from engine.runtime.live import Account, Hosts, LiveEngine
from engine.runtime.loop import Loop
from engine.runtime.recovery import first_words, recover
from engine.runtime.ring_feed import RingFeed
from engine.runtime.session import PAPER_FILE, Session, SessionResult
from engine.runtime.shell import Shell
from engine.runtime.tally import Tally
from engine.runtime.warmth import Warmth
from shm.doorbell import silence

LIVE: Final = "live"
SHADOW: Final = "shadow"
SPIN_REHEARSE_S: Final = 0.001
CANCEL_WITHIN_S: Final = 3.0
"""How long a session that broke off tries to cancel what rests before it leaves that to the venue's heartbeat."""


class LivePlan(NamedTuple):
    """How a live session is to be run; `mode` is live or shadow, `spin` never sleeps (a core of its own)."""

    account: Account
    hosts: Hosts
    mode: str = LIVE
    accept_foreign: bool = False
    spin: bool = False
    proxy: str | None = None

    @property
    def label(self) -> str:
        """What banner, journal and database call the mode: play money is named."""
        return f"{self.mode} (local exchange)" if self.hosts.is_local else self.mode

    def __repr__(self) -> str:
        return f"LivePlan({self.account!r}, {self.hosts.clob.authority}, {self.mode})"


class RingBell:
    """A ring's doorbell on the running loop; it follows the feed to a ring that was made anew."""

    def __init__(self, feed: RingFeed) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._reader = feed.reader
        self._file = -1
        self._on_ring: Callable[[], None] = lambda: None

    def watch(self, on_ring: Callable[[], None]) -> None:
        """Call `on_ring` whenever the bell rings."""
        self._on_ring = on_ring
        self._file = self._reader.open_doorbell()
        self._loop.add_reader(self._file, self._rung)

    def arm(self) -> bool:
        """Ask for the next ring; False when there is something to read already."""
        if self._feed.reader is not self._reader:
            self.close()
            self._reader = self._feed.reader
            self.watch(self._on_ring)
        return self._reader.arm_doorbell()

    def has_more(self) -> bool:
        """Tell whether there is something to read."""
        reader = self._feed.reader
        return reader.position <= reader.cursor

    def close(self) -> None:
        """Stop watching."""
        if self._file >= 0:
            self._loop.remove_reader(self._file)
            self._file = -1

    def _rung(self) -> None:
        silence(self._file)
        self._on_ring()


class Twin:
    """The paper twin of a shadow session: its own state folder, kernel, journal and paper money."""

    def __init__(self, config: Config, root: Path) -> None:
        recovered = recover(config, root)
        self.state = recovered.state
        self.ledger = FileLedger(root / PAPER_FILE)
        self.paper = build_paper(config, self.ledger)
        self.journal = open_journal(recovered.folder, config, self.state, clock="wall", mode="dry")
        self.kernel = build_kernel(config, self.state, Tally(self.journal))
        self.loop = Loop(self.kernel, self.paper)
        self.is_lost = False

    def begin(self, now_ns: int) -> None:
        """Take over what an earlier session left."""
        self.loop.now_ns = now_ns
        self.paper.restore(self.ledger.rows(), now_ns)
        events, commands = first_words(self.state, now_ns)
        for event in events:
            self.loop.receive(event)
        for command in commands:
            self.paper.submit(command, now_ns)

    def close(self, *, in_order: bool) -> None:
        """Close journal and paper file."""
        if in_order and not self.is_lost:
            self.journal.close(self.kernel.state.seq)
        self.journal.abandon()
        self.ledger.close()


def run_live_session(
    config: Config,
    root: Path,
    ring: str,
    plan: LivePlan,
    *,
    run_dir: Path,
    on_shell: Callable[[Shell], None],
    on_alert: Callable[[str], None],
    on_engine: Callable[[LiveEngine, Session], None] = lambda engine, session: None,
) -> SessionResult:
    """Run one live session until it is told to stop; `on_engine` hears of its parts before anything is done.

    Raises:
        InputError: The last session's journal is damaged, or belongs to another version.
        ResourceError: The venue cannot be reached, foreign orders rest there, or the journal cannot be written.
        RingError: There is no ring, or it is not ours.
    """
    session = Session(config, root, ring, mode=plan.label, gating=False, run_dir=run_dir, on_alert=on_alert)
    twin, clean, ended = None, False, False
    try:
        if plan.mode == SHADOW:
            twin = Twin(config, root.with_name(f"{root.name}-twin"))
        gc.collect()
        gc.freeze()  # what is here stays: no collection has to look through it while an order waits
        clean = asyncio.run(trade_live(session, plan, NetworkDial(plan.proxy), twin, on_shell, on_engine))
        ended = True
    finally:
        gc.unfreeze()
        if twin is not None:
            twin.close(in_order=ended)
        session.abandon()
    return session.result(clean=clean)


async def trade_live(
    session: Session,
    plan: LivePlan,
    dial: Dial,
    twin: Twin | None,
    on_shell: Callable[[Shell], None],
    on_engine: Callable[[LiveEngine, Session], None] = lambda engine, session: None,
) -> bool:
    """Connect, look, trade until the shell is done, and leave nothing resting; whether that was confirmed.

    Raises ResourceError where the venue cannot be reached or foreign orders rest there, and what a turn raises.
    """
    engine = LiveEngine(plan.account, plan.hosts, dial, session.clock.wall_ns, session.say)
    on_engine(engine, session)
    shell = session.shell(engine.gateway)
    session.status.gateway = engine.describe
    try:
        await engine.prepare(session.state, accept_foreign=plan.accept_foreign)
        on_shell(shell)
        if twin is not None:
            twin.begin(shell.tell_time())
            shell.twin = twin.loop
            shell.on_twin_lost = partial(_lose, twin, session)
        resting = await _trade(engine, shell, session, spin=plan.spin)
    finally:
        await engine.close()
    if resting:
        session.say(f"expected no resting orders at the end, the venue says {resting if resting > 0 else 'nothing'}")
    return not shell.gave_up and resting == 0


def _lose(twin: Twin, session: Session, error: Exception) -> None:
    """Go on without the twin: what it wrote stays, and is not an end in order."""
    twin.is_lost = True
    session.say(f"the paper twin is lost, live goes on without it: {type(error).__name__}: {error}")


async def _trade(engine: LiveEngine, shell: Shell, session: Session, *, spin: bool) -> int:
    """Trade to the end and return how many orders rest then. From here on orders may be ours: a session that breaks off
    cancels; one that could not begin leaves alone what it found.
    """
    every_ms = session.config["execution"]["REHEARSE_MS"]
    warmth = None
    try:
        if every_ms:
            warmth = Warmth(session.config, engine.gateway, session.journal.folder)
        await engine.run(
            shell,
            RingBell(session.feed),
            session.state,
            spin=spin,
            rehearse=partial(_rehearse, warmth, shell) if warmth is not None else None,
            rehearse_every_s=SPIN_REHEARSE_S if spin else every_ms / 1_000,
        )
        resting = await engine.leave_nothing()
        shell.show()
        session.close(shell)
    except BaseException:
        await _cancel_what_can_be(engine, session)
        raise
    finally:
        if warmth is not None:
            warmth.close()
    return resting


def _rehearse(warmth: Warmth, shell: Shell) -> None:
    warmth.rehearse(engaged=shell.loop.kernel.is_engaged(shell.loop.now_ns))


async def _cancel_what_can_be(engine: LiveEngine, session: Session) -> None:
    """Cancel everything after a session broke off; the venue's heartbeat does it if we cannot."""
    try:
        async with asyncio.timeout(CANCEL_WITHIN_S):
            resting = await engine.leave_nothing()
    except (TimeoutError, ResourceError):
        resting = -1
    if resting:
        session.say("broke off, and not every cancel was confirmed: the venue cancels within 15 s without our beats")
