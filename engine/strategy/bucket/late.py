"""LATE_HOLD and LATE_SL_PLACED: hold an expensive position to settlement behind one stop, and re-enter after it."""

from engine.strategy.bucket.exits import send_stop, stop_fires, wait_until_sellable, work_stop
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.turn import Turn


def late_hold(turn: Turn) -> None:
    """Cancel the take-profit and watch only the late stop."""
    state = turn.state
    if state.held_u6 >= turn.min_stop_u6 and stop_fires(turn, late=True):
        turn.go(Stage.LATE_SL_PLACED)
        return
    turn.cancel_entry()
    turn.cancel_exit()
    if state.is_flat:
        state.closing = True
    elif state.held_u6 - state.sellable_u6 >= turn.min_size_u6:
        wait_until_sellable(turn)  # so that a stop would find them sellable


def late_sl_placed(turn: Turn) -> None:
    """Finish the late stop: flat may re-enter, dust ends the round, at least the minimum goes back to the hold."""
    state = turn.state
    if not work_stop(turn):
        return
    if state.is_flat:
        if state.stop_sent and _may_reenter(turn):
            state.late_reentries += 1
            state.reentry = True
            turn.go(Stage.WAIT_ENTRY)
        else:
            state.closing = True
    elif state.held_u6 < turn.min_stop_u6:
        state.closing = True
    elif state.stop_sent:
        turn.go(Stage.LATE_HOLD)
    else:
        send_stop(turn)


def _may_reenter(turn: Turn) -> bool:
    params = turn.params
    return (
        params.enable_late_reentry
        and turn.state.late_reentries < params.max_late_reentries
        and turn.left_ns >= params.late_min_remaining_ns
    )
