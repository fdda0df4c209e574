"""How the last prices of a round tell its outcome."""

import pytest

from feeder.recording.importers.scribe import LastTops
from shm.layout import Outcome

END_NS = 1_000 * 10**9


@pytest.mark.parametrize(
    ("prices", "winner"),
    [
        ((9_500, 0, 0, 0), Outcome.UP),
        ((9_499, 0, 0, 0), None),
        ((0, 0, 0, 500), Outcome.UP),
        ((0, 0, 0, 501), None),
        ((0, 0, 9_500, 0), Outcome.DOWN),
        ((0, 500, 0, 0), Outcome.DOWN),
        ((9_900, 100, 0, 0), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_a_side_has_won_when_its_bid_is_high_or_the_others_ask_is_low(
    prices: tuple[int, int, int, int], winner: Outcome | None
) -> None:
    assert LastTops(END_NS, *prices).winner(END_NS) == winner


def test_prices_older_than_thirty_seconds_tell_nothing() -> None:
    assert LastTops(END_NS - 30 * 10**9, 9_900).winner(END_NS) == Outcome.UP
    assert LastTops(END_NS - 30 * 10**9 - 1, 9_900).winner(END_NS) is None
