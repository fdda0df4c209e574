"""Orders, cancels and heartbeats: the calls that change something (protocol.md 4.2-4.4, 4.7)."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

import orjson

from engine.exchange.core.orders import Answer
from engine.exchange.desk import Desk
from engine.exchange.render.books import size_text
from engine.exchange.rest.admission import Admission, Envelope, read_batch, read_one
from engine.exchange.rest.callers import Caller, private, refuse
from engine.exchange.server.hosts import Service
from engine.exchange.server.limits import Bucket
from engine.exchange.server.messages import HeaderRows, Request, Response, json_response
from engine.exchange.server.routes import Routes
from engine.model.events import VenueState
from engine.venue import refusals
from engine.venue.refusals import Refusal
from engine.venue.statuses import OrderStatus

CANCELS_MAX: Final = 1_000


class OrderEntry:
    """POST /order(s), the four cancels, heartbeats."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._admission = Admission(desk.exchange, desk.members)

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        for method, path, handler in (
            ("POST", "/order", self.place),
            ("POST", "/orders", self.place_batch),
            ("DELETE", "/order", self.cancel),
            ("DELETE", "/orders", self.cancel_batch),
            ("DELETE", "/cancel-all", self.cancel_all),
            ("DELETE", "/cancel-market-orders", self.cancel_market),
            ("POST", "/v1/heartbeats", self.heartbeat),
            ("POST", "/heartbeats", self.legacy_heartbeat),
        ):
            routes.add(Service.CLOB, method, path, private(self._desk, handler))

    def place(self, request: Request, caller: Caller) -> Response | Awaitable[Response]:
        """Place one order; the answer to a held one waits for the end of its hold."""
        admission = self._desk.limits.admit(caller.address, Bucket.ORDER, 1, self._desk.now_ms())
        if admission.refusal is not None:
            return admission.refusal
        entry = read_one(request.body)
        answer = entry if isinstance(entry, Refusal) else self._submit(entry, caller)
        if isinstance(answer, asyncio.Future):
            return self._later(answer, admission.headers)
        return _single(answer, admission.headers)

    async def _later(self, held: "asyncio.Future[Answer]", headers: HeaderRows) -> Response:
        return _single(await held, headers)

    def place_batch(self, request: Request, caller: Caller) -> Response | Awaitable[Response]:
        """Place 1 to 15 orders; each is answered on its own, refusals too."""
        entries = read_batch(request.body)
        if isinstance(entries, Refusal):
            return refuse(entries)
        admission = self._desk.limits.admit(caller.address, Bucket.ORDER, len(entries), self._desk.now_ms())
        if admission.refusal is not None:
            return admission.refusal
        if self._desk.exchange.mode.state == VenueState.RESTARTING:
            return refuse(refusals.RESTARTING, admission.headers)
        answers = [self._submit(entry, caller) for entry in entries]
        if any(isinstance(answer, asyncio.Future) for answer in answers):
            return self._all(answers, admission.headers)
        rows = [_entry(answer) for answer in answers if not isinstance(answer, asyncio.Future)]
        return json_response(rows, headers=admission.headers)

    async def _all(self, answers: "list[Answer | Refusal | asyncio.Future[Answer]]", headers: HeaderRows) -> Response:
        rows = [_entry(await each if isinstance(each, asyncio.Future) else each) for each in answers]
        return json_response(rows, headers=headers)

    def _submit(self, entry: Envelope, caller: Caller) -> "Answer | Refusal | asyncio.Future[Answer]":
        now_ms = self._desk.now_ms()
        mode = self._desk.exchange.mode.refusal(entry.post_only, now_ms)
        if mode is not None:
            return mode
        new = self._admission.admit(entry, caller)
        if isinstance(new, Refusal):
            return new
        answer = self._desk.exchange.submit(new, now_ms)
        held = self._desk.hold(new.order_id) if answer.status is OrderStatus.DELAYED else None
        self._desk.pump()
        return answer if held is None else held

    def cancel(self, request: Request, caller: Caller) -> Response:
        """Cancel one order."""
        content = _json(request.body)
        order_id = content.get("orderID") if isinstance(content, dict) else None
        if not isinstance(order_id, str):
            return refuse(refusals.INVALID_PAYLOAD)
        return self._cancel_ids(caller, [order_id])

    def cancel_batch(self, request: Request, caller: Caller) -> Response:
        """Cancel up to 1,000 orders."""
        content = _json(request.body)
        if not isinstance(content, list) or not all(isinstance(each, str) for each in content):
            return refuse(refusals.INVALID_PAYLOAD)
        if len(content) > CANCELS_MAX:
            return refuse(refusals.too_many_cancels(CANCELS_MAX))
        return self._cancel_ids(caller, content)

    def _cancel_ids(self, caller: Caller, order_ids: list[str]) -> Response:
        if not all(_is_order_id(order_id) for order_id in order_ids):
            return refuse(refusals.INVALID_ORDER_ID)
        refusal = self._desk.exchange.mode.cancel_refusal()
        if refusal is not None:
            return refuse(refusal)
        now_ms = self._desk.now_ms()
        admission = self._desk.limits.admit(caller.address, Bucket.CANCEL, len(order_ids), now_ms)
        if admission.refusal is not None:
            return admission.refusal
        canceled, refused = self._desk.exchange.cancel(caller.api_key, order_ids, now_ms)
        self._desk.pump()
        return json_response({"canceled": canceled, "not_canceled": refused}, headers=admission.headers)

    def cancel_all(self, request: Request, caller: Caller) -> Response:
        """Cancel everything of the caller."""
        del request
        return self._cancel_where(caller, "", "")

    def cancel_market(self, request: Request, caller: Caller) -> Response:
        """Cancel what the caller has in one market, or of one token."""
        content = _json(request.body)
        if not isinstance(content, dict):
            return refuse(refusals.INVALID_PAYLOAD)
        market, token_id = content.get("market") or "", content.get("asset_id") or ""
        if not (isinstance(market, str) and isinstance(token_id, str) and (market or token_id)):
            return refuse(refusals.INVALID_PAYLOAD)
        return self._cancel_where(caller, market.lower(), token_id)

    def _cancel_where(self, caller: Caller, condition_id: str, token_id: str) -> Response:
        refusal = self._desk.exchange.mode.cancel_refusal()
        if refusal is not None:
            return refuse(refusal)
        now_ms = self._desk.now_ms()
        admission = self._desk.limits.admit(caller.address, Bucket.CANCEL, 1, now_ms)
        if admission.refusal is not None:
            return admission.refusal
        canceled, refused = self._desk.exchange.cancel_all(caller.api_key, now_ms, condition_id, token_id)
        self._desk.pump()
        headers = self._desk.limits.settle(caller.address, len(canceled), now_ms)
        return json_response({"canceled": canceled, "not_canceled": refused}, headers=headers)

    def heartbeat(self, request: Request, caller: Caller) -> Response:
        """Take one beat of the dead man's switch."""
        content = _json(request.body) if request.body else {}
        beat_id = (content.get("heartbeat_id") or "") if isinstance(content, dict) else None
        if not isinstance(beat_id, str):
            return refuse(refusals.INVALID_PAYLOAD)
        now_ms = self._desk.advance()
        beat = self._desk.exchange.heartbeats.beat(caller.api_key, beat_id, now_ms)
        self._desk.pump()
        if beat.accepted:
            return json_response({"heartbeat_id": beat.next_id})
        return json_response({"error_msg": "Invalid Heartbeat ID", "heartbeat_id": beat.next_id}, 400)

    def legacy_heartbeat(self, request: Request, caller: Caller) -> Response:
        """Answer the older call, which switches nothing."""
        del request, caller
        return json_response({"status": "ok"})


def _single(answer: Answer | Refusal, headers: HeaderRows) -> Response:
    """Return the answer to POST /order: a refusal is an error of HTTP there."""
    refusal = answer if isinstance(answer, Refusal) else answer.refusal
    if refusal is not None:
        return refuse(refusal, headers)
    return json_response(_entry(answer), headers=headers)


def _entry(answer: Answer | Refusal) -> dict[str, Any]:
    """Return an answer as POST /orders has it: a refusal has `success` true, no id and its text as errorMsg."""
    refusal = answer if isinstance(answer, Refusal) else answer.refusal
    if refusal is not None:
        return {
            "errorMsg": refusal.text,
            "orderID": "",
            "takingAmount": "",
            "makingAmount": "",
            "status": "",
            "success": True,
        }
    assert isinstance(answer, Answer)
    filled = bool(answer.trade_ids)
    row: dict[str, Any] = {
        "success": True,
        "errorMsg": "",
        "orderID": answer.order_id,
        "status": answer.status.lower(),
        "makingAmount": size_text(answer.making_u6) if filled else "",
        "takingAmount": size_text(answer.taking_u6) if filled else "",
    }
    if filled:
        row["tradeIDs"] = list(answer.trade_ids)
    return row


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _is_order_id(text: str) -> bool:
    return len(text) == 66 and text.startswith("0x") and all(digit in "0123456789abcdefABCDEF" for digit in text[2:])
