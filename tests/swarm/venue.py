"""A bad venue: it refuses, forgets to answer, fills in parts, loses races, confirms late, reverses trades; its own
books are the truth.
"""

import heapq
from random import Random
from typing import NamedTuple

import msgspec

from engine.model.codes import Code
from engine.model.commands import (
    Cancel,
    CancelAll,
    CancelMarket,
    Command,
    Place,
    ReadBook,
    ReadOrder,
    ReadPosition,
    TimeInForce,
)
from engine.model.events import (
    Accepted,
    Book,
    Event,
    Fill,
    FillReversed,
    Gone,
    GoneReason,
    OrderState,
    Position,
    Rejected,
    Sellable,
    Side,
    Tob,
    Unknown,
    VenueMode,
    VenueState,
)
from engine.model.units import NS_PER_MS, notional_u6

REFUSALS = (
    Code.POST_ONLY_CROSSES,
    Code.TICK,
    Code.BALANCE,
    Code.NOT_READY,
    Code.RATE_LIMITED,
    Code.DUPLICATED,
    Code.INVALID,
)


class Habits(NamedTuple):
    """How bad this seed's venue is."""

    latency_ms: int
    refuse_odds: float
    refusals: tuple[Code, ...]
    lost_odds: float  # no answer: Unknown, and half of them arrived
    lost_cancel_odds: float
    buy_fill_odds: float  # a resting buy is (partly) filled at a record
    sell_fill_odds: float
    partial_odds: float
    late_fill_ms: int  # fills are told this much later than everything else
    repeat_odds: float
    reverse_odds: float
    sellable_ms: int
    fak_odds: float
    fill_before_cancel_odds: float


def draw_habits(random: Random) -> Habits:
    """Draw a venue's habits."""
    bad = random.random() < 0.5
    return Habits(
        latency_ms=random.choice((1, 50, 400)),
        refuse_odds=random.choice((0.02, 0.1)) if bad else 0.0,
        refusals=tuple(random.sample(REFUSALS, random.randint(1, len(REFUSALS)))),
        lost_odds=random.choice((0.0, 0.05)) if bad else 0.0,
        lost_cancel_odds=random.choice((0.0, 0.2, 0.95)) if bad else 0.0,
        buy_fill_odds=random.choice((0.02, 0.1, 0.4)),
        sell_fill_odds=random.choice((0.0, 0.0, 0.02, 0.1, 0.4)),
        partial_odds=random.choice((0.0, 0.5, 0.9)),
        late_fill_ms=random.choice((0, 0, 700)),
        repeat_odds=random.choice((0.0, 0.3)),
        reverse_odds=random.choice((0.0, 0.0, 0.0, 0.05)),
        sellable_ms=random.choice((0, 2_000, 2_000, 40_000)),
        fak_odds=random.choice((0.5, 0.9, 1.0)),
        fill_before_cancel_odds=random.choice((0.0, 0.3)),
    )


class TrueOrder(msgspec.Struct):
    """An order as the venue knows it."""

    place: Place
    resting: bool = False
    over: bool = False
    filled_u6: int = 0
    fills: list[Fill] = []
    reversed: list[str] = []

    @property
    def open_u6(self) -> int:
        """What may still trade."""
        return 0 if self.over else self.place.size_u6 - self.filled_u6


class BadVenue:
    """Takes commands, answers when it likes; `heal` makes it a good one."""

    def __init__(self, random: Random, habits: Habits) -> None:
        self.random = random
        self.habits = habits
        self.orders: dict[str, TrueOrder] = {}
        self.shares: dict[int, int] = {}
        self.locked: list[tuple[int, int, int]] = []
        self.cash_u6 = 0
        self.mode = VenueState.NORMAL
        self.books: dict[int, Tob] = {}
        self.seen: set[str] = set()
        self.repeated: list[str] = []
        self.agenda: list[tuple[int, int, object]] = []
        self._count = 0

    def heal(self) -> None:
        """Become a venue that answers everything at once."""
        self.habits = self.habits._replace(
            refuse_odds=0.0, lost_odds=0.0, lost_cancel_odds=0.0, late_fill_ms=0, latency_ms=1, reverse_odds=0.0
        )
        self.mode = VenueState.NORMAL

    def submit(self, command: Command, now_ns: int) -> None:
        """Take a command; it arrives later."""
        if isinstance(command, Place):
            if command.order in self.seen:
                self.repeated.append(command.order)
            self.seen.add(command.order)
        self._at(now_ns + self._delay_ns(), command)

    def observe(self, event: Event, now_ns: int) -> None:
        """See a market event; a resting order may be filled at it."""
        if isinstance(event, VenueMode):
            self.mode = event.state
        if not isinstance(event, Tob):
            return
        self.books[event.asset] = event
        for order in list(self.orders.values()):
            if not order.resting or order.over or order.place.asset != event.asset:
                continue
            is_buy = order.place.side == Side.BUY
            if self._chance(self.habits.buy_fill_odds if is_buy else self.habits.sell_fill_odds):
                self._fill(order, self._part_u6(order), now_ns, maker=True)

    def next_due_ns(self) -> int:
        """Return when something is due."""
        return self.agenda[0][0] if self.agenda else 1 << 62

    def take(self, now_ns: int) -> list[Event]:
        """Do what is due and return what arrives at the engine."""
        answers: list[Event] = []
        while self.agenda and self.agenda[0][0] <= now_ns:
            at_ns, _, item = heapq.heappop(self.agenda)
            if isinstance(item, Event):
                answers.append(msgspec.structs.replace(item, ts_ns=now_ns))
            else:
                assert isinstance(item, Command)
                self._do(item, at_ns)
        return answers

    def forget_answers(self) -> None:
        """Drop every answer that is on its way: the engine has crashed and nobody listens."""
        self.agenda = [entry for entry in self.agenda if not isinstance(entry[2], Event)]
        heapq.heapify(self.agenda)

    def sellable_u6(self, asset: int, now_ns: int) -> int:
        """Return the settled shares of a token."""
        locked_u6 = sum(size for until_ns, token, size in self.locked if token == asset and until_ns > now_ns)
        return max(self.shares.get(asset, 0) - locked_u6, 0)

    def close(self, now_ns: int) -> None:
        """End the market: everything that rests is gone."""
        for order in self.orders.values():
            if order.resting and not order.over:
                self._end(order, GoneReason.MARKET_CLOSED, now_ns)

    def _chance(self, odds: float) -> bool:
        return odds > 0 and self.random.random() < odds

    def _delay_ns(self) -> int:
        return int(self.habits.latency_ms * NS_PER_MS * self.random.uniform(0.2, 1.8))

    def _at(self, at_ns: int, item: object) -> None:
        self._count += 1
        heapq.heappush(self.agenda, (at_ns, self._count, item))

    def _answer(self, event: Event, extra_ms: int = 0) -> None:
        self._at(event.ts_ns + self._delay_ns() + extra_ms * NS_PER_MS, event)

    def _part_u6(self, order: TrueOrder) -> int:
        if not self._chance(self.habits.partial_odds):
            return order.open_u6
        return max(min(self.random.randrange(1, 800) * 10_000, order.open_u6), 1)

    def _fill(self, order: TrueOrder, size_u6: int, now_ns: int, *, maker: bool, price_e4: int = 0) -> None:
        place = order.place
        price_e4 = price_e4 or place.price_e4
        trade_id = f"{place.order}#{len(order.fills)}"
        fill = Fill(now_ns, place.order, trade_id, place.asset, place.side, price_e4, size_u6, 0, maker)
        order.fills.append(fill)
        order.filled_u6 += size_u6
        self._move(fill, 1)
        self._answer(fill, self.habits.late_fill_ms)
        if self._chance(self.habits.repeat_odds):
            self._answer(fill, self.habits.late_fill_ms + 300)
        if self._chance(self.habits.reverse_odds):
            self._move(fill, -1)
            order.fills.pop()
            order.reversed.append(trade_id)
            order.filled_u6 -= size_u6
            order.over = True
            self._answer(FillReversed(now_ns, place.order, trade_id), self.habits.late_fill_ms + 1_500)
            self._answer(
                Gone(now_ns, place.order, GoneReason.CANCELED, order.filled_u6), self.habits.late_fill_ms + 1_600
            )
            return
        if place.side == Side.BUY:
            until_ns = now_ns + self.habits.sellable_ms * NS_PER_MS
            self.locked.append((until_ns, place.asset, size_u6))
        if order.open_u6 == 0:
            self._end(order, GoneReason.FILLED, now_ns)

    def _move(self, fill: Fill, sign: int) -> None:
        if fill.side == Side.BUY:
            self.shares[fill.asset] = self.shares.get(fill.asset, 0) + sign * fill.size_u6
            self.cash_u6 -= sign * notional_u6(fill.price_e4, fill.size_u6)
        else:
            self.shares[fill.asset] = self.shares.get(fill.asset, 0) - sign * fill.size_u6
            self.cash_u6 += sign * (fill.price_e4 * fill.size_u6 // 10_000)

    def _end(self, order: TrueOrder, reason: GoneReason, now_ns: int) -> None:
        order.over = True
        order.resting = False
        self._answer(Gone(now_ns, order.place.order, reason, order.filled_u6))

    def _do(self, command: Command, now_ns: int) -> None:
        if isinstance(command, Place):
            self._place(command, now_ns)
        elif isinstance(command, Cancel):
            self._cancel(command.order, now_ns)
        elif isinstance(command, CancelMarket | CancelAll):
            if self._chance(self.habits.lost_cancel_odds):
                return
            for order in list(self.orders.values()):
                if order.resting and not order.over:
                    self._end(order, GoneReason.CANCELED, now_ns)
        elif isinstance(command, ReadOrder):
            self._read(command.order, now_ns)
        elif isinstance(command, ReadPosition):
            asset = command.asset
            self._answer(Position(now_ns, asset, self.shares.get(asset, 0), source="swarm"))
            self._answer(Sellable(now_ns, asset, self.sellable_u6(asset, now_ns)))
        elif isinstance(command, ReadBook):
            self._read_book(command.asset, now_ns)

    def _read_book(self, asset: int, now_ns: int) -> None:
        book = self.books.get(asset)
        if book is None or self._chance(0.3):
            self._answer(Unknown(now_ns, f"book:{asset}", "read"))
        else:
            self._answer(
                Book(now_ns, asset, book.bid1_price_e4, book.bid1_size_u6, book.ask1_price_e4, book.ask1_size_u6)
            )

    def _place(self, place: Place, now_ns: int) -> None:
        if self._chance(self.habits.lost_odds):
            self._answer(Unknown(now_ns, place.order), 2_000)
            if self.random.random() < 0.5:
                return
            self._take(place, now_ns, answer=False)
            return
        if self._chance(self.habits.refuse_odds):
            code = self.random.choice(self.habits.refusals)
            if code == Code.DUPLICATED:
                self._take(place, now_ns, answer=False)
            self._answer(Rejected(now_ns, place.order, code))
            return
        self._take(place, now_ns, answer=True)

    def _refusal(self, place: Place, now_ns: int) -> Code | None:
        if self.mode in (VenueState.CANCEL_ONLY, VenueState.RESTARTING):
            return Code.CANCEL_ONLY
        if self.mode == VenueState.POST_ONLY and not place.post_only:
            return Code.POST_ONLY_MODE
        if place.side == Side.SELL:
            open_u6 = sum(
                o.open_u6 for o in self.orders.values() if o.place.side == Side.SELL and o.place.asset == place.asset
            )
            if place.size_u6 + open_u6 > self.sellable_u6(place.asset, now_ns):
                return Code.BALANCE
        return None

    def _take(self, place: Place, now_ns: int, *, answer: bool) -> None:
        code = self._refusal(place, now_ns)
        if code is not None:
            if answer:
                self._answer(Rejected(now_ns, place.order, code))
            return
        order = TrueOrder(place)
        self.orders[place.order] = order
        if place.tif in (TimeInForce.FAK, TimeInForce.FOK):
            self._immediate(order, now_ns, answer=answer)
            return
        order.resting = True
        if answer:
            self._answer(Accepted(now_ns, place.order, "remote"))

    def _immediate(self, order: TrueOrder, now_ns: int, *, answer: bool) -> None:
        book = self.books.get(order.place.asset)
        if book is None or not book.bid1_size_u6 or not self._chance(self.habits.fak_odds):
            order.over = True
            if answer:
                self._answer(Rejected(now_ns, order.place.order, Code.FAK_NO_MATCH))
            return
        if answer:
            self._answer(Accepted(now_ns, order.place.order, "remote", resting=False))
        price_e4 = max(book.bid1_price_e4, order.place.price_e4)
        self._fill(order, self._part_u6(order), now_ns, maker=False, price_e4=price_e4)
        if not order.over:
            self._end(order, GoneReason.KILLED, now_ns)

    def _cancel(self, order_id: str, now_ns: int) -> None:
        if self._chance(self.habits.lost_cancel_odds):
            return
        order = self.orders.get(order_id)
        if order is None:
            self._answer(Rejected(now_ns, order_id, Code.CANCEL_NOT_FOUND, cancel=True))
            return
        if not order.over and self._chance(self.habits.fill_before_cancel_odds):
            self._fill(order, self._part_u6(order), now_ns, maker=True)
        if order.over:
            reason = GoneReason.FILLED if order.filled_u6 == order.place.size_u6 else GoneReason.CANCELED
            self._answer(Gone(now_ns, order_id, reason, order.filled_u6))
        else:
            self._end(order, GoneReason.CANCELED, now_ns)

    def _read(self, order_id: str, now_ns: int) -> None:
        order = self.orders.get(order_id)
        if order is None:
            self._answer(OrderState(now_ns, order_id, found=False))
            return
        for fill in order.fills:
            self._answer(msgspec.structs.replace(fill, ts_ns=now_ns))
        for trade_id in order.reversed:
            self._answer(FillReversed(now_ns, order_id, trade_id))
        self._answer(OrderState(now_ns, order_id, True, not order.over, order.filled_u6))
