"""Places one order that cannot trade and cancels it: the only proof that the venue takes orders as we sign them.

A post-only buy at one tick, of the smallest size: it would rest at the bottom of the book, binds five cents while it
rests, and is refused rather than filled where a sale stands that low.
"""

import secrets
import time
from collections.abc import Callable
from typing import Final

import httpx
import msgspec
import orjson

from engine.execution.polymarket.answers import Placed, Unclear, read_cancelling, read_placing
from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import format_price, format_scaled
from engine.ops.preflight.facts import Lost, TrialOrder
from engine.ops.preflight.venue import Owner, VenueQuestions
from engine.venue.contracts import Exchange

_SALT_BITS: Final = 53
_CANCEL_TRIES: Final = 3


class TrialMarket(msgspec.Struct, frozen=True):
    """Where the order goes: a token of a running window, its tick, its smallest order, and where it settles."""

    slug: str
    token_id: str
    tick_e4: int
    min_size_u6: int
    exchange: Exchange


def place_and_cancel(
    questions: VenueQuestions,
    owner: Owner,
    signer: WalletSigner,
    market: TrialMarket,
    now_ns: Callable[[], int] = time.time_ns,
) -> TrialOrder | Lost:
    """Place the order and cancel it; whatever happens, what was placed is tried to be cancelled."""
    terms = Terms(int(market.token_id), Side.BUY, market.tick_e4, market.min_size_u6, market.tick_e4, TimeInForce.GTC)
    signed = signer.sign(terms, secrets.randbits(_SALT_BITS), now_ns() // 1_000_000, market.exchange)
    body = RequestWriter("", owner.eoa, owner.credentials).order_body(signed, TimeInForce.GTC, post_only=True)
    size, price = format_scaled(market.min_size_u6, 6), format_price(market.tick_e4)
    what = f"{market.slug}, post-only buy of {size} at {price}, domain {market.exchange.domain_version}"
    try:
        response = questions.private(owner, "POST", "/order", body)
        outcome = read_placing(response.status_code, response.headers, response.content)
    except httpx.HTTPError as error:
        outcome = Unclear(f"{type(error).__name__}: {error}")
    if isinstance(outcome, Placed | Unclear):
        is_cancelled, said = _cancel(questions, owner, signed.order_id)
        if isinstance(outcome, Unclear):
            return TrialOrder(what, False, is_cancelled, outcome.text)
        return TrialOrder(what, True, is_cancelled, said)
    return TrialOrder(what, False, True, outcome.text)


def _cancel(questions: VenueQuestions, owner: Owner, order_id: str) -> tuple[bool, str]:
    said = ""
    for _ in range(_CANCEL_TRIES):
        try:
            response = questions.private(owner, "DELETE", "/order", orjson.dumps({"orderID": order_id}))
        except httpx.HTTPError as error:
            said = f"{type(error).__name__}: {error}"
            continue
        answer = read_cancelling(response.status_code, response.content)
        if not isinstance(answer, Unclear) and order_id in answer[0]:
            return True, ""
        said = answer.text if isinstance(answer, Unclear) else str(answer[1].get(order_id, "not cancelled"))
    return False, said
