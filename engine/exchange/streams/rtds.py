"""The older price stream (RTDS): public, without acknowledgements, and silent about every mistake.

Facts (protocol.md 7.3, 2026-11-21): `filters` is a text: the exact compact JSON of one symbol, or for `crypto_prices` a
plain comma list; with a space in it there is silence. One unknown topic poisons the whole batch. A snapshot comes only
with a symbol filter, and that of Chainlink's spot is labelled `crypto_prices`. `full_accuracy_value` is an integer of
1e-18 on the averages, a plain decimal on `crypto_prices`. PING is not answered. In October 2026 snapshots came, but no
updates: `is_stalled` does that.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import orjson

from engine.exchange.streams.audience import Audience
from engine.exchange.streams.channel import Channel, read_object
from engine.exchange.streams.out import Connection, FrameKind, Out, Send
from engine.exchange.streams.prices import HISTORY_MS, PriceHistory, PricePoint, exact, exact_e18, number

BINANCE: Final = "crypto_prices"
CHAINLINK: Final = "crypto_prices_chainlink"
AVERAGES_S: Final = {"crypto_prices_twap_thirty": 30, "crypto_prices_twap_sixty": 60}
TOPICS: Final = frozenset({BINANCE, CHAINLINK, *AVERAGES_S})
TYPES: Final = ("update", "*")
ALL: Final = ""
Subject = tuple[str, str]
"""A topic and a symbol, or ALL of them."""


class Item(msgspec.Struct, frozen=True):
    """One subscription of a batch: a topic, and the symbols that its filter names; ALL without a filter."""

    topic: str
    symbols: tuple[str, ...]


class Prices:
    """What was published lately, and who listens; shared by all connections."""

    def __init__(self) -> None:
        self.listeners: Audience[Subject, Connection] = Audience()
        self._histories: dict[Subject, PriceHistory] = {}

    def add(self, topic: str, symbol: str, point: PricePoint) -> None:
        """Keep a price for snapshots."""
        self._histories.setdefault((topic, symbol), PriceHistory()).add(point)

    def snapshot(self, topic: str, symbol: str, now_ms: int) -> bytes | None:
        """Return the snapshot of a symbol, None if nothing is known of it."""
        history = self._histories.get((topic, symbol))
        if history is None:
            return None
        points = history.since(now_ms - HISTORY_MS)
        data = ",".join(f'{{"timestamp":{each.timestamp_ms},"value":{number(each.value_e8)}}}' for each in points)
        label = BINANCE if topic == CHAINLINK else topic
        return _frame(label, "subscribe", now_ms, f'{{"symbol":"{symbol}","data":[{data}]}}')


class RtdsSession:
    """One connection to the older price stream."""

    def __init__(self, connection: Connection, prices: Prices) -> None:
        self._connection = connection
        self._prices = prices
        self._subjects: dict[Subject, None] = {}

    def receive(self, text: str, now_ms: int) -> list[Out]:
        """Take one text message; what is not understood is not answered."""
        frame = read_object(text)
        items = _read_items(frame.get("subscriptions")) if frame is not None else None
        if frame is None or items is None:
            return []
        subjects = [(item.topic, symbol) for item in items for symbol in item.symbols]
        if frame.get("action") == "unsubscribe":
            self._drop(subjects)
            return []
        return self._follow(subjects, now_ms) if frame.get("action") == "subscribe" else []

    def pong(self) -> list[Out]:
        """Ignore answers to pings that were not sent."""
        return []

    def wake_at_ms(self) -> int | None:
        """Want nothing of time."""
        return None

    def wake(self, now_ms: int) -> list[Out]:
        """Want nothing of time."""
        return []

    def leave(self) -> None:
        """Listen to nothing any more."""
        self._drop(list(self._subjects))

    def _follow(self, subjects: list[Subject], now_ms: int) -> list[Out]:
        outs: list[Out] = []
        for topic, symbol in subjects:
            self._subjects[topic, symbol] = None
            self._prices.listeners.join((topic, symbol), self._connection)
            snapshot = self._prices.snapshot(topic, symbol, now_ms) if symbol != ALL else None
            if snapshot is not None:
                outs.append(Send(snapshot, FrameKind.SNAPSHOT))
        return outs

    def _drop(self, subjects: list[Subject]) -> None:
        for subject in subjects:
            self._subjects.pop(subject, None)
            self._prices.listeners.leave(subject, self._connection)


class RtdsChannel(Channel[RtdsSession]):
    """All connections to the older price stream."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.prices = Prices()
        self.is_stalled = False
        """Whether no updates are sent, while snapshots are."""
        super().__init__(lambda connection, _: RtdsSession(connection, self.prices), now_ms)

    def publish(self, topic: str, symbol: str, point: PricePoint) -> None:
        """Send a price of a topic to who listens to it."""
        assert topic in TOPICS, f"expected a topic of {sorted(TOPICS)}, was {topic!r}"
        self.prices.add(topic, symbol, point)
        if self.is_stalled:
            return
        frame = _frame(topic, "update", self._now_ms(), _payload(topic, symbol, point))
        for connection in self.prices.listeners.of_any([(topic, symbol), (topic, ALL)]):
            connection.send_text(frame)


def _payload(topic: str, symbol: str, point: PricePoint) -> str:
    """Return an update's payload with the fields, in the order, that its topic has."""
    value, timestamp = f'"value":{number(point.value_e8)}', f'"timestamp":{point.timestamp_ms}'
    if topic == CHAINLINK:
        return f'{{"symbol":"{symbol}",{timestamp},{value}}}'
    if topic == BINANCE:
        return f'{{"symbol":"{symbol}",{timestamp},{value},"full_accuracy_value":"{exact(point.value_e8)}"}}'
    accuracy, window_s = exact_e18(point.value_e8), AVERAGES_S[topic]
    return f'{{"symbol":"{symbol}",{value},"full_accuracy_value":"{accuracy}",{timestamp},"window_s":{window_s}}}'


def _frame(topic: str, kind: str, ts_ms: int, payload: str) -> bytes:
    return f'{{"topic":"{topic}","type":"{kind}","timestamp":{ts_ms},"payload":{payload}}}'.encode()


def _read_items(value: object) -> list[Item] | None:
    """Return the subscriptions of a batch, None if anything in it is wrong."""
    if not isinstance(value, list):
        return None
    items = [_read_item(each) for each in value if isinstance(each, dict)]
    found = [item for item in items if item is not None]
    return found if len(found) == len(value) else None


def _read_item(value: dict[str, Any]) -> Item | None:
    topic, filters = value.get("topic"), value.get("filters", "")
    if not isinstance(topic, str) or topic not in TOPICS or value.get("type") not in TYPES:
        return None
    if not isinstance(filters, str):
        return None
    if filters == "":
        return Item(topic, (ALL,))
    return Item(topic, _symbols(topic, filters))


def _symbols(topic: str, filters: str) -> tuple[str, ...]:
    """Return the symbols of a filter; none, and so silence, for a filter that is not written exactly."""
    wanted = read_object(filters)
    if wanted is not None:
        symbol = wanted.get("symbol")
        is_compact = isinstance(symbol, str) and filters == orjson.dumps({"symbol": symbol}).decode()
        return (str(symbol),) if is_compact else ()
    return tuple(filters.split(",")) if topic == BINANCE and " " not in filters else ()
