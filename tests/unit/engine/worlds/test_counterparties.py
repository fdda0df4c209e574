"""What crowds and replays have in common."""

from collections.abc import Iterable

import pytest

from engine.worlds.counterparties import Counterparties
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import BookView, Holdings, Window
from engine.worlds.schedule import Turn
from engine.worlds.tape import PriceTape

START_MS = 1_800_000_000_000
WINDOW = Window("w", START_MS, START_MS + 60_000, 4_000, 5_000_000)


class Nobody(Counterparties):
    """A price that grows by one a millisecond, and no participants."""

    def __init__(self) -> None:
        super().__init__(PriceTape(lambda at_ms: at_ms - START_MS, START_MS - 10_000))

    @property
    def accounts(self) -> tuple[str, ...]:
        return ()

    def act(self, turn: Turn, book: BookView, own: Holdings) -> list[AnyAction]:
        return []

    def _participants(self, window: Window) -> Iterable[Participant]:
        return []


def test_the_price_moves_with_the_turns_even_where_nobody_has_one() -> None:
    nobody = Nobody()
    nobody.open_window(WINDOW)
    assert list(nobody.turns(START_MS + 1_000)) == []
    assert nobody.tape.now_ms == START_MS + 1_000


def test_the_strike_is_the_average_at_the_start_and_is_kept_when_the_tape_forgets_it() -> None:
    nobody = Nobody()
    nobody.open_window(WINDOW)
    nobody.advance(START_MS + 1_000_000)
    assert nobody.tape.oldest_ms > START_MS
    assert nobody.strike_e8(WINDOW) == -1_990  # of the 200 steps of 20 ms up to the start


def test_a_strike_that_is_given_is_believed_until_the_window_is_closed() -> None:
    nobody = Nobody()
    nobody.open_window(WINDOW, strike_e8=77)
    nobody.advance(START_MS)
    assert (nobody.strike_e8(WINDOW), nobody.windows) == (77, (WINDOW,))
    nobody.close_window("w")
    assert nobody.windows == ()
    nobody.open_window(WINDOW)
    assert nobody.strike_e8(WINDOW) != 77


def test_a_window_that_began_before_the_tape_needs_its_strike() -> None:
    old = Window("old", START_MS - 400_000, START_MS + 500_000, 60_000, 5_000_000)
    with pytest.raises(AssertionError, match="needs its price to beat"):
        Nobody().open_window(old)


def test_a_window_cannot_be_opened_twice() -> None:
    nobody = Nobody()
    nobody.open_window(WINDOW)
    with pytest.raises(AssertionError, match="open already"):
        nobody.open_window(WINDOW)
