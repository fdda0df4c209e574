"""A small seeded source of integers: the same seed gives the same draws on every machine, without floats."""

import random
from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import Final

_TOSSES: Final = 1_024
_TOSSES_DEVIATION: Final = 16
_DITHER_BITS: Final = 20
_WAITS: Final = 1_024
_WAITS_E6: Final = tuple(round(-1_000_000 * log((place + 0.5) / _WAITS)) for place in range(_WAITS))
"""The exponential distribution of mean 1 at 1,024 equally likely places: rounded here once, integers from there on."""


class Dice:
    """One stream of draws. Streams of one seed with different names are independent, so that one can change
    alone.
    """

    def __init__(self, seed: int, stream: str) -> None:
        self._random = random.Random(f"{stream}:{seed}")

    def below(self, bound: int) -> int:
        """Return an integer in 0..bound-1."""
        assert bound > 0, f"a bound must be positive, was {bound}"
        return self._random.getrandbits(53) * bound >> 53

    def between(self, low: int, high: int) -> int:
        """Return an integer in low..high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, odds_e6: int) -> bool:
        """Return True with the given odds in 1e-6."""
        return self.below(1_000_000) < odds_e6

    def normal_e6(self) -> int:
        """Return a draw of mean 0 and standard deviation 1 in 1e-6: the heads among 1,024 coins, with the
        steps smoothed.
        """
        heads = self._random.getrandbits(_TOSSES).bit_count() - _TOSSES // 2
        smooth = self._random.getrandbits(_DITHER_BITS) - (1 << _DITHER_BITS >> 1)
        return ((heads << _DITHER_BITS) + smooth) * 1_000_000 // (_TOSSES_DEVIATION << _DITHER_BITS)

    def wait_ms(self, mean_ms: int) -> int:
        """Return how long until the next of events that come at random, at least 1 ms."""
        return max(1, mean_ms * _WAITS_E6[self._random.getrandbits(10)] // 1_000_000)

    def quantile(self, table: Sequence[tuple[int, int]]) -> int:
        """Draw from a distribution given as (cumulative odds in 1e-3, value) rows, linear between them."""
        draw_e3 = self.below(1_000)
        for (low_e3, low), (high_e3, high) in pairwise(table):
            if draw_e3 < high_e3:
                return low + (high - low) * (draw_e3 - low_e3) // (high_e3 - low_e3)
        raise AssertionError(f"a quantile table must end at 1000, was {table[-1][0]}")
