"""Seeded markets by name: drawn quotes, or a crowd on the exchange's own matching, as one stream of typed events."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from engine.exchange.unattended import Unattended
from engine.model.events import Event
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style, WorldParams, styled_world
from engine.worlds.world import generate_events


class MarketKind(StrEnum):
    """How a world's books come to be."""

    QUOTES = "quotes"
    """Drawn around the fair price (engine.worlds.world): fast, and nobody's orders."""
    CROWD = "crowd"
    """Makers and takers on the exchange's matching (engine.worlds.crowd)."""


class MarketRun(NamedTuple):
    """A world that is about to run: its parameters and events; `levels_per_s` is known when it is over, if at all."""

    world: WorldParams
    events: Iterable[Event]
    levels_per_s: Callable[[], float | None]


class SeededMarket(NamedTuple):
    """A market of a named kind and style."""

    kind: MarketKind
    style: Style
    seed: int

    def run(
        self,
        window_length_s: int,
        rounds: int,
        change: Callable[[WorldParams], WorldParams] = lambda world: world,
        start_s: int | None = None,
    ) -> MarketRun:
        """Return a run over consecutive windows, with `change` made to the world's parameters.

        Raises ValueError for a world that cannot be.
        """
        if self.kind == MarketKind.QUOTES:
            world = change(styled_world(self.style, self.seed, window_length_s, start_s))
            return MarketRun(world, generate_events(world, rounds), lambda: None)
        params = styled_crowd(self.style, self.seed, window_length_s, start_s)
        params = msgspec.structs.replace(params, world=change(params.world))
        run = Unattended(params.world, rounds, lambda start_ms: Crowd(params, self.seed, start_ms))
        return MarketRun(params.world, run.events(), lambda: run.levels_per_s)
