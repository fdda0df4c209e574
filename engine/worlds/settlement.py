"""Settlement on the time-weighted average and the odds of it: protocol.md 7.1 in integers.

For a price without drift, W the averaging window and tau the time left, the final average has the variance
sigma^2 (tau - 2W/3) while tau >= W; in the last W it is sigma^2 tau^3 / (3 W^2) around a mean of which (W -
tau) / W is known already.
"""

from bisect import bisect_right
from math import erf, isqrt, sqrt
from typing import Final

_Z_MAX_E2: Final = 600
_NORMAL_E6: Final = tuple(round(500_000 * (1 + erf(z_e2 / 100 / sqrt(2)))) for z_e2 in range(-_Z_MAX_E2, _Z_MAX_E2 + 1))
"""The normal distribution at every 0.01 from -6 to 6: rounded here once, integers from there on."""


class TwapAverage:
    """The average of the observations of one averaging window; it knows how much of the window is over."""

    def __init__(self) -> None:
        self._sum_e8 = 0
        self._count = 0

    def observe(self, spot_e8: int) -> None:
        """Take one observation; all have the same weight."""
        self._sum_e8 += spot_e8
        self._count += 1

    def value_e8(self) -> int:
        """Return the average so far, rounded down. Requires one observation."""
        assert self._count > 0, "an average needs an observation"
        return self._sum_e8 // self._count

    def expected_e8(self, spot_e8: int, left_ms: int, twap_ms: int) -> int:
        """Return the expected final average when `left_ms` of the window remain and the price stays where it
        is.
        """
        if left_ms >= twap_ms or self._count == 0:
            return spot_e8
        return expected_final_e8(self.value_e8(), spot_e8, left_ms, twap_ms)


def expected_final_e8(known_e8: int, spot_e8: int, left_ms: int, twap_ms: int) -> int:
    """Return the expected average of a span of `twap_ms` with `left_ms` to go, of which `known_e8` is the average so
    far, when the price stays where it is.
    """
    return (known_e8 * (twap_ms - left_ms) + spot_e8 * left_ms) // twap_ms


def deviation_e8(volatility_e8: int, left_ms: int, twap_ms: int) -> int:
    """Return the standard deviation of the final average in 1e-8 USD, at least 1."""
    if left_ms >= twap_ms:
        variance_e16 = volatility_e8**2 * (3 * left_ms - 2 * twap_ms) // 3_000
    else:
        variance_e16 = volatility_e8**2 * left_ms**3 // (3_000 * twap_ms**2)
    return max(1, isqrt(variance_e16))


def up_odds_e6(distance_e8: int, spread_e8: int, error_e6: int = 0) -> int:
    """Return the odds of Up in 1e-6 from the expected distance to the price to beat, in deviations, plus an
    error.
    """
    z_e6 = distance_e8 * 10**6 // spread_e8 + error_e6
    place, rest_e4 = divmod(z_e6, 10**4)
    place += _Z_MAX_E2
    if place < 0:
        return _NORMAL_E6[0]
    if place >= 2 * _Z_MAX_E2:
        return _NORMAL_E6[-1]
    low, high = _NORMAL_E6[place : place + 2]
    return low + (high - low) * rest_e4 // 10**4


def deviations_e6(odds_e6: int) -> int:
    """Return the distance to the price to beat, in 1e-6 deviations, at which Up has these odds: `up_odds_e6` backwards.

    What is certain to 1e-6 is 4.9 deviations away. Requires odds in 0..1,000,000.
    """
    if odds_e6 > 500_000:
        return -deviations_e6(1_000_000 - odds_e6)
    place = bisect_right(_NORMAL_E6, odds_e6)
    low, high = _NORMAL_E6[place - 1 : place + 1]
    return (place - 1 - _Z_MAX_E2) * 10**4 + (odds_e6 - low) * 10**4 // max(1, high - low)


def up_wins(final_e8: int, strike_e8: int) -> bool:
    """Return whether Up is paid: a final average equal to the price to beat is Up."""
    return final_e8 >= strike_e8
