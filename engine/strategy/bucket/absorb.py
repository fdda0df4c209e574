"""Facts first: what an event says is written into the round; nothing is decided here.

Fills are counted once, by (trade id, order), at MATCHED and taken back when the trade fails (execution.md). A refusal
only sets what has to be waited for (bucket.md, "Refusals").
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from engine.model.codes import AlertCode, Code
from engine.model.commands import Cancel, Purpose, ReadOrder
from engine.model.events import (
    Accepted,
    Book,
    Event,
    Feed,
    Fill,
    FillReversed,
    Gap,
    Gone,
    Market,
    Operator,
    Origin,
    Outcome,
    Position,
    Rejected,
    Sellable,
    Settlement,
    Side,
    Tob,
    Unknown,
    VenueMode,
    VenueState,
)
from engine.model.events import OrderState as OrderRead
from engine.model.market import View, fold, show, show_read
from engine.model.orders import TERMINAL, Order, advance, count_fill
from engine.model.units import NS_PER_MS, NS_PER_S, notional_u6, proceeds_u6
from engine.strategy.bucket.external import external_bid
from engine.strategy.bucket.round import FillRow, Round
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.turn import Turn

POST_ONLY_CROSSES_MAX: Final = 20
ENTRY_PAUSE_AFTER_MODE_NS: Final = 10 * NS_PER_S
REFUSED_AGAIN_NS: Final = 1 * NS_PER_S
BALANCE_AGAIN_NS: Final = 500 * NS_PER_MS
POSITION_QUIET_NS: Final = 60 * NS_PER_S
"""A remote position is only compared when no fill is younger than this: the venue's views lag (protocol.md 4.6, 9)."""
_MODES: Final = {
    Code.RESTARTING: VenueState.RESTARTING,
    Code.CANCEL_ONLY: VenueState.CANCEL_ONLY,
    Code.DISABLED: VenueState.DISABLED,
    Code.POST_ONLY_MODE: VenueState.POST_ONLY,
}


def absorb(turn: Turn) -> None:
    """Write the event's facts into the turn's copy of the state."""
    handler = _HANDLERS.get(type(turn.event))
    if handler is not None:
        handler(turn, turn.event)


def _tob(turn: Turn, event: Tob) -> None:
    state = turn.state
    if event.asset == state.up.asset:
        view = state.up = show(state.up, event)
    else:
        view = state.down = show(state.down, event)
    if event.asset == state.leg and view.is_fresh:
        turn.leg_record = True
        _mark(turn, view)
        if view.bid1_size_u6:
            state.stop_wait_record = False
    state.wait_record = False


def _book(turn: Turn, event: Book) -> None:
    state = turn.state
    if event.asset == state.up.asset:
        state.up = show_read(state.up, event)
    else:
        state.down = show_read(state.down, event)
    if event.asset == state.leg:
        turn.leg_record = True
        _mark(turn, state.view(event.asset))
        if event.bid1_size_u6:
            state.stop_wait_record = False


def _mark(turn: Turn, view: View) -> None:
    """Note the bid that the position is counted at; an empty side, or a book after the end, leaves the last one."""
    if turn.now_ns < turn.state.end_ns and not view.closed:
        turn.state.leg_bid_e4 = external_bid(turn.state, view) or turn.state.leg_bid_e4


def _market_fact(turn: Turn, event: Market | Feed | Gap) -> None:
    turn.state.up = fold(turn.state.up, event)
    turn.state.down = fold(turn.state.down, event)


def _answer(turn: Turn, event: Accepted | Gone | OrderRead) -> None:
    if isinstance(event, Accepted):
        turn.state.tick_refusals = 0
    before = _replace_order(turn.state, event.order, lambda order: advance(order, event))
    rests = isinstance(event, Accepted | OrderRead) and event.resting
    if rests and before is not None and before.status in TERMINAL:
        turn.intents.append(Cancel(event.order))  # thought to be over, by a wrong answer or because it took so long


def _unknown(turn: Turn, event: Unknown) -> None:
    if event.what == "read":
        if event.order.startswith("book:"):
            turn.alert(AlertCode.FEED_DEAD, "neither the feed nor REST /book answers")
        return  # an order read that failed is repeated
    turn.alert(AlertCode.ORDER_UNKNOWN, event.order, once=False)
    _replace_order(turn.state, event.order, lambda order: advance(order, event))


def _find(state: Round, order_id: str) -> Order | None:
    for order in (state.entry, state.exit, *state.past):
        if order is not None and order.order == order_id:
            return order
    return None


def _replace_order(state: Round, order_id: str, change: Callable[[Order], Order]) -> Order | None:
    """Replace one order of the round by what `change` makes of it; return it as it was, None if it is not ours."""
    if state.entry is not None and state.entry.order == order_id:
        before = state.entry
        state.entry = change(before)
        return before
    if state.exit is not None and state.exit.order == order_id:
        before = state.exit
        state.exit = change(before)
        return before
    for index, order in enumerate(state.past):
        if order.order == order_id:
            state.past = (*state.past[:index], change(order), *state.past[index + 1 :])
            return order
    return None


def retire(state: Round) -> None:
    """Move orders that have ended out of the working places; they are kept, because a late fill may still name them."""
    if state.entry is not None and not state.entry.is_working:
        state.past, state.entry = (*state.past, state.entry), None
    if state.exit is not None and not state.exit.is_working:
        state.past, state.exit = (*state.past, state.exit), None


def _fill(turn: Turn, event: Fill) -> None:
    state = turn.state
    if event.settlement == Settlement.FAILED:
        _take_back(turn, event.trade_id, event.order)
        return
    if any(row.trade_id == event.trade_id and row.order == event.order for row in state.fills):
        state.read_position_ns = 0  # a settlement event: what can be sold may have grown
        return
    if _replace_order(state, event.order, lambda order: count_fill(order, event.size_u6)) is None:
        return
    cash_u6 = event.cash_u6 if event.cash_u6 >= 0 else cash_at_price_u6(event.side, event.price_e4, event.size_u6)
    row = FillRow(
        event.order, event.trade_id, event.side, event.price_e4, event.size_u6, event.fee_u6, event.maker, cash_u6
    )
    state.fills = (*state.fills, row)
    state.fees_u6 += event.fee_u6
    state.filled_ns = turn.now_ns
    if event.side == Side.BUY:
        _bought(state, event, cash_u6)
        if state.stage == Stage.DONE:
            state.safe_reason = state.safe_reason or "a buy was filled after the round had ended"
    else:
        state.received_u6 += cash_u6
        state.held_u6 -= event.size_u6
        state.sellable_u6 = max(state.sellable_u6 - event.size_u6, 0)
        _reset_when_flat(state)


def cash_at_price_u6(side: Side, price_e4: int, size_u6: int) -> int:
    """Return what a fill moved as far as its price tells, 1e-6 USD: rounded against us."""
    return notional_u6(price_e4, size_u6) if side == Side.BUY else proceeds_u6(price_e4, size_u6)


def _bought(state: Round, event: Fill, cost_u6: int) -> None:
    state.spent_u6 += cost_u6
    if state.leg not in (-1, event.asset):
        state.safe_reason = state.safe_reason or "a late fill bought the other leg too"
        return  # not this leg's position: its shares settle with the market
    if state.is_flat:
        state.entries += 1
        state.bought_u6 = state.bought_cost_u6 = 0
        state.settling_since_ns = 0
    if state.leg < 0:
        state.leg = event.asset
        if state.won is not None and event.asset != state.up.asset:
            state.won = not state.won  # the outcome came first: it was kept as the first token's
        state.leg_bid_e4 = external_bid(state, state.view(event.asset)) or event.price_e4
        _take_in_dust(state)
    state.held_u6 += event.size_u6
    state.bought_u6 += event.size_u6
    state.bought_cost_u6 += cost_u6


def _take_in_dust(state: Round) -> None:
    """Add earlier dust of the same token to the position: it is sold with it, at the averaged price
    (bucket.md, Dust).
    """
    for asset, size_u6, cost_u6 in state.dust:
        if asset == state.leg:
            state.held_u6 += size_u6
            state.bought_u6 += size_u6
            state.bought_cost_u6 += cost_u6
            state.spent_u6 += cost_u6
            state.sellable_u6 += size_u6
    state.dust = tuple(row for row in state.dust if row[0] != state.leg)


def _reset_when_flat(state: Round) -> None:
    if state.is_flat:
        state.bought_u6 = state.bought_cost_u6 = 0


def _reversed(turn: Turn, event: FillReversed) -> None:
    _take_back(turn, event.trade_id, event.order)


def _take_back(turn: Turn, trade_id: str, order_id: str) -> None:
    state = turn.state
    row = next((r for r in state.fills if r.trade_id == trade_id and r.order == order_id and not r.reversed), None)
    if row is None:
        return
    undone = msgspec.structs.replace(row, reversed=True)
    state.fills = tuple(undone if one is row else one for one in state.fills)
    turn.alert(AlertCode.FILL_REVERSED, f"{row.side.name} {row.size_u6} of {row.order}", once=False)
    state.fees_u6 -= row.fee_u6
    state.filled_ns = turn.now_ns
    if row.side == Side.BUY:
        cost_u6 = row.cash_u6
        state.spent_u6 -= cost_u6
        order = _find(state, row.order)
        if order is None or order.asset != state.leg:
            return  # the other leg's shares were never part of the position
        state.held_u6 -= row.size_u6
        state.bought_u6 = max(state.bought_u6 - row.size_u6, 0)
        state.bought_cost_u6 = max(state.bought_cost_u6 - cost_u6, 0)
        state.sellable_u6 = min(state.sellable_u6, max(state.held_u6, 0))
    else:
        state.received_u6 -= row.cash_u6
        state.held_u6 += row.size_u6
        if not state.bought_u6:
            _average_from_fills(state)
    if state.stage == Stage.DONE and not state.is_flat:
        state.safe_reason = state.safe_reason or "a fill was reversed after the round had ended"


def _average_from_fills(state: Round) -> None:
    """Set the holding's average price from all standing buys, for shares that came back after the round was flat."""
    buys = [row for row in state.fills if row.side == Side.BUY and not row.reversed]
    state.bought_u6 = sum(row.size_u6 for row in buys)
    state.bought_cost_u6 = sum(row.cash_u6 for row in buys)


def _rejected(turn: Turn, event: Rejected) -> None:
    state = turn.state
    order = _replace_order(state, event.order, lambda order: advance(order, event))
    if order is None or event.cancel:
        return
    if order.purpose == Purpose.STOP and event.code != Code.DUPLICATED:
        # it never reached the book, so the stop goes on by itself, unless the book had nothing for it
        state.stop_wait_record = event.code in (Code.FAK_NO_MATCH, Code.FOK_NOT_FILLED)
        state.stop_sent = False
    if event.origin != Origin.VENUE:
        state.hold_until_ns = (
            max(event.retry_at_ns, turn.now_ns + 1) if event.retry_at_ns else turn.now_ns + REFUSED_AGAIN_NS
        )
        return
    _refused_by_venue(turn, event, order)


def _refused_by_venue(turn: Turn, event: Rejected, order: Order) -> None:
    """Apply bucket.md's table of refusals."""
    state, code, now_ns = turn.state, event.code, turn.now_ns
    if code != Code.TICK and order.purpose != Purpose.STOP:
        state.tick_refusals = 0
    if code == Code.POST_ONLY_CROSSES:
        state.post_only_crosses += 1
        state.wait_record = True
        if state.post_only_crosses >= POST_ONLY_CROSSES_MAX:
            turn.alert(AlertCode.POST_ONLY_CROSSES, f"{POST_ONLY_CROSSES_MAX} refusals, no more quotes this round")
    elif code == Code.TICK:
        state.tick_refusals += 1
        state.wait_record = True
        if state.tick_refusals > 1:
            state.safe_reason = state.safe_reason or "tick refused twice"
    elif code == Code.BALANCE:
        if order.side == Side.BUY:
            state.no_entry = True
        else:
            state.sellable_u6 = 0  # not yet sellable: asked for again
            state.hold_until_ns = now_ns + BALANCE_AGAIN_NS
            state.read_position_ns = now_ns + BALANCE_AGAIN_NS
    elif code in (Code.FAK_NO_MATCH, Code.FOK_NOT_FILLED):
        pass  # wait for a bid: the take-profit by its pace, the stop by `stop_wait_record`
    elif code in _MODES:
        _set_mode(turn, _MODES[Code(code)])
    elif code == Code.RATE_LIMITED:
        state.hold_until_ns = max(event.retry_at_ns, now_ns + REFUSED_AGAIN_NS)
    elif code == Code.NOT_READY:
        state.hold_until_ns = now_ns + REFUSED_AGAIN_NS
    elif code == Code.INVALID and order.order == state.presigned:
        state.presigned = ""  # what was signed long ago may be too old for the venue: signed afresh, at once
        state.stop_sent_ns = 0
    elif code != Code.DUPLICATED:
        state.safe_reason = state.safe_reason or f"refused: {code} {event.text}".strip()


def _set_mode(turn: Turn, mode: VenueState) -> None:
    state = turn.state
    if mode == state.venue:
        return
    if mode == VenueState.NORMAL:
        state.entries_from_ns = turn.now_ns + ENTRY_PAUSE_AFTER_MODE_NS
        turn.intents += [ReadOrder(order.order) for order in state.working()]  # what has become of them meanwhile?
    else:
        turn.alert(AlertCode.VENUE_MODE, mode.name.lower(), once=False)
    state.venue = mode


def _venue_mode(turn: Turn, event: VenueMode) -> None:
    _set_mode(turn, event.state)


def _sellable(turn: Turn, event: Sellable) -> None:
    if event.asset == turn.state.leg:
        turn.state.sellable_u6 = event.size_u6


def _position(turn: Turn, event: Position) -> None:
    """Compare a remote position with the ledger; a contradiction blocks the leg, it never becomes the position."""
    state, now_ns = turn.state, turn.now_ns
    if event.asset != state.leg:
        return
    remote_u6 = event.size_u6 if event.size_u6 > turn.params.remote_position_threshold_u6 else 0
    quiet = not state.working() and now_ns >= state.filled_ns + POSITION_QUIET_NS
    if quiet and abs(remote_u6 - state.held_u6) >= 10_000:
        turn.alert(AlertCode.POSITION_MISMATCH, f"held {state.held_u6}, {event.source} says {event.size_u6}")
        state.safe_reason = state.safe_reason or "position contradicted"


def _operator(turn: Turn, event: Operator) -> None:
    if event.action == "kill" and turn.state.stage not in (Stage.DONE, Stage.SETTLING):
        turn.state.safe_reason = turn.state.safe_reason or "operator: kill"
    elif event.action == "stop":
        turn.state.stopping = True


def _outcome(turn: Turn, event: Outcome) -> None:
    state = turn.state
    state.outcome_said = True
    if not event.known:
        return
    asset = state.leg if state.leg >= 0 else state.up.asset
    state.won = event.won if event.asset == asset else not event.won
    state.settled = True


_HANDLERS: Final[dict[type[Event], Callable[[Turn, Any], None]]] = {
    Tob: _tob,
    Book: _book,
    Market: _market_fact,
    Feed: _market_fact,
    Gap: _market_fact,
    Accepted: _answer,
    Gone: _answer,
    OrderRead: _answer,
    Unknown: _unknown,
    Fill: _fill,
    FillReversed: _reversed,
    Rejected: _rejected,
    VenueMode: _venue_mode,
    Sellable: _sellable,
    Position: _position,
    Operator: _operator,
    Outcome: _outcome,
}
