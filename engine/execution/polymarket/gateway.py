"""The live gateway: commands become signed requests that leave in the same call, answers become events.

It is driven like the paper venue (engine.model.ports.MarketGateway) and lives in an asyncio loop: whatever arrives is
put on a list, `wake` tells the shell, `take` hands it over stamped. It never raises into the engine and never sends an
order twice: no answer is `Unknown`, and the order is read by its id, which was known before it left.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from engine.execution.polymarket.answers import (
    Placed,
    Refused,
    read_placing,
)
from engine.execution.polymarket.cancels import EVERYTHING, Cancels
from engine.execution.polymarket.http_line import Answer, LostAnswer
from engine.execution.polymarket.inquiry import Inquiry
from engine.execution.polymarket.own_orders import OwnOrder, OwnOrders, restore_part
from engine.execution.polymarket.presigned import Prepared, PreparedOrders
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.execution.polymarket.telling import Teller
from engine.execution.polymarket.user_channel import Complaint, OwnFill, Part, read_frame
from engine.execution.polymarket.venue_modes import VenueModes
from engine.execution.polymarket.windows import Windows
from engine.execution.polymarket.wire import Wire
from engine.model.codes import Code
from engine.model.commands import (
    Cancel,
    CancelAll,
    CancelMarket,
    Command,
    Place,
    Prepare,
    ReadBook,
    ReadOrder,
    ReadPosition,
    ReadWallet,
)
from engine.model.events import (
    Event,
    Foreign,
    GoneReason,
    Market,
    MarketChange,
    Outcome,
    Rejected,
    Side,
    Tob,
    Unknown,
    VenueBudget,
    VenueMode,
    VenueState,
)
from engine.model.fees import NO_FEES, FeeSchedule
from engine.model.market import View
from engine.model.units import NS_PER_S
from engine.strategy.bucket.round import FillRow
from engine.venue.amounts import DECIMALS_BY_TICK_E4
from engine.venue.contracts import EXCHANGE_V2, EXCHANGE_V3, Exchange, is_v2_position_id

NEVER_NS: Final = 1 << 62
AnyKind = TypeVar("AnyKind", bound=Event)
_NO_ORDER: Final = "0x" + "0" * 64
BUDGET_TOLD_BELOW: Final = 40
"""The venue's bucket is told to the kernel only when it is low: every answer carries it."""


class PolymarketGateway:
    """One wallet at one venue. `complain` is for what a person should read: strange frames, ids that differ."""

    def __init__(
        self,
        wire: Wire,
        signer: WalletSigner,
        wake: Callable[[], None],
        complain: Callable[[str], None],
    ) -> None:
        self.wire: Final = wire
        self.signer: Final = signer
        self.orders: Final = OwnOrders()
        self.prepared: Final = PreparedOrders()
        self.modes: Final = VenueModes()
        self.teller: Final = Teller(self.orders, self.say, self._fees_of)
        self.inquiry: Final = Inquiry(wire, self.orders, self.teller, self.say, signer)
        self.cancels: Final = Cancels(
            wire, self.orders, self.teller, self.modes, self.mode, self.say, complain, lambda: self._now_ns
        )
        self._wake = wake
        self._complain = complain
        self._complained: set[str] = set()
        self.windows: Final = Windows()
        self._answers: list[Event] = []
        self._now_ns = 0
        self._budget_low = False

    # The shell's side.

    def observe(self, event: Event, now_ns: int) -> None:
        """Learn a token's facts: what it is called, its tick and its fees."""
        self._now_ns = now_ns
        if isinstance(event, Outcome):
            self.windows.outcome(event)
        if not isinstance(event, Market):
            return
        self.windows.market(event)
        if event.change == MarketChange.TICK:
            self.prepared.drop_token(int(event.token_id), event.tick_e4)
        elif event.change in (MarketChange.CLOSED, MarketChange.RESOLVED):
            self.prepared.drop_token(int(event.token_id))

    def shown(self, tob: Tob) -> Tob:
        """Return the book as it is: the venue's book has our orders in it."""
        return tob

    def next_due_ns(self) -> int:
        """Return 0 while answers wait to be taken."""
        return 0 if self._answers else NEVER_NS

    def take(self, now_ns: int) -> list[Event]:
        """Return the answers that have come, stamped with `now_ns`."""
        self._now_ns = now_ns
        answers, self._answers = self._answers, []
        return [msgspec.structs.replace(answer, ts_ns=now_ns) for answer in answers]

    def submit(self, command: Command, now_ns: int) -> None:
        """Do one command; what needs the network has left for it when this returns."""
        self._now_ns = now_ns
        if isinstance(command, Place):
            self._place(command)
        elif isinstance(command, Cancel):
            self.cancels.one(command.order)
        elif isinstance(command, Prepare):
            self._prepare(command)
        elif isinstance(command, CancelMarket):
            view = self.windows.view(command.asset)
            if view is not None:
                self.cancels.many(view.condition_id)
        elif isinstance(command, CancelAll):
            self.cancels.many(EVERYTHING)
        elif isinstance(command, ReadOrder):
            self._read_order(command)
        elif isinstance(command, ReadPosition | ReadBook):
            view = self.windows.view(command.asset)
            if view is not None:
                read = self.inquiry.position if isinstance(command, ReadPosition) else self.inquiry.book
                read(view)
        elif isinstance(command, ReadWallet):
            self.inquiry.wallet()
        else:
            raise AssertionError(f"no gateway does {type(command).__name__}")

    def restore(
        self,
        placed: Iterable[Place],
        windows: Iterable[tuple[View, View, int]],
        mode: VenueState = VenueState.NORMAL,
        fills: Iterable[FillRow] = (),
    ) -> None:
        """Know again, after a restart, the windows (both tokens and the end, Unix ns) that are not over, the orders
        that have left (their ids are computed from the same commands), the mode that the kernel believes in, and the
        fills that it has counted.
        """
        self.modes.resume(mode)
        self.windows.restore(windows)
        for place in placed:
            terms, exchange = self._terms(self._view(place.asset), place)
            self.orders.add(place, self.signer.order_id(terms, place.salt, place.timestamp_ms, exchange))
        for row in fills:
            own = self.orders.named(row.order)
            if own is not None:
                restore_part(own, row.trade_id, Part(row.price_e4, row.size_u6, row.cash_u6), failed=row.reversed)

    def waiting(self, kind: type[AnyKind]) -> list[AnyKind]:
        """Return the events of a kind that wait to be taken."""
        return [event for event in self._answers if isinstance(event, kind)]

    def acknowledge_foreign(self, *, all_known: bool) -> None:
        """Mark what was found on the wallet so far as known to a person: it trips no breaker. With `all_known` so is
        what earlier sessions found.
        """
        self._answers = [
            msgspec.structs.replace(event, acknowledged=True) if isinstance(event, Foreign) else event
            for event in self._answers
        ]
        if all_known:
            self.say(Foreign(0, "", "", acknowledged=True))

    # The network's side.

    def say(self, event: Event) -> None:
        """Put an event into the shell's queue."""
        self._answers.append(event)
        self._wake()

    def on_frame(self, frame: bytes) -> None:
        """Take one frame of the user channel."""
        for update in read_frame(frame, self.wire.writer.owner):
            if isinstance(update, OwnFill):
                self.teller.fill(update)
            elif isinstance(update, Complaint):
                self._complain(f"user channel: {update.why}")
            else:
                self.teller.update(update)

    def complain_once(self, text: str) -> None:
        """Tell a person what would otherwise be told at every reading."""
        if text not in self._complained:
            self._complained.add(text)
            self._complain(text)

    def mode(self, change: VenueMode | None) -> None:
        """Tell of a change of the venue's mode."""
        if change is not None:
            self.say(change)

    def inquire(self, own: OwnOrder) -> None:
        """Ask what became of an order."""
        self.inquiry.order(own, self._view(own.asset).condition_id)

    def resolved(self, condition_id: str, winner: str) -> None:
        """Tell a window's outcome that was read, unless it was told meanwhile; `winner` is a token id."""
        for outcome in self.windows.resolved(condition_id, winner):
            self.say(outcome)

    def rehearse(self, order: Place, view: View) -> bytes:
        """Return the request that would send an order; nothing is sent, kept or told."""
        return self.wire.writer.place(self._signed(order, view).body, self.wire.venue_s())

    def rehearse_cancel(self) -> bytes:
        """Return the request that would cancel an order that there is not; nothing is sent."""
        return self.wire.writer.cancel(_NO_ORDER, self.wire.venue_s())

    # Orders.

    def _place(self, place: Place) -> None:
        view = self.windows.view(place.asset)
        if view is None:
            self.say(Rejected(0, place.order, Code.INVALID, text="no market facts of this token are known"))
            return
        prepared = self._prepared(place, view)
        own = self.orders.add(place, prepared.order.order_id)
        if self.wire.place(prepared.body, lambda answer: self._placed(place, own, answer)):
            return
        own.ended = True
        again_ns = self._now_ns + NS_PER_S
        self.say(Rejected(0, place.order, Code.NOT_READY, retry_at_ns=again_ns, text="not sent: no line was free"))

    def _prepare(self, prepare: Prepare) -> None:
        view = self.windows.view(prepare.asset)
        if view is not None:
            self.prepared.drop_token(int(view.token_id))  # there is one a round, and this is it now
            self.prepared.keep(prepare.order, self._signed(prepare, view))

    def _prepared(self, place: Place, view: View) -> Prepared:
        """Return the order that was signed ahead if it is this very one, else sign it now."""
        if place.prepared:
            terms, _ = self._terms(view, place)
            found = self.prepared.take(place.prepared, terms)
            if found is not None and _stamps(found) == (place.salt, place.timestamp_ms):
                return found
        return self._signed(place, view)

    def _signed(self, order: Place | Prepare, view: View) -> Prepared:
        terms, exchange = self._terms(view, order)
        signed = self.signer.sign(terms, order.salt, order.timestamp_ms, exchange)
        more = (order.post_only, order.expiration_s) if isinstance(order, Place) else (False, 0)
        body = self.wire.writer.order_body(signed, order.tif, post_only=more[0], expiration_s=more[1])
        return Prepared(terms, signed, body)

    def _terms(self, view: View, order: Place | Prepare) -> tuple[Terms, Exchange]:
        token_id = int(view.token_id)
        # an order is signed on the tick in force; read again after a restart, the tick may have become coarser
        tick_e4 = view.tick_e4 if order.price_e4 % view.tick_e4 == 0 else _tick_of(order.price_e4)
        terms = Terms(token_id, order.side, order.price_e4, order.size_u6, tick_e4, order.tif)
        return terms, EXCHANGE_V3 if is_v2_position_id(token_id) else EXCHANGE_V2

    def _placed(self, place: Place, own: OwnOrder, answer: Answer | LostAnswer) -> None:
        if isinstance(answer, LostAnswer):
            self.teller.doubted(own)
            return
        self._note_budget(answer)
        said = read_placing(answer.status, answer.headers, answer.body)
        if isinstance(said, Placed):
            self._accepted(place, own, said)
        elif isinstance(said, Refused):
            self.mode(self.modes.refused(said.code, said.retry_after_s, self._now_ns))
            own.ended = said.code != Code.DUPLICATED
            retry_at_ns = self._now_ns + said.retry_after_s * NS_PER_S if said.retry_after_s else 0
            self.say(Rejected(0, place.order, said.code, retry_at_ns=retry_at_ns, text=said.text))
        else:
            self.teller.doubted(own)

    def _accepted(self, place: Place, own: OwnOrder, said: Placed) -> None:
        if said.order_id.lower() != own.remote_id:
            self._complain(f"{place.order}: the venue calls it {said.order_id}, its digest is {own.remote_id}")
            self.cancels.by_remote_id(said.order_id)  # under our name for it nobody could
            self.teller.doubted(own)
            return
        self.mode(self.modes.order_taken(post_only=place.post_only))
        filled_u6 = said.taking_u6 if place.side == Side.BUY else said.making_u6
        if said.status == "matched" and filled_u6 and (own.is_immediate or filled_u6 >= place.size_u6):
            reason = GoneReason.FILLED if filled_u6 >= place.size_u6 else GoneReason.KILLED
            self.teller.accepted(own, resting=False)
            self.teller.gone(own, reason, filled_u6)
        else:
            self.teller.accepted(own, resting=said.status in ("live", "matched"))

    def _read_order(self, command: ReadOrder) -> None:
        own = self.orders.named(command.order)
        if own is None:
            self.say(Unknown(0, command.order, "read"))  # it never left by this gateway, nor by the one before
            return
        self.inquire(own)

    def _view(self, asset: int) -> View:
        view = self.windows.view(asset)
        assert view is not None, "an order is remembered with its token"
        return view

    def _fees_of(self, asset: int) -> FeeSchedule:
        view = self.windows.view(asset)
        return NO_FEES if view is None else view.fees

    def _note_budget(self, answer: Answer) -> None:
        said = answer.headers.get("poly-ratelimit-remaining", "")
        remaining = int(said) if said.isascii() and said.isdigit() else -1
        if remaining < 0 or (remaining >= BUDGET_TOLD_BELOW and not self._budget_low):
            return
        self._budget_low = remaining < BUDGET_TOLD_BELOW
        reset = answer.headers.get("poly-ratelimit-reset", "")
        reset_s = int(reset) if reset.isascii() and reset.isdigit() else 0
        self.say(VenueBudget(0, remaining, reset_s * NS_PER_S))


def _tick_of(price_e4: int) -> int:
    """Return the coarsest tick that has a price on its grid; the amounts of an order do not depend on which it is."""
    return next(tick_e4 for tick_e4 in DECIMALS_BY_TICK_E4 if price_e4 % tick_e4 == 0)


def _stamps(prepared: Prepared) -> tuple[int, int]:
    fields = prepared.order.fields
    return fields.salt, fields.timestamp_ms
