"""Worlds that can be, and those that cannot."""

import pytest

from engine.model.events import Market
from engine.worlds.params import Style, WorldParams, as_recorded, styled_world, swarm_world
from engine.worlds.world import generate_events


def test_averages_and_settlement_scale_with_the_window() -> None:
    assert (WorldParams(seed=1).twap_ms, WorldParams(seed=1).settlement_ms) == (60_000, 45_000)
    short = styled_world(Style.CALM, 1, 60)
    assert (short.twap_ms, short.settlement_ms) == (4_000, 3_000)


def test_every_swarm_world_can_be_and_they_differ() -> None:
    worlds = [swarm_world(seed) for seed in range(200)]
    assert worlds == [swarm_world(seed) for seed in range(200)]
    assert len({world.jumps_per_round_e3 for world in worlds}) > 150
    assert {world.window_length_s for world in worlds} == {60, 120, 300, 900}


def test_a_style_starts_at_a_window_of_any_length() -> None:
    world = styled_world(Style.WILD, 1, 77)
    assert world.start_s % 77 == 0
    assert world.start_s >= 1_800_000_000


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"window_length_s": 10}, "at least 15 s"),
        ({"start_s": 1_800_000_001}, "multiple of 900"),
        ({"open_ahead_s": 900}, "open_ahead_s"),
        ({"silence_ms_max": 5_001}, "silences"),
        ({"volatility_e8": 0}, "positive"),
    ],
)
def test_a_world_that_cannot_be_is_refused(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldParams(seed=1, **fields)


def test_a_world_as_recorded_is_settled_on_the_price_of_the_moment_with_a_coarse_tick() -> None:
    params = as_recorded(styled_world(Style.CALM, 1, 60))
    assert params.twap_ms == 0
    ticks = {event.tick_e4 for event in generate_events(params, 2) if isinstance(event, Market)}
    assert ticks == {100}
