"""`step` is a pure function: it keeps its hands off what it is given, and the same events give the same bytes."""

from random import Random
from typing import Any

import msgspec
import pytest

from engine.model.commands import Command
from engine.model.events import Event, Tick
from engine.model.units import NS_PER_S
from engine.runtime.compose import build_kernel
from engine.strategy.bucket.round import Round
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.step import step, wake_at_ns
from engine.strategy.bucket.strategy import BucketStrategy
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import PARAMS, at
from tests.swarm.run import Runner

SEEDS = range(900, 912)


class Watched(BucketStrategy):
    """The bucket strategy, with every step's inputs and outputs kept as bytes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.seen: list[tuple[Round, Event, bytes]] = []

    def step(self, state: Round, event: Event) -> tuple[Round, list[Command]]:
        """Step, and check that the given state was left alone."""
        before = msgspec.msgpack.encode(state)
        after, intents = super().step(state, event)
        assert msgspec.msgpack.encode(state) == before, f"{event} changed the state it was given"
        self.seen.append((state, event, msgspec.msgpack.encode((after, intents))))
        return after, intents


def watched(seed: int) -> Watched:
    """Play one seed of the swarm under watch."""
    runner = Runner(seed)
    runner.crash_odds = 0.0
    strategy = Watched(runner.checks.strategy.params)  # type: ignore[attr-defined]
    runner.kernel = build_kernel(runner.config, runner.kernel.state, runner.checks)
    runner.kernel.strategy = strategy
    runner.run()
    return strategy


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_leaves_its_state_alone_and_repeats_byte_for_byte(seed: int) -> None:
    strategy = watched(seed)
    assert len(strategy.seen) > 40
    for state, event, bytes_out in Random(seed).sample(strategy.seen, 40):
        assert msgspec.msgpack.encode(step(strategy.params, state, event)) == bytes_out


@pytest.mark.parametrize("seed", SEEDS)
def test_a_state_that_was_written_down_goes_on_as_if_it_had_not_been(seed: int) -> None:
    strategy = watched(seed)
    decoder = msgspec.msgpack.Decoder(Round)
    for state, event, bytes_out in Random(seed).sample(strategy.seen, 40):
        again = decoder.decode(msgspec.msgpack.encode(state))
        assert msgspec.msgpack.encode(step(strategy.params, again, event)) == bytes_out


def test_a_round_always_asks_to_be_woken_at_its_end_or_earlier() -> None:
    play = Scenario().holding()
    assert wake_at_ns(play.state) <= at(900)
    assert wake_at_ns(play.tick(900).gone(900.1).state) > at(10_000)


def test_a_tick_at_the_time_asked_for_asks_for_a_later_one() -> None:
    play = Scenario().book(-1, 0.60).tick(0).accept(0.1).fill(1, 6)
    for _ in range(200):
        wake_ns = wake_at_ns(play.state)
        if play.stage == Stage.SETTLING or wake_ns > at(950):
            break
        assert wake_ns > at(play.second) or wake_ns == at(play.second)
        play.send(Tick(wake_ns))
        assert wake_at_ns(play.state) > wake_ns
    assert wake_at_ns(play.state) > at(10)


def test_a_quiet_round_costs_no_intents() -> None:
    state = Scenario().state
    for second in range(0, 800, 50):
        state, intents = step(PARAMS, state, Tick(at(second)))
        assert intents == []
    assert state.wake_ns - at(750) <= 150 * NS_PER_S
