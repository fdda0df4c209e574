"""What every participant keeps to."""

import pytest

from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import View, Window

WINDOW = Window("w", 0, 60_000, 4_000, 5_000_000)


class Idle(Participant):
    def act(self, view: View) -> list[AnyAction]:
        self.wake_at_ms = None
        return []

    def keys(self) -> list[int]:
        return [self._next_key() for _ in range(3)]


def test_keys_are_never_used_twice() -> None:
    idle = Idle("idle", 20, WINDOW, Dice(1, "idle"), 5)
    assert len({*idle.keys(), *idle.keys()}) == 6
    assert idle.wake_at_ms == 5


def test_nobody_knows_the_future() -> None:
    with pytest.raises(AssertionError, match="from the future"):
        Idle("idle", -1, WINDOW, Dice(1, "idle"), 0)
