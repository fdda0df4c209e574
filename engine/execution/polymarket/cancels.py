"""Cancels: of one order, of a market, of everything; what cancels many is repeated until the venue has done it.

Facts (protocol.md 4.4, 4.8; 2026-11-21): the answer names what was cancelled and why something was not, not how much
of it had been filled; 425 while the matching engine restarts. A 400 or 404 was read and judged: the engine is there.
"""

from collections.abc import Callable
from typing import Final

from engine.execution.polymarket.answers import Unclear, read_cancelling
from engine.execution.polymarket.http_line import Answer, LostAnswer
from engine.execution.polymarket.inquiry import NOT_FOUND, is_empty_page
from engine.execution.polymarket.own_orders import OwnOrder, OwnOrders
from engine.execution.polymarket.telling import Teller
from engine.execution.polymarket.venue_modes import VenueModes
from engine.execution.polymarket.wire import Wire
from engine.model.codes import Code
from engine.model.events import Event, GoneReason, Rejected, Unknown, VenueMode

EVERYTHING: Final = ""
RESTARTING: Final = 425
BAD_REQUEST: Final = 400


class Cancels:
    """Sends cancels and tells what came of them; `mode` hears what they say of the venue."""

    def __init__(
        self,
        wire: Wire,
        orders: OwnOrders,
        teller: Teller,
        modes: VenueModes,
        mode: Callable[[VenueMode | None], None],
        say: Callable[[Event], None],
        complain: Callable[[str], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._wire = wire
        self._orders = orders
        self._teller = teller
        self._modes = modes
        self._mode = mode
        self._say = say
        self._complain = complain
        self._sweeps: dict[str, bool] = {}  # condition id or EVERYTHING -> whether its cancel is under way
        self._now_ns = now_ns

    def one(self, order: str) -> None:
        """Cancel one order by our name."""
        own = self._orders.named(order)
        if own is None:
            self._say(Rejected(0, order, Code.CANCEL_NOT_FOUND, cancel=True))
            return
        self._wire.cancel(own.remote_id, lambda answer: self._cancelled_one(own, answer))

    def many(self, what: str) -> None:
        """Cancel what rests in a market, or EVERYTHING; `again` repeats it until the venue has done so."""
        self._sweeps[what] = True
        if what == EVERYTHING:
            self._wire.cancel_all(lambda answer: self._cancelled_many(what, answer))
        else:
            self._wire.cancel_market(what, lambda answer: self._cancelled_many(what, answer))

    def again(self) -> None:
        """Repeat the cancels of many whose answer was lost, refused, or that left something resting."""
        for what in [what for what, under_way in self._sweeps.items() if not under_way]:
            self.many(what)

    def by_remote_id(self, remote_id: str) -> None:
        """Cancel what only the venue has a name for; of an order that does not exist, the answer tells whether the
        venue takes cancels again.
        """
        self._wire.cancel(remote_id, lambda answer: self._take_in(answer))

    def _cancelled_one(self, own: OwnOrder, answer: Answer | LostAnswer) -> None:
        result = self._read(answer)
        if result is None:
            self._say(Unknown(0, own.order, "cancel"))
            return
        cancelled, refused = result
        if own.remote_id in cancelled:
            self._gone(own)
        else:
            code = refused.get(own.remote_id, Code.CANCEL_NOT_FOUND)
            self._say(Rejected(0, own.order, code, cancel=True))

    def _cancelled_many(self, what: str, answer: Answer | LostAnswer) -> None:
        result = self._read(answer)
        if result is None:
            self._sweeps[what] = False
            return
        for remote_id in sorted(result[0]):
            own = self._orders.remote(remote_id)
            if own is not None:
                self._gone(own)
        if what == EVERYTHING:
            self._wire.read("/data/orders", self._swept)
        else:
            self._sweeps.pop(what, None)

    def _swept(self, answer: Answer | LostAnswer) -> None:
        """Believe that nothing rests when the venue lists nothing; an order that was under way is found here."""
        if is_empty_page(answer):
            self._sweeps.pop(EVERYTHING, None)
            self._complain("everything is cancelled: the venue lists no open order")
        else:
            self._sweeps[EVERYTHING] = False

    def _gone(self, own: OwnOrder) -> None:
        """A cancel's answer does not say how much was filled; where no fill was ever told that is asked for."""
        self._teller.gone(own, GoneReason.CANCELED, -1)

    def _take_in(self, answer: Answer | LostAnswer) -> None:
        self._read(answer)

    def _read(self, answer: Answer | LostAnswer) -> tuple[frozenset[str], dict[str, Code]] | None:
        """Return what was cancelled and what not, None where that is not known; take in what it says of the mode."""
        if isinstance(answer, LostAnswer):
            return None
        said = read_cancelling(answer.status, answer.body)
        if isinstance(said, Unclear):
            if answer.status == RESTARTING:
                self._mode(self._modes.refused(Code.RESTARTING, 0, self._now_ns()))
            elif answer.status in (BAD_REQUEST, NOT_FOUND):
                self._mode(self._modes.cancels_work(self._now_ns()))
            return None
        self._mode(self._modes.cancels_work(self._now_ns()))
        return said
