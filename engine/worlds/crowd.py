"""A crowd: makers and takers of every open window around one reference price, all of them determined by a seed."""

from collections.abc import Iterator
from typing import Final

from engine.worlds.counterparties import Counterparties
from engine.worlds.crowd_params import CrowdParams
from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.maker import LadderMaker
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.takers import InformedTaker, UninformedTaker
from engine.worlds.participants.view import BookView, Holdings, Outlook, View, Window
from engine.worlds.reference import ReferencePrice, Sentiment
from engine.worlds.schedule import Turn
from engine.worlds.tape import STEP_MS, PriceTape

LONG_OVER: Final = Outlook(0, 0, 0)
"""Of a window that ended longer ago than the tape remembers: whoever sees this leaves."""


class Crowd(Counterparties):
    """Everybody comes to a window at a moment of its own: makers before the start, takers after it.

    What a window's participants draw depends on the seed, their names and the window's name alone: another window
    changes none of it.
    """

    def __init__(self, params: CrowdParams, seed: int, start_ms: int) -> None:
        super().__init__(PriceTape(ReferencePrice(params.world, STEP_MS).next_e8, start_ms))
        self.params = params
        self._seed = seed
        self._mood = Sentiment(params.world, STEP_MS)
        self._moods_to_ms = self.tape.now_ms

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the names of the accounts that act."""
        return self.params.accounts

    def advance(self, now_ms: int) -> None:
        """Move the reference price, and what the makers get wrong together, to a time."""
        super().advance(now_ms)
        while self._moods_to_ms < self.tape.now_ms:
            self._mood.step()
            self._moods_to_ms += STEP_MS

    def act(self, turn: Turn, book: BookView, own: Holdings) -> list[AnyAction]:
        """Return what the participant wants to do in its turn, with the book and its own as they are now."""
        outlook = self._outlook(turn.window, turn.at_ms - turn.participant.latency_ms)
        return turn.participant.act(View(turn.at_ms, turn.window, book, own, outlook))

    def _outlook(self, window: Window, known_ms: int) -> Outlook:
        known_ms = min(known_ms, window.end_ms)
        if known_ms - window.twap_ms < self.tape.oldest_ms:
            return LONG_OVER
        if known_ms >= window.start_ms:
            strike_e8 = self.strike_e8(window)
        else:
            strike_e8 = self.tape.expected_twap_e8(window.start_ms, window.twap_ms, known_ms)
        final_e8 = self.tape.expected_twap_e8(window.end_ms, window.twap_ms, known_ms)
        left_ms = window.end_ms - known_ms
        return Outlook(known_ms, final_e8 - strike_e8, left_ms, self._mood.error_e6, self._mood.trust_e3)

    def _participants(self, window: Window) -> Iterator[Participant]:
        early_ms = window.length_ms * self.params.early_e3 // 1_000
        first_ms = max(self.tape.now_ms, window.start_ms - early_ms)
        for maker in self.params.makers:
            dice = self._dice(maker.name, window)
            yield LadderMaker(maker, window, dice, first_ms + dice.wait_ms(2 * maker.wake_ms))
        for taker in self.params.takers:
            dice = self._dice(taker.name, window)
            kind = UninformedTaker if taker.opinion is None else InformedTaker
            yield kind(taker, window, dice, max(first_ms, window.start_ms) + dice.wait_ms(taker.wake_ms))

    def _dice(self, name: str, window: Window) -> Dice:
        return Dice(self._seed, f"{name}:{window.name}")
