"""What handlers take and give: a request, a response, and their JSON."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
import orjson
from multidict import CIMultiDict

JSON: Final = "application/json"
HeaderRows = tuple[tuple[str, str], ...]
"""Names and values of headers, in order."""


class Request(msgspec.Struct, frozen=True):
    """One HTTP request; `path` is as it was sent, without the query, because signatures are made over it."""

    method: str
    path: str
    query: dict[str, list[str]]
    """Decoded values of each query parameter, in order."""
    headers: CIMultiDict[str]
    """By name, whatever its case; latin-1 as HTTP has it."""
    body: bytes
    host: str
    """The host that was asked for, in lower case, without the port."""
    variables: tuple[str, ...] = ()
    """What the variables of the route's pattern stand for, decoded."""

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, None when it is missing."""
        values = self.query.get(name)
        return values[0] if values else None


class Response(msgspec.Struct, frozen=True):
    """One HTTP response; the length, the date and the connection's fate are added by the server."""

    status: int
    body: bytes = b""
    headers: HeaderRows = ()
    content_type: str = JSON


Handler = Callable[[Request], Response | Awaitable[Response]]
"""Answers a request, at once or later; one that answers at once costs no task."""


def json_response(content: object, status: int = HTTPStatus.OK, headers: HeaderRows = ()) -> Response:
    """Return `content` as compact JSON."""
    return Response(int(status), orjson.dumps(content), headers)


def error_response(status: int, message: str, headers: HeaderRows = ()) -> Response:
    """Return the venue's error shape, `{"error": message}` (protocol.md 4)."""
    return Response(int(status), orjson.dumps({"error": message}), headers)


_STATUS_LINES: Final = {int(each): f"HTTP/1.1 {int(each)} {each.phrase}\r\n" for each in HTTPStatus}


def render(response: Response, *, keep_alive: bool = True, date: str | None = None, with_body: bool = True) -> bytes:
    """Return the bytes of a response; `date` is the value of its Date header, which is left out if None."""
    line = _STATUS_LINES.get(response.status) or f"HTTP/1.1 {response.status} Unknown\r\n"
    head = f"{line}Content-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n"
    for name, value in response.headers:
        assert not {"\r", "\n"} & set(value), f"expected the value of {name} on one line, was {value!r}"
        head += f"{name}: {value}\r\n"
    if date is not None:
        head += f"Date: {date}\r\n"
    if not keep_alive:
        head += "Connection: close\r\n"
    encoded = (head + "\r\n").encode("latin-1")
    return encoded + response.body if with_body else encoded
