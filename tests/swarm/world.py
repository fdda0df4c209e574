"""A seed's market: a path of tops of book for both tokens, with silences, gaps, empty sides, tick flips and venue
modes.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from engine.model.events import (
    Event,
    Feed,
    FeedChange,
    Gap,
    Market,
    MarketChange,
    Operator,
    Outcome,
    Tob,
    VenueMode,
    VenueState,
)
from engine.model.fees import CRYPTO_FEES
from engine.model.units import NS_PER_MS, NS_PER_S

START_S = 1_800_000_000
UP, DOWN = 0, 1


class WorldOptions(NamedTuple):
    """What one seed draws: not only dice, but how they are loaded."""

    length_s: int
    drift: float
    jump_odds: float
    jump_e4: int
    spread_ticks: int
    one_sided_odds: float
    empty_bid_odds: float
    silence_odds: float
    gap_odds: float
    mode_odds: float
    flip_ticks: bool
    start_e4: int
    step_ms: int
    stop_at: float  # the operator stops the engine after this part of the window; above 1 never
    fall_at: float  # the price falls by half after this part of the window, and comes back a little later
    turn_at: float  # the drift turns round after this part of the window


def draw_options(random: Random) -> WorldOptions:
    """Draw a world's options."""
    fall_at = random.choice((0.88, 0.92, 0.95, 2.0, 2.0, 2.0))
    return WorldOptions(
        length_s=random.choice((20, 60, 300, 900)),
        drift=random.choice((-1.0, -0.4, 0.0, 0.0, 0.4, 1.0)),
        jump_odds=random.choice((0.0, 0.01, 0.05)),
        jump_e4=random.choice((300, 1_500, 4_000)),
        spread_ticks=random.choice((1, 1, 2, 4)),
        one_sided_odds=random.choice((0.0, 0.0, 0.05)),
        empty_bid_odds=random.choice((0.0, 0.0, 0.1)),
        silence_odds=random.choice((0.0, 0.0, 0.01)),
        gap_odds=random.choice((0.0, 0.0, 0.01)),
        mode_odds=random.choice((0.0, 0.0, 0.005)),
        flip_ticks=random.random() < 0.5,
        start_e4=random.choice((5_000, 5_800, 6_200, 7_500, 9_000, 9_400)),
        step_ms=random.choice((200, 500, 1_000)),
        stop_at=random.choice((random.random(), fall_at + random.uniform(0.0, 0.04), 2.0, 2.0, 2.0, 2.0, 2.0, 2.0)),
        fall_at=fall_at,
        turn_at=random.choice((0.3, 0.6, 0.85, 0.92, 2.0, 2.0)),
    )


def opening(options: WorldOptions, now_ns: int) -> list[Event]:
    """Return the two MARKET/OPENED events of the window."""
    slug = f"btc-updown-{options.length_s}s-{START_S}"
    return [
        Market(
            now_ns,
            asset,
            1 - asset,
            MarketChange.OPENED,
            f"token-{asset}",
            "condition",
            slug,
            START_S,
            options.length_s,
            asset + 1,
            100,
            5_000_000,
            CRYPTO_FEES,
        )
        for asset in (UP, DOWN)
    ]


def path(random: Random, options: WorldOptions) -> Iterator[Event]:
    """Yield the market's events from two seconds before the window to its settlement."""
    price_e4 = options.start_e4
    tick_e4 = 100
    stopped = False
    now_ns = (START_S - 2) * NS_PER_S
    end_ns = (START_S + options.length_s) * NS_PER_S
    while now_ns < end_ns:
        now_ns += int(options.step_ms * NS_PER_MS * random.uniform(0.1, 2.0))
        part = (now_ns - START_S * NS_PER_S) / (end_ns - START_S * NS_PER_S)
        price_e4 = _walk(random, options, price_e4, turned=part > options.turn_at)
        if options.fall_at < part < options.fall_at + 0.02:
            price_e4 = max(price_e4 - 1_500, 3_000)
        elif options.fall_at + 0.02 < part < options.fall_at + 0.05:
            price_e4 = min(price_e4 + 1_500, 9_300)
        if part > options.stop_at and not stopped:
            stopped = True
            yield Operator(now_ns, random.choice(("stop", "kill", "kill", "kill")), "swarm", "drawn")
        wanted_e4 = 10 if options.flip_ticks and not 400 <= price_e4 <= 9_600 else 100
        if wanted_e4 != tick_e4:
            tick_e4 = wanted_e4
            yield from _tick_change(options, now_ns, tick_e4)
        if random.random() < options.silence_odds:
            yield Feed(now_ns, -1, FeedChange.STALE)
            now_ns += int(random.uniform(0.5, 8.0) * NS_PER_S)
            yield Feed(now_ns, -1, FeedChange.RESYNCED)
        if random.random() < options.gap_odds:
            yield Gap(now_ns, random.randrange(1, 100))
        if random.random() < options.mode_odds:
            yield VenueMode(
                now_ns, random.choice((VenueState.POST_ONLY, VenueState.CANCEL_ONLY, VenueState.RESTARTING))
            )
            now_ns += int(random.uniform(0.5, 5.0) * NS_PER_S)
            yield VenueMode(now_ns, VenueState.NORMAL)
        yield from _books(random, options, now_ns, price_e4, tick_e4)
    yield VenueMode(now_ns, VenueState.NORMAL)
    yield Feed(now_ns, -1, FeedChange.RESYNCED)
    won_up = price_e4 >= 5_000
    settle_ns = now_ns + 60 * NS_PER_S
    yield Outcome(settle_ns, UP, True, won_up)
    yield Outcome(settle_ns, DOWN, True, not won_up)


def _walk(random: Random, options: WorldOptions, price_e4: int, *, turned: bool) -> int:
    upwards = (options.drift > 0) != turned
    pushed = random.random() < abs(options.drift) * (0.8 if turned else 0.25)
    step_e4 = random.choice((-100, 0, 0, 100)) + (100 if upwards else -100) * pushed
    if random.random() < options.jump_odds:
        step_e4 += random.choice((-1, 1)) * options.jump_e4
    return min(max(price_e4 + step_e4, 200), 9_800)


def _tick_change(options: WorldOptions, now_ns: int, tick_e4: int) -> Iterator[Event]:
    for market in opening(options, now_ns):
        assert isinstance(market, Market)
        yield Market(
            now_ns,
            market.asset,
            market.peer,
            MarketChange.TICK,
            market.token_id,
            market.condition_id,
            market.slug,
            market.window_start_s,
            market.window_length_s,
            market.outcome,
            tick_e4,
            market.min_size_u6,
            market.fees,
        )


def _books(random: Random, options: WorldOptions, now_ns: int, price_e4: int, tick_e4: int) -> Iterator[Event]:
    bid_e4 = price_e4 // tick_e4 * tick_e4
    ask_e4 = bid_e4 + random.randint(1, options.spread_ticks) * tick_e4
    size_u6 = random.randrange(1, 500) * 1_000_000
    bid = (0, 0) if random.random() < options.empty_bid_odds else (bid_e4, size_u6)
    ask = (0, 0) if random.random() < options.one_sided_odds or ask_e4 >= 10_000 else (ask_e4, size_u6)
    for asset, own_bid, own_ask in ((UP, bid, ask), (DOWN, _mirror(ask), _mirror(bid))):
        yield Tob(now_ns, asset, *own_bid, *own_ask, 0, 0, 0, 0)


def _mirror(level: tuple[int, int]) -> tuple[int, int]:
    return (10_000 - level[0], level[1]) if level[1] else (0, 0)
