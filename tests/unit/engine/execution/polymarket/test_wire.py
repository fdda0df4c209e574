"""Each call is one request to the right host, dated with the venue's clock, as httpx would send it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from engine.execution.polymarket.bench import CREDENTIALS
from engine.execution.polymarket.dialling import Address
from engine.execution.polymarket.http_line import Answer, LostAnswer
from engine.execution.polymarket.wire import CONTROL_TIMEOUT_S, Wire
from engine.lab.virtual.loop import VirtualLoop
from engine.venue.accounts import known_account
from engine.venue.credentials import request_headers
from tests.unit.engine.execution.polymarket.memory_venue import ADDRESS, Asked, MemoryVenue, dial, run

KEY = known_account(0)
NOW_S = 1_795_000_000
NOW_NS = NOW_S * 1_000_000_000
CLOB = Address(ADDRESS.host, ADDRESS.port, tls=False, path="/clob")
DATA = Address(ADDRESS.host, ADDRESS.port, tls=False, path="/data")


def played(work: Callable[[Wire, MemoryVenue], Awaitable[None]]) -> None:
    """Run a test on an open wire."""
    loop = VirtualLoop(NOW_NS, horizon_s=100)

    async def play() -> None:
        venue = MemoryVenue(loop)
        wire = Wire(dial, CLOB, DATA, KEY.address, CREDENTIALS, loop.wall_ns)
        wire.open()
        await asyncio.sleep(0.01)
        await work(wire, venue)
        await wire.close()

    run(play(), loop)


def by_httpx(method: str, path: str, body: bytes = b"", now_s: int = NOW_S, /, **query: str) -> httpx.Request:
    """Return what a plain client would send for a private call."""
    headers = request_headers(KEY.address, CREDENTIALS, now_s, method, path, body) | {
        "Content-Type": "application/json"
    }
    url = f"http://{ADDRESS.authority}/clob{path}"
    return httpx.Request(method, url, params=query or None, content=body, headers=headers)


def same(asked: Asked, wanted: httpx.Request) -> None:
    """Compare what was sent with what httpx would have sent: all but the spelling of header names."""
    assert asked.method == wanted.method
    assert urlsplit(asked.target).path == wanted.url.path
    assert parse_qs(urlsplit(asked.target).query) == parse_qs(wanted.url.query.decode())
    sent = {name.lower(): value for name, value in asked.headers.items()}
    if not asked.body:
        sent.pop("content-length", None)
    assert sent == {name: value for name, value in wanted.headers.items() if name != "content-length" or asked.body}
    assert asked.body == wanted.read()


Call = Callable[[Wire, Any], object]
PRIVATE: list[tuple[str, Call, tuple[str, str, bytes, dict[str, str]]]] = [
    ("place", lambda wire, on: wire.place(b'{"order":1}', on), ("POST", "/order", b'{"order":1}', {})),
    ("cancel", lambda wire, on: wire.cancel("0xa", on), ("DELETE", "/order", b'{"orderID":"0xa"}', {})),
    (
        "cancel_market",
        lambda wire, on: wire.cancel_market("0xc", on),
        ("DELETE", "/cancel-market-orders", b'{"market":"0xc"}', {}),
    ),
    ("cancel_all", lambda wire, on: wire.cancel_all(on), ("DELETE", "/cancel-all", b"", {})),
    (
        "heartbeat",
        lambda wire, on: wire.heartbeat("", on),
        ("POST", "/v1/heartbeats", b'{"heartbeat_id":""}', {}),
    ),
    ("read", lambda wire, on: wire.read("/data/orders", on), ("GET", "/data/orders", b"", {})),
    (
        "read with a query",
        lambda wire, on: wire.read("/data/trades", on, after="12", next_cursor="MA=="),
        ("GET", "/data/trades", b"", {"after": "12", "next_cursor": "MA=="}),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "wanted"), [row[1:] for row in PRIVATE], ids=[row[0] for row in PRIVATE])
def test_a_private_call_is_what_httpx_would_send(call: Call, wanted: tuple[str, str, bytes, dict[str, str]]) -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        answers: list[Answer | LostAnswer] = []
        call(wire, answers.append)
        asked = await venue.next()
        method, path, body, query = wanted
        same(asked, by_httpx(method, path, body, **query))
        asked.reply({"yes": 1})
        await asyncio.sleep(0.01)
        assert [answer.body for answer in answers if isinstance(answer, Answer)] == [b'{"yes":1}']

    played(work)


def test_what_anybody_may_read_is_asked_without_a_proof() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        wire.public("/book", lambda answer: None, token_id="7")
        wire.positions(lambda answer: None, user="0xw", limit="10")
        asked = sorted([await venue.next(), await venue.next()], key=lambda each: each.target)
        targets = ("/clob/book?token_id=7", "/data/v2/positions?user=0xw&limit=10")
        for each, target in zip(asked, targets, strict=True):
            assert (each.method, each.target, each.body) == ("GET", target, b"")
            assert not any(name.startswith("POLY_") for name in each.headers)
            each.reply()

    played(work)


def test_proofs_are_dated_with_the_venues_clock() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        wire.offset_ns = -7_000_000_000
        assert wire.venue_s() == NOW_S - 7
        wire.cancel_all(lambda answer: None)
        asked = await venue.next()
        same(asked, by_httpx("DELETE", "/cancel-all", b"", NOW_S - 7))
        asked.reply()

    played(work)


def test_an_order_that_finds_no_idle_line_says_so_while_a_cancel_waits() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        ready = wire.orders.ready
        assert [wire.place(b"{}", lambda answer: None) for _ in range(ready + 1)] == [True] * ready + [False]
        wire.cancel("0xa", lambda answer: None)
        for _ in range(ready):
            (await venue.next()).reply()
        assert (await venue.next()).body == b'{"orderID":"0xa"}'

    played(work)


def test_reads_do_not_take_the_lines_of_orders() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        for _ in range(20):
            wire.read("/data/orders", lambda answer: None)
        await asyncio.sleep(0.1)
        assert len(venue.asked) == 2
        assert wire.place(b"{}", lambda answer: None)

    played(work)


def test_reads_that_are_not_answered_do_not_hold_up_a_heartbeat() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        for _ in range(20):
            wire.read("/data/orders", lambda answer: None)
        await asyncio.sleep(0.1)
        venue.asked.clear()
        wire.heartbeat("", lambda answer: None)
        await asyncio.sleep(0.1)
        assert [each.target for each in venue.asked] == ["/clob/v1/heartbeats"]

    played(work)


def test_a_heartbeat_without_an_answer_is_lost_before_the_next_one_is_due() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        answers: list[Answer | LostAnswer] = []
        wire.heartbeat("", answers.append)
        await asyncio.sleep(CONTROL_TIMEOUT_S - 0.1)
        assert answers == []
        await asyncio.sleep(0.2)
        assert [type(answer) for answer in answers] == [LostAnswer]

    played(work)


def test_asking_waits_for_the_answer() -> None:
    async def work(wire: Wire, venue: MemoryVenue) -> None:
        asking = asyncio.ensure_future(wire.ask(wire.read, "/data/orders", id="0xa"))
        asked = await venue.next()
        same(asked, by_httpx("GET", "/data/orders", id="0xa"))
        asked.reply({"data": []}, 503)
        answer = await asking
        assert isinstance(answer, Answer)
        assert (answer.status, answer.body) == (503, b'{"data":[]}')
        abandoned = asyncio.ensure_future(wire.ask(wire.public, "/time"))
        asked = await venue.next()
        abandoned.cancel()
        asked.reply(1)  # nobody waits for it any more
        await asyncio.sleep(0.01)

    played(work)
