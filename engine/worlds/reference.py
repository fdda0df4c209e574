"""A world's reference price, a jump-diffusion in integers, and the makers' error about what it means.

Facts (one day of Chainlink BTC/USD, 2026-06-08, 1 Hz): 6 USD per square root of a second from ten seconds on; over one
second the move's median is 0.24 of its standard deviation, p90 1.3, p99 4.0 (0.67, 1.6 and 2.6 for a normal one).
"""

from math import isqrt
from typing import Final

from engine.worlds.dice import Dice
from engine.worlds.params import WorldParams

MS_PER_S: Final = 1_000
SPOT_E8_MIN: Final = 10**8
CALM_TRUST_E3: Final = 1_000
PANIC_TRUST_E3: Final = (-300, 500)


class ReferencePrice:
    """Spot in 1e-8 USD; `step` moves it by one step of the world's clock."""

    def __init__(self, params: WorldParams, step_ms: int) -> None:
        length_ms = params.window_length_s * MS_PER_S
        window_deviation_e8 = params.volatility_e8 * isqrt(params.window_length_s * 10**6) // 1_000
        self.spot_e8 = params.spot_e8
        self._dice = Dice(params.seed, "price")
        steady_e3 = isqrt((1_000 - params.burst_share_e3) * 1_000)
        self._deviation_e8 = params.volatility_e8 * isqrt(step_ms * 10**9) * steady_e3 // 10**9
        self._burst_dice = Dice(params.seed, "bursts")
        self._burst_odds = params.bursts_per_round_e3 * 1_000 * step_ms // length_ms
        share_e6 = params.burst_share_e3 * 10**6 // max(1, params.bursts_per_round_e3)  # of one window's variance, each
        self._burst_e8 = window_deviation_e8 * isqrt(share_e6) // 1_000
        self._drift_e8 = window_deviation_e8 * params.drift_e3 * step_ms // (1_000 * length_ms)
        self._jump_odds = params.jumps_per_round_e3 * 1_000 * step_ms // length_ms
        self._jump_e8 = window_deviation_e8 * params.jump_e3 // 1_000

    def step(self) -> None:
        """Move the price by drift, noise, bursts and, seldom, a jump; it never falls below 1 USD."""
        move_e8 = self._drift_e8 + self._deviation_e8 * self._dice.normal_e6() // 10**6
        if self._burst_odds and self._burst_dice.chance(self._burst_odds):
            move_e8 += self._burst_e8 * self._burst_dice.normal_e6() // 10**6
        if self._dice.chance(self._jump_odds):
            move_e8 += self._jump_e8 * self._dice.normal_e6() // 10**6
        self.spot_e8 = max(SPOT_E8_MIN, self.spot_e8 + move_e8)

    def next_e8(self, at_ms: int) -> int:
        """Step, and return the new price: all times are alike to it."""
        self.step()
        return self.spot_e8


class Sentiment:
    """What the makers get wrong: an error that forgets (Ornstein-Uhlenbeck), and panics in which they doubt
    what they know.

    `error_e6` is in 1e-6 standard deviations of the final price. `trust_e3` is 1000 outside of a panic; in
    one, the distance to the price to beat counts for that much less, or with the wrong sign.
    """

    def __init__(self, params: WorldParams, step_ms: int) -> None:
        length_ms = params.window_length_s * MS_PER_S
        self.error_e6 = 0
        self.trust_e3 = CALM_TRUST_E3
        self._dice = Dice(params.seed, "sentiment")
        self._step_ms = step_ms
        self._forget_e6 = min(10**6, step_ms * 10**6 * 1_000 // (params.sentiment_memory_e3 * length_ms))
        self._noise_e6 = params.sentiment_e3 * isqrt(2 * self._forget_e6 * 10**6) // 1_000
        self._panic_odds = params.panics_per_round_e3 * 1_000 * step_ms // length_ms
        self._panic_ms_max = 2 * params.panic_e3 * length_ms // 1_000
        self._panic_left_ms = 0

    def step(self) -> None:
        """Let the error fade and add new noise; begin or end a panic."""
        fade_e6 = self.error_e6 * self._forget_e6 // 10**6
        self.error_e6 += self._noise_e6 * self._dice.normal_e6() // 10**6 - fade_e6
        self._panic_left_ms = max(0, self._panic_left_ms - self._step_ms)
        if self._dice.chance(self._panic_odds):
            self._panic_left_ms = self._dice.between(0, self._panic_ms_max)
            self.trust_e3 = self._dice.between(*PANIC_TRUST_E3)
        elif self._panic_left_ms == 0:
            self.trust_e3 = CALM_TRUST_E3
