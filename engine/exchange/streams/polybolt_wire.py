"""The frames of the PolyBolt price stream: feeds, payloads and envelopes, as text that is rendered once.

Source: protocol.md 7.2 and the official client's parser (`v` is 1, `seq`, `ts` and `dropped` are integers, and every
payload has `symbol` and `source`).
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import orjson

from engine.exchange.streams.out import FrameKind, Send
from engine.exchange.streams.prices import PricePoint, exact, number

SPOT: Final = "price.crypto"
TWAP: Final = "price.crypto.twap"
BEST: Final = "price.polymarket"
ErrorCode = Literal[
    "bad_op", "bad_channel", "bad_filter", "sub_limit", "rate_limited", "auth_required", "auth_expired",
    "auth_unavailable", "auth_invalid", "auth_attempts",
]  # fmt: skip


class Feed(msgspec.Struct, frozen=True):
    """What can be subscribed to: prices of a symbol from a source, or the best prices of a token."""

    channel: str
    key: str
    """The symbol in lower case, or the token."""
    window_s: int | None = None
    """The length of the average, of average prices alone."""
    source: str = "chainlink"

    @property
    def name(self) -> tuple[str, str, int | None]:
        """Return what a filter names; the source is what the client gets, not what it asks for."""
        return self.channel, self.key, self.window_s


def filter_name(channel: str, wanted: dict[str, Any]) -> tuple[str, str, int | None] | None:
    """Return the name of the feed that a filter asks for, None for a filter that names none."""
    if channel == BEST:
        token_id = wanted.get("asset_id")
        return (channel, token_id, None) if isinstance(token_id, str) and token_id else None
    symbol, window_s = wanted.get("symbol"), wanted.get("window_seconds") if channel == TWAP else None
    if not isinstance(symbol, str) or (channel == TWAP and type(window_s) is not int):
        return None
    return channel, symbol.lower(), window_s


def update_payload(feed: Feed, point: PricePoint) -> str:
    """Return the payload of one price."""
    window = f',"window_seconds":{feed.window_s}' if feed.window_s is not None else ""
    return (
        f'{{"symbol":"{feed.key}",{_price(point)},"timestamp":{point.timestamp_ms}{window},"source":"{feed.source}"}}'
    )


def snapshot_payload(feed: Feed, points: Sequence[PricePoint]) -> str:
    """Return the payload of a snapshot of prices."""
    window = f'"window_seconds":{feed.window_s},' if feed.window_s is not None else ""
    data = ",".join(f'{{"timestamp":{point.timestamp_ms},{_price(point)}}}' for point in points)
    return f'{{"symbol":"{feed.key}",{window}"source":"{feed.source}","data":[{data}]}}'


def _price(point: PricePoint) -> str:
    return f'"value":{number(point.value_e8)},"full_accuracy_value":"{exact(point.value_e8)}"'


def envelope(channel: str, seq: int, ts_ms: int, payload: str, *, dropped: int = 0, snapshot: bool = False) -> Send:
    """Return the frame of a payload: what differs between connections is around it."""
    more = ('"snapshot":true,' if snapshot else "") + (f'"dropped":{dropped},' if dropped else "")
    frame = f'{{"v":1,"channel":"{channel}","seq":{seq},"ts":{ts_ms},{more}"payload":{payload}}}'
    return Send(frame.encode(), FrameKind.SNAPSHOT if snapshot else FrameKind.DATA)


def reply(op: str, rid: object, channel: str | None = None) -> Send:
    """Return an acknowledgement; `rid` is echoed as it came, and left out if there was none."""
    return _answer({"op": op}, rid, channel)


def error(code: ErrorCode, rid: object, channel: str | None = None) -> Send:
    """Return a refusal."""
    return _answer({"op": "error", "code": code}, rid, channel)


def _answer(frame: dict[str, str], rid: object, channel: str | None) -> Send:
    if channel is not None:
        frame["channel"] = channel
    if isinstance(rid, str):
        frame["rid"] = rid
    return Send(orjson.dumps(frame))
