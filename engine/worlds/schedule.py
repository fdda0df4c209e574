"""Whose turn it is: the participants of every open window in the order in which they want to act."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final, NamedTuple

from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import Window

PUT_OFF_MS: Final = 1_000
"""When somebody's turn is asked for again if whoever drives the participants has no book to show it."""


class Turn(NamedTuple):
    """One participant's turn: who acts when, in which window."""

    at_ms: int
    account: str
    window: Window
    participant: Participant


class Schedule:
    """A queue of turns by time; who came first goes first where two want the same millisecond."""

    def __init__(self) -> None:
        self._open: dict[str, Window] = {}
        self._queue: list[tuple[int, int, Participant]] = []
        self._queued = 0

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return the windows that are open."""
        return tuple(self._open.values())

    def open_window(self, window: Window, participants: Iterable[Participant]) -> None:
        """Take up a window and those who act in it. Requires a name that is not open."""
        assert window.name not in self._open, f"{window.name} is open already"
        self._open[window.name] = window
        for participant in participants:
            self._push(participant)

    def close_window(self, name: str) -> None:
        """Let nobody act in a window any more; a window that is not open is left alone."""
        self._open.pop(name, None)

    def next_turn_ms(self) -> int | None:
        """Return when the next turn is due, None when nobody waits for one."""
        return self._queue[0][0] if self._queue else None

    def turns(self, now_ms: int) -> Iterator[Turn]:
        """Yield the turns that are due up to a time, in order; each is over when the next one is asked for."""
        while self._queue and self._queue[0][0] <= now_ms:
            at_ms, _, participant = heappop(self._queue)
            if self._open.get(participant.window.name) is not participant.window:
                continue
            participant.wake_at_ms = at_ms + PUT_OFF_MS
            yield Turn(at_ms, participant.account, participant.window, participant)
            self._push(participant)

    def _push(self, participant: Participant) -> None:
        if participant.wake_at_ms is not None:
            self._queued += 1
            heappush(self._queue, (participant.wake_at_ms, self._queued, participant))
