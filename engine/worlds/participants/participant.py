"""What every participant is: somebody with an account and a latency who acts when its time has come."""

from abc import ABC, abstractmethod

from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.view import View, Window


class Participant(ABC):
    """One account in one window. All its chance comes from `Dice`, all it knows from the view.

    `wake_at_ms` is when it wants its next turn (Unix ms), None when it has left the window; `act` must move it on.
    `latency_ms` is how old the reference price is that it acts on: the way of the news and of its orders together.
    """

    def __init__(self, account: str, latency_ms: int, window: Window, dice: Dice, wake_at_ms: int) -> None:
        assert latency_ms >= 0, f"news cannot be from the future, was {latency_ms} ms"
        self.account = account
        self.latency_ms = latency_ms
        self.window = window
        self.wake_at_ms: int | None = wake_at_ms
        self._dice = dice
        self._keys = 0

    @abstractmethod
    def act(self, view: View) -> list[AnyAction]:
        """Return what it wants to do now, in order, and choose the time of its next turn."""

    def _next_key(self) -> int:
        self._keys += 1
        return self._keys
