"""The stages of a round and the table of every allowed move; any other move is a bug (decision 1).

The docs' diagram is drawn from this table and the swarm asserts that each of its rows is taken by some seed.
"""

from enum import IntEnum
from typing import Final

from engine.model.errors import InternalError


class Stage(IntEnum):
    """Where a round is (bucket.md, "The round")."""

    WAIT_ENTRY = 1
    ENTRY_PLACED = 2
    SETTLING_IN = 3
    EXIT = 4
    SL_PLACED = 5
    LATE_HOLD = 6
    LATE_SL_PLACED = 7
    SAFE = 8
    DONE = 9
    SETTLING = 10


TRANSITIONS: Final[dict[Stage, frozenset[Stage]]] = {
    Stage.WAIT_ENTRY: frozenset({Stage.ENTRY_PLACED, Stage.SAFE, Stage.DONE}),
    # -> WAIT_ENTRY: requoted, or the rest was cancelled below the minimum; -> SL_PLACED: the stop is watched while the
    # rest works
    Stage.ENTRY_PLACED: frozenset({Stage.WAIT_ENTRY, Stage.SETTLING_IN, Stage.SL_PLACED, Stage.SAFE, Stage.DONE}),
    # -> SL_PLACED: a stop does not wait for shares to be sellable, only its order does
    Stage.SETTLING_IN: frozenset({Stage.EXIT, Stage.LATE_HOLD, Stage.SL_PLACED, Stage.SAFE, Stage.DONE}),
    Stage.EXIT: frozenset({Stage.LATE_HOLD, Stage.SL_PLACED, Stage.SAFE, Stage.DONE}),
    # a stop that has begun is finished under the rule that began it: no move to LATE_HOLD
    Stage.SL_PLACED: frozenset({Stage.SAFE, Stage.DONE}),
    Stage.LATE_HOLD: frozenset({Stage.LATE_SL_PLACED, Stage.SAFE, Stage.DONE}),
    # -> WAIT_ENTRY: the only re-entry there is; -> LATE_HOLD: the stop left at least the minimum
    Stage.LATE_SL_PLACED: frozenset({Stage.WAIT_ENTRY, Stage.LATE_HOLD, Stage.SAFE, Stage.DONE}),
    Stage.SAFE: frozenset({Stage.DONE}),
    # -> SAFE: a sale was reversed after the round had ended: shares are held again and nobody may act on them
    Stage.DONE: frozenset({Stage.SETTLING, Stage.SAFE}),
    Stage.SETTLING: frozenset(),
}

DECLARED_HOLDS: Final = frozenset({Stage.SETTLING_IN, Stage.LATE_HOLD, Stage.SAFE, Stage.DONE, Stage.SETTLING})
"""Stages in which a position may stand without a resting exit (bucket.md, "What must always hold", liveness)."""


def check_move(before: Stage, after: Stage) -> None:
    """Raise InternalError unless the table has the move; staying is not a move."""
    if after != before and after not in TRANSITIONS[before]:
        raise InternalError(f"a round may not move from {before.name} to {after.name}")
