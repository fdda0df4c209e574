"""What a participant thinks that Up is worth: the odds of the settlement, with an error of its own."""

from typing import Final

import msgspec

from engine.worlds.dice import Dice
from engine.worlds.participants.view import Outlook, Window
from engine.worlds.reference import CALM_TRUST_E3
from engine.worlds.settlement import deviation_e8, up_odds_e6

_MEMORY: Final = 8
"""One part in so many of an own error is forgotten at each look."""
_NOISE_E6: Final = 484_123
"""What new noise must be, relative to the error's own deviation, so that forgetting keeps it: sqrt(1 - (7/8)^2)."""


class OpinionParams(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody's opinion differs from the true odds. Fractions in 1e-3, errors in 1e-3 standard deviations."""

    volatility_e8: int
    volatility_e3: int = 1_000
    error_e3: int = 0
    shares_mood: bool = True


class Opinion:
    """The odds of Up as one participant sees them."""

    def __init__(self, params: OpinionParams, window: Window, dice: Dice) -> None:
        self._volatility_e8 = max(1, params.volatility_e8 * params.volatility_e3 // 1_000)
        self._noise_e6 = params.error_e3 * _NOISE_E6 // 1_000
        self._shares_mood = params.shares_mood
        self._twap_ms = window.twap_ms
        self._dice = dice
        self._error_e6 = 0

    def fair_e6(self, outlook: Outlook) -> int:
        """Return the price of Up in 1e-6 USD that the participant believes in at this look."""
        if self._noise_e6:
            noise_e6 = self._noise_e6 * self._dice.normal_e6() // 10**6
            self._error_e6 += noise_e6 - self._error_e6 // _MEMORY
        distance_e8, error_e6 = outlook.distance_e8, self._error_e6
        if self._shares_mood:
            distance_e8 = distance_e8 * outlook.trust_e3 // CALM_TRUST_E3
            error_e6 += outlook.mood_e6
        spread_e8 = deviation_e8(self._volatility_e8, max(1, outlook.left_ms), self._twap_ms)
        return up_odds_e6(distance_e8, spread_e8, error_e6)
