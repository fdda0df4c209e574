"""Reference prices without I/O: PolyBolt's and RTDS's frames in, SPOT records out, and the price to beat of
each window.

The price to beat is the TWAP tick stamped exactly at the window's start, and nothing else: it is recorded
with the flag STRIKE and its source, and a window without such a tick has an unknown strike, which is said and
not guessed.

Facts (protocol.md 7, 2026-11-21): PolyBolt is current and needs API credentials; its snapshot reaches back 2
minutes, so that a strike can be had after a late connect; `seq` is consecutive per channel and connection.
RTDS is deprecated; its Chainlink topics carry `full_accuracy_value` as an integer of 1e-18, PolyBolt a plain
decimal. The spot provider may be another than asked for, so `source` decides.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from engine.model.rounds import twap_lookback_s
from engine.model.units import NS_PER_MS, NS_PER_S, parse_scaled
from feeder.complaints import Complaints
from shm.layout import ALL_INSTRUMENTS, Flag, Kind, SpotSource
from shm.sink import RecordSink

DECIMALS: Final = 8
E18: Final = 18
_E18_TO_E8: Final = 10_000_000_000
POLYBOLT_CHANNELS: Final = {
    "price.crypto.twap": SpotSource.CHAINLINK_TWAP_60,
    "price.crypto": SpotSource.CHAINLINK,
}
RTDS_TOPICS: Final = {
    "crypto_prices_twap_sixty": SpotSource.CHAINLINK_TWAP_60,
    "crypto_prices_chainlink": SpotSource.CHAINLINK,
}
STRIKES_KEPT: Final = 64


class ReferencePrices:
    """Publishes new ticks of one symbol once, whichever feed brings them, and remembers strikes."""

    def __init__(self, sink: RecordSink, asset: str, length_s: int) -> None:
        self.complaints = Complaints("reference")
        self._sink = sink
        self._symbols = {f"{asset}usd", f"{asset}/usd"}
        self._length_s = length_s
        self._lookback_s = twap_lookback_s(length_s)
        self._newest_ns: dict[SpotSource, int] = {}
        self._strikes: dict[int, int] = {}
        self._sequence: dict[str, int] = {}

    def connected(self) -> None:
        """Start a new connection: PolyBolt counts from 1 again. Two feeds at once may hide a gap, never invent a
        price."""
        self._sequence.clear()

    def strike_e8(self, window_start_s: int) -> int | None:
        """Return the price to beat of a window in 1e-8 USD, None when it is unknown."""
        return self._strikes.get(window_start_s)

    def receive_polybolt(self, frame: bytes, recv_ts_ns: int) -> None:
        """Take a frame of PolyBolt; acknowledgements and errors are counted."""
        self._receive(frame, recv_ts_ns, self._on_polybolt)

    def receive_rtds(self, frame: bytes, recv_ts_ns: int) -> None:
        """Take a frame of RTDS."""
        self._receive(frame, recv_ts_ns, self._on_rtds)

    def _receive(self, frame: bytes, recv_ts_ns: int, handle: Callable[[dict[str, Any], int], None]) -> None:
        self.complaints.counts["frames"] += 1
        try:
            message = orjson.loads(frame)
            if not isinstance(message, dict):
                raise ValueError(f"expected an object, was {type(message).__name__}")
            handle(message, recv_ts_ns)
        except ValueError as error:
            self.complaints.note("malformed", recv_ts_ns, error)

    def _on_polybolt(self, message: dict[str, Any], recv_ts_ns: int) -> None:
        if "op" in message:
            if message["op"] == "error":
                self.complaints.note("error", recv_ts_ns, message)
            else:
                self.complaints.counts["acknowledged"] += 1
            return
        channel, payload = message.get("channel"), message.get("payload")
        source = POLYBOLT_CHANNELS.get(channel) if isinstance(channel, str) else None
        if source is None or not isinstance(payload, dict):
            self.complaints.note("unknown_channel", recv_ts_ns, channel)
            return
        self._check_sequence(str(channel), message, recv_ts_ns)
        if payload.get("symbol") not in self._symbols or payload.get("source") != "chainlink":
            self.complaints.note("foreign_price", recv_ts_ns, payload)
        elif payload.get("window_seconds", self._lookback_s) == self._lookback_s:
            self._take(source, _points(payload), DECIMALS, recv_ts_ns)

    def _check_sequence(self, channel: str, message: dict[str, Any], recv_ts_ns: int) -> None:
        number, dropped = message.get("seq"), message.get("dropped", 0)
        if not isinstance(number, int):
            raise ValueError(f"expected a number in 'seq', was {number!r}")
        expected = self._sequence.get(channel, number - 1) + 1
        self._sequence[channel] = number
        if number != expected or dropped:
            self.complaints.note("sequence_gap", recv_ts_ns, f"{channel}: expected {expected}, was {number}")

    def _on_rtds(self, message: dict[str, Any], recv_ts_ns: int) -> None:
        topic, payload = message.get("topic"), message.get("payload")
        source = RTDS_TOPICS.get(topic) if isinstance(topic, str) else None
        if source is None or not isinstance(payload, dict) or message.get("type") != "update":
            # The snapshot of the Chainlink topic arrives under the name of another one: it cannot be told
            # apart.
            self.complaints.counts["ignored"] += 1
        elif payload.get("symbol") not in self._symbols:
            self.complaints.note("foreign_price", recv_ts_ns, payload)
        else:
            self._take(source, _points(payload), E18, recv_ts_ns)

    def _take(
        self, source: SpotSource, points: Iterable[dict[str, Any]], accurate_decimals: int, recv_ts_ns: int
    ) -> None:
        for point in points:
            price_e8 = _price_e8(point, accurate_decimals)
            observed_ns = _observed_ns(point)
            if observed_ns <= self._newest_ns.get(source, 0):
                self.complaints.counts["copies"] += 1
                continue
            self._newest_ns[source] = observed_ns
            flags = self._strike_flag(source, price_e8, observed_ns)
            self._sink.publish(
                Kind.SPOT,
                flags,
                ALL_INSTRUMENTS,
                source,
                price_e8,
                observed_ns,
                0,
                0,
                observed_ns,
                recv_ts_ns,
            )

    def _strike_flag(self, source: SpotSource, price_e8: int, observed_ns: int) -> int:
        if source != SpotSource.CHAINLINK_TWAP_60 or observed_ns % (self._length_s * NS_PER_S):
            return 0
        self._strikes[observed_ns // NS_PER_S] = price_e8
        if len(self._strikes) > STRIKES_KEPT:
            del self._strikes[min(self._strikes)]
        return Flag.STRIKE


def polybolt_frames(asset: str, length_s: int, credentials: dict[str, str]) -> list[bytes]:
    """Return the frames that log in (`apiKey`, `secret`, `passphrase`) and subscribe spot of an asset, and the
    average that its windows of this length are settled on."""
    symbol = f"{asset}usd"
    subscriptions = [
        {"channel": "price.crypto.twap", "filter": {"symbol": symbol, "window_seconds": twap_lookback_s(length_s)}},
        {"channel": "price.crypto", "filter": {"symbol": symbol, "provider": "chainlink"}},
    ]
    return [
        orjson.dumps({"op": "auth", "auth": credentials, "rid": "1"}),
        orjson.dumps({"op": "subscribe", "subscriptions": subscriptions, "rid": "2"}),
    ]


def rtds_frame(asset: str) -> bytes:
    """Return the frame that subscribes TWAP and spot of an asset; the filter must be exactly this compact
    JSON."""
    filters = f'{{"symbol":"{asset}/usd"}}'
    subscriptions = [
        {"topic": "crypto_prices_twap_sixty", "type": "update", "filters": filters},
        {"topic": "crypto_prices_chainlink", "type": "*", "filters": filters},
    ]
    return orjson.dumps({"action": "subscribe", "subscriptions": subscriptions})


def _points(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ticks of a payload: those of a snapshot, or the payload itself."""
    points = payload.get("data", [payload])
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise ValueError(f"expected a list of ticks in 'data', was {points!r}")
    return points


def _price_e8(point: dict[str, Any], accurate_decimals: int) -> int:
    """Return the accurate value (a decimal, or an integer of 1e-18), or the shortest decimal of `value`."""
    accurate = point.get("full_accuracy_value")
    if accurate is None:
        text = str(point.get("value"))
        whole, _, fraction = text.partition(".")
        return parse_scaled(f"{whole}.{fraction[:DECIMALS]}", DECIMALS)
    if not isinstance(accurate, str):
        raise ValueError(f"expected a string in 'full_accuracy_value', was {accurate!r}")
    if accurate_decimals == E18 and "." not in accurate:
        return parse_scaled(accurate, 0) // _E18_TO_E8
    whole, _, fraction = accurate.partition(".")
    return parse_scaled(f"{whole}.{fraction[:DECIMALS]}", DECIMALS)


def _observed_ns(point: dict[str, Any]) -> int:
    stamp_ms = point.get("timestamp")
    if not isinstance(stamp_ms, int) or not 0 < stamp_ms <= (2**63 - 1) // NS_PER_MS:
        raise ValueError(f"expected a timestamp in milliseconds, was {stamp_ms!r}")
    return stamp_ms * NS_PER_MS
