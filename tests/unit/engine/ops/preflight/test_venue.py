"""The questions, over a transport that answers as the venue does, or does not."""

from collections.abc import Callable

import httpx
import pytest

from engine.ops.endpoints import Endpoints
from engine.ops.preflight.facts import Geoblock, Lost, Untold
from engine.ops.preflight.venue import Owner, VenueQuestions
from engine.venue.accounts import known_account
from engine.venue.credentials import ApiCredentials, is_request_signature, secret_bytes
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

KEY = known_account(0)
API = ApiCredentials("the-key", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=", "p4ss")
OWNER = Owner(KEY.address, wallets_of(KEY.address).deposit, SignatureType.DEPOSIT_WALLET, API)
AT = Endpoints(*(f"https://{name}.example" for name in ("clob", "gamma", "data", "relayer", "rpc")))
NOW_NS = 1_800_000_000_400_000_000

Handler = Callable[[httpx.Request], httpx.Response]


def asking(handler: Handler, at: Endpoints = AT) -> VenueQuestions:
    return VenueQuestions(httpx.Client(transport=httpx.MockTransport(handler)), at, lambda: NOW_NS)


def answering(**by_path: object) -> VenueQuestions:
    """Answer paths (with _ for /) with JSON; anything else is a 404."""

    def handle(request: httpx.Request) -> httpx.Response:
        name = request.url.path.strip("/").replace("/", "_").replace("-", "_")
        return httpx.Response(200, json=by_path[name]) if name in by_path else httpx.Response(404, text="not here")

    return asking(handle)


def test_what_the_venue_says_is_the_fact() -> None:
    questions = answering(ok="OK", version={"version": 2}, time=1_800_000_000, deployed={"deployed": False})
    assert isinstance(questions.round_trip_ms(), int)
    assert questions.version() == 2
    assert questions.skew_ms() == -100  # its second's middle is at .5, ours is .4
    assert questions.is_deployed(OWNER.wallet, SignatureType.DEPOSIT_WALLET) is False


def test_the_geoblock_page_is_only_asked_where_money_is_real() -> None:
    page = "https://example/api/geoblock"
    assert answering(api_geoblock={"blocked": True, "country": "US"}).geoblock(page) == Geoblock(True, "US")
    local = Endpoints(*["http://127.0.0.1:1"] * 5)
    assert isinstance(asking(lambda _: httpx.Response(500), local).geoblock(page), Untold)


def test_private_calls_are_signed_and_their_answers_read() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        bodies: dict[str, object] = {
            "/auth/api-keys": {"apiKeys": ["the-key"]},
            "/balance-allowance": {"balance": "12500000", "allowances": {"0xE1": "77"}},
            "/balance-allowance/update": "",
        }
        return httpx.Response(200, json=bodies[request.url.path])

    questions = asking(handle)
    assert questions.api_key(OWNER) == "the-key"
    assert questions.collateral(OWNER) == (12_500_000, {"0xE1": 77})
    for request in seen:
        headers = request.headers
        assert headers["POLY_TIMESTAMP"] == "1800000000"
        assert is_request_signature(
            headers["POLY_SIGNATURE"], secret_bytes(API.secret), "1800000000", "GET", request.url.path
        )
    assert seen[-1].url.params["signature_type"] == "3"


def test_an_api_key_that_the_venue_does_not_know_is_lost() -> None:
    found = answering(auth_api_keys={"apiKeys": ["another"]}).api_key(OWNER)
    assert isinstance(found, Lost)
    assert "does not know the API key the-key" in found.why


def test_open_orders_of_all_pages_are_listed() -> None:
    pages = {
        "MA==": {"data": [{"id": "0xA"}], "next_cursor": "Mg=="},
        "Mg==": {"data": [{"id": "0xB"}], "next_cursor": "LTE="},
    }
    questions = asking(lambda request: httpx.Response(200, json=pages[request.url.params["next_cursor"]]))
    assert questions.resting(OWNER) == ("0xa", "0xb")


def test_pages_without_an_end_are_not_followed_for_ever() -> None:
    endless = asking(lambda _: httpx.Response(200, json={"data": [], "next_cursor": "Mg=="}))
    assert isinstance(endless.resting(OWNER), Lost)


def test_an_eoa_is_not_asked_for() -> None:
    assert isinstance(answering().is_deployed(KEY.address, SignatureType.EOA), Untold)


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (refuse, "ConnectError: refused"),
        (lambda _: httpx.Response(403, text="<html>blocked</html>"), "status 403: <html>"),
        (lambda _: httpx.Response(200, text="no JSON"), "a strange answer"),
        (lambda _: httpx.Response(200, json=[]), "a strange answer"),
    ],
)
def test_no_answer_and_a_strange_one_are_facts_too(handler: Handler, why: str) -> None:
    questions = asking(handler)
    for found in (
        questions.version(),
        questions.skew_ms(),
        questions.geoblock("https://example/geoblock"),
        questions.is_deployed(OWNER.wallet, SignatureType.SAFE),
        questions.api_key(OWNER),
        questions.collateral(OWNER),
        questions.resting(OWNER),
    ):
        assert isinstance(found, Lost)
        assert why in found.why
        assert API.secret not in found.why
