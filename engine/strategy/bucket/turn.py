"""One step's working place: the copy of the state, the event's time, and the few ways to ask for something."""

from typing import Final

import msgspec

from engine.model.codes import AlertCode
from engine.model.commands import (
    Alert,
    Cancel,
    CancelMarket,
    Command,
    Place,
    Purpose,
    ReadOrder,
    ReadPosition,
    TimeInForce,
)
from engine.model.events import Event, Side
from engine.model.market import View
from engine.model.orders import Order, OrderStatus, move
from engine.model.params import BucketParams
from engine.model.units import NS_PER_MS, NS_PER_S, SIZE_GRID_U6
from engine.strategy.bucket.round import Prepared, Round
from engine.strategy.bucket.stages import Stage, check_move

CANCEL_UNCONFIRMED_NS: Final = 1 * NS_PER_S
"""A cancel that is not confirmed by then is repeated by market, then the order is read by its id (bucket.md 4)."""
CANCEL_HELD_AGAIN_NS: Final = 250 * NS_PER_MS
"""The venue holds a taking order for 150 ms (protocol.md 4.9) and does not cancel it meanwhile."""
READ_POSITION_EVERY_NS: Final = 500 * NS_PER_MS
READ_ORDER_EVERY_NS: Final = 1 * NS_PER_S
HELD_TOO_LONG_NS: Final = 10 * NS_PER_S
"""The venue holds a taker for 150 ms; what is not matched and not over by then blocks the next stop."""


class Turn:
    """What one `step` works with; it lives for one event and changes only its private copy of the state."""

    __slots__ = ("event", "intents", "leg_record", "now_ns", "params", "state")

    def __init__(self, params: BucketParams, state: Round, event: Event) -> None:
        self.params = params
        self.state = state
        self.event = event
        self.now_ns = event.ts_ns
        self.intents: list[Command] = []
        self.leg_record = False  # this event is a record of the leg that may be judged on

    @property
    def left_ns(self) -> int:
        """Time to the end of the window."""
        return self.state.end_ns - self.now_ns

    @property
    def min_size_u6(self) -> int:
        """The minimum order size in force: max(config, venue)."""
        return max(self.params.min_trade_size_u6, self.state.up.min_size_u6)

    @property
    def min_stop_u6(self) -> int:
        """The smallest position that a stop sells."""
        return SIZE_GRID_U6 if self.params.stop_sells_dust else self.min_size_u6

    def wake(self, at_ns: int) -> None:
        """Ask for a Tick at `at_ns` at the latest."""
        if at_ns < self.state.wake_ns:
            self.state.wake_ns = at_ns

    def go(self, stage: Stage) -> None:
        """Move to another stage along the table."""
        state = self.state
        check_move(state.stage, stage)
        state.stage = stage
        state.stages_seen = (*state.stages_seen, stage)

    def is_held(self) -> bool:
        """Whether something of ours has to wait for its time; also asks to be woken then."""
        if self.now_ns < self.state.hold_until_ns:
            self.wake(self.state.hold_until_ns)
            return True
        return self.state.wait_record

    def place(
        self,
        view: View,
        side: Side,
        price_e4: int,
        size_u6: int,
        tif: TimeInForce,
        purpose: Purpose,
        post_only: bool = False,
    ) -> None:
        """Ask for one order and remember it as sent: the answer may be late but the order may exist from now on."""
        state = self.state
        state.counter += 1
        order_id = f"{state.slug}/{state.counter}/{purpose.name.lower()}"
        expiration_s = state.end_ns // NS_PER_S if tif == TimeInForce.GTD else 0
        order = Order(order_id, view.asset, side, price_e4, size_u6, tif, purpose, post_only, self.now_ns)
        if purpose == Purpose.ENTRY:
            assert state.entry is None, "at most one working buy"
            state.entry = order
        else:
            assert state.exit is None, "never two sells for the same shares"
            state.exit = order
        place = Place(order_id, view.asset, side, price_e4, size_u6, tif, purpose, post_only, expiration_s)
        if purpose == Purpose.STOP:
            place = _with_prepared(state.prepared, place, view.tick_e4)
            state.prepared = None  # used at most once, and never after a refusal
            state.presigned = order_id if place.prepared else ""
        self.intents.append(place)

    def cancel(self, order: Order) -> Order:
        """Ask for a cancel unless one is on its way; escalate one that is not confirmed in time."""
        asked_again_ns = order.cancel_sent_ns + CANCEL_UNCONFIRMED_NS
        if order.status == OrderStatus.UNKNOWN and order.cancel_sent_ns and self.now_ns < asked_again_ns:
            self.wake(asked_again_ns)  # it is being read: asking faster would only make a circle of refusals
            return order
        refused = order.cancel_sent_ns and order.status in (OrderStatus.LIVE, OrderStatus.HELD)
        if refused and self.now_ns < order.cancel_sent_ns + CANCEL_HELD_AGAIN_NS:
            self.wake(
                order.cancel_sent_ns + CANCEL_HELD_AGAIN_NS
            )  # it is being matched: asked at once it is refused again
            return order
        if order.status != OrderStatus.CANCELING:
            moved = move(order, OrderStatus.CANCELING)
            if moved is order:  # terminal, with fills still to come
                return order
            self.intents.append(Cancel(order.order))
            self.wake(self.now_ns + CANCEL_UNCONFIRMED_NS)
            return _stamp_cancel(moved, self.now_ns)
        if self.now_ns < asked_again_ns:
            self.wake(asked_again_ns)
            return order
        self.intents.append(CancelMarket(order.asset))
        self.alert(AlertCode.CANCEL_UNCONFIRMED, order.order)
        return _stamp_cancel(move(order, OrderStatus.UNKNOWN), self.now_ns)

    def cancel_entry(self) -> None:
        """Cancel the working buy, if there is one."""
        if self.state.entry is not None:
            self.state.entry = self.cancel(self.state.entry)

    def cancel_exit(self) -> None:
        """Cancel the working sell, if there is one."""
        if self.state.exit is not None:
            self.state.exit = self.cancel(self.state.exit)

    def alert(self, code: AlertCode, text: str = "", *, once: bool = True) -> None:
        """Tell a person, by default once a round and code."""
        if once and code in self.state.alerted:
            return
        self.state.alerted = (*self.state.alerted, code.value)
        self.intents.append(Alert(code.value, f"{self.state.slug}: {text}" if text else self.state.slug))

    def poll_position(self) -> None:
        """Ask what can be sold, at most every 500 ms."""
        state = self.state
        if self.now_ns >= state.read_position_ns:
            self.intents.append(ReadPosition(state.leg))
            state.read_position_ns = self.now_ns + READ_POSITION_EVERY_NS
        self.wake(state.read_position_ns)

    def read_unresolved(self) -> None:
        """Resolve orders whose fate is not known: DELETE of an unknown id, then reads, once a second."""
        state = self.state
        state.entry = self._delete_unknown(state.entry)
        state.exit = self._delete_unknown(state.exit)
        unresolved = [order for order in state.working() if self._is_unresolved(order)]
        if not unresolved:
            return
        if self.now_ns >= state.read_orders_ns:
            self.intents.extend(ReadOrder(order.order) for order in unresolved)
            state.read_orders_ns = self.now_ns + READ_ORDER_EVERY_NS
        self.wake(state.read_orders_ns)

    def _is_unresolved(self, order: Order) -> bool:
        """Whether the venue has to be asked: unknown, fills or a second not-found read to come, or held too long."""
        if order.status == OrderStatus.UNKNOWN or order.told_filled_u6 > order.filled_u6 or order.not_found_ns:
            return True
        if order.status != OrderStatus.HELD or not order.is_immediate:
            return False
        overdue_ns = order.sent_ns + READ_ORDER_EVERY_NS
        if self.now_ns < overdue_ns:
            self.wake(overdue_ns)
        return self.now_ns >= overdue_ns

    def _delete_unknown(self, order: Order | None) -> Order | None:
        """Send one cancel for an order that may exist without our knowing, the first step of its resolution; and one
        now and then for an immediate order that does not come to its end.
        """
        if order is None:
            return order
        if order.status == OrderStatus.HELD and order.is_immediate:
            if self.now_ns < max(order.sent_ns, order.cancel_sent_ns) + HELD_TOO_LONG_NS:
                return order
        elif order.status != OrderStatus.UNKNOWN or order.cancel_sent_ns:
            return order
        self.intents.append(Cancel(order.order))
        return _stamp_cancel(order, self.now_ns)


def _with_prepared(prepared: Prepared | None, place: Place, tick_e4: int) -> Place:
    """Return a stop order with the name of the prepared one, if it is exactly that order; else as it is."""
    if prepared is None or place.tif != TimeInForce.FAK:
        return place
    terms = (place.asset, place.price_e4, place.size_u6, tick_e4)
    same = terms == (prepared.asset, prepared.price_e4, prepared.size_u6, prepared.tick_e4)
    return msgspec.structs.replace(place, prepared=prepared.order) if same else place


def _stamp_cancel(order: Order, now_ns: int) -> Order:
    return msgspec.structs.replace(order, cancel_sent_ns=now_ns)
