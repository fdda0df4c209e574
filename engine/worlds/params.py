"""What a world is made of: one frozen set of integers, three named styles, and sets drawn for swarm tests.

Sizes that would depend on the window's length are given relative to the window (per round, or in standard
deviations of the price over a whole window), so that a 60-second round looks like a 15-minute one in fast
motion.
"""

from enum import StrEnum
from typing import Final

import msgspec

from engine.worlds.dice import Dice

PRODUCTION_LENGTH_S: Final = 900
TWAP_PRODUCTION_S: Final = 60
SETTLEMENT_PRODUCTION_S: Final = 45
"""The venue resolves 20-90 s after the end (protocol.md 7.1); both scale with the window (decision 11)."""
START_S: Final = 1_800_000_000
"""A Unix time that every window length which divides 1,800,000,000 may begin at; far from any recording."""


class Style(StrEnum):
    """How eventful a world is."""

    CALM = "calm"
    LIVELY = "lively"
    WILD = "wild"


class WorldParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a world depends on. Odds are in 1e-6, other fractions in 1e-3, prices of the reference in 1e-8
    USD.
    """

    seed: int
    window_length_s: int = PRODUCTION_LENGTH_S
    start_s: int = START_S
    asset_name: str = "btc"
    spot_e8: int = 65_000 * 10**8
    volatility_e8: int = 6 * 10**8  # standard deviation of the price after one second; 6 USD is about 50 % a year
    drift_e3: int = 0  # where the price goes in one window without noise, in standard deviations of a window
    jumps_per_round_e3: int = 1_000
    jump_e3: int = 150  # standard deviation of a jump, in standard deviations of a window
    bursts_per_round_e3: int = 0  # moments at which the price moves at once; most of a second's moves are small
    burst_share_e3: int = 0  # how much of the price's variance comes in bursts instead of bit by bit
    maker_volatility_e3: int = 1_000  # what the makers take the volatility for, relative to the true one
    sentiment_e3: int = 100  # standard deviation of the makers' error, in standard deviations of the final price
    sentiment_memory_e3: int = 50  # how long an error lasts, as a share of the window
    panics_per_round_e3: int = 0  # times when the makers doubt what they know, and the price falls back towards a half
    panic_e3: int = 20  # how long a panic lasts on average, as a share of the window
    updates_per_s_e3: int = 10_000
    trades_per_s_e3: int = 2_000
    informed_odds: int = 600_000  # a taker trades towards the fair price
    one_tick_odds: int = 800_000
    two_tick_odds: int = 140_000  # the rest has three
    one_sided_odds: int = 10_000  # in the last tenth of a round, of a side missing where there is room for it
    silences_per_round_e3: int = 2_000
    silence_ms_max: int = 2_000
    feed_delay_ms: int = 40
    twap_production_s: int = TWAP_PRODUCTION_S  # what a 15-minute window is settled on; 0 = the price of the moment
    has_fine_tick: bool = True  # the tick becomes 0.001 beyond 0.96 / 0.04
    open_ahead_s: int = 10

    def __post_init__(self) -> None:
        """Raise ValueError for a world that cannot be."""
        if self.window_length_s < 15:
            raise ValueError(f"expected a window of at least 15 s, was {self.window_length_s} s")
        if self.start_s % self.window_length_s:
            raise ValueError(f"expected a start at a multiple of {self.window_length_s} s, was {self.start_s}")
        if not 0 < self.open_ahead_s < self.window_length_s:
            raise ValueError(f"expected open_ahead_s within the window, was {self.open_ahead_s}")
        if not 0 <= self.silence_ms_max <= 5_000:
            raise ValueError(f"expected silences of at most 5,000 ms (longer is a gap), was {self.silence_ms_max}")
        if not 0 <= self.burst_share_e3 <= 1_000 or (self.burst_share_e3 and not self.bursts_per_round_e3):
            raise ValueError(f"expected bursts to have a share of 0 to 1000 (0 without any), was {self.burst_share_e3}")
        if not 0 <= self.twap_production_s < PRODUCTION_LENGTH_S:
            raise ValueError(f"expected an average of 0 to 899 s of a window of 900 s, was {self.twap_production_s}")
        if min(self.volatility_e8, self.maker_volatility_e3, self.sentiment_memory_e3, self.spot_e8) <= 0:
            raise ValueError("expected a positive price, volatility and memory of sentiment")

    @property
    def twap_ms(self) -> int:
        """Return how long the settlement average looks back, in ms."""
        return self.twap_production_s * 1_000 * self.window_length_s // PRODUCTION_LENGTH_S

    @property
    def settlement_ms(self) -> int:
        """Return how long after the end a window is resolved, in ms."""
        return SETTLEMENT_PRODUCTION_S * 1_000 * self.window_length_s // PRODUCTION_LENGTH_S


_STYLES: Final[dict[Style, dict[str, int]]] = {
    Style.CALM: {"jumps_per_round_e3": 200, "sentiment_e3": 50, "updates_per_s_e3": 5_000},
    Style.LIVELY: {"jumps_per_round_e3": 2_000, "sentiment_e3": 300, "panics_per_round_e3": 2_000},
    Style.WILD: {
        "jumps_per_round_e3": 5_000,
        "jump_e3": 250,
        "sentiment_e3": 700,
        "maker_volatility_e3": 800,
        "panics_per_round_e3": 8_000,
        "silences_per_round_e3": 4_000,
    },
}


def styled_world(style: Style, seed: int, window_length_s: int, start_s: int | None = None) -> WorldParams:
    """Return the parameters of a named style; the start defaults to the first window at or after START_S."""
    if start_s is None:
        start_s = -(-START_S // window_length_s) * window_length_s
    ahead_s = min(10, window_length_s // 3)
    base = WorldParams(seed=seed, window_length_s=window_length_s, start_s=start_s, open_ahead_s=ahead_s)
    return msgspec.structs.replace(base, **_STYLES[style])


def as_recorded(params: WorldParams) -> WorldParams:
    """Return the world under the rules of the public recordings (December 2025 to April 2026): windows settled on the
    price of the moment, and a tick that stays at 0.01.
    """
    return msgspec.structs.replace(params, twap_production_s=0, has_fine_tick=False)


def swarm_world(seed: int) -> WorldParams:
    """Return a world whose own parameters are drawn from its seed, within and beyond what the styles have."""
    dice = Dice(seed, "swarm")
    return WorldParams(
        seed=seed,
        window_length_s=(60, 120, 300, 900)[dice.below(4)],
        volatility_e8=dice.between(1, 40) * 10**8,
        drift_e3=dice.between(-1_500, 1_500),
        jumps_per_round_e3=dice.between(0, 8_000),
        jump_e3=dice.between(20, 400),
        maker_volatility_e3=dice.between(400, 1_500),
        sentiment_e3=dice.between(0, 1_200),
        sentiment_memory_e3=dice.between(5, 200),
        panics_per_round_e3=dice.between(0, 10_000),
        panic_e3=dice.between(1, 80),
        updates_per_s_e3=dice.between(500, 25_000),
        trades_per_s_e3=dice.between(0, 8_000),
        informed_odds=dice.between(200_000, 1_000_000),
        one_tick_odds=dice.between(500_000, 900_000),
        two_tick_odds=dice.between(20_000, 100_000),
        one_sided_odds=dice.between(0, 900_000),
        silences_per_round_e3=dice.between(0, 10_000),
        silence_ms_max=dice.between(0, 5_000),
        feed_delay_ms=dice.between(1, 300),
    )
