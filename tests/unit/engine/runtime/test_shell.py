"""The dry shell on a real ring, with clocks that the test moves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.config.load import parse_config
from engine.journal.writer import NullRecorder
from engine.model.commands import Command, Place
from engine.model.events import Event, Operator
from engine.model.records import Verdict
from engine.runtime.clock import ShellClock
from engine.runtime.compose import build_kernel, build_paper, fresh_state
from engine.runtime.control import ControlFiles
from engine.runtime.loop import Loop
from engine.runtime.ring_feed import RingFeed
from engine.runtime.shell import STOP_WITHIN_NS, Shell
from shm.layout import FeedChange, MarketChange
from tests.unit.engine.runtime.ring import NOW, Ring, S

CONFIG = parse_config(b"{}", "test")


class Notes(NullRecorder):
    """A recorder that keeps the kernel's inputs and what left it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.commands: list[Command] = []

    def event(self, seq: int, event: Event) -> None:
        self.events.append(event)

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        self.commands += commands


class HastyFeed(RingFeed):
    """A feed that never sleeps: the test's time does not pass by itself."""

    def wait(self, timeout_s: float) -> None:
        """Look again at once."""


class Bench:
    """A dry shell whose machine time moves 50 ms a look; `on_status` is where a test steps in."""

    def __init__(self, ring: Ring, folder: Path) -> None:
        self.ring = ring
        self.monotonic = 0
        self.wall_offset = NOW + 5 * S
        self.notes = Notes()
        self.control = ControlFiles(folder / "run" / "KILL")
        self.feed = HastyFeed(ring.name, (), 0, gating=True, heartbeat_max_ns=2 * S)
        self.beats = True
        self.steps: Iterator[Callable[[], None]] = iter(())
        self.paper = build_paper(CONFIG)
        loop = Loop(build_kernel(CONFIG, fresh_state(CONFIG), self.notes), self.paper)
        clock = ShellClock(self._monotonic_ns, lambda: self.monotonic + self.wall_offset)
        self.shell = Shell(loop, self.feed, clock, self.control, self._on_status)

    def _monotonic_ns(self) -> int:
        self.monotonic += 50_000_000
        return self.monotonic

    def _on_status(self, shell: Shell) -> None:
        if self.beats:
            self.ring.writer.heartbeat(self.monotonic + self.wall_offset)
        next(self.steps, shell.request_stop)()

    def run(self, *steps: Callable[[], None]) -> None:
        """Run with one step at each look of the housekeeping, then a stop."""
        self.steps = iter(steps)
        self.shell.run()

    def placed(self) -> list[Place]:
        """Return the orders that left."""
        return [command for command in self.notes.commands if isinstance(command, Place)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    ring = Ring()
    ring.market(MarketChange.OPENED)
    ring.book(3_800, side=1)
    ring.book(6_100)
    made = Bench(ring, tmp_path)
    yield made
    made.feed.close()
    ring.writer.close(unlink=True)


def idle() -> None:
    """Let time pass."""


def test_a_stop_cancels_what_rests_and_ends_when_nothing_works(bench: Bench) -> None:
    bench.run(idle, idle)
    (entry,) = bench.placed()
    assert not bench.shell.loop.kernel.working_orders()
    assert not bench.shell.gave_up
    stop = next(event for event in bench.notes.events if isinstance(event, Operator))
    assert stop.action == "stop"
    assert bench.paper.account.orders[entry.order].status == "ended"


def test_a_kill_file_that_was_there_before_the_first_record_lets_no_order_out(bench: Bench) -> None:
    bench.control.kill("before the start")
    bench.run(idle, idle)
    assert bench.placed() == []
    assert bench.notes.events[0] == Operator(bench.notes.events[0].ts_ns, "kill", "file", "before the start")


def test_a_stop_whose_cancels_are_not_confirmed_gives_up_in_time(bench: Bench) -> None:
    bench.ring.writer.set_pace(NOW, NOW, 0)  # an unpaced recording's time stands still once its feeder has died
    bench.run(idle)
    begun = bench.monotonic
    assert bench.shell.gave_up
    assert bench.shell.loop.kernel.working_orders()
    assert begun < 2 * STOP_WITHIN_NS


def test_the_end_of_a_recording_ends_the_run_with_every_answer_heard(bench: Bench) -> None:
    bench.ring.writer.set_pace(NOW, NOW, 0)
    bench.ring.say(FeedChange.ENDED)
    bench.run(*[idle] * 20)
    (order,) = bench.shell.loop.kernel.working_orders()
    assert order.status.name == "LIVE"
    assert not bench.shell.stopping


def test_a_step_of_the_wall_clock_is_followed_when_nothing_is_at_stake_though_windows_are_open(bench: Bench) -> None:
    def step() -> None:
        bench.wall_offset += 60 * S

    bench.control.kill("so that nothing rests")
    bench.run(idle, step, idle)
    assert bench.shell.loop.kernel.state.rounds
    assert bench.shell.loop.now_ns >= NOW + 65 * S


def test_a_step_of_the_wall_clock_is_not_followed_while_an_order_rests(bench: Bench) -> None:
    stamps: list[int] = []

    def step() -> None:
        bench.wall_offset += 60 * S

    def look() -> None:
        stamps.append(bench.shell.loop.now_ns)

    bench.run(idle, step, look, look)
    assert bench.placed()
    assert all(stamp < NOW + 60 * S for stamp in stamps)


def test_a_dead_feeder_makes_every_book_stale_and_a_new_one_makes_them_fresh_again(bench: Bench) -> None:
    def die() -> None:
        bench.ring.writer.close()
        bench.beats = False

    def restart() -> None:
        bench.ring.writer, bench.beats = Ring(bench.ring.name).writer, True
        bench.ring.market(MarketChange.OPENED)
        bench.ring.book(6_100)

    def freshness() -> bool:
        (state,) = bench.shell.loop.kernel.state.rounds.values()
        return state.up.is_fresh

    fresh: list[bool] = []
    bench.run(idle, die, idle, lambda: fresh.append(freshness()), restart, idle, lambda: fresh.append(freshness()))
    assert fresh == [False, True]
