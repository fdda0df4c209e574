"""The reference price that a recorded book implies: recordings of books say nothing of the price behind them."""

from typing import Final

from engine.model.units import PRICE_ONE_E4
from engine.worlds.participants.view import Window
from engine.worlds.recorded_rounds import BookMoment, RecordedRound
from engine.worlds.settlement import deviation_e8, deviations_e6

PATH_STEP_MS: Final = 200
MARGIN_E8: Final = 10**8
"""By how much, on average over the settlement's span, a known winner must have won."""
NUDGED_PART: Final = 4
"""A path that would settle the wrong way is moved in the last quarter of the settlement's span only."""
EVEN_ODDS_E6: Final = 500_000
E6_PER_2E4: Final = 50


def odds_e6(book: BookMoment) -> int:
    """Return the odds of Up that a book shows: its mid, with the end of the scale for a side that is empty."""
    bid_e4 = book.bids[0][0] if book.bids else 0
    ask_e4 = book.asks[0][0] if book.asks else PRICE_ONE_E4
    return (bid_e4 + ask_e4) * E6_PER_2E4


class ImpliedPath:
    """How far the price is above the price to beat, through one window in which a recorded round is played.

    At each moment it is where a driftless price with this volatility has the odds that the book shows of ending above,
    settled on the price of the moment, as windows were when the public recordings were made. Since windows are now
    settled on an average, the path's last part is moved where that average would contradict the recorded outcome.
    """

    def __init__(self, played: RecordedRound, window: Window, volatility_e8: int) -> None:
        self._start_ms = window.start_ms
        steps = max(1, window.length_ms // PATH_STEP_MS)
        self._distances_e8 = [0] * steps
        books, place, odds = played.books, 0, EVEN_ODDS_E6
        for step in range(steps):
            at_ms = (step + 1) * PATH_STEP_MS
            while place < len(books) and books[place].at_ms * window.length_ms <= at_ms * played.length_ms:
                if books[place].bids or books[place].asks:
                    odds = odds_e6(books[place])
                place += 1
            spread_e8 = deviation_e8(volatility_e8, max(0, window.length_ms - at_ms), 0)
            self._distances_e8[step] = deviations_e6(odds) * spread_e8 // 10**6
        if played.up_won is not None:
            self._settle(max(1, window.twap_ms // PATH_STEP_MS), 1 if played.up_won else -1)

    def distance_e8(self, at_ms: int) -> int:
        """Return the distance at a time after the window's start, in 1e-8 USD."""
        place = (at_ms - self._start_ms - 1) // PATH_STEP_MS
        return self._distances_e8[min(max(place, 0), len(self._distances_e8) - 1)]

    def _settle(self, span: int, sign: int) -> None:
        span = min(span, len(self._distances_e8))
        lacking_e8 = MARGIN_E8 * span - sign * sum(self._distances_e8[-span:])
        if lacking_e8 > 0:
            nudged = -(-span // NUDGED_PART)
            for place in range(-nudged, 0):
                self._distances_e8[place] += sign * -(-lacking_e8 // nudged)
