"""The bucket strategy as one pure function: fold the event's facts, then let the stage decide until nothing moves."""

from collections.abc import Callable
from copy import copy
from typing import Final

from engine.model.codes import AlertCode
from engine.model.commands import Command
from engine.model.events import Event, Tick
from engine.model.orders import OrderStatus
from engine.model.params import BucketParams
from engine.strategy.bucket.absorb import absorb, retire
from engine.strategy.bucket.entry import entry_placed, wait_entry
from engine.strategy.bucket.exits import exit_stage, read_stale_book, settling_in, sl_placed
from engine.strategy.bucket.late import late_hold, late_sl_placed
from engine.strategy.bucket.prepare import prepare_stop
from engine.strategy.bucket.round import Round
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.turn import CANCEL_UNCONFIRMED_NS, Turn

NEVER_NS: Final = 1 << 62
_MOVES_MAX: Final = 8
"""More stage moves than this in one step would be a circle in the table: a bug."""


def step(params: BucketParams, state: Round, event: Event) -> tuple[Round, list[Command]]:
    """Return the round after one event and what it asks for; the given state is left as it was.

    Raises InternalError for a move outside the table.
    """
    turn = Turn(params, copy(state), event)
    turn.state.wake_ns = NEVER_NS
    absorb(turn)
    retire(turn.state)
    for _ in range(_MOVES_MAX):
        before = turn.state.stage
        _decide(turn)
        if turn.state.stage == before:
            break
    else:
        raise AssertionError(f"the stages of {state.slug} did not come to rest: {turn.state.stages_seen[-8:]}")
    if turn.state.held_u6 and not turn.state.closing:
        prepare_stop(turn)  # last: whatever leaves now does not wait for a signature that may never be needed
    return turn.state, turn.intents


def pull(params: BucketParams, state: Round, now_ns: int) -> tuple[Round, list[Command]]:
    """Return the round with its buy being cancelled, and the cancel, once a second at most.

    A buy whose cancel is under way or whose fate is unknown is left to the stages, which follow it to its end.
    """
    entry = state.entry
    if entry is None or entry.status not in (OrderStatus.SENT, OrderStatus.LIVE, OrderStatus.HELD):
        return state, []
    if entry.cancel_sent_ns and now_ns < entry.cancel_sent_ns + CANCEL_UNCONFIRMED_NS:
        return state, []  # the venue would not cancel what it was matching: it is asked again when that is over
    turn = Turn(params, copy(state), Tick(now_ns))
    turn.cancel_entry()
    return turn.state, turn.intents


def wake_at_ns(state: Round) -> int:
    """Return when the round wants a Tick at the latest, Unix ns; NEVER_NS if it waits for facts only."""
    return state.wake_ns


def _decide(turn: Turn) -> None:
    state = turn.state
    if state.stage == Stage.SETTLING:
        return
    if state.stage == Stage.DONE:
        _done(turn)
        return
    if state.safe_reason and state.stage != Stage.SAFE:
        turn.alert(AlertCode.SAFE, state.safe_reason)
        turn.go(Stage.SAFE)
    if turn.now_ns >= state.end_ns:
        state.closing = True
    else:
        turn.wake(state.end_ns)
    if not state.closing:
        (_safe if state.stopping else _STAGES[state.stage])(turn)
    if state.closing:
        _close(turn)
    if state.entry is not None or state.exit is not None or state.past:
        turn.read_unresolved()
    if state.held_u6 and state.stage != Stage.SAFE:
        read_stale_book(turn)


def _close(turn: Turn) -> None:
    """Cancel whatever works; DONE once every order has come to its end."""
    state = turn.state
    turn.cancel_entry()
    turn.cancel_exit()
    if not state.working():
        if not state.is_flat and turn.now_ns < state.end_ns and state.stage != Stage.SAFE:
            turn.alert(AlertCode.FINISHED_HOLDING, f"{state.held_u6} left to settlement")
        turn.go(Stage.DONE)


def _safe(turn: Turn) -> None:
    """Cancel, hold, and stay: until the round's end, or until the session that is ending has ended."""
    turn.cancel_entry()
    turn.cancel_exit()


def _done(turn: Turn) -> None:
    """Nothing starts any more; shares that come in after all are a declared hold, the window's end makes it settle."""
    state = turn.state
    if turn.now_ns >= state.end_ns:
        turn.go(Stage.SETTLING)
        return
    turn.wake(state.end_ns)
    if state.safe_reason and not state.is_flat and Stage.SAFE not in state.stages_seen:
        state.closing = False
        turn.alert(AlertCode.SAFE, state.safe_reason)
        turn.go(Stage.SAFE)


_STAGES: Final[dict[Stage, Callable[[Turn], None]]] = {
    Stage.WAIT_ENTRY: wait_entry,
    Stage.ENTRY_PLACED: entry_placed,
    Stage.SETTLING_IN: settling_in,
    Stage.EXIT: exit_stage,
    Stage.SL_PLACED: sl_placed,
    Stage.LATE_HOLD: late_hold,
    Stage.LATE_SL_PLACED: late_sl_placed,
    Stage.SAFE: _safe,
}
