"""A crowd: the reference price and the participants of every open window, turn by turn in the order of time.

Whoever drives it steps it in time, carries the actions to a venue and gives the book back:

    for turn in crowd.turns(now_ms):
        actions = crowd.act(turn, book of turn.window as of now, holdings of turn.account in it)
"""

from collections.abc import Iterator

from engine.worlds.crowd_params import CrowdParams
from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.maker import LadderMaker
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.takers import InformedTaker, UninformedTaker
from engine.worlds.participants.view import BookView, Holdings, Outlook, View, Window
from engine.worlds.reference import ReferencePrice, Sentiment
from engine.worlds.schedule import Schedule, Turn
from engine.worlds.tape import STEP_MS, PriceTape


class Crowd:
    """Makers and takers of several windows around one reference price, all of them determined by the seed.

    What a window's participants draw depends on the seed, their names and the window's name alone: another window
    changes none of it.
    """

    def __init__(self, params: CrowdParams, seed: int, start_ms: int) -> None:
        self.params = params
        self.tape = PriceTape(ReferencePrice(params.world, STEP_MS).next_e8, start_ms)
        self._seed = seed
        self._mood = Sentiment(params.world, STEP_MS)
        self._moods_to_ms = self.tape.now_ms
        self._strikes_e8: dict[str, int] = {}
        self._schedule = Schedule()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the names of the accounts that act."""
        return self.params.accounts

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return the windows that are open."""
        return self._schedule.windows

    def open_window(self, window: Window, strike_e8: int | None = None) -> None:
        """Let the participants come to a window, each at a moment of its own. Requires a name that is not open.

        The price to beat is the average at its start; it must be given where the start is too old for the tape.
        """
        early_ms = window.length_ms * self.params.early_e3 // 1_000
        first_ms = max(self.tape.now_ms, window.start_ms - early_ms)
        self._schedule.open_window(window, self._participants(window, first_ms))
        if strike_e8 is not None:
            self._strikes_e8[window.name] = strike_e8

    def close_window(self, name: str) -> None:
        """Let nobody act in a window any more; a window that is not open is left alone."""
        self._schedule.close_window(name)
        self._strikes_e8.pop(name, None)

    def next_turn_ms(self) -> int | None:
        """Return when the next turn is due, None when nobody waits for one."""
        return self._schedule.next_turn_ms()

    def advance(self, now_ms: int) -> None:
        """Move the reference price, and what the makers get wrong together, to a time."""
        self.tape.advance(now_ms)
        while self._moods_to_ms < self.tape.now_ms:
            self._mood.step()
            self._moods_to_ms += STEP_MS

    def turns(self, now_ms: int) -> Iterator[Turn]:
        """Yield the turns that are due up to a time, in order, each with the reference price of its own moment."""
        for turn in self._schedule.turns(now_ms):
            self.advance(turn.at_ms)
            yield turn
        self.advance(now_ms)

    def act(self, turn: Turn, book: BookView, own: Holdings) -> list[AnyAction]:
        """Return what the participant wants to do in its turn, with the book and its own as they are now."""
        outlook = self._outlook(turn.window, turn.at_ms - turn.participant.latency_ms)
        return turn.participant.act(View(turn.at_ms, turn.window, book, own, outlook))

    def strike_e8(self, window: Window) -> int:
        """Return the price to beat of a window that has begun."""
        if window.name not in self._strikes_e8:
            self._strikes_e8[window.name] = self.tape.twap_e8(window.start_ms, window.twap_ms)
        return self._strikes_e8[window.name]

    def _outlook(self, window: Window, known_ms: int) -> Outlook:
        known_ms = min(known_ms, window.end_ms)
        if known_ms >= window.start_ms:
            strike_e8 = self.strike_e8(window)
        else:
            strike_e8 = self.tape.expected_twap_e8(window.start_ms, window.twap_ms, known_ms)
        final_e8 = self.tape.expected_twap_e8(window.end_ms, window.twap_ms, known_ms)
        left_ms = window.end_ms - known_ms
        return Outlook(known_ms, final_e8 - strike_e8, left_ms, self._mood.error_e6, self._mood.trust_e3)

    def _participants(self, window: Window, first_ms: int) -> Iterator[Participant]:
        for maker in self.params.makers:
            dice = self._dice(maker.name, window)
            yield LadderMaker(maker, window, dice, first_ms + dice.wait_ms(2 * maker.wake_ms))
        for taker in self.params.takers:
            dice = self._dice(taker.name, window)
            kind = UninformedTaker if taker.opinion is None else InformedTaker
            yield kind(taker, window, dice, max(first_ms, window.start_ms) + dice.wait_ms(taker.wake_ms))

    def _dice(self, name: str, window: Window) -> Dice:
        return Dice(self._seed, f"{name}:{window.name}")
