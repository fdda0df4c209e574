"""WAIT_ENTRY and ENTRY_PLACED: which leg, at what price, how many shares, and when to let go of a buy."""

from engine.model.codes import AlertCode
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Side, VenueState
from engine.model.market import View
from engine.model.orders import Order, OrderStatus
from engine.model.params import LegSelection
from engine.strategy.bucket.absorb import POST_ONLY_CROSSES_MAX
from engine.strategy.bucket.exits import stop_fires
from engine.strategy.bucket.external import external_ask, external_bid
from engine.strategy.bucket.round import Round
from engine.strategy.bucket.sizing import entry_size_u6
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.turn import Turn


def wait_entry(turn: Turn) -> None:
    """Place a buy on the eligible leg with the highest bid, or end the round when no time is left for one."""
    state = turn.state
    if state.held_u6 >= turn.min_size_u6:
        # a fill that came after its order was thought gone, or a reversed stop: the entry stands after all
        turn.go(Stage.ENTRY_PLACED)
        return
    if turn.left_ns < _min_remaining_ns(turn) or state.no_entry or state.post_only_crosses >= POST_ONLY_CROSSES_MAX:
        state.closing = True
        return
    if turn.now_ns < state.start_ns:
        turn.wake(state.start_ns)
        return
    turn.wake(state.end_ns - _min_remaining_ns(turn) + 1)
    if state.venue != VenueState.NORMAL:
        return
    if turn.now_ns < state.entries_from_ns:
        turn.wake(state.entries_from_ns)
        return
    chosen = _choose(turn)
    if chosen is None or turn.is_held():
        return
    view, bid_e4 = chosen
    size_u6 = entry_size_u6(turn.params, state, bid_e4, turn.now_ns)
    if size_u6 < turn.min_size_u6:
        return
    tif = TimeInForce.GTD if turn.left_ns >= turn.params.gtd_ahead_ns else TimeInForce.GTC
    turn.place(view, Side.BUY, bid_e4, size_u6, tif, Purpose.ENTRY, post_only=True)
    turn.go(Stage.ENTRY_PLACED)


def _min_remaining_ns(turn: Turn) -> int:
    params = turn.params
    return params.late_min_remaining_ns if turn.state.reentry else params.min_window_remaining_ns


def _choose(turn: Turn) -> tuple[View, int] | None:
    """Return the eligible leg with the highest external bid; a tie goes to YES."""
    state, selection = turn.state, turn.params.leg_selection
    best: tuple[View, int] | None = None
    for view, excluded in ((state.up, LegSelection.NO_ONLY), (state.down, LegSelection.YES_ONLY)):
        if selection == excluded or state.leg not in (-1, view.asset):
            continue
        bid_e4 = _eligible_bid_e4(turn, view)
        if bid_e4 and (best is None or bid_e4 > best[1]):
            best = (view, bid_e4)
    return best


def _eligible_bid_e4(turn: Turn, view: View) -> int:
    """Return the leg's external bid if it may be entered at it, else 0 (bucket.md, WAIT_ENTRY)."""
    params, state = turn.params, turn.state
    threshold_e4 = params.late_reentry_entry_threshold_e4 if state.reentry else params.entry_bid_threshold_e4
    if view.bid1_price_e4 < threshold_e4 or not view.is_fresh or view.closed:
        return 0
    bid_e4 = external_bid(state, view)
    if bid_e4 < threshold_e4 or not _is_two_sided(state, view, bid_e4):
        return 0
    if state.reentry:
        return bid_e4 if bid_e4 <= params.max_late_entry_price_e4 else 0
    return bid_e4 if bid_e4 + params.min_tp_increment_e4 <= params.max_tp_price_e4 else 0


def _is_two_sided(state: Round, view: View, bid_e4: int) -> bool:
    """Whether others stand on both sides of the leg and the book is not crossed."""
    return external_ask(state, view) > bid_e4


def entry_placed(turn: Turn) -> None:
    """Watch a working buy: leave it alone, requote it, time it out, or stop what it has already bought."""
    state = turn.state
    order = state.entry
    if state.held_u6 >= turn.min_size_u6 and stop_fires(turn, late=False):
        turn.go(Stage.SL_PLACED)
        return
    if order is None:
        turn.go(Stage.SETTLING_IN if state.held_u6 >= turn.min_size_u6 else Stage.WAIT_ENTRY)
        return
    # a late fill of an order on one leg fixes the leg: a buy on the other one must not be filled as well
    if order.status == OrderStatus.CANCELING or state.leg not in (-1, order.asset):
        turn.cancel_entry()
        return
    cancel_by_ns = state.end_ns - max(_min_remaining_ns(turn), turn.params.cancel_buys_before_end_ns)
    if turn.now_ns > cancel_by_ns:
        turn.cancel_entry()
        return
    turn.wake(cancel_by_ns + 1)
    if order.status == OrderStatus.LIVE:
        _requote(turn, order)


def _requote(turn: Turn, order: Order) -> None:
    """Cancel a buy of some age that the market has left, or whose leg is no longer eligible; a smaller move keeps its
    place in the queue.
    """
    state, params = turn.state, turn.params
    old_ns = order.sent_ns + params.entry_requote_wait_ns
    if turn.now_ns < old_ns:
        turn.wake(old_ns)
        return
    view = state.view(order.asset)
    bid_e4 = external_bid(state, view)
    threshold_e4 = params.late_reentry_entry_threshold_e4 if state.reentry else params.entry_bid_threshold_e4
    left_behind = bid_e4 >= order.price_e4 + params.entry_requote_min_improve_e4
    ineligible = bid_e4 < threshold_e4 or not view.is_fresh or not _is_two_sided(state, view, bid_e4)
    if left_behind or ineligible:
        turn.cancel_entry()
        if not view.is_fresh:
            turn.alert(AlertCode.QUOTE_PULLED, f"{order.order}: the book is not fresh")
