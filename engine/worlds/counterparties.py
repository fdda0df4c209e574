"""What every background of a market is: participants with their turns, around one reference price.

Whoever drives it steps it in time, carries the actions to a venue and gives the book back:

    for turn in counterparties.turns(now_ms):
        actions = counterparties.act(turn, book of turn.window as of now, holdings of turn.account in it)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import BookView, Holdings, Window
from engine.worlds.schedule import Schedule, Turn
from engine.worlds.tape import PriceTape


class Counterparties(ABC):
    """The participants of several windows. `tape` is the reference price that the windows are settled on."""

    def __init__(self, tape: PriceTape) -> None:
        self.tape = tape
        self._schedule = Schedule()
        self._strikes_e8: dict[str, int] = {}

    @property
    @abstractmethod
    def accounts(self) -> tuple[str, ...]:
        """Return the names of the accounts that act."""

    @abstractmethod
    def act(self, turn: Turn, book: BookView, own: Holdings) -> list[AnyAction]:
        """Return what the participant wants to do in its turn, with the book and its own as they are now."""

    @abstractmethod
    def _participants(self, window: Window) -> Iterable[Participant]:
        """Return those who come to a window."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return the windows that are open."""
        return self._schedule.windows

    def open_window(self, window: Window, strike_e8: int | None = None) -> None:
        """Let the participants come to a window. Requires a name that is not open.

        The price to beat is the average at its start; it must be given where the start is too old for the tape.
        """
        known = strike_e8 is not None or window.start_ms - window.twap_ms >= self.tape.oldest_ms
        assert known, f"{window.name} began before the tape does: it needs its price to beat"
        self._schedule.open_window(window, self._participants(window))
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
        """Move the reference price to a time; a window that begins on the way gets its price to beat."""
        for window in sorted(self.windows, key=lambda window: window.start_ms):
            if window.start_ms <= now_ms and window.name not in self._strikes_e8:
                self.tape.advance(window.start_ms)
                self.strike_e8(window)
        self.tape.advance(now_ms)

    def turns(self, now_ms: int) -> Iterator[Turn]:
        """Yield the turns that are due up to a time, in order, each with the reference price of its own moment.

        Where time has jumped so far that the tape knows a turn's moment no more, the turn is passed over.
        """
        for turn in self._schedule.turns(now_ms):
            self.advance(turn.at_ms)
            if turn.at_ms - turn.participant.latency_ms - turn.window.twap_ms >= self.tape.oldest_ms:
                yield turn
        self.advance(now_ms)

    def strike_e8(self, window: Window) -> int:
        """Return the price to beat of an open window that has begun."""
        if window.name not in self._strikes_e8:
            self._strikes_e8[window.name] = self.tape.twap_e8(window.start_ms, window.twap_ms)
        return self._strikes_e8[window.name]
