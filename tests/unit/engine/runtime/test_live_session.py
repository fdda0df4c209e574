"""A live session in virtual time: it leaves nothing of its own, touches nothing of others, and its twin keeps apart."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.config.load import Config
from engine.execution.polymarket.http_line import LostAnswer
from engine.journal.reader import JournalReader
from engine.lab.faults.engine import MemoryDial
from engine.lab.faults.feeder import FeederProcess
from engine.lab.faults.venue import FOR_ENGINE
from engine.lab.faults.world import LENGTH_S, world_config
from engine.lab.virtual.loop import VirtualLoop
from engine.model.commands import Command
from engine.model.errors import ResourceError
from engine.model.events import Event, Side, Tob
from engine.runtime.clock import ShellClock
from engine.runtime.live import LiveEngine, hosts_of
from engine.runtime.live_session import LIVE, SHADOW, LivePlan, RingBell, Twin, run_live_session, trade_live
from engine.runtime.recovery import sessions, was_closed
from engine.runtime.ring_feed import RingFeed
from engine.runtime.session import Session
from engine.runtime.shell import Shell
from shm.errors import RingError
from tests.unit.engine.lab.faults.stage import Stage, play
from tests.unit.engine.runtime.ring import NOW, Ring, S

BASE = f"{FOR_ENGINE[0]}:{FOR_ENGINE[1]}"
HOSTS = hosts_of(f"http://{BASE}", f"ws://{BASE}/ws/user", f"http://{BASE}/data")


class Live:
    """A feeder, and sessions that can be run one after the other, on a stage."""

    def __init__(self, stage: Stage, folder: Path, mode: str = LIVE) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.stage = stage
        self.loop = loop
        self.folder = folder
        self.mode = mode
        self.said: list[str] = []
        self.config: Config = world_config(folder)
        self.ring = f"bucketmm-test-session-{os.getpid()}"
        self.shell: Shell | None = None
        self.engine: LiveEngine | None = None
        (folder / "run").mkdir(exist_ok=True)
        credentials = stage.venue.account.credentials
        self.feeder = FeederProcess(loop, self.ring, folder / "run", LENGTH_S, 1, credentials)
        self.feeder.start()

    async def trade(self, *, accept_foreign: bool = False, twin: Twin | None = None) -> bool:
        """Run one session."""
        root = self.folder / "state" / "live-local"
        clock = ShellClock(self.loop.monotonic_ns, self.loop.wall_ns)
        session = Session(
            self.config, root, self.ring, mode=self.mode, gating=False, run_dir=self.folder / "run",
            on_alert=self.said.append, clock=clock,
        )  # fmt: skip
        plan = LivePlan(self.stage.venue.account, HOSTS, self.mode, accept_foreign)
        try:
            return await trade_live(session, plan, MemoryDial(self.loop), twin, self._begun, self._made)
        finally:
            session.abandon()

    def _begun(self, shell: Shell) -> None:
        self.shell = shell

    def _made(self, engine: LiveEngine, session: Session) -> None:
        self.engine = engine

    async def up(self) -> Shell:
        """Wait until a session trades."""
        while self.shell is None:
            await asyncio.sleep(0.1)
        await asyncio.sleep(2)
        return self.shell

    def resting(self) -> int:
        return len(self.stage.venue.app.exchange.open_orders(self.stage.venue.account.credentials.key))


def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: Callable[[Live], Awaitable[None]]) -> None:
    """Let a story happen beside a feeder."""

    async def on_stage(stage: Stage) -> None:
        live = Live(stage, tmp_path)
        await asyncio.sleep(1)
        try:
            await story(live)
        finally:
            await live.feeder.end()

    play(monkeypatch, on_stage)


def test_a_session_that_is_stopped_leaves_nothing_and_closes_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(live: Live) -> None:
        trading = asyncio.ensure_future(live.trade())
        shell = await live.up()
        live.stage.order(Side.BUY, 1_000, 10)  # by whatever way it came there
        shell.request_stop()
        assert await trading
        assert live.resting() == 0

    lived(tmp_path, monkeypatch, story)
    (folder,) = sessions(tmp_path / "state" / "live-local")
    assert was_closed(folder)
    assert JournalReader(folder).header.mode == LIVE


def test_orders_of_others_are_a_refused_start_and_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(live: Live) -> None:
        live.stage.order(Side.BUY, 1_000, 10)
        with pytest.raises(ResourceError, match="expected no orders on the wallet but ours, found 1"):
            await live.trade()
        assert live.resting() == 1

    lived(tmp_path, monkeypatch, story)


def test_orders_of_others_that_a_person_accepts_are_no_reason_not_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(live: Live) -> None:
        live.stage.order(Side.BUY, 1_000, 10)
        trading = asyncio.ensure_future(live.trade(accept_foreign=True))
        shell = await live.up()
        assert not trading.done()
        assert not shell.loop.kernel.state.killed
        shell.request_stop()
        assert await trading

    lived(tmp_path, monkeypatch, story)


def test_a_session_that_breaks_off_cancels_what_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(live: Live) -> None:
        trading = asyncio.ensure_future(live.trade())
        shell = await live.up()
        live.stage.order(Side.BUY, 1_000, 10)

        def fail() -> bool:
            raise ValueError("a bug")

        shell.turn = fail  # type: ignore[method-assign]
        with pytest.raises(ValueError, match="a bug"):
            await trading
        assert live.resting() == 0
        assert not any("not every cancel" in text for text in live.said)

    lived(tmp_path, monkeypatch, story)
    (folder,) = sessions(tmp_path / "state" / "live-local")
    assert not was_closed(folder)


def test_a_session_that_breaks_off_without_a_venue_says_so_and_the_venue_cancels_without_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(live: Live) -> None:
        trading = asyncio.ensure_future(live.trade())
        shell = await live.up()
        live.stage.order(Side.BUY, 1_000, 10)
        heal = live.loop.network.cut(lambda address: address == FOR_ENGINE)

        def fail() -> bool:
            raise ValueError("a bug")

        shell.turn = fail  # type: ignore[method-assign]
        begun_s = live.loop.time()
        with pytest.raises(ValueError, match="a bug"):
            await trading
        assert live.loop.time() - begun_s < 5
        assert "the venue cancels within 15 s without our beats" in live.said[-1]
        assert live.resting() == 1
        await live.stage.wait(16)
        assert live.resting() == 0
        heal()

    lived(tmp_path, monkeypatch, story)


def test_an_end_that_the_venue_does_not_confirm_is_not_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(live: Live) -> None:
        trading = asyncio.ensure_future(live.trade())
        shell = await live.up()
        assert live.engine is not None
        live.engine.wire.read = lambda path, on_answer, **query: on_answer(LostAnswer("no"))  # type: ignore[method-assign]
        shell.request_stop()
        assert not await trading
        assert live.said[-1] == "expected no resting orders at the end, the venue says nothing"

    lived(tmp_path, monkeypatch, story)


def test_a_shadow_sessions_twin_sees_the_same_records_and_keeps_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(live: Live) -> None:
        live.mode = SHADOW
        twin = Twin(live.config, tmp_path / "state" / "live-local-twin")
        live.stage.order(Side.BUY, 4_000, 10, ours=False)
        trading = asyncio.ensure_future(live.trade(twin=twin))
        shell = await live.up()
        for price_e4 in range(4_100, 4_600, 100):
            live.stage.order(Side.BUY, price_e4, 10, ours=False)
            await asyncio.sleep(1)
        shell.request_stop()
        assert await trading
        twin.close(in_order=True)

    lived(tmp_path, monkeypatch, story)
    books = {}
    for name, mode in (("live-local", SHADOW), ("live-local-twin", "dry")):
        (folder,) = sessions(tmp_path / "state" / name)
        reader = JournalReader(folder)
        assert reader.header.mode == mode
        events = [getattr(frame.entry, "event", None) for frame in reader]
        books[name] = [(each.asset, each.bid1_price_e4) for each in events if isinstance(each, Tob)]
        assert was_closed(folder)
    assert len(books["live-local"]) >= 5
    assert books["live-local"] == books["live-local-twin"]


def test_a_twin_that_breaks_is_let_go_of_and_live_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(live: Live) -> None:
        live.mode = SHADOW
        twin = Twin(live.config, tmp_path / "state" / "live-local-twin")
        trading = asyncio.ensure_future(live.trade(twin=twin))
        shell = await live.up()

        def full(event: Event) -> list[Command]:
            raise OSError("no space left on device")

        monkeypatch.setattr(twin.kernel, "receive", full)
        live.stage.order(Side.BUY, 4_000, 10, ours=False)
        await asyncio.sleep(1)
        assert shell.twin is None
        assert not trading.done()
        shell.request_stop()
        assert await trading
        assert [text for text in live.said if "twin" in text] == [
            "the paper twin is lost, live goes on without it: OSError: no space left on device"
        ]
        twin.close(in_order=True)

    lived(tmp_path, monkeypatch, story)
    ends = {name: was_closed(sessions(tmp_path / "state" / name)[0]) for name in ("live-local", "live-local-twin")}
    assert ends == {"live-local": True, "live-local-twin": False}


def test_a_twin_takes_over_what_it_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = world_config(tmp_path)
    for _ in range(2):
        twin = Twin(config, tmp_path / "twin")
        twin.begin(NOW)
        twin.close(in_order=True)
    assert [was_closed(folder) for folder in sessions(tmp_path / "twin")] == [True, True]


def test_without_a_ring_there_is_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(RingError):
            run_live_session(
                world_config(tmp_path), tmp_path / "state", f"/bmt_none_{os.getpid()}",
                LivePlan(stage.venue.account, HOSTS), run_dir=tmp_path, on_shell=lambda shell: None,
                on_alert=lambda text: None,
            )  # fmt: skip

    play(monkeypatch, story)


def test_the_bell_rings_for_records_and_follows_the_feed_to_a_new_ring() -> None:
    async def work() -> None:
        ring = Ring()
        feed = RingFeed(ring.name, (), 0, gating=False, heartbeat_max_ns=2 * S)
        bell = RingBell(feed)
        rung = asyncio.Event()
        bell.watch(rung.set)
        try:
            feed.drain()
            assert not bell.has_more()
            assert bell.arm()
            await asyncio.sleep(0.02)
            assert not rung.is_set()
            ring.book(6_000)
            assert bell.has_more()
            await asyncio.wait_for(rung.wait(), 5)
            assert not bell.arm(), "there is something to read"
            feed.drain()
            assert bell.arm()
            ring.writer.close()
            ring = Ring(ring.name)
            feed.reopen()
            feed.drain()
            assert bell.arm()
            rung.clear()
            ring.book(6_100)
            await asyncio.wait_for(rung.wait(), 5)
            bell.close()
            bell.close()
        finally:
            feed.close()
            ring.writer.close(unlink=True)

    asyncio.run(work())
