"""A world's reference price, a jump-diffusion in integers, and the makers' error about what it means."""

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
        self._deviation_e8 = params.volatility_e8 * isqrt(step_ms * 10**9) // 10**6
        self._drift_e8 = window_deviation_e8 * params.drift_e3 * step_ms // (1_000 * length_ms)
        self._jump_odds = params.jumps_per_round_e3 * 1_000 * step_ms // length_ms
        self._jump_e8 = window_deviation_e8 * params.jump_e3 // 1_000

    def step(self) -> None:
        """Move the price by drift, noise and, seldom, a jump; it never falls below 1 USD."""
        move_e8 = self._drift_e8 + self._deviation_e8 * self._dice.normal_e6() // 10**6
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
