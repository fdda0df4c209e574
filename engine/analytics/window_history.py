"""What journals tell window by window: decisions with what led to them, orders and fills, the round's record."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.journal.format import DecisionEntry, Entry, EventEntry, RoundEntry
from engine.journal.orders import FillHistory, MemoryHistories, OrderHistory, take_command, take_event
from engine.model.commands import (
    Alert,
    Cancel,
    CancelMarket,
    Command,
    Place,
    Prepare,
    ReadBook,
    ReadOrder,
    ReadPosition,
)
from engine.model.events import Event, Fill, FillReversed, Gone, GoneReason, Market, Rejected, Side, Tick, Tob
from engine.model.records import RoundRecord

Wish = tuple[str | int | bool, ...]
"""An intent without ids and times: its kind, then what it asks for."""
_QUESTIONS: Final = frozenset({"ReadOrder", "ReadPosition", "ReadBook", "Alert", "Prepare"})


class Decision(NamedTuple):
    """One step of one window that yielded an intent or changed the stage; `cause` is the event that it answers."""

    ts_ns: int
    cause: Event
    moves: tuple[str, ...]
    wishes: tuple[Wish, ...]

    @property
    def key(self) -> tuple[tuple[str, ...], tuple[Wish, ...]]:
        """What two decisions have in common when they are the same."""
        return self.moves, self.wishes

    def trading(self) -> "Decision | None":
        """Return the decision without what only asks, prepares or tells; None when nothing else is in it."""
        wishes = tuple(wish for wish in self.wishes if wish[0] not in _QUESTIONS)
        return self._replace(wishes=wishes) if wishes or self.moves else None


class Answer(NamedTuple):
    """What the venue said of one of our orders, without ids: a new fill, a refusal, an end that no fill tells."""

    ts_ns: int
    said: Wish


class SentOrder(NamedTuple):
    """What was known when an order left: the stage, and the best price that it could take (0: none)."""

    stage: str
    takes_e4: int


class WindowHistory:
    """Everything about one window."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.stage = ""
        self.minimum_u6 = 0  # the venue's smallest order
        self.decisions: list[Decision] = []
        self.answers: list[Answer] = []
        self.sent: dict[str, SentOrder] = {}
        self.orders: dict[str, OrderHistory] = {}
        self.fills: list[FillHistory] = []
        self.record: RoundRecord | None = None


class Histories:
    """Takes the entries of one or more journals of one engine, in order; `windows` is what they told."""

    def __init__(self) -> None:
        self.windows: dict[str, WindowHistory] = {}
        self._folded = MemoryHistories()
        self._markets: dict[int, Market] = {}
        self._books: dict[int, Tob] = {}
        self._cause: Event = Tick(0)

    def take_all(self, entries: Iterable[Entry]) -> None:
        """Take the entries of one journal."""
        for entry in entries:
            if isinstance(entry, EventEntry):
                self._event(entry.event)
            elif isinstance(entry, DecisionEntry):
                self._decision(entry)
            elif isinstance(entry, RoundEntry):
                self._window(entry.record.slug).record = entry.record

    def finish(self) -> dict[str, WindowHistory]:
        """Return the windows by slug, each with its orders and fills."""
        for window in self.windows.values():
            window.orders.clear()
            window.fills.clear()
        for order_id, history in self._folded.orders.items():
            self._window(order_id.partition("/")[0]).orders[order_id] = history
        for fill in self._folded.fills.values():
            self._window(fill.order.partition("/")[0]).fills.append(fill)
        return self.windows

    def _window(self, slug: str) -> WindowHistory:
        if slug not in self.windows:
            self.windows[slug] = WindowHistory(slug)
        return self.windows[slug]

    def _event(self, event: Event) -> None:
        self._cause = event
        told = isinstance(event, Fill) and self._folded.fill(event.order, event.trade_id) is not None
        take_event(self._folded, event)
        if isinstance(event, Tob):
            self._books[event.asset] = event
        elif isinstance(event, Market):
            self._markets[event.asset] = event
            self._window(event.slug).minimum_u6 = event.min_size_u6
        elif isinstance(event, Fill | FillReversed | Gone | Rejected) and not (told or _is_echo(event)):
            slug = event.order.partition("/")[0]
            self._window(slug).answers.append(Answer(event.ts_ns, self._said(event)))

    def _said(self, event: Fill | FillReversed | Gone | Rejected) -> Wish:
        purpose = _purpose(event.order)
        if isinstance(event, Fill):
            return ("Fill", purpose, event.side.name, event.price_e4, event.size_u6)
        if isinstance(event, Rejected):
            return ("Rejected", purpose, event.code)
        if isinstance(event, Gone):
            return ("Gone", purpose, event.reason.name)
        return ("FillReversed", purpose)

    def _decision(self, entry: DecisionEntry) -> None:
        now_ns = self._cause.ts_ns
        moves: dict[str, list[str]] = {}
        wishes: dict[str, list[Wish]] = {}
        for move in entry.stages:
            slug, _, stage = move.rpartition(":")
            moves.setdefault(slug, []).append(stage)
            self._window(slug).stage = stage
        for intent in entry.intents:
            slug = self._slug_of(intent)
            if slug:
                wishes.setdefault(slug, []).append(self._wish(intent))
        for slug in dict.fromkeys([*moves, *wishes]):
            decision = Decision(now_ns, self._cause, tuple(moves.get(slug, ())), tuple(wishes.get(slug, ())))
            self._window(slug).decisions.append(decision)
        for command in entry.commands:
            take_command(self._folded, command, now_ns)
            if isinstance(command, Place):
                window = self._window(command.order.partition("/")[0])
                window.sent[command.order] = SentOrder(window.stage, self._takes_e4(command))

    def _takes_e4(self, order: Place) -> int:
        book = self._books.get(order.asset)
        if book is None:
            return 0
        if order.side == Side.SELL:
            return book.bid1_price_e4 if book.bid1_size_u6 else 0
        return book.ask1_price_e4 if book.ask1_size_u6 else 0

    def _slug_of(self, intent: Command) -> str:
        if isinstance(intent, Place | Prepare | Cancel | ReadOrder):
            return intent.order.partition("/")[0]
        if isinstance(intent, CancelMarket | ReadPosition | ReadBook):
            market = self._markets.get(intent.asset)
            return market.slug if market else ""
        if isinstance(intent, Alert):
            slug = intent.text.partition(":")[0]
            return slug if slug in self.windows else ""
        return ""

    def _wish(self, intent: Command) -> Wish:
        kind = type(intent).__name__
        if isinstance(intent, Place | Prepare):
            leg, side, tif = self._leg(intent.asset), intent.side.name, intent.tif.name
            post_only = isinstance(intent, Place) and intent.post_only
            return (kind, intent.purpose.name, leg, side, intent.price_e4, intent.size_u6, tif, post_only)
        if isinstance(intent, Cancel | ReadOrder):
            return (kind, _purpose(intent.order))
        if isinstance(intent, CancelMarket | ReadPosition | ReadBook):
            return (kind, self._leg(intent.asset))
        return (kind, intent.code) if isinstance(intent, Alert) else (kind,)

    def _leg(self, asset: int) -> str:
        market = self._markets.get(asset)
        return "?" if market is None else "YES" if market.outcome == 1 else "NO"


def _is_echo(event: Event) -> bool:
    """Whether it only says what fills say too, before or behind them: that an order is completely filled."""
    return isinstance(event, Gone) and event.reason == GoneReason.FILLED


def _purpose(order_id: str) -> str:
    return order_id.rpartition("/")[2].upper()
