from typing import Any

import pytest
from multidict import CIMultiDict

from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response
from engine.exchange.server.routes import Match, Routes, covers
from tests.unit.engine.exchange.server.handlers import Echo

CLOB, GAMMA, LOCAL = "clob.polymarket.com", "gamma-api.polymarket.com", "127.0.0.1"


def answering(name: str) -> Any:
    return lambda request: Response(200, f"{name} {' '.join(request.variables)}".strip().encode())


@pytest.fixture
def routes() -> Routes:
    made = Routes()
    made.add(Service.GAMMA, "GET", "/markets/slug/{slug}", answering("slug"))
    made.add(Service.GAMMA, "GET", "/markets/keyset", answering("keyset"))
    made.add(Service.GAMMA, "GET", "/markets/{id}", answering("gamma market"))
    made.add(Service.GAMMA, "GET", "/markets", answering("gamma markets"))
    made.add(Service.CLOB, "GET", "/markets", answering("clob markets"))
    made.add(Service.CLOB, "GET", "/markets/{cid}", answering("clob market"))
    made.add(Service.CLOB, "GET", "/data/order/{id}", answering("order"))
    made.add(Service.CLOB, "POST", "/order", answering("post"))
    made.add(Service.CLOB, "DELETE", "/order", answering("cancel"))
    made.add(Service.DATA, "GET", "/v2/positions", answering("positions"))
    made.add(Service.RELAYER, "GET", "/v1/account/{a}/transactions/{b}", answering("two"))
    made.add(Service.RPC, "POST", "/", answering("rpc"))
    made.add_stream(Service.CLOB_STREAMS, "/ws/market", Echo(), "/ws/market")
    made.add_stream(Service.POLYBOLT, "/ws", Echo(), "/polybolt")
    return made


def said(routes: Routes, host: str, method: str, path: str) -> str:
    """Return what the found handler answers, or the refusal's status and text."""
    found = routes.find(host, method, path)
    if isinstance(found, Response):
        return f"{found.status} {found.body.decode()}"
    answer = found.route.handler(Request(method, path, {}, CIMultiDict(), b"", host, found.variables))
    assert isinstance(answer, Response)
    return answer.body.decode()


@pytest.mark.parametrize(
    ("host", "method", "path", "expected"),
    [
        (CLOB, "GET", "/markets", "clob markets"),
        (CLOB, "GET", "/markets/keyset", "clob market keyset"),
        (CLOB, "POST", "/order", "post"),
        (CLOB, "DELETE", "/order", "cancel"),
        (GAMMA, "GET", "/markets", "gamma markets"),
        (GAMMA, "GET", "/markets/keyset", "keyset"),
        (GAMMA, "GET", "/markets/7", "gamma market 7"),
        ("polygon.drpc.org", "POST", "/", "rpc"),
        ("data-api.polymarket.com", "GET", "/v2/positions", "positions"),
    ],
)
def test_a_host_of_the_venue_has_its_services_paths_alone(
    routes: Routes, host: str, method: str, path: str, expected: str
) -> None:
    assert said(routes, host, method, path) == expected


def test_a_service_does_not_answer_for_another(routes: Routes) -> None:
    assert said(routes, GAMMA, "POST", "/order") == '404 {"error":"not found"}'
    assert said(routes, CLOB, "GET", "/markets/slug/x") == '404 {"error":"not found"}'


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/markets", "clob markets"),
        ("GET", "/markets/0xab", "clob market 0xab"),
        ("GET", "/markets/keyset", "keyset"),
        ("GET", "/markets/slug/btc-updown-15m-0", "slug btc-updown-15m-0"),
        ("GET", "/gamma/markets", "gamma markets"),
        ("GET", "/gamma/markets/7", "gamma market 7"),
        ("GET", "/data/order/0x1", "order 0x1"),
        ("GET", "/data/v2/positions", "positions"),
        ("GET", "/v2/positions", "positions"),
        ("GET", "/relayer/v1/account/x/transactions/y", "two x y"),
        ("POST", "/rpc", "rpc"),
        ("POST", "/", "rpc"),
    ],
)
def test_the_loopback_has_everything_and_the_clob_first(
    routes: Routes, host: str, method: str, path: str, expected: str
) -> None:
    assert said(routes, host, method, path) == expected


@pytest.mark.parametrize(
    ("host", "method", "path", "name"),
    [
        (CLOB, "POST", "/order", "POST /order"),
        (GAMMA, "GET", "/markets/7", "GET /gamma/markets/{id}"),
        (LOCAL, "GET", "/gamma/markets/7", "GET /gamma/markets/{id}"),
        (LOCAL, "GET", "/v2/positions", "GET /data/v2/positions"),
        (LOCAL, "POST", "/", "POST /rpc"),
    ],
)
def test_a_call_has_one_name_however_it_is_reached(
    routes: Routes, host: str, method: str, path: str, name: str
) -> None:
    found = routes.find(host, method, path)
    assert isinstance(found, Match)
    assert found.route.name == name


def test_a_variable_is_decoded_and_is_never_empty(routes: Routes) -> None:
    assert said(routes, LOCAL, "GET", "/markets/a%2Fb%20c") == "clob market a/b c"
    assert said(routes, LOCAL, "GET", "/markets/").startswith("404")


def test_an_unknown_path_is_not_found(routes: Routes) -> None:
    assert said(routes, LOCAL, "GET", "/nope") == '404 {"error":"not found"}'


def test_another_method_is_not_allowed_and_the_allowed_ones_are_named(routes: Routes) -> None:
    found = routes.find(LOCAL, "PUT", "/order")
    assert isinstance(found, Response)
    assert (found.status, found.headers) == (405, (("Allow", "DELETE, POST"),))


def test_head_is_get(routes: Routes) -> None:
    assert isinstance(routes.find(LOCAL, "HEAD", "/markets"), Match)


def test_an_unknown_name_is_no_host_of_ours(routes: Routes) -> None:
    assert said(routes, "evil.example", "GET", "/markets").startswith("421")
    found = routes.find_stream("evil.example", "/ws/market")
    assert isinstance(found, Response)
    assert found.status == 421


def test_streams_have_other_paths_on_the_loopback(routes: Routes) -> None:
    for host, path in (
        (LOCAL, "/ws/market"), ("ws-subscriptions-clob.polymarket.com", "/ws/market"),
        (LOCAL, "/polybolt"), ("ws-live-v2.polymarket.com", "/ws"),
    ):  # fmt: skip
        assert not isinstance(routes.find_stream(host, path), Response), (host, path)
    for host, path in ((LOCAL, "/ws"), (CLOB, "/ws/market"), ("ws-live-v2.polymarket.com", "/polybolt")):
        assert isinstance(routes.find_stream(host, path), Response), (host, path)


def test_a_stream_has_one_name_whatever_the_host(routes: Routes) -> None:
    found = routes.find_stream("ws-live-v2.polymarket.com", "/ws")
    assert not isinstance(found, Response)
    assert found.name == "WS /polybolt"


def test_a_stream_asked_for_without_upgrade_says_so(routes: Routes) -> None:
    assert said(routes, LOCAL, "GET", "/ws/market").startswith("426")


def test_routes_can_be_added_later(routes: Routes) -> None:
    assert said(routes, LOCAL, "GET", "/time").startswith("404")
    routes.add(Service.CLOB, "GET", "/time", answering("time"))
    assert said(routes, LOCAL, "GET", "/time") == "time"


@pytest.mark.parametrize(
    ("names", "covered"),
    [(("POST /order",), True), (("POST *",), True), (("*",), True), (("DELETE *", "POST /orders"), False), ((), False)],
)
def test_names_cover_what_they_are_or_begin_with(names: tuple[str, ...], covered: bool) -> None:
    assert covers(names, "POST /order") is covered
