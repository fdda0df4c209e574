"""Bytes in, HTTP/1.1 requests out, without I/O; httptools (llhttp) does the parsing, this holds its limits.

What is wrong with a request is a `Refusal`, the last thing that a reader gives: where the next request would begin is
not known any more, so that the connection has to end.
"""

from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from multidict import CIMultiDict

BODY_BYTES_MAX: Final = 1 << 20
"""A batch of 1,000 cancels, the largest documented body, takes 70 KB."""
TARGET_BYTES_MAX: Final = 8 << 10
HEADER_BYTES_MAX: Final = 32 << 10
HEADERS_MAX: Final = 100
"""The limits on heads are those that widespread servers have."""
PARAMETERS_MAX: Final = 200
_UNPARSED_HEAD_BYTES_MAX: Final = TARGET_BYTES_MAX + HEADER_BYTES_MAX + (256 << 10)  # with one read of any transport


class Incoming(NamedTuple):
    """A request as it came; `authority` is the Host header, or what an absolute target or CONNECT names."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: CIMultiDict[str]
    body: bytes
    authority: str
    keep_alive: bool
    is_absolute: bool = False
    is_websocket: bool = False
    is_tunnel: bool = False


class Refusal(NamedTuple):
    """Why a request cannot be taken."""

    status: HTTPStatus
    message: str


class RequestReader:
    """Reads one connection. `rest` holds what came behind an upgrade: it is no HTTP any more."""

    def __init__(self) -> None:
        self.rest = b""
        self.awaits_continue = False
        """Whether the client waits for `100 Continue` before it sends its body."""
        self._parser = HttpRequestParser(self)
        self._found: list[Incoming | Refusal] = []
        self._is_over = False
        self._is_upgraded = False
        self._in_head = False
        self._fed_in_head = 0
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._forget()

    def feed(self, data: bytes) -> list[Incoming | Refusal]:
        """Take bytes and return the requests that are complete with them, in order."""
        if self._is_upgraded:
            self.rest += data
            return []
        if self._in_head:
            self._fed_in_head += len(data)
            if self._fed_in_head > _UNPARSED_HEAD_BYTES_MAX:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too long")
        while data and not self._is_over:
            data = self._parse(data)
        found, self._found = self._found, []
        return found

    def _parse(self, data: bytes) -> bytes:
        """Parse, and return what is left after an upgrade that is not wanted."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            return self._at_upgrade(data[int(upgrade.args[0]) :])
        except HttpParserError as error:
            if not self._is_over:
                self._refuse(HTTPStatus.BAD_REQUEST, f"expected an HTTP/1.1 request, found: {error}"[:200])
        return b""

    def _at_upgrade(self, rest: bytes) -> bytes:
        if self._is_over:
            return b""
        tunnel = self._parser.get_method() == b"CONNECT"
        websocket = not tunnel and self._headers.get("Upgrade", "").strip().lower() == "websocket"
        if tunnel or websocket:
            self._complete(is_websocket=websocket, is_tunnel=tunnel)
            self._is_over, self._is_upgraded, self.rest = True, True, rest
            return b""
        if "Content-Length" in self._headers or "Transfer-Encoding" in self._headers:
            self._refuse(HTTPStatus.BAD_REQUEST, "expected no body with an upgrade to anything but websocket")
        else:
            self._complete()  # a wish for another protocol may be ignored (RFC 9110 7.8)
        return rest

    # What llhttp calls, in this order; url, header and body once or more for each request.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._forget()
        self._in_head = True
        self._fed_in_head = 0

    def on_url(self, url: bytes) -> None:
        """Take the target, or a piece of it."""
        self._target += url
        if len(self._target) > TARGET_BYTES_MAX:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"the target is longer than {TARGET_BYTES_MAX} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those of a chunked body's trailer are dropped."""
        if not self._in_head or self._is_over:
            return
        self._header_bytes += len(name) + len(value)
        self._rows.append((name.decode("latin-1"), value.decode("latin-1")))
        if self._header_bytes > HEADER_BYTES_MAX or len(self._rows) > HEADERS_MAX:
            message = f"the headers are more than {HEADER_BYTES_MAX} bytes or {HEADERS_MAX} lines"
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)

    def on_headers_complete(self) -> None:
        """Judge the head before the body comes."""
        self._in_head = False
        self._headers = CIMultiDict(self._rows)
        length = self._headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > BODY_BYTES_MAX:
            self._refuse_body()
        expected = self._headers.get("Expect")
        if expected is not None:
            if expected.lower() != "100-continue":
                self._refuse(HTTPStatus.EXPECTATION_FAILED, f"expected `100-continue`, was {expected[:50]!r}")
            self.awaits_continue = not self._is_over

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES_MAX:
            self._refuse_body()
        elif not self._is_over:
            self._body.append(body)
            self.awaits_continue = False

    def on_message_complete(self) -> None:
        """End a request; one that asks for an upgrade ends with the exception that llhttp raises next."""
        if not self._is_over and not self._parser.should_upgrade():
            self._complete()

    def _forget(self) -> None:
        self._target = b""
        self._rows: list[tuple[str, str]] = []
        self._headers = CIMultiDict()
        self._header_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0

    def _complete(self, *, is_websocket: bool = False, is_tunnel: bool = False) -> None:
        self.awaits_continue = False
        hosts = self._headers.getall("Host", [])
        if len(hosts) > 1 or (not hosts and self._parser.get_http_version() != "1.0"):
            self._refuse(HTTPStatus.BAD_REQUEST, f"expected one Host header, found {len(hosts)}")
            return
        keep_alive = self._parser.should_keep_alive()
        target = self._target.decode("latin-1")
        authority, path, is_absolute = _split(target, hosts[0] if hosts else "localhost", is_tunnel)
        path, _, query_text = path.partition("?")
        try:
            query = parse_qs(query_text, keep_blank_values=True, max_num_fields=PARAMETERS_MAX) if query_text else {}
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, f"expected at most {PARAMETERS_MAX} parameters in the query")
            return
        self._found.append(
            Incoming(
                method=self._parser.get_method().decode("latin-1"),
                path=path,
                query=query,
                headers=self._headers,
                body=b"".join(self._body),
                authority=authority,
                keep_alive=keep_alive,
                is_absolute=is_absolute,
                is_websocket=is_websocket,
                is_tunnel=is_tunnel,
            )
        )
        self._is_over = not keep_alive

    def _refuse_body(self) -> None:
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {BODY_BYTES_MAX} bytes")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        if not self._is_over:
            self._is_over = True
            self.awaits_continue = False
            self._found.append(Refusal(status, message))


def _split(target: str, host: str, is_tunnel: bool) -> tuple[str, str, bool]:
    """Return authority, path with query, and whether the target was in absolute form (RFC 9112 3.2)."""
    if is_tunnel:
        return target, "", False
    if not target.lower().startswith(("http://", "https://")):
        return host, target, False
    authority, slash, path = target.partition("://")[2].partition("/")
    return authority, slash + path or "/", True
