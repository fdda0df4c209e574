"""Turns come in the order of time."""

import pytest

from engine.worlds.dice import Dice
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import BookView, Holdings, Outlook, View, Window
from engine.worlds.schedule import PUT_OFF_MS, Schedule, Turn

WINDOW = Window("w", 0, 60_000, 4_000, 5_000_000)


class Every(Participant):
    """Acts every so many ms, so many times."""

    def __init__(self, account: str, every_ms: int, times: int = 100, window: Window = WINDOW) -> None:
        super().__init__(account, 0, window, Dice(1, account), every_ms)
        self._every_ms, self._times = every_ms, times

    def act(self, view: View) -> list[AnyAction]:
        self._times -= 1
        self.wake_at_ms = view.now_ms + self._every_ms if self._times else None
        return []


def act(turn: Turn) -> tuple[int, str]:
    turn.participant.act(View(turn.at_ms, turn.window, BookView(100), Holdings(), Outlook(0, 0, 0)))
    return turn.at_ms, turn.account


def test_turns_come_in_the_order_of_time_and_of_asking() -> None:
    schedule = Schedule()
    schedule.open_window(WINDOW, [Every("a", 30), Every("b", 20)])
    assert schedule.next_turn_ms() == 20
    assert [act(turn) for turn in schedule.turns(60)] == [(20, "b"), (30, "a"), (40, "b"), (60, "a"), (60, "b")]
    assert list(schedule.turns(79)) == []


def test_who_has_left_has_no_turn() -> None:
    schedule = Schedule()
    schedule.open_window(WINDOW, [Every("a", 10, times=2)])
    assert len([act(turn) for turn in schedule.turns(1_000)]) == 2
    assert schedule.next_turn_ms() is None


def test_who_was_passed_over_is_asked_again_later() -> None:
    schedule = Schedule()
    schedule.open_window(WINDOW, [Every("a", 10)])
    assert [turn.at_ms for turn in schedule.turns(2_500)] == [10, 10 + PUT_OFF_MS, 10 + 2 * PUT_OFF_MS]


def test_a_closed_window_has_no_turns_and_may_be_opened_again() -> None:
    schedule = Schedule()
    schedule.open_window(WINDOW, [Every("a", 10)])
    with pytest.raises(AssertionError, match="open already"):
        schedule.open_window(WINDOW, [])
    schedule.close_window("w")
    schedule.close_window("never seen")
    assert (list(schedule.turns(100)), schedule.windows) == ([], ())
    again = Window("w", 0, 60_000, 4_000, 5_000_000)
    schedule.open_window(again, [Every("b", 10, window=again)])
    assert [turn.account for turn in schedule.turns(10)] == ["b"]
