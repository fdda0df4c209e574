"""What a crowd is made of: its reference price, its makers and its takers, in three styles."""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.worlds.params import Style, WorldParams, styled_world
from engine.worlds.participants.maker import MakerParams
from engine.worlds.participants.opinion import OpinionParams
from engine.worlds.participants.takers import TakerParams
from engine.worlds.window import TRADE_SHARES

MAKER_SHARES: Final = ((0, 5), (150, 20), (400, 60), (600, 120), (800, 250), (950, 500), (1_000, 2_500))
"""Cumulative odds in 1e-3 and shares of one maker's order."""


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
    """What differs between the styles."""

    wake_ms: int
    refresh_odds: int
    noise_ms: int
    pull_ms: int


_PACES: Final = {
    Style.CALM: Pace(wake_ms=250, refresh_odds=400_000, noise_ms=2_500, pull_ms=200),
    Style.LIVELY: Pace(wake_ms=120, refresh_odds=600_000, noise_ms=900, pull_ms=300),
    Style.WILD: Pace(wake_ms=80, refresh_odds=600_000, noise_ms=400, pull_ms=600),
}


def styled_crowd(style: Style, seed: int, window_length_s: int) -> CrowdParams:
    """Return the crowd of a named style for windows of about this length."""
    world = styled_world(style, seed, window_length_s)
    pace = _PACES[style]
    return CrowdParams(world=world, makers=tuple(_makers(world, pace)), takers=tuple(_takers(world, pace)))


def _makers(world: WorldParams, pace: Pace) -> Sequence[MakerParams]:
    rows = (  # name, latency, wake, levels, gap, half spread, hysteresis, error, withdraw
        ("maker-quick", 20, 1, 5, 1, 250, 500, 20, 995_000),
        ("maker-broad", 80, 2, 8, 1, 400, 700, 30, 985_000),
        ("maker-steady", 80, 2, 6, 2, 700, 900, 40, 970_000),
        ("maker-slow", 250, 4, 5, 3, 1_000, 1_200, 60, 990_000),
    )
    return [
        MakerParams(
            name=name,
            opinion=OpinionParams(
                volatility_e8=world.volatility_e8, volatility_e3=world.maker_volatility_e3, error_e3=error
            ),
            latency_ms=latency_ms,
            wake_ms=pace.wake_ms * slower,
            levels=levels,
            gap=gap,
            half_spread_e3=half_spread,
            hysteresis_e3=hysteresis,
            sizes=MAKER_SHARES,
            deeper_e3=1_150,
            refresh_odds=pace.refresh_odds,
            pull_ms=pace.pull_ms,
            withdraw_odds=withdraw,
            stock=2_000,
        )
        for name, latency_ms, slower, levels, gap, half_spread, hysteresis, error, withdraw in rows
    ]


def _takers(world: WorldParams, pace: Pace) -> Sequence[TakerParams]:
    truth = OpinionParams(volatility_e8=world.volatility_e8, shares_mood=False)
    informed = TakerParams(
        name="taker-informed", latency_ms=0, wake_ms=200, sizes=TRADE_SHARES, opinion=truth, edge_e6=5_000
    )
    uninformed = TakerParams(name="taker-random", latency_ms=200, wake_ms=pace.noise_ms, sizes=TRADE_SHARES)
    replace = msgspec.structs.replace
    return [
        informed,
        replace(uninformed, follow_odds=200_000, sell_odds=300_000),
        replace(uninformed, name="taker-favourite", follow_odds=400_000, favourite_odds=700_000),
    ]
