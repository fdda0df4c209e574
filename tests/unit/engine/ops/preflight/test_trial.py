"""One order that cannot trade: placed, cancelled, and what is said when either does not go well."""

import httpx
import orjson
import pytest

from engine.execution.polymarket.signing import WalletSigner
from engine.ops.preflight.facts import TrialOrder
from engine.ops.preflight.trial import TrialMarket, place_and_cancel
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.orders import SignatureType
from tests.unit.engine.ops.preflight.test_venue import KEY, NOW_NS, OWNER, Handler, asking

MARKET = TrialMarket("btc-updown-15m-1800000000", "12345", 100, 5_000_000, EXCHANGE_V2)


def tried(handler: Handler) -> tuple[TrialOrder, list[tuple[str, dict[str, object]]]]:
    """Return what became of it, and (method, body) of each request."""
    seen: list[tuple[str, dict[str, object]]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, orjson.loads(request.content)))
        return handler(request)

    signer = WalletSigner(KEY, OWNER.wallet, SignatureType.DEPOSIT_WALLET)
    found = place_and_cancel(asking(handle), OWNER, signer, MARKET, lambda: NOW_NS)
    assert isinstance(found, TrialOrder)
    return found, seen


def taking(request: httpx.Request) -> httpx.Response:
    """Take every order and every cancel."""
    if request.method == "POST":
        return httpx.Response(200, json={"success": True, "orderID": "0xid", "status": "live", "errorMsg": ""})
    return httpx.Response(200, json={"canceled": [orjson.loads(request.content)["orderID"]], "not_canceled": {}})


def test_it_is_a_post_only_buy_of_the_smallest_size_at_one_tick() -> None:
    found, seen = tried(taking)
    assert (found.is_placed, found.is_cancelled) == (True, True)
    (post, body), (delete, cancelled) = seen
    assert (post, delete) == ("POST", "DELETE")
    order = body["order"]
    assert isinstance(order, dict)
    assert (order["side"], order["makerAmount"], order["takerAmount"]) == ("BUY", "50000", "5000000")
    assert (body["orderType"], body["postOnly"]) == ("GTC", True)
    assert str(cancelled["orderID"]).startswith("0x")
    assert "post-only buy of 5 at 0.01" in found.what


def test_a_refusal_is_said_in_the_venues_words_and_nothing_is_cancelled() -> None:
    found, seen = tried(lambda _: httpx.Response(400, json={"error": "invalid signature"}))
    assert (found.is_placed, found.is_cancelled, found.said) == (False, True, "invalid signature")
    assert [method for method, _ in seen] == ["POST"]


@pytest.mark.parametrize("status", [500, 502])
def test_an_order_whose_fate_is_unclear_is_cancelled_too(status: int) -> None:
    found, seen = tried(lambda request: taking(request) if request.method == "DELETE" else httpx.Response(status))
    assert (found.is_placed, found.is_cancelled) == (False, True)
    assert [method for method, _ in seen] == ["POST", "DELETE"]


def test_a_cancel_is_tried_again_and_one_that_never_comes_through_is_said() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return taking(request)
        raise httpx.ReadTimeout("too late", request=request)

    found, seen = tried(handle)
    assert (found.is_placed, found.is_cancelled) == (True, False)
    assert "ReadTimeout" in found.said
    assert [method for method, _ in seen] == ["POST", "DELETE", "DELETE", "DELETE"]
