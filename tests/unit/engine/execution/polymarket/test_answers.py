"""Every answer of the venue means one thing, and what may have been booked is never called refused."""

import orjson
import pytest

from engine.execution.polymarket.answers import (
    Placed,
    Refused,
    Unclear,
    read_batch,
    read_cancelling,
    read_placing,
    refusal_code,
)
from engine.model.codes import Code
from engine.venue import refusals
from engine.venue.refusals import Refusal

ID = "0x" + "ab" * 32
PLACED = {"success": True, "errorMsg": "", "orderID": ID, "status": "live", "makingAmount": "", "takingAmount": ""}


def placing(status: int, content: object, **headers: str) -> Placed | Refused | Unclear:
    return read_placing(status, headers, orjson.dumps(content))


def test_a_resting_and_a_matched_order_are_placed() -> None:
    assert placing(200, PLACED) == Placed(ID, "live", 0, 0, ())
    filled = PLACED | {"status": "matched", "makingAmount": "0.999999", "takingAmount": "14.285713", "tradeIDs": ["t"]}
    assert placing(200, filled) == Placed(ID, "matched", 999_999, 14_285_713, ("t",))


@pytest.mark.parametrize("trade_ids", [None, 5, "t", {"a": 1}])
def test_trade_ids_that_are_no_list_do_not_make_an_answer_unreadable(trade_ids: object) -> None:
    assert placing(200, PLACED | {"tradeIDs": trade_ids}) == Placed(ID, "live", 0, 0, ())


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (refusals.POST_ONLY_CROSSES, Code.POST_ONLY_CROSSES),
        (refusals.FOK_NOT_FILLED, Code.FOK_NOT_FILLED),
        (refusals.FAK_NOT_MATCHED, Code.FAK_NO_MATCH),
        (refusals.MARKET_NOT_READY, Code.NOT_READY),
        (refusals.NO_BOOK, Code.MARKET_CLOSED),
        (refusals.RESTARTING, Code.RESTARTING),
        (refusals.CANCEL_ONLY, Code.CANCEL_ONLY),
        (refusals.DISABLED, Code.DISABLED),
        (refusals.TOO_MANY_REQUESTS, Code.RATE_LIMITED),
        (refusals.post_only_mode(79), Code.POST_ONLY_MODE),
        (refusals.breaks_tick(ID, 5_005, 100), Code.TICK),
        (refusals.below_minimum(ID, 1, 2), Code.INVALID),
        (refusals.duplicated(ID), Code.DUPLICATED),
        (refusals.balance_too_low(1, 2, 3, 4, with_fees=True), Code.BALANCE),
        (refusals.allowance_too_low("0x1", 0), Code.BALANCE),
        (refusals.VERSION_MISMATCH, Code.INVALID),
    ],
)
def test_a_refusal_has_its_code_alone_and_in_a_batch(refusal: Refusal, code: Code) -> None:
    alone = placing(refusal.status, {"error": refusal.text})
    assert isinstance(alone, Refused)
    assert (alone.code, alone.text) == (code, refusal.text)
    entry = {"errorMsg": refusal.text, "orderID": "", "status": "", "success": True}
    assert read_batch(200, {}, orjson.dumps([entry, PLACED]), 2) == [
        Refused(code, refusal.text),
        Placed(ID, "live", 0, 0, ()),
    ]


def test_when_to_try_again_is_taken_from_the_body_or_the_header() -> None:
    said = placing(503, {"error": "post-only mode: x", "code": "post_only_mode", "retry_after_seconds": 79})
    assert said == Refused(Code.POST_ONLY_MODE, "post-only mode: x", 79)
    limited = read_placing(429, {"retry-after": "3"}, b'{"error":"Too Many Requests"}')
    assert limited == Refused(Code.RATE_LIMITED, "Too Many Requests", 3)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"error":"order timed out"}'),
        (502, b"<html>"),
        (503, b"<html>Service Temporarily Unavailable</html>"),
        (503, b'{"error":"upstream connect error"}'),
        (408, b""),
        (400, b'{"error":"order match delayed due to market conditions"}'),
        (200, b'{"success":true,"errorMsg":"order match delayed due to market conditions","orderID":""}'),
        (400, b'{"error":"context canceled"}'),
        (200, b"not json"),
        (200, b'{"success":true,"errorMsg":"","orderID":""}'),
        (200, b'{"success":true,"errorMsg":"","orderID":"0x1","makingAmount":"1e3"}'),
        (200, b'{"success":true,"errorMsg":"context canceled","orderID":""}'),
    ],
)
def test_what_may_have_been_booked_is_unclear(status: int, body: bytes) -> None:
    assert isinstance(read_placing(status, {}, body), Unclear)


def test_a_batch_whose_answer_does_not_fit_is_unclear_for_each() -> None:
    assert all(isinstance(each, Unclear) for each in read_batch(200, {}, b"[]", 2))
    assert read_batch(425, {}, b'{"error":"x"}', 2) == [Refused(Code.RESTARTING, "x")] * 2


def test_cancels_are_told_apart() -> None:
    body = orjson.dumps(
        {
            "canceled": ["a"],
            "not_canceled": {
                "b": refusals.CANCEL_NOT_FOUND,
                "c": refusals.CANCEL_MATCHED,
                "d": refusals.CANCEL_DONE,
                "e": refusals.CANCEL_HELD,
            },
        }
    )
    gone = Code.CANCEL_NOT_FOUND
    assert read_cancelling(200, body) == (frozenset({"a"}), {"b": gone, "c": gone, "d": gone, "e": Code.CANCEL_HELD})
    assert isinstance(read_cancelling(425, b"{}"), Unclear)
    assert isinstance(read_cancelling(200, b"[]"), Unclear)


def test_unknown_words_are_invalid() -> None:
    assert refusal_code("something else") == Code.INVALID
