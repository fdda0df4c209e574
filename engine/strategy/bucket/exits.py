"""SETTLING_IN, EXIT and the stop: what is done with shares that are held before the late hold."""

from typing import Final

from engine.model.codes import AlertCode
from engine.model.commands import Purpose, ReadBook, TimeInForce
from engine.model.events import Side, VenueState
from engine.model.fees import effective_proceeds_sell_u6
from engine.model.market import View
from engine.model.orders import OrderStatus
from engine.model.units import NS_PER_MS, NS_PER_S
from engine.strategy.bucket.absorb import POST_ONLY_CROSSES_MAX
from engine.strategy.bucket.external import external_bid
from engine.strategy.bucket.sizing import sale_size_u6, stop_trigger_e4, take_profit_base_e4
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.turn import Turn

NOT_SELLABLE_ALERT_NS: Final = 30 * NS_PER_S
STOP_EVERY_NS: Final = 250 * NS_PER_MS
READ_BOOK_EVERY_NS: Final = 1 * NS_PER_S
TP_MOVE_TICKS: Final = 2


def leg_view(turn: Turn) -> View:
    """Return the view of the round's leg, which it has once something was bought."""
    view = turn.state.leg_view
    assert view is not None, "a stage that holds shares has a leg"
    return view


def stop_fires(turn: Turn, *, late: bool) -> bool:
    """Whether this very event is a fresh record of the leg with 0 < external bid <= trigger."""
    if not turn.leg_record:
        return False
    bid_e4 = external_bid(turn.state, leg_view(turn))
    if not 0 < bid_e4 <= stop_trigger_e4(turn.params, turn.state, late=late):
        return False
    turn.state.stops += 1
    turn.state.stop_sent = False
    turn.state.hold_until_ns = 0  # what an earlier order had to wait for does not hold back a stop
    turn.state.wait_record = False
    turn.alert(AlertCode.STOP_FIRED, f"bid {bid_e4}", once=False)
    return True


def is_late_hold_due(turn: Turn) -> bool:
    """Whether the position belongs into LATE_HOLD: late by time, and bought at
    LATE_REENTRY_ENTRY_THRESHOLD or above.
    """
    params, state = turn.params, turn.state
    if state.entry_price_e4 < params.late_reentry_entry_threshold_e4:
        return False
    if turn.left_ns <= params.late_window_ns:
        return True
    turn.wake(state.end_ns - params.late_window_ns)
    return False


def settling_in(turn: Turn) -> None:
    """Wait until the venue's balance covers what was bought; the stop is watched meanwhile."""
    state = turn.state
    if state.held_u6 < turn.min_size_u6:
        state.closing = True
        return
    if is_late_hold_due(turn):
        turn.go(Stage.LATE_HOLD)
    elif stop_fires(turn, late=False):
        turn.go(Stage.SL_PLACED)
    elif state.sell_size_u6 >= turn.min_size_u6:
        state.settling_since_ns = 0
        turn.go(Stage.EXIT)
    else:
        wait_until_sellable(turn)


def wait_until_sellable(turn: Turn) -> None:
    """Ask for the balance every 500 ms and tell a person once it takes longer than 30 s."""
    turn.poll_position()
    turn.state.settling_since_ns = turn.state.settling_since_ns or turn.now_ns
    alert_ns = turn.state.settling_since_ns + NOT_SELLABLE_ALERT_NS
    if turn.now_ns >= alert_ns:
        turn.alert(AlertCode.NOT_SELLABLE, "bought shares are still not sellable")
    else:
        turn.wake(alert_ns)


def exit_stage(turn: Turn) -> None:
    """Keep a take-profit resting and watch the stop; dust ends the round once nothing of it rests."""
    state = turn.state
    if state.is_flat or (state.exit is None and state.held_u6 < turn.min_size_u6):
        state.closing = True
    elif state.held_u6 >= turn.min_size_u6 and is_late_hold_due(turn):
        turn.go(Stage.LATE_HOLD)
    elif state.held_u6 >= turn.min_stop_u6 and stop_fires(turn, late=False):
        turn.go(Stage.SL_PLACED)
    elif state.exit is None:
        _place_take_profit(turn)
    else:
        _review_take_profit(turn)


def _target_e4(turn: Turn, view: View, bid_e4: int) -> int:
    """Return the take-profit's price: the base, or one tick above the external bid, under MAX_TP_PRICE."""
    base_e4 = take_profit_base_e4(turn.params, turn.state, view.tick_e4)
    capped_e4 = min(max(base_e4, bid_e4 + view.tick_e4), turn.params.max_tp_price_e4)
    return capped_e4 - capped_e4 % view.tick_e4


def _place_take_profit(turn: Turn) -> None:
    state = turn.state
    view = leg_view(turn)
    if not view.is_fresh or view.closed or turn.is_held():
        return
    if state.venue not in (VenueState.NORMAL, VenueState.POST_ONLY) or state.post_only_crosses >= POST_ONLY_CROSSES_MAX:
        return
    size_u6 = sale_size_u6(state.held_u6, state.sellable_u6, turn.min_size_u6)
    if size_u6 == 0:
        wait_until_sellable(turn)
        return
    state.settling_since_ns = 0
    bid_e4 = external_bid(state, view)
    if bid_e4 == 0:
        return  # NO_BID: a declared hold until the first record with a bid
    price_e4 = _target_e4(turn, view, bid_e4)
    if price_e4 > bid_e4:
        turn.place(view, Side.SELL, price_e4, size_u6, TimeInForce.GTC, Purpose.TAKE_PROFIT, post_only=True)
    elif turn.now_ns < state.tp_sent_ns + turn.params.entry_requote_wait_ns:
        turn.wake(state.tp_sent_ns + turn.params.entry_requote_wait_ns)
        return
    elif state.venue == VenueState.NORMAL and _nets_the_entry(turn, view, bid_e4, size_u6):
        turn.place(view, Side.SELL, price_e4, size_u6, TimeInForce.FAK, Purpose.TAKE_PROFIT)
    else:
        return  # the cap makes it cross and the fee would eat the gain: only the stop is watched
    state.tp_bid_e4 = bid_e4
    state.tp_sent_ns = turn.now_ns
    turn.wake(turn.now_ns + turn.params.entry_requote_wait_ns)


def _nets_the_entry(turn: Turn, view: View, bid_e4: int, size_u6: int) -> bool:
    """Whether selling at the bid leaves at least the entry price after the taker fee."""
    net_u6 = effective_proceeds_sell_u6(view.fees, bid_e4, size_u6, taker=True)
    return net_u6 * turn.state.bought_u6 >= turn.state.bought_cost_u6 * size_u6


def _review_take_profit(turn: Turn) -> None:
    """Re-derive the resting take-profit when the bid has moved two ticks, or when more shares have become sellable."""
    state = turn.state
    order = state.exit
    assert order is not None
    if order.status == OrderStatus.CANCELING or order.open_u6 > state.held_u6:
        turn.cancel_exit()  # also when a reversed buy has left fewer shares than the order offers
        return
    if state.held_u6 - state.sellable_u6 >= turn.min_size_u6:
        wait_until_sellable(turn)
    view = leg_view(turn)
    if order.status != OrderStatus.LIVE or not view.is_fresh or state.held_u6 < turn.min_size_u6:
        return  # a remainder below the minimum is never cancelled while it can still rest
    again_ns = state.tp_sent_ns + turn.params.entry_requote_wait_ns
    if turn.now_ns < again_ns:
        turn.wake(again_ns)
        return
    bid_e4 = external_bid(state, view)
    if bid_e4 == 0:
        return  # NO_BID
    moved = (
        abs(bid_e4 - state.tp_bid_e4) >= TP_MOVE_TICKS * view.tick_e4
        and _target_e4(turn, view, bid_e4) != order.price_e4
    )
    uncovered = state.sell_size_u6 - order.open_u6 >= turn.min_size_u6
    if (moved or uncovered) and state.venue == VenueState.NORMAL:
        turn.cancel_exit()


def sl_placed(turn: Turn) -> None:
    """Finish a stop: cancel what rests, sell what is sellable, again while at least the minimum is left."""
    if not work_stop(turn):
        return
    if _stop_is_over(turn):
        turn.state.closing = True
    else:
        send_stop(turn)


def _stop_is_over(turn: Turn) -> bool:
    state = turn.state
    return state.is_flat or state.held_u6 < turn.min_stop_u6


def work_stop(turn: Turn) -> bool:
    """Bring every order of the round to its end; True when nothing works any more and the next step may be taken."""
    state = turn.state
    turn.cancel_entry()
    order = state.exit
    if order is not None:
        if order.purpose != Purpose.STOP or order.status == OrderStatus.CANCELING:
            turn.cancel_exit()
        elif order.tif == TimeInForce.GTC:
            _review_post_only_stop(turn)
    return state.entry is None and state.exit is None


def _review_post_only_stop(turn: Turn) -> None:
    """Reprice the stop that rests because of post-only mode, and take it away the moment the mode ends."""
    state = turn.state
    order = state.exit
    assert order is not None
    if order.status != OrderStatus.LIVE:
        return
    if state.venue != VenueState.POST_ONLY:
        turn.cancel_exit()
        return
    again_ns = order.sent_ns + turn.params.entry_requote_wait_ns
    view = leg_view(turn)
    if turn.now_ns < again_ns:
        turn.wake(again_ns)
    elif view.is_fresh and order.price_e4 != external_bid(state, view) + view.tick_e4:
        turn.cancel_exit()


def send_stop(turn: Turn) -> None:
    """Send the next stop order when there is a fresh record with a bid and something sellable."""
    state = turn.state
    view = leg_view(turn)
    if turn.is_held() or view.closed:
        return
    if turn.now_ns < state.stop_sent_ns + STOP_EVERY_NS:
        turn.wake(state.stop_sent_ns + STOP_EVERY_NS)
        return
    if state.stop_wait_record or not (view.is_fresh or turn.leg_record):
        return
    bid_e4 = external_bid(state, view)
    if bid_e4 == 0:
        return  # NO_BID: a declared hold until the first record with a bid
    if state.sell_size_u6 < turn.min_stop_u6:
        wait_until_sellable(turn)
        return
    if state.venue == VenueState.NORMAL:
        price_e4, tif, post_only = turn.params.sl_order_price_e4, TimeInForce.FAK, False
    elif state.venue == VenueState.POST_ONLY:
        price_e4, tif, post_only = bid_e4 + view.tick_e4, TimeInForce.GTC, True
    else:
        return
    turn.place(view, Side.SELL, price_e4, state.sell_size_u6, tif, Purpose.STOP, post_only=post_only)
    state.stop_sent_ns = turn.now_ns
    state.stop_sent = True
    state.stop_wait_record = not post_only  # an immediate order takes the bids that were seen


def read_stale_book(turn: Turn) -> None:
    """Ask for REST /book every second while shares are held and the feed of their leg is not fresh."""
    state = turn.state
    view = state.leg_view
    if view is None or view.is_fresh or state.held_u6 < turn.min_stop_u6:
        return
    if turn.now_ns >= state.read_book_ns:
        turn.intents.append(ReadBook(view.asset))
        state.read_book_ns = turn.now_ns + READ_BOOK_EVERY_NS
    turn.wake(state.read_book_ns)
