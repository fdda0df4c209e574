"""The recent past of a world's reference price: spot at any moment and the average over any span of it."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from engine.worlds.settlement import expected_final_e8

STEP_MS: Final = 20
SPOT_EVERY_MS: Final = 200
"""The venue tells spot up to 5 times a second and the average about once (protocol.md 7.2)."""
TWAP_EVERY_MS: Final = 1_000
KEPT_MS: Final = 300_000
"""A snapshot shows two minutes of averages, each of which looks one minute back."""


class ReferenceTick(NamedTuple):
    """One observation that the venue would publish: Unix ms and 1e-8 USD."""

    at_ms: int
    price_e8: int


class PriceTape:
    """The reference price step by step, and its running sum, from `kept_ms` before its start on.

    A step holds from its time until the next one; an average over a span counts the steps after its beginning up to
    and including its end, all with the same weight, as `engine.worlds.settlement.TwapAverage` does.
    """

    def __init__(self, next_e8: Callable[[int], int], start_ms: int, kept_ms: int = KEPT_MS) -> None:
        """Begin at `start_ms` with `kept_ms` of past. `next_e8` gives the price of each next step, told its time.

        Requires a past that is a multiple of a step.
        """
        assert kept_ms > 0, f"a tape must keep something, was {kept_ms} ms"
        assert kept_ms % STEP_MS == 0, f"a tape must keep whole steps, was {kept_ms} ms"
        self._next_e8 = next_e8
        self._size = 2 * kept_ms // STEP_MS
        self._first_ms = start_ms - start_ms % STEP_MS - kept_ms
        self._spots = [0] * self._size
        self._sums = [0] * self._size
        self._steps = 0
        self._sum_e8 = 0
        self._add()
        self.advance(start_ms)

    @property
    def now_ms(self) -> int:
        """Return the time of the newest step."""
        return self._first_ms + (self._steps - 1) * STEP_MS

    @property
    def oldest_ms(self) -> int:
        """Return the time of the oldest step that is kept."""
        return self._first_ms + max(0, self._steps - self._size) * STEP_MS

    @property
    def first_ms(self) -> int:
        """Return the time of the oldest step that is kept."""
        return self._first_ms + max(0, self._steps - self._size) * STEP_MS

    def advance(self, now_ms: int) -> None:
        """Step the price up to a time."""
        for _ in range((now_ms - self.now_ms) // STEP_MS):
            self._add()

    def spot_e8(self, at_ms: int) -> int:
        """Return the price in force at a time that is kept."""
        return self._spots[self._place(at_ms) % self._size]

    def average_e8(self, after_ms: int, until_ms: int) -> int:
        """Return the average of the steps in (after_ms, until_ms], rounded down; the spot where there is none."""
        first, last = self._place(after_ms), self._place(until_ms)
        if first == last:
            return self.spot_e8(until_ms)
        return (self._sums[last % self._size] - self._sums[first % self._size]) // (last - first)

    def twap_e8(self, at_ms: int, twap_ms: int) -> int:
        """Return the average over the last `twap_ms` before a time: what a window's start and end are settled on."""
        return self.average_e8(at_ms - twap_ms, at_ms)

    def expected_twap_e8(self, at_ms: int, twap_ms: int, now_ms: int) -> int:
        """Return what the average at `at_ms` can be expected to be, knowing the price up to `now_ms`."""
        left_ms = at_ms - now_ms
        if left_ms <= 0:
            return self.twap_e8(at_ms, twap_ms)
        spot_e8 = self.spot_e8(now_ms)
        if left_ms >= twap_ms:
            return spot_e8
        return expected_final_e8(self.average_e8(at_ms - twap_ms, now_ms), spot_e8, left_ms, twap_ms)

    def spot_ticks(self, after_ms: int, until_ms: int) -> Iterator[ReferenceTick]:
        """Yield the spot prices that are published in (after_ms, until_ms]."""
        for at_ms in _multiples(SPOT_EVERY_MS, after_ms, until_ms):
            yield ReferenceTick(at_ms, self.spot_e8(at_ms))

    def twap_ticks(self, after_ms: int, until_ms: int, twap_ms: int) -> Iterator[ReferenceTick]:
        """Yield the averages over the last `twap_ms` that are published in (after_ms, until_ms]."""
        for at_ms in _multiples(TWAP_EVERY_MS, after_ms, until_ms):
            yield ReferenceTick(at_ms, self.twap_e8(at_ms, twap_ms))

    def _add(self) -> None:
        place, price_e8 = self._steps % self._size, self._next_e8(self._first_ms + self._steps * STEP_MS)
        self._sum_e8 += price_e8
        self._spots[place] = price_e8
        self._sums[place] = self._sum_e8
        self._steps += 1

    def _place(self, at_ms: int) -> int:
        """Return the number of the step in force at a time, which must be kept."""
        place = (at_ms - self._first_ms) // STEP_MS
        assert max(0, self._steps - self._size) <= place < self._steps, f"{at_ms} ms is not on the tape"
        return place


def _multiples(every_ms: int, after_ms: int, until_ms: int) -> range:
    return range(after_ms + every_ms - after_ms % every_ms, until_ms + 1, every_ms)
