"""Who is calling: the L2 proof of a private request, and the shape of every refusal."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from engine.exchange.desk import Desk
from engine.exchange.server.messages import Handler, HeaderRows, Request, Response, error_response, json_response
from engine.venue import refusals
from engine.venue.credentials import (
    ADDRESS_HEADER,
    API_KEY_HEADER,
    PASSPHRASE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    is_request_signature,
)
from engine.venue.refusals import Refusal

SKEW_S: Final = 300
"""How far a timestamp may be off; the venue's tolerance is not documented (protocol.md Appendix C)."""


class Caller(NamedTuple):
    """Whose API key proved itself."""

    api_key: str
    address: str


PrivateHandler = Callable[[Request, Caller], Response | Awaitable[Response]]


def refuse(refusal: Refusal, headers: HeaderRows = ()) -> Response:
    """Return a refusal as the venue words it; `headers` are added to its own."""
    if refusal.retry_after_s:
        headers = (*headers, ("Retry-After", str(refusal.retry_after_s)))
    if not refusal.code:
        return error_response(refusal.status, refusal.text, headers)
    content = {"error": refusal.text, "code": refusal.code, "retry_after_seconds": refusal.retry_after_s}
    return json_response(content, refusal.status, headers)


def private(desk: Desk, handler: PrivateHandler) -> Handler:
    """Return a handler that answers only to good L2 headers (protocol.md 3.2)."""

    def handle(request: Request) -> Response | Awaitable[Response]:
        caller = identify(desk, request)
        return refuse(refusals.INVALID_API_KEY) if caller is None else handler(request, caller)

    return handle


def identify(desk: Desk, request: Request) -> Caller | None:
    """Return whose key signed a request, None for anybody else's."""
    headers = request.headers
    member = desk.members.member(headers.get(API_KEY_HEADER, ""))
    if member is None or headers.get(ADDRESS_HEADER, "").lower() != member.owner.lower():
        return None
    if headers.get(PASSPHRASE_HEADER) != member.credentials.passphrase:
        return None
    timestamp_s = headers.get(TIMESTAMP_HEADER, "")
    if not is_timely(timestamp_s, desk.shown_ms()):
        return None
    signature = headers.get(SIGNATURE_HEADER, "")
    if not is_request_signature(signature, member.secret, timestamp_s, request.method, request.path, request.body):
        return None
    return Caller(member.credentials.key, member.owner)


def is_timely(timestamp_s: str, now_ms: int) -> bool:
    """Tell whether a timestamp header is a Unix second near the venue's time."""
    if not (timestamp_s.isascii() and timestamp_s.isdigit() and len(timestamp_s) <= 12):
        return False
    return abs(int(timestamp_s) - now_ms // 1_000) <= SKEW_S
