"""The live engine looks before it decides, turns when there is something to do, and leaves nothing resting."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from engine.config.load import parse_config
from engine.execution.polymarket.bench import CREDENTIALS
from engine.lab.faults.engine import MemoryDial
from engine.lab.faults.venue import FOR_ENGINE
from engine.lab.virtual.loop import VirtualLoop
from engine.model.commands import Command
from engine.model.errors import InputError, ResourceError
from engine.model.events import Event, Foreign, Operator, Side
from engine.runtime.compose import fresh_state
from engine.runtime.live import (
    READY_WITHIN_S,
    REST_CHECK_EVERY_S,
    REST_CHECKS,
    Account,
    Driver,
    LiveEngine,
    hosts_of,
)
from engine.venue.orders import SignatureType
from tests.unit.engine.execution.polymarket.memory_venue import run
from tests.unit.engine.execution.polymarket.scripted import KEY, WALLET
from tests.unit.engine.lab.faults.stage import Stage, play

STATE = fresh_state(parse_config(b"{}", "test"))
BASE = f"{FOR_ENGINE[0]}:{FOR_ENGINE[1]}"
HOSTS = hosts_of(f"http://{BASE}", f"ws://{BASE}/ws/user", f"http://{BASE}/data")
SOMEBODY = Account(KEY, WALLET, SignatureType.DEPOSIT_WALLET, CREDENTIALS)
SECRET = "bm90LXRoZS1zZWNyZXQtb2YtdGhlLWtleS1hdC1hbGw="


def engine_of(account: Account = SOMEBODY) -> LiveEngine:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return LiveEngine(account, HOSTS, MemoryDial(loop), loop.wall_ns, lambda text: None)


def resting(stage: Stage) -> int:
    return len(stage.venue.app.exchange.open_orders(stage.venue.account.credentials.key))


def rest_one(stage: Stage) -> None:
    """Let an order of the wallet rest that no engine knows."""
    stage.order(Side.BUY, 1_000, 10)
    assert resting(stage) == 1


async def failing(engine: LiveEngine, *, accept_foreign: bool = False) -> str:
    """Prepare an engine that cannot be, and return what it says."""
    with pytest.raises(ResourceError) as caught:
        await engine.prepare(STATE, accept_foreign=accept_foreign)
    await engine.close()
    return str(caught.value)


@pytest.mark.parametrize(
    ("urls", "local"),
    [
        (("http://127.0.0.1:1", "ws://localhost:1", "http://[::1]:1"), True),
        (("https://clob.polymarket.com", "ws://localhost:1", "http://[::1]:1"), False),
        (("http://127.0.0.1:1", "wss://ws.polymarket.com", "http://[::1]:1"), False),
        (("http://127.0.0.1:1", "ws://localhost:1", "https://127.0.0.1.example.com"), False),
    ],
)
def test_a_venue_is_local_only_where_all_of_it_is(urls: tuple[str, str, str], local: bool) -> None:
    assert hosts_of(*urls).is_local is local


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="expected a http"):
        hosts_of("http://127.0.0.1:1", "nowhere", "http://127.0.0.1:1")


def test_an_account_shows_its_wallet_alone() -> None:
    assert repr(SOMEBODY) == f"Account(wallet=0x{WALLET.hex()})"


def test_prepared_it_is_connected_and_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        engine = engine_of(stage.venue.account)
        await engine.prepare(STATE, accept_foreign=False)
        await asyncio.sleep(12)
        shown = engine.describe()
        assert (shown["venue"], shown["mode"], shown["user_stream_connections"]) == (BASE, "NORMAL", 1)
        assert shown["lines_ready"] >= 1
        assert engine.upkeep.heartbeat.accepted_s == pytest.approx(asyncio.get_running_loop().time(), abs=6)
        assert engine.gateway.take(0) == []
        await engine.close()

    play(monkeypatch, story)


def test_a_venue_that_nobody_answers_at_is_named_after_a_while() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        said = await failing(engine_of())
        assert f"expected {BASE} to answer and to take our API credentials within 20 s; no connection: nobody" in said
        assert loop.time() == pytest.approx(READY_WITHIN_S, abs=0.1)

    run(work(), loop)


def test_credentials_that_the_venue_does_not_take_are_no_start_and_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(stage: Stage) -> None:
        wrong = msgspec.structs.replace(stage.venue.account.credentials, secret=SECRET)
        said = await failing(engine_of(msgspec.structs.replace(stage.venue.account, credentials=wrong)))
        assert "to take our API credentials" in said
        assert SECRET not in said

    play(monkeypatch, story)


def test_orders_that_are_not_ours_are_no_start_unless_that_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        rest_one(stage)
        said = await failing(engine_of(stage.venue.account))
        assert "found 1 (order 0x0000" in said
        assert "--accept-foreign" in said
        assert resting(stage) == 1, "a look changes nothing"
        engine = engine_of(stage.venue.account)
        await engine.prepare(STATE, accept_foreign=True)
        found, earlier = [event for event in engine.gateway.take(0) if isinstance(event, Foreign)]
        assert (found.acknowledged, found.remote_id != "") == (True, True)
        assert earlier == Foreign(0, "", "", acknowledged=True), "and so is what an earlier session was stopped by"
        await engine.close()

    play(monkeypatch, story)


def test_a_prepared_engine_can_wait_for_a_venue_that_comes_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        heal = loop.network.cut(lambda address: address == FOR_ENGINE)
        engine = engine_of(stage.venue.account)
        preparing = asyncio.ensure_future(engine.prepare(STATE, accept_foreign=False))
        await asyncio.sleep(READY_WITHIN_S / 2)
        assert not preparing.done()
        heal()
        await preparing
        await engine.close()

    play(monkeypatch, story)


def test_nothing_is_left_resting_and_that_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        for _ in range(3):
            stage.order(Side.BUY, 1_000, 10)
        engine = engine_of(stage.venue.account)
        engine.wire.open()
        assert await engine.leave_nothing() == 0
        assert resting(stage) == 0
        await engine.close()

    play(monkeypatch, story)


def test_a_venue_that_does_not_say_that_nothing_rests_is_not_believed_to() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        engine = engine_of()
        engine.wire.open()
        assert await engine.leave_nothing() == -1
        assert loop.time() >= REST_CHECKS * REST_CHECK_EVERY_S
        await engine.close()

    run(work(), loop)


class Turns:
    """Stands in for a shell: it is turned, and says when it wants the next turn."""

    def __init__(self, turns: int, wait_s: float = 10.0) -> None:
        self.left = turns
        self.times: list[float] = []
        self.waits_s = wait_s
        self.due_ns = 1 << 62
        self.now_ns = 7
        self.heard_operator = 0
        self.kernel = None
        self.begun: list[Event | Command] = []
        self.loop = self.gateway = self
        self.on_turn: Callable[[], None] = lambda: None

    def turn(self) -> bool:
        self.times.append(asyncio.get_running_loop().time())
        self.left -= 1
        self.on_turn()
        return self.left == 0

    def tell_time(self) -> int:
        return self.now_ns

    def begin(self, events: list[Event], commands: list[Command]) -> None:
        self.begun = [*events, *commands]

    def hear_operator(self) -> None:
        self.heard_operator += 1

    def wait_s(self) -> float:
        return self.waits_s

    def next_due_ns(self) -> int:
        return self.due_ns


class HandBell:
    """Rings when the test does."""

    def __init__(self) -> None:
        self.ring: Callable[[], None] = lambda: None
        self.armed = 0
        self.came_meanwhile = 0
        self.records = 0
        self.looks = 0
        self.closed = False

    def watch(self, on_ring: Callable[[], None]) -> None:
        self.ring = on_ring

    def arm(self) -> bool:
        self.armed += 1
        if self.came_meanwhile:
            self.came_meanwhile -= 1
            return False
        return True

    def has_more(self) -> bool:
        self.looks += 1
        self.records -= 1
        return self.records >= 0

    def close(self) -> None:
        self.closed = True


def driven(shell: Turns, work: Callable[[Driver, HandBell], Awaitable[None]] | None = None, **more: object) -> HandBell:
    """Drive a shell to its end while the test does something."""
    bell = HandBell()

    async def play() -> None:
        driver = Driver(shell, bell, **more)  # type: ignore[arg-type]
        running = asyncio.ensure_future(driver.run())
        await asyncio.sleep(0)
        if work is not None:
            await work(driver, bell)
        await running

    run(play(), VirtualLoop())
    assert bell.closed
    assert shell.heard_operator == 1
    return bell


def test_a_turn_comes_when_the_shell_wants_one() -> None:
    shell = Turns(4, wait_s=10)
    driven(shell)
    assert shell.times == [0, 10, 20, 30]


def test_a_turn_comes_at_once_when_the_bell_rings() -> None:
    shell = Turns(3, wait_s=10)

    async def work(driver: Driver, bell: HandBell) -> None:
        await asyncio.sleep(3)
        bell.ring()
        assert shell.times == [0, 3], "in the very call"

    driven(shell, work)
    assert shell.times == [0, 3, 13]


def test_one_turn_comes_for_any_number_of_answers() -> None:
    shell = Turns(3, wait_s=10)

    async def work(driver: Driver, bell: HandBell) -> None:
        await asyncio.sleep(3)
        for _ in range(5):
            driver.wake()

    driven(shell, work)
    assert shell.times == [0, 3, 13]


def test_answers_that_wait_and_records_that_came_meanwhile_are_not_slept_over() -> None:
    shell = Turns(8, wait_s=10)

    async def work(driver: Driver, bell: HandBell) -> None:
        await asyncio.sleep(10)
        assert shell.times == [0, 10]
        shell.due_ns = 0
        bell.ring()
        bell.ring()
        await asyncio.sleep(0)
        assert shell.times[2:4] == [10, 10], "answers wait: the bell is not even asked"
        assert bell.armed == 2
        bell.came_meanwhile, shell.due_ns = 1, 1 << 62

    bell = driven(shell, work)
    assert shell.times == [0, *[10] * 6, 20], "and records that had come meanwhile were not slept over"
    assert bell.came_meanwhile == 0


def test_spinning_it_never_sleeps_and_turns_for_every_record() -> None:
    shell = Turns(500, wait_s=10)

    async def work(driver: Driver, bell: HandBell) -> None:
        bell.records = 499

    bell = driven(shell, work, spin=True)
    assert set(shell.times) == {0}
    assert bell.armed == 0


def test_spinning_it_turns_for_an_answer_and_for_what_is_due_and_only_looks_otherwise() -> None:
    shell = Turns(4, wait_s=0.02)
    bell = HandBell()

    async def play() -> None:
        driver = Driver(shell, bell, spin=True)  # type: ignore[arg-type]
        running = asyncio.ensure_future(driver.run())
        while len(shell.times) < 2:  # the second one is due by itself
            await asyncio.sleep(0)
        shell.waits_s, shell.due_ns = 1e9, 0
        driver.wake()
        while len(shell.times) < 3:
            await asyncio.sleep(0)
        await running  # answers wait: the fourth follows at once

    asyncio.run(play())
    assert shell.times[1] - shell.times[0] >= 0.02
    assert bell.looks > 4, "it looked many times for each turn"


def test_what_a_turn_raises_ends_the_run() -> None:
    shell = Turns(9)

    def fail() -> None:
        raise ValueError("a bug")

    shell.on_turn = fail
    with pytest.raises(ValueError, match="a bug"):
        driven(shell)
    assert len(shell.times) == 1


def test_nothing_turns_after_the_end() -> None:
    shell = Turns(1)

    async def work(driver: Driver, bell: HandBell) -> None:
        await asyncio.sleep(1)
        driver.turn()
        driver.wake()
        bell.ring()
        await asyncio.sleep(100)

    driven(shell, work)
    assert shell.times == [0]


def test_rehearsals_come_between_turns_and_not_more_often_than_wanted() -> None:
    shell = Turns(40, wait_s=0.1)
    rehearsals: list[int] = []
    driven(shell, rehearse=lambda: rehearsals.append(1), rehearse_every_s=0.5)
    assert 7 <= len(rehearsals) <= 9


def test_what_breaks_off_beside_the_turns_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch that nobody holds any more must not go unnoticed: the venue would cancel what the kernel rests."""

    async def story(stage: Stage) -> None:
        engine = engine_of(stage.venue.account)
        await engine.prepare(STATE, accept_foreign=False)
        shell = Turns(10_000, wait_s=1.0)
        running = asyncio.ensure_future(engine.run(shell, HandBell(), STATE))  # type: ignore[arg-type]
        await asyncio.sleep(7)
        assert not running.done()

        def fail(now_s: float) -> None:
            raise ValueError("a bug")

        engine.upkeep.heartbeat.beat = fail  # type: ignore[method-assign]
        await asyncio.sleep(7)
        with pytest.raises(ValueError, match="a bug"):
            await running
        assert not engine.healthy
        await engine.close()

    play(monkeypatch, story)


def test_after_an_exception_of_a_turn_no_beat_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        engine = engine_of(stage.venue.account)
        await engine.prepare(STATE, accept_foreign=False)
        shell = Turns(10_000, wait_s=1.0)

        def fail() -> None:
            if shell.left < 9_990:
                raise ValueError("a bug")

        shell.on_turn = fail
        with pytest.raises(ValueError, match="a bug"):
            await engine.run(shell, HandBell(), STATE)  # type: ignore[arg-type]
        (begun,) = shell.begun
        assert isinstance(begun, Operator)
        assert (begun.action, begun.who) == ("start", "shell")
        await asyncio.sleep(1)  # for a beat that was under way
        held_s = engine.upkeep.heartbeat.accepted_s
        await asyncio.sleep(30)
        assert engine.upkeep.heartbeat.accepted_s == held_s
        await engine.close()

    play(monkeypatch, story)
