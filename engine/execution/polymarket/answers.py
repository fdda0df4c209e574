"""What the venue's answers to orders and cancels mean: placed, refused with a code, or unclear and to be asked about.

Facts (protocol.md 4.2-4.4, 4.8; 2026-11-21): a refusal of one order comes as an error status or as status 200 with
`errorMsg`; in a batch always the latter, with `success` true. A 400 that says "context canceled" may have been booked,
and one that says that the match is delayed may be matched yet. A 503 is the venue's word only where it says which of
its modes it means; from a proxy on the way it says nothing. A 500 is not believed either way, not even `order timed
out`, which is documented as not booked: the order is read by its id.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from engine.model.codes import Code
from engine.model.units import parse_scaled
from engine.venue import refusals

OK: Final = 200
RETRY_STATUSES: Final = {425: Code.RESTARTING, 429: Code.RATE_LIMITED}
UNAVAILABLE: Final = 503
REQUEST_TIMEOUT: Final = 408
AMBIGUOUS: Final = ("context canceled", "order match delayed")
_U6: Final = 6


class Placed(msgspec.Struct, frozen=True):
    """The venue has the order. Amounts in 1e-6 are what it has filled already; `status` is live, matched or delayed."""

    order_id: str
    status: str
    making_u6: int
    taking_u6: int
    trade_ids: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True):
    """The venue does not have the order; `retry_after_s` 0 = it did not say when to try again."""

    code: Code
    text: str
    retry_after_s: int = 0


class Unclear(msgspec.Struct, frozen=True):
    """The venue may have the order or not."""

    text: str


Outcome = Placed | Refused | Unclear

_WORDS: Final[tuple[tuple[str, Code], ...]] = (
    (refusals.POST_ONLY_CROSSES.text, Code.POST_ONLY_CROSSES),
    ("breaks minimum tick size rule", Code.TICK),
    ("not enough balance / allowance", Code.BALANCE),
    ("no orders found to match with FAK order", Code.FAK_NO_MATCH),
    ("FOK orders are fully filled or killed", Code.FOK_NOT_FILLED),
    ("FOK orders are filled or killed", Code.FOK_NOT_FILLED),
    ("is invalid. Duplicated", Code.DUPLICATED),
    ("post-only mode", Code.POST_ONLY_MODE),
    ("cancel-only", Code.CANCEL_ONLY),
    ("Trading is currently disabled", Code.DISABLED),
    (refusals.MARKET_NOT_READY.text, Code.NOT_READY),
    (refusals.NO_BOOK.text, Code.MARKET_CLOSED),
    (refusals.TOO_MANY_REQUESTS.text, Code.RATE_LIMITED),
    (refusals.RESTARTING.text, Code.RESTARTING),
)
_MODES: Final = frozenset({Code.RESTARTING, Code.POST_ONLY_MODE, Code.CANCEL_ONLY, Code.DISABLED})
_CANCEL_WORDS: Final[tuple[tuple[str, Code], ...]] = (
    ("pending/delayed", Code.CANCEL_HELD),
    ("not found", Code.CANCEL_NOT_FOUND),
    ("already", Code.CANCEL_NOT_FOUND),
)


def refusal_code(text: str) -> Code:
    """Return what a refusal's words mean; INVALID for words that name nothing that is acted upon."""
    return next((code for words, code in _WORDS if words in text), Code.INVALID)


def read_placing(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Return what the answer to POST /order means; `headers` by lower-case name."""
    content = _object(body)
    if status == OK:
        return Unclear("status 200 without a JSON object") if content is None else read_entry(content)
    text = str(content.get("error", "")) if content is not None else body[:200].decode(errors="replace")
    if status in RETRY_STATUSES:
        return Refused(RETRY_STATUSES[status], text, _retry_after_s(headers, content))
    code = refusal_code(text)
    if code in _MODES if status == UNAVAILABLE else _is_refusal(status, text):
        return Refused(code, text, _retry_after_s(headers, content))
    return Unclear(f"status {status}: {text}")


def _is_refusal(status: int, text: str) -> bool:
    return 400 <= status < 500 and status != REQUEST_TIMEOUT and not _is_ambiguous(text)


def _is_ambiguous(text: str) -> bool:
    return any(words in text for words in AMBIGUOUS)


def read_entry(content: Mapping[str, Any]) -> Outcome:
    """Return what one entry of an answer with status 200 means, of POST /order or of a batch."""
    message, order_id = content.get("errorMsg", ""), content.get("orderID", "")
    if not isinstance(message, str) or not isinstance(order_id, str):
        return Unclear("expected errorMsg and orderID as texts")
    if message:
        return Unclear(message) if _is_ambiguous(message) else Refused(refusal_code(message), message)
    if not order_id or content.get("success") is not True:
        return Unclear("neither an order id nor a refusal")
    try:
        making_u6, taking_u6 = (
            parse_scaled(content.get(name) or "0", _U6) for name in ("makingAmount", "takingAmount")
        )
    except (ValueError, AttributeError):
        return Unclear(f"order {order_id}: expected decimal amounts")
    trade_ids = content.get("tradeIDs")
    if not isinstance(trade_ids, list):
        trade_ids = ()
    status = str(content.get("status", "")).lower()
    return Placed(order_id, status, making_u6, taking_u6, tuple(str(each) for each in trade_ids))


def read_batch(status: int, headers: Mapping[str, str], body: bytes, count: int) -> list[Outcome]:
    """Return what the answer to POST /orders means for each of its `count` orders, in their order."""
    if status == OK:
        try:
            rows = orjson.loads(body)
        except orjson.JSONDecodeError:
            rows = None
        if not isinstance(rows, list) or len(rows) != count or not all(isinstance(row, dict) for row in rows):
            return [Unclear(f"expected {count} entries")] * count
        return [read_entry(row) for row in rows]
    return [read_placing(status, headers, body)] * count


def read_cancelling(status: int, body: bytes) -> tuple[frozenset[str], dict[str, Code]] | Unclear:
    """Return (cancelled ids, id -> why not), or Unclear where the answer says neither."""
    content = _object(body)
    if status != OK or content is None:
        return Unclear(f"status {status}: {body[:200].decode(errors='replace')}")
    cancelled, refused = content.get("canceled"), content.get("not_canceled") or {}
    if not isinstance(cancelled, list) or not isinstance(refused, dict):
        return Unclear("expected canceled and not_canceled")
    return frozenset(map(str, cancelled)), {str(key): _cancel_code(str(why)) for key, why in refused.items()}


def _cancel_code(text: str) -> Code:
    return next((code for words, code in _CANCEL_WORDS if words in text.lower()), Code.INVALID)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


def _retry_after_s(headers: Mapping[str, str], content: Mapping[str, Any] | None) -> int:
    said = (content or {}).get("retry_after_seconds") or headers.get("retry-after", "")
    text = str(said)
    return int(text) if text.isascii() and text.isdigit() else 0
