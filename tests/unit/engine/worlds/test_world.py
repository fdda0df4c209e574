"""A whole world: its order of events, its settlement, and whether a strategy would find work in it."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.events import Event, Feed, Market, MarketChange, Spot, Tob, Trade
from engine.worlds.params import Style, WorldParams, styled_world, swarm_world
from engine.worlds.world import generate_events

LENGTH_S = 60


def world(seed: int, rounds: int = 1, style: Style = Style.LIVELY) -> list[Event]:
    return list(generate_events(styled_world(style, seed, LENGTH_S), rounds))


def markets(events: list[Event], change: MarketChange) -> list[Market]:
    return [event for event in events if isinstance(event, Market) and event.change == change]


def test_the_same_parameters_give_the_same_events_and_another_seed_others() -> None:
    assert world(3, 2) == world(3, 2)
    assert world(3, 2) != world(4, 2)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**40))
def test_in_any_world_time_never_goes_back_and_books_are_sound(seed: int) -> None:
    params = swarm_world(seed)
    before_ns = 0
    ticks: dict[int, int] = {}
    for event in generate_events(params, 1):
        assert event.ts_ns >= before_ns
        before_ns = event.ts_ns
        if isinstance(event, Market):
            ticks[event.asset] = event.tick_e4
        elif isinstance(event, Tob) and event.bid1_size_u6 and event.ask1_size_u6:
            assert 0 < event.bid1_price_e4 < event.ask1_price_e4 < 10_000
            assert event.bid1_price_e4 % ticks[event.asset] == 0
    assert isinstance(event, Feed)


def test_markets_open_ahead_close_at_the_end_and_are_resolved_later() -> None:
    events = world(1, 3)
    assert [event.asset for event in markets(events, MarketChange.OPENED)] == [0, 1, 2, 3, 4, 5]
    for change, offset_s in (
        (MarketChange.OPENED, -10),
        (MarketChange.CLOSED, 60),
        (MarketChange.RESOLVED, 63),
    ):
        offsets = {event.ts_ns - event.window_start_s * 10**9 for event in markets(events, change)}
        assert offsets == {offset_s * 10**9}


def test_tokens_of_one_market_are_each_others_peer_and_all_ids_differ() -> None:
    opened = markets(world(1, 2), MarketChange.OPENED)
    assert [(event.asset, event.peer, event.outcome) for event in opened] == [
        (0, 1, 1),
        (1, 0, 2),
        (2, 3, 1),
        (3, 2, 2),
    ]
    assert len({event.token_id for event in opened}) == 4
    assert len({event.condition_id for event in opened}) == 2


def test_up_is_paid_when_the_next_strike_is_not_below_the_own_one() -> None:
    results: Counter[bool] = Counter()
    for seed in range(6):
        events = world(seed, 4)
        strikes = [event.price_e8 for event in events if isinstance(event, Spot) and event.strike]
        up = [event for event in markets(events, MarketChange.RESOLVED) if event.outcome == 1]
        for number in range(3):
            up_won = strikes[number + 1] >= strikes[number]
            assert up[number].result == (1 if up_won else 2)
            results[up_won] += 1
    assert min(results[True], results[False]) >= 3


def test_the_strike_is_the_average_before_the_start_and_stamped_with_it() -> None:
    params = styled_world(Style.CALM, 5, LENGTH_S)
    events = list(generate_events(params, 1))
    spots = [event for event in events if isinstance(event, Spot)]
    (strike,) = [event for event in spots if event.strike]
    assert strike.observed_ts_ns == params.start_s * 10**9
    last = [spot.price_e8 for spot in spots if -4 * 10**9 < spot.ts_ns - strike.ts_ns <= 0 and not spot.strike]
    assert min(last) - 20 * 10**8 < strike.price_e8 < max(last) + 20 * 10**8


def test_down_is_the_mirror_image_of_up_at_the_same_time() -> None:
    by_time = defaultdict(dict)
    for event in world(2):
        if isinstance(event, Tob):
            by_time[event.ts_ns][event.asset] = event
    for books in by_time.values():
        up, down = books[0], books[1]
        assert down.bid1_size_u6 == up.ask1_size_u6
        assert down.bid1_price_e4 == (10_000 - up.ask1_price_e4 if up.ask1_size_u6 else 0)


def test_trades_are_at_the_touch_and_no_larger_than_what_was_shown() -> None:
    seen = 0
    books: dict[int, Tob] = {}
    for event in world(2):
        if isinstance(event, Tob):
            books[event.asset] = event
        elif isinstance(event, Trade):
            book = books[event.asset]
            touch = (book.ask1_price_e4, book.ask1_size_u6)
            if event.taker_side == 1:
                touch = (book.bid1_price_e4, book.bid1_size_u6)
            assert (event.price_e4, event.size_u6 <= touch[1]) == (touch[0], True)
            seen += 1
    assert seen > 50


def test_the_price_path_does_not_depend_on_how_often_the_book_is_shown() -> None:
    params = WorldParams(seed=3, window_length_s=60, open_ahead_s=10)
    busy = WorldParams(seed=3, window_length_s=60, open_ahead_s=10, updates_per_s_e3=30_000)
    spots = [[e.price_e8 for e in generate_events(p, 1) if isinstance(e, Spot)] for p in (params, busy)]
    assert spots[0] == spots[1]


def what_a_bucket_strategy_would_meet(events: list[Event], start_s: int) -> set[str]:
    """Watch the bids as the strategy does: entries and stops, late ones and re-entries."""
    met: set[str] = set()
    entry_e4: dict[int, int] = {}
    late: dict[int, str] = {}
    for event in events:
        if not isinstance(event, Tob) or not event.bid1_size_u6:
            continue
        asset, bid_e4 = event.asset, event.bid1_price_e4
        left_ns = (start_s + LENGTH_S) * 10**9 - event.ts_ns
        if bid_e4 >= 6_000 and left_ns > 4 * 10**9:
            entry_e4.setdefault(asset, bid_e4)
            met.add("entry")
        if asset in entry_e4 and bid_e4 <= max(entry_e4[asset] - 2_000, 5_000):
            met.add("stop")
        if left_ns < 8 * 10**9:
            late[asset] = _late_stage(late.get(asset, "none"), bid_e4)
            met.add(f"late {late[asset]}")
    return met


def _late_stage(stage: str, bid_e4: int) -> str:
    if bid_e4 >= 9_000:
        return "re-entered" if stage in ("stopped", "re-entered") else "held"
    return "stopped" if bid_e4 <= 7_000 and stage in ("held", "re-entered") else stage


@pytest.mark.parametrize(
    ("style", "least"),
    [
        (Style.CALM, {"entry": 60, "late held": 55, "stop": 30, "late stopped": 1}),
        (Style.LIVELY, {"entry": 60, "late held": 55, "stop": 45, "late stopped": 6, "late re-entered": 5}),
        (Style.WILD, {"entry": 60, "late held": 55, "stop": 50, "late stopped": 14, "late re-entered": 12}),
    ],
)
def test_a_fair_share_of_sixty_seeds_has_what_the_strategy_must_handle(style: Style, least: dict[str, int]) -> None:
    met: Counter[str] = Counter()
    for seed in range(60):
        events = world(seed, style=style)
        met.update(what_a_bucket_strategy_would_meet(events, 1_800_000_000))
    assert {name: count for name, count in least.items() if met[name] < count} == {}, met


def test_a_world_needs_a_round() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        generate_events(WorldParams(seed=1), 0)
