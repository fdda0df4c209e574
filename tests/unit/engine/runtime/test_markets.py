"""Seeded markets by name."""

import pytest

from engine.model.events import Market, MarketChange, Tob
from engine.runtime.markets import MarketKind, SeededMarket
from engine.worlds.params import Style, as_recorded


@pytest.mark.parametrize("kind", MarketKind)
def test_each_kind_gives_the_rounds_that_were_asked_for(kind: MarketKind) -> None:
    run = SeededMarket(kind, Style.CALM, 5).run(30, 2, start_s=1_800_000_030)
    events = list(run.events)
    ends = [event for event in events if isinstance(event, Market) and event.change == MarketChange.RESOLVED]
    assert {event.window_start_s for event in ends} == {1_800_000_030, 1_800_000_060}
    assert len([event for event in events if isinstance(event, Tob)]) > 300
    assert (run.world.seed, run.world.window_length_s) == (5, 30)


def test_only_a_crowd_knows_of_every_level() -> None:
    runs = [SeededMarket(kind, Style.CALM, 5).run(30, 1) for kind in MarketKind]
    assert [list(run.events) != [] for run in runs] == [True, True]
    quotes, crowd = (run.levels_per_s() for run in runs)
    assert quotes is None
    assert crowd is not None
    assert crowd > 20


@pytest.mark.parametrize("kind", MarketKind)
def test_the_rules_can_be_changed(kind: MarketKind) -> None:
    run = SeededMarket(kind, Style.LIVELY, 5).run(60, 2, as_recorded)
    ticks = {event.tick_e4 for event in run.events if isinstance(event, Market)}
    assert (run.world.twap_ms, ticks) == (0, {100})


def test_a_world_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 15 s"):
        SeededMarket(MarketKind.CROWD, Style.CALM, 5).run(5, 1)
