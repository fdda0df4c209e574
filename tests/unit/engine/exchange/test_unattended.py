"""The exchange left to its counterparties: a world like any other, made by real matching."""

from collections import Counter
from itertools import pairwise

import pytest

from engine.analytics.market_statistics import observe_rounds
from engine.analytics.market_summary import summarise_market
from engine.exchange.unattended import Unattended
from engine.model.events import Event, Feed, Market, MarketChange, Spot, Tob, Trade
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style, as_recorded
from engine.worlds.recorded_rounds import split_rounds
from engine.worlds.replayed import Replay, ReplayParams


def unattended(seed: int = 1, rounds: int = 2, style: Style = Style.CALM, length_s: int = 60) -> Unattended:
    params = styled_crowd(style, seed, length_s)
    return Unattended(params.world, rounds, lambda start_ms: Crowd(params, seed, start_ms))


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(unattended(rounds=3).events())


def markets(events: list[Event], change: MarketChange) -> list[Market]:
    return [event for event in events if isinstance(event, Market) and event.change == change]


def test_the_same_seed_gives_the_same_events(events: list[Event]) -> None:
    assert list(unattended(rounds=3).events()) == events
    assert list(unattended(seed=2, rounds=1).events()) != list(unattended(rounds=1).events())


def test_markets_open_ahead_close_at_the_end_and_are_resolved_by_the_average(events: list[Event]) -> None:
    for change, offset_s in ((MarketChange.OPENED, -12), (MarketChange.CLOSED, 60), (MarketChange.RESOLVED, 63)):
        offsets = [event.ts_ns - event.window_start_s * 10**9 for event in markets(events, change)]
        assert offsets == [offset_s * 10**9] * 6
    strikes = [event.price_e8 for event in events if isinstance(event, Spot) and event.strike]
    for number, (strike_e8, next_e8) in enumerate(pairwise(strikes)):
        up, down = markets(events, MarketChange.RESOLVED)[2 * number : 2 * number + 2]
        assert (up.result, down.result) == ((1, 2) if next_e8 >= strike_e8 else (2, 1))


def test_time_never_goes_back_and_books_are_sound(events: list[Event]) -> None:
    assert all(before.ts_ns <= after.ts_ns for before, after in pairwise(events))
    ticks: dict[int, int] = {}
    kinds = Counter(type(event).__name__ for event in events)
    for event in events:
        if isinstance(event, Market):
            ticks[event.asset] = event.tick_e4
        elif isinstance(event, Tob) and event.bid1_size_u6 and event.ask1_size_u6:
            assert 0 < event.bid1_price_e4 < event.ask1_price_e4 < 10_000
    assert kinds["Tob"] > 1_000
    assert kinds["Trade"] > 60
    assert isinstance(events[-1], Feed)


def test_it_is_a_market_somebody_could_trade_in(events: list[Event]) -> None:
    summary = summarise_market(observe_rounds(events))
    assert summary.rounds == 3
    assert summary.spread_1_tick is not None
    assert summary.spread_1_tick > 40
    assert summary.size_p50 is not None
    assert 100 < summary.size_p50 < 500


def test_level_changes_are_counted_for_the_whole_time_of_the_windows() -> None:
    one = unattended(rounds=1)
    told = sum(isinstance(event, Tob | Trade) for event in one.events())
    assert one.levels_per_s == round(one.teller.levels_changed / 60, 1)
    assert one.teller.levels_changed > told / 2


def test_under_the_recorded_rules_the_tick_stays() -> None:
    params = styled_crowd(Style.CALM, 3, 60)
    world = as_recorded(params.world)
    events = list(Unattended(world, 2, lambda start_ms: Crowd(params, 3, start_ms)).events())
    assert markets(events, MarketChange.TICK) == []


def test_a_recorded_round_that_is_replayed_looks_like_itself() -> None:
    first = list(unattended(rounds=1).events())
    (played,) = split_rounds(first)
    params = styled_crowd(Style.CALM, 1, 60)
    replayed = Unattended(params.world, 1, lambda start_ms: Replay(iter([played]), ReplayParams(depth=2), start_ms))
    again = list(replayed.events())
    before, after = (summarise_market(observe_rounds(events)) for events in (first, again))
    for name in ("spread_1_tick", "spread_wider", "size_p10", "size_p50", "size_p90", "one_sided", "move_p90"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=0.05), name
    assert [event.result for event in markets(again, MarketChange.RESOLVED)] == [
        event.result for event in markets(first, MarketChange.RESOLVED)
    ]


def test_a_run_needs_a_round() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        unattended(rounds=0)
