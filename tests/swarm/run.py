"""Runs one seed: its world through the kernel against its venue, the rules checked after every event."""

from random import Random
from typing import NamedTuple

from engine.config.build import bucket_params, scaled
from engine.config.load import parse_config
from engine.kernel.kernel import Kernel
from engine.kernel.state import decode_state, encode_state
from engine.model.codes import BreakerName
from engine.model.events import Breaker, Event, Operator, Outcome, Tick
from engine.model.units import NS_PER_S
from engine.runtime.compose import build_kernel, fresh_state
from engine.runtime.recovery import first_words
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.strategy import BucketStrategy
from tests.swarm.checks import Checks
from tests.swarm.venue import BadVenue, draw_habits
from tests.swarm.world import START_S, draw_options, opening, path

CONFIG = parse_config(b"{}", "swarm")
BREAKER_ODDS = 0.02
STOPPED_IN = (Stage.ENTRY_PLACED, Stage.SL_PLACED, Stage.LATE_HOLD, Stage.LATE_SL_PLACED)
"""Stages that pass so quickly that a stop at a drawn time hardly ever meets them."""


class Report(NamedTuple):
    """What a seed came to."""

    seed: int
    events: int
    moves: frozenset[tuple[Stage, Stage]]
    pnl_u6: int
    pulled: int  # buys that a breaker had cancelled
    presigned: int  # stops whose signature was made ahead


class Runner:
    """One seed's kernel, venue and checks."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.options = draw_options(self.random)
        self.venue = BadVenue(self.random, draw_habits(self.random))
        self.crash_odds = self.random.choice((0.0, 0.0, 0.002))
        self.stop_in: Stage | None = self.random.choice((None, None, None, None, *STOPPED_IN))
        # of its own, so that the other seeds' worlds stay what they were
        self.breaker_random = Random(f"breakers of {seed}") if seed % 4 == 2 else None
        self.config = scaled(CONFIG, self.options.length_s)
        if self.random.random() < 0.1:
            self.config = self.config.replaced({"guards": {"STOP_SELLS_DUST": True}})
        state = fresh_state(self.config)
        self.checks = Checks(seed, BucketStrategy(bucket_params(self.config)), self.venue)
        self.kernel: Kernel = build_kernel(self.config, state, self.checks)
        self.events = 0
        self.now_ns = 0

    def run(self) -> Report:
        """Play the world to its settlement and return what was seen. Raises AssertionError, with the seed, for a broken
        rule.
        """
        start_ns = (START_S - 3) * NS_PER_S
        for event in opening(self.options, start_ns):
            self._receive(event)
        end_ns = (START_S + self.options.length_s) * NS_PER_S
        for event in path(self.random, self.options):
            if isinstance(event, Outcome):
                self._finish(end_ns)
            self._catch_up(event.ts_ns)
            self.now_ns = event.ts_ns
            self.venue.observe(event, event.ts_ns)
            self._receive(event)
            if self.random.random() < self.crash_odds:
                self._crash()
            self._stop_at_the_drawn_stage()
            self._break_something()
        self.checks.at_the_end(self.kernel)
        checks = self.checks
        moves = frozenset(checks.moves)
        return Report(checks.seed, self.events, moves, checks.pnl_u6, checks.pulled, checks.presigned)

    def _finish(self, end_ns: int) -> None:
        """Let the venue answer everything, as it does in the end, and run the timers until nothing is
        left to be done.
        """
        self.venue.heal()
        self.venue.close(max(end_ns, self.now_ns))
        self._catch_up(max(end_ns, self.now_ns) + 50 * NS_PER_S)

    def _catch_up(self, until_ns: int) -> None:
        while True:
            due_ns, wake_ns = self.venue.next_due_ns(), self.kernel.wake_at_ns()
            if min(due_ns, wake_ns) > until_ns:
                return
            self.now_ns = max(min(due_ns, wake_ns), self.now_ns)
            if due_ns <= wake_ns:
                for answer in self.venue.take(self.now_ns):
                    self._receive(answer)
            else:
                self._receive(Tick(self.now_ns))

    def _receive(self, event: Event) -> None:
        self.events += 1
        self.checks.before(self.kernel)
        commands = self.kernel.receive(event)
        self.checks.after(self.kernel, event, commands)
        for command in commands:
            self.venue.submit(command, event.ts_ns)

    def _stop_at_the_drawn_stage(self) -> None:
        """Let the operator stop the engine when its round is first seen in the stage that this seed drew."""
        if any(state.stage == self.stop_in for state in self.kernel.state.rounds.values()):
            self.stop_in = None
            self._receive(Operator(self.now_ns, "kill", "swarm", "drawn"))

    def _break_something(self) -> None:
        """Trip or close a breaker now and then, in the seeds that have them."""
        random = self.breaker_random
        if random is None or random.random() > BREAKER_ODDS:
            return
        name = random.choice((BreakerName.USER_STREAM, BreakerName.HEARTBEAT)).value
        tripped = self.kernel.state.breakers.find(name) is None
        self._receive(Breaker(self.now_ns, name, tripped, "drawn"))

    def _crash(self) -> None:
        """Kill the engine: its state comes back from the journal, what was on its way is lost, and the
        venue is asked.
        """
        self.venue.forget_answers()
        state = decode_state(encode_state(self.kernel.state))
        self.kernel = build_kernel(self.config, state, self.checks)
        events, commands = first_words(self.kernel.state, self.now_ns)
        for event in events:
            self._receive(event)
        for command in commands:
            self.venue.submit(command, self.now_ns)


def run_seed(seed: int) -> Report:
    """Run one seed."""
    return Runner(seed).run()
