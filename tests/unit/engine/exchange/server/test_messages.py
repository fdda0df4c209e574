import pytest
from multidict import CIMultiDict

from engine.exchange.server.messages import Request, Response, error_response, json_response, render


def test_json_is_compact_and_says_what_it_is() -> None:
    assert render(json_response({"a": [1, "b"]})) == (
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"a":[1,"b"]}'
    )


def test_an_error_has_the_venues_shape() -> None:
    response = error_response(425, "wait", (("Retry-After", "2"),))
    assert (response.status, response.body, response.headers) == (425, b'{"error":"wait"}', (("Retry-After", "2"),))


def test_date_and_the_connections_end_are_said_when_asked_for() -> None:
    rendered = render(Response(404), keep_alive=False, date="Sat, 21 Nov 2026 00:00:00 GMT")
    assert b"\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nConnection: close\r\n\r\n" in rendered


def test_a_head_without_body_still_has_its_length() -> None:
    rendered = render(Response(200, b"abc"), with_body=False)
    assert b"Content-Length: 3" in rendered
    assert rendered.endswith(b"\r\n\r\n")


def test_a_status_without_a_name_is_rendered() -> None:
    assert render(Response(599)).startswith(b"HTTP/1.1 599 Unknown\r\n")


def test_a_header_cannot_smuggle_another_one() -> None:
    with pytest.raises(AssertionError, match="on one line"):
        render(Response(200, headers=(("X", "a\r\nSet-Cookie: b"),)))


def test_a_parameter_is_the_first_of_its_values() -> None:
    request = Request("GET", "/", {"a": ["1", "2"]}, CIMultiDict(), b"", "localhost")
    assert (request.parameter("a"), request.parameter("b")) == ("1", None)
