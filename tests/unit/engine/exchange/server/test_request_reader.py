from http import HTTPStatus
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.server.request_reader import (
    BODY_BYTES_MAX,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    TARGET_BYTES_MAX,
    Incoming,
    Refusal,
    RequestReader,
)
from tests.unit.engine.exchange.server.wires import request_bytes


def read(*pieces: bytes) -> list[Incoming | Refusal]:
    reader = RequestReader()
    return [each for piece in pieces for each in reader.feed(piece)]


def only(data: bytes) -> Incoming:
    (found,) = read(data)
    assert isinstance(found, Incoming), found
    return found


def refusal(*pieces: bytes) -> Refusal:
    found = read(*pieces)[-1]
    assert isinstance(found, Refusal), found
    return found


def test_a_request_is_taken_apart() -> None:
    found = only(request_bytes("POST", "/order?a=1&a=2&b=%20x&c=", b"body", "POLY_ADDRESS: 0xAb", host="A.b:1"))
    assert (found.method, found.path, found.body, found.authority) == ("POST", "/order", b"body", "A.b:1")
    assert found.query == {"a": ["1", "2"], "b": [" x"], "c": [""]}
    assert found.headers["poly_address"] == "0xAb"
    assert found.keep_alive


def test_the_path_stays_as_it_was_sent_because_it_is_signed() -> None:
    assert only(request_bytes("GET", "/data/order/%30x?x=1")).path == "/data/order/%30x"


CHUNKED = (
    b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nHost: other\r\nX: y\r\n\r\n"
)


def test_a_chunked_body_is_joined_and_its_trailer_dropped() -> None:
    found = only(CHUNKED)
    assert found.body == b"abcde"
    assert (found.headers.getall("Host"), "X" in found.headers) == (["h"], False)


STREAM = (
    request_bytes("GET", "/time")
    + CHUNKED
    + request_bytes("POST", "/order", b'{"a":1}', "A: b")
    + request_bytes("GET", "/old", b"", "Upgrade: h2c", "Connection: Upgrade")
    + request_bytes("GET", "/ws/market", b"", "Upgrade: WebSocket", "Connection: keep-alive, Upgrade")
    + b"\x81\x84frames"
)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_the_requests_are_the_same_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    reader, found = RequestReader(), []
    for begin, end in pairwise(edges):
        found += reader.feed(STREAM[begin:end])
    assert [(each.method, each.path, each.body) for each in found if isinstance(each, Incoming)] == [
        ("GET", "/time", b""), ("POST", "/a", b"abcde"), ("POST", "/order", b'{"a":1}'), ("GET", "/old", b""),
        ("GET", "/ws/market", b""),
    ]  # fmt: skip
    assert len(found) == 5
    assert found[-1].is_websocket  # type: ignore[union-attr]
    assert reader.rest == b"\x81\x84frames"


def test_a_tunnel_names_its_destination() -> None:
    found = only(b"CONNECT clob.polymarket.com:443 HTTP/1.1\r\nHost: clob.polymarket.com:443\r\n\r\n")
    assert (found.is_tunnel, found.authority) == (True, "clob.polymarket.com:443")


def test_an_absolute_target_comes_before_the_host_header() -> None:
    found = only(request_bytes("GET", "http://clob.polymarket.com/book?token_id=1", host="other"))
    assert (found.authority, found.path, found.is_absolute) == ("clob.polymarket.com", "/book", True)
    assert only(request_bytes("GET", "HTTP://x")).path == "/"


def test_nothing_is_read_after_the_last_request() -> None:
    found = read(request_bytes("GET", "/a", b"", "Connection: close") + b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [each.path for each in found if isinstance(each, Incoming)] == ["/a"]
    assert len(found) == 1


def test_the_old_version_needs_no_host_and_closes() -> None:
    found = only(b"GET / HTTP/1.0\r\n\r\n")
    assert (found.authority, found.keep_alive) == ("localhost", False)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (request_bytes("POST", "/", b"x", "Upgrade: h2c", "Connection: Upgrade"), 400),
        (request_bytes("GET", "/?" + "&".join(["a=b"] * 201)), 400),
        (request_bytes("GET", "/" + "a" * TARGET_BYTES_MAX), 414),
        (request_bytes("GET", "/", b"", f"A: {'b' * HEADER_BYTES_MAX}"), 431),
        (request_bytes("GET", "/", b"", *["A: b"] * HEADERS_MAX), 431),
        (request_bytes("POST", "/", b"", f"Content-Length: {BODY_BYTES_MAX + 1}"), 413),
        (request_bytes("POST", "/", b"", "Expect: a-miracle"), 417),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_status(data: bytes, status: int) -> None:
    assert refusal(data).status == status
    assert refusal(data, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == status, "expected nothing after a refusal"


def test_a_chunked_body_is_refused_when_it_becomes_too_long() -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    assert refusal(head, *[chunk] * 17).status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert read(head, *[chunk] * 16) == []


def test_a_head_that_never_ends_is_refused() -> None:
    assert refusal(b"GET / HTTP/1.1\r\nA: ", *[b"x" * 65_536] * 8).status == 431


def test_a_body_of_the_longest_length_is_taken() -> None:
    assert len(only(request_bytes("POST", "/", bytes(BODY_BYTES_MAX))).body) == BODY_BYTES_MAX


def test_a_client_that_awaits_a_continue_is_known_until_its_body_comes() -> None:
    reader = RequestReader()
    assert reader.feed(request_bytes("POST", "/", b"", "Expect: 100-continue", "Content-Length: 2")) == []
    assert reader.awaits_continue
    assert reader.feed(b"a") == []
    assert not reader.awaits_continue
    assert len(reader.feed(b"b")) == 1


@given(data=st.binary(max_size=200), after=st.booleans())
def test_no_bytes_make_it_raise(data: bytes, after: bool) -> None:
    read((STREAM[:60] if after else b"") + data, data)
