"""A ring record in words: for `bucketmm ring dump`, logs and failing tests; not for the hot path."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from shm.layout import (
    ALL_INSTRUMENTS,
    FeedChange,
    Flag,
    Kind,
    MarketChange,
    Outcome,
    Result,
    SpotSource,
    unpack_level,
)


class AnyRecord(Protocol):
    """The attributes of ext.ring.Record, which its pure-Python twin shares."""

    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> int: ...  # noqa: D102
    @property
    def flags(self) -> int: ...  # noqa: D102
    @property
    def instrument(self) -> int: ...  # noqa: D102
    @property
    def aux(self) -> int: ...  # noqa: D102
    @property
    def w2(self) -> int: ...  # noqa: D102
    @property
    def w3(self) -> int: ...  # noqa: D102
    @property
    def w4(self) -> int: ...  # noqa: D102
    @property
    def w5(self) -> int: ...  # noqa: D102
    @property
    def venue_ts_ns(self) -> int: ...  # noqa: D102
    @property
    def recv_ts_ns(self) -> int: ...  # noqa: D102


def describe(record: AnyRecord) -> dict[str, Any]:
    """Return a record's fields by name, with its enums as words and unknown numbers as they are."""
    common: dict[str, Any] = {
        "seq": record.seq,
        "kind": _word(Kind, record.kind),
        "flags": [flag.name for flag in Flag if record.flags & flag],
        "instrument": None if record.instrument == ALL_INSTRUMENTS else record.instrument,
    }
    details = _DETAILS.get(record.kind, _raw)(record)
    return common | details | {"venue_ts_ns": record.venue_ts_ns, "recv_ts_ns": record.recv_ts_ns}


def _word(words: Any, number: int) -> str | int:
    return words(number).name if number in set(words) else number


def _level(word: int) -> dict[str, int] | None:
    price_e4, size_u6 = unpack_level(word)
    return {"price_e4": price_e4, "size_u6": size_u6} if size_u6 else None


def _tob(record: AnyRecord) -> dict[str, Any]:
    words = {"bid1": record.w2, "ask1": record.w3, "bid2": record.w4, "ask2": record.w5}
    return {name: _level(word) for name, word in words.items()} | {"tick_e4": record.aux}


def _trade(record: AnyRecord) -> dict[str, Any]:
    sides = {1: "BUY", 2: "SELL"}
    return {"level": _level(record.w2), "taker": sides.get(record.w3, record.w3)}


def _spot(record: AnyRecord) -> dict[str, Any]:
    return {
        "source": _word(SpotSource, record.aux),
        "price_e8": record.w2,
        "observation_ts_ns": record.w3,
    }


def _market(record: AnyRecord) -> dict[str, Any]:
    return {
        "change": _word(MarketChange, record.aux),
        "tick_e4": record.w2 & 0xFFFF,
        "min_size_u6": record.w2 >> 16,
        "fee_rate_e6": record.w3 & 0xFFFF_FFFF,
        "fee_exponent": record.w3 >> 32 & 0xFFFF,
        "taker_only": bool(record.w3 >> 48),
        "window_start_s": record.w4 & 0xFF_FFFF_FFFF,
        "window_length_s": record.w4 >> 40,
        "peer": record.w5 & 0xFFFF,
        "outcome": _word(Outcome, record.w5 >> 16 & 0xFF),
        "result": _word(Result, record.w5 >> 24 & 0xFF),
    }


def _feed(record: AnyRecord) -> dict[str, Any]:
    return {"change": _word(FeedChange, record.aux), "detail": record.w2}


def _heartbeat(record: AnyRecord) -> dict[str, Any]:
    return {"messages": record.w2, "records": record.w3}


def _reset(record: AnyRecord) -> dict[str, Any]:
    return {"epoch": record.w2}


def _raw(record: AnyRecord) -> dict[str, Any]:
    return {"aux": record.aux, "words": [record.w2, record.w3, record.w4, record.w5]}


_DETAILS: Final[dict[int, Callable[[AnyRecord], dict[str, Any]]]] = {
    Kind.TOB: _tob,
    Kind.TRADE: _trade,
    Kind.SPOT: _spot,
    Kind.MARKET: _market,
    Kind.FEED: _feed,
    Kind.HEARTBEAT: _heartbeat,
    Kind.RESET: _reset,
}


def line(record: AnyRecord) -> str:
    """Return a record as one line of `name=value` words."""
    return " ".join(f"{name}={_short(value)}" for name, value in describe(record).items() if value not in (None, []))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['size_u6'] / 1e6:g}@{value['price_e4'] / 1e4:g}"
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value)
