"""What a crowd is made of: its reference price, its makers and its takers, in three styles."""

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import Final

import msgspec

from engine.worlds.params import PRODUCTION_LENGTH_S, Style, WorldParams, styled_world
from engine.worlds.participants.maker import MakerParams
from engine.worlds.participants.opinion import OpinionParams
from engine.worlds.participants.takers import TakerParams

BURSTS: Final = {"bursts_per_round_e3": 270_000, "burst_share_e3": 800}
"""How the reference price moves within a second: most of it in bursts (engine.worlds.reference, Facts)."""
TAKER_SHARES: Final = ((0, 1), (100, 3), (250, 7), (500, 20), (750, 48), (900, 100), (990, 390), (1_000, 3_300))
"""Cumulative odds in 1e-3 and shares of one taker's order.

Facts: fills of one large maker, those of one second and price as one (57,000 in December 2025), had p10 3, p25 8, p50
23, p75 47, p90 85, p99 270 shares; what the best level lost between two frames of the 5-minute set while its price
stayed had p10 3, p25 6, p50 17, p75 50, p90 110, p99 390.
"""
MAKER_SHARES: Final = ((0, 5), (150, 20), (400, 75), (600, 160), (800, 330), (950, 640), (1_000, 3_000))
"""Cumulative odds in 1e-3 and shares of one maker's order."""


DEEP_SHARES: Final = ((0, 200), (500, 240), (900, 450), (990, 800), (1_000, 3_000))
"""Cumulative odds in 1e-3 and shares of one order far from the touch, where most recorded levels have 230 to 450."""


class CrowdParams(msgspec.Struct, frozen=True, kw_only=True):
    """All that a crowd depends on. `world` says how the reference price moves and what the makers get wrong together.

    `early_e3` is how long before a window's start its makers begin to quote, as a share of the window in 1e-3.
    """

    world: WorldParams
    makers: tuple[MakerParams, ...]
    takers: tuple[TakerParams, ...]
    early_e3: int = 200

    def __post_init__(self) -> None:
        """Raise ValueError where two participants have one name."""
        if len(set(self.accounts)) < len(self.accounts):
            raise ValueError(f"expected a different name for each participant, was {', '.join(self.accounts)}")

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the names of all accounts."""
        return (*(maker.name for maker in self.makers), *(taker.name for taker in self.takers))


class Pace(msgspec.Struct, frozen=True):
    """What differs between the styles: how often makers look, draw anew and flee, how often uninformed takers come."""

    wake_ms: int
    refresh_odds: int
    noise_ms: int
    pull_ms: int


_PACES: Final = {
    Style.CALM: Pace(wake_ms=180, refresh_odds=400_000, noise_ms=2_000, pull_ms=200),
    Style.LIVELY: Pace(wake_ms=100, refresh_odds=500_000, noise_ms=600, pull_ms=300),
    Style.WILD: Pace(wake_ms=80, refresh_odds=600_000, noise_ms=400, pull_ms=300),
}


def styled_crowd(style: Style, seed: int, window_length_s: int, start_s: int | None = None) -> CrowdParams:
    """Return the crowd of a named style for windows of about this length.

    In a shorter window the odds move faster, by the square root of how much shorter it is; so that makers are not
    frightened all the time, they know of it that much sooner and bear that much more.
    """
    world = msgspec.structs.replace(styled_world(style, seed, window_length_s, start_s), **BURSTS)
    pace = _PACES[style]
    return CrowdParams(world=world, makers=tuple(_makers(world, pace)), takers=tuple(_takers(world, pace)))


class MakerKind(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the makers of one crowd; `slower` is how many times longer it takes to look again."""

    name: str
    latency_ms: int
    slower: int
    levels: int
    gap: int = 1
    half_spread_e3: int
    hysteresis_e3: int
    error_e3: int
    withdraw_odds: int
    keeps_to_cents: bool = False
    refreshes: bool = True
    inventory_max: int = 5_000
    pull_e6: int = 40_000
    stock: int = 2_000
    sizes: Sequence[tuple[int, int]] = MAKER_SHARES


_MAKER_KINDS: Final = (
    MakerKind(
        name="maker-quick",
        latency_ms=20,
        slower=1,
        levels=5,
        half_spread_e3=250,
        hysteresis_e3=500,
        error_e3=20,
        withdraw_odds=999_000,
    ),
    MakerKind(
        name="maker-broad",
        latency_ms=80,
        slower=2,
        levels=8,
        half_spread_e3=400,
        hysteresis_e3=700,
        error_e3=30,
        withdraw_odds=998_000,
        keeps_to_cents=True,
    ),
    MakerKind(
        name="maker-steady",
        latency_ms=80,
        slower=2,
        levels=6,
        gap=2,
        half_spread_e3=700,
        hysteresis_e3=900,
        error_e3=40,
        withdraw_odds=990_000,
    ),
    MakerKind(
        name="maker-slow",
        latency_ms=250,
        slower=4,
        levels=5,
        gap=3,
        half_spread_e3=1_000,
        hysteresis_e3=1_200,
        error_e3=60,
        withdraw_odds=997_500,
        keeps_to_cents=True,
        pull_e6=80_000,
    ),
    MakerKind(
        name="maker-deep",
        latency_ms=1_000,
        slower=10,
        levels=40,
        half_spread_e3=7_000,
        hysteresis_e3=3_000,
        error_e3=100,
        withdraw_odds=1_000_001,
        keeps_to_cents=True,
        refreshes=False,
        inventory_max=50_000,
        pull_e6=1_000_001,
        stock=0,
        sizes=DEEP_SHARES,
    ),
)


def _makers(world: WorldParams, pace: Pace) -> Iterator[MakerParams]:
    slowness_e3 = min(1_000, isqrt(world.window_length_s * 10**6 // PRODUCTION_LENGTH_S))
    for kind in _MAKER_KINDS:
        opinion = OpinionParams(
            volatility_e8=world.volatility_e8, volatility_e3=world.maker_volatility_e3, error_e3=kind.error_e3
        )
        yield MakerParams(
            name=kind.name,
            opinion=opinion,
            latency_ms=kind.latency_ms * slowness_e3 // 1_000,
            wake_ms=pace.wake_ms * kind.slower,
            levels=kind.levels,
            gap=kind.gap,
            half_spread_e3=kind.half_spread_e3,
            hysteresis_e3=kind.hysteresis_e3,
            sizes=kind.sizes,
            refresh_odds=pace.refresh_odds * kind.refreshes,
            pull_e6=kind.pull_e6 * 1_000 // slowness_e3,
            pull_ms=pace.pull_ms,
            withdraw_odds=kind.withdraw_odds,
            stock=kind.stock,
            inventory_max=kind.inventory_max,
            keeps_to_cents=kind.keeps_to_cents,
        )


def _takers(world: WorldParams, pace: Pace) -> Iterator[TakerParams]:
    truth = OpinionParams(volatility_e8=world.volatility_e8, shares_mood=False)
    yield TakerParams(
        name="taker-informed", latency_ms=0, wake_ms=200, sizes=TAKER_SHARES, opinion=truth, edge_e6=5_000
    )
    uninformed = TakerParams(name="taker-random", latency_ms=200, wake_ms=pace.noise_ms, sizes=TAKER_SHARES)
    yield msgspec.structs.replace(uninformed, follow_odds=200_000, sell_odds=300_000)
    yield msgspec.structs.replace(uninformed, name="taker-favourite", follow_odds=400_000, favourite_odds=700_000)
