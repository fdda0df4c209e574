"""The table of a round's stages."""

import pytest

from engine.model.errors import InternalError
from engine.model.events import Tick
from engine.strategy.bucket.stages import TRANSITIONS, Stage, check_move
from engine.strategy.bucket.turn import Turn
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import at

S = Stage
DECIDED = {
    S.WAIT_ENTRY: {S.ENTRY_PLACED, S.DONE},
    S.ENTRY_PLACED: {S.WAIT_ENTRY, S.SETTLING_IN, S.SL_PLACED, S.DONE},
    S.SETTLING_IN: {S.EXIT, S.LATE_HOLD, S.SL_PLACED, S.DONE},
    S.EXIT: {S.LATE_HOLD, S.SL_PLACED, S.DONE},
    S.SL_PLACED: {S.DONE},
    S.LATE_HOLD: {S.LATE_SL_PLACED, S.DONE},
    S.LATE_SL_PLACED: {S.WAIT_ENTRY, S.LATE_HOLD, S.DONE},
    S.SAFE: {S.DONE},
    S.DONE: {S.SETTLING},
    S.SETTLING: set(),
}
"""Decision 1, without the moves to SAFE."""


def test_the_table_has_a_row_for_every_stage() -> None:
    assert set(TRANSITIONS) == set(Stage)


@pytest.mark.parametrize("stage", Stage)
def test_each_row_is_what_was_decided_and_safe(stage: Stage) -> None:
    safe = set() if stage in (Stage.SAFE, Stage.SETTLING) else {Stage.SAFE}
    assert TRANSITIONS[stage] == DECIDED[stage] | safe


@pytest.mark.parametrize("before", Stage)
@pytest.mark.parametrize("after", Stage)
def test_a_move_outside_the_table_is_refused(before: Stage, after: Stage) -> None:
    if after == before or after in TRANSITIONS[before]:
        check_move(before, after)
    else:
        with pytest.raises(InternalError, match=f"{before.name} to {after.name}"):
            check_move(before, after)


def test_an_illegal_move_changes_nothing() -> None:
    play = Scenario().tick(1)
    turn = Turn(play.params, play.state, Tick(at(2)))
    with pytest.raises(InternalError):
        turn.go(Stage.EXIT)
    assert turn.state.stage == Stage.WAIT_ENTRY
    assert turn.state.stages_seen == (Stage.WAIT_ENTRY,)
    assert turn.intents == []
