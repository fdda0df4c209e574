"""Which handler answers a request: by host, method and path; fixed paths by one look-up, patterns by their segments.

Rules:
- A name of the venue as host selects that service's table alone. On the loopback everything hangs on one port: the CLOB
  at the root, the others under their prefixes and, where the CLOB has nothing, at the root, too.
- A fixed path comes before a pattern that fits it: `/markets/keyset` is Gamma's, `/markets/{id}` is the CLOB's.
- A path that is known with other methods only is 405, a stream asked for without an upgrade 426, any other path 404.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import unquote

import msgspec

from engine.exchange.server.hosts import LOOPBACK_PREFIXES, VENUE_HOSTS, Service, is_local
from engine.exchange.server.messages import Handler, Response, error_response
from engine.exchange.server.websocket import WebSocketHandler


class Route(msgspec.Struct, frozen=True):
    """One call of one service."""

    service: Service
    method: str
    pattern: str
    handler: Handler
    name: str
    """What faults and limits call it: method and pattern on the loopback, such as `POST /order` or `GET /gamma/events`,
    whatever host and path it was called by."""


class StreamRoute(msgspec.Struct, frozen=True):
    """One WebSocket path of one service."""

    service: Service
    path: str
    handler: WebSocketHandler
    name: str
    """What faults call it: `WS` and its path on the loopback, such as `WS /ws/market`."""


class Match(NamedTuple):
    """A route, and what its variables stand for."""

    route: Route
    variables: tuple[str, ...]


Methods = dict[str, Route]


class _Pattern(NamedTuple):
    segments: tuple[str | None, ...]  # None where a variable stands
    methods: Methods


class _Table:
    """The calls and streams of one host."""

    def __init__(self) -> None:
        self.streams: dict[str, StreamRoute] = {}
        self._fixed: dict[str, Methods] = {}
        self._patterns: dict[int, list[_Pattern]] = {}

    def add(self, path: str, route: Route) -> None:
        """Add a route at a path or pattern; the first one of a path and method stays."""
        segments = tuple(None if each.startswith("{") else each for each in path.split("/"))
        if None not in segments:
            self._fixed.setdefault(path, {}).setdefault(route.method, route)
            return
        same_length = self._patterns.setdefault(len(segments), [])
        for pattern in same_length:
            if pattern.segments == segments:
                pattern.methods.setdefault(route.method, route)
                return
        same_length.append(_Pattern(segments, {route.method: route}))

    def find(self, method: str, path: str) -> Match | Response:
        """Return the route of a request, or the refusal."""
        methods = self._fixed.get(path)
        if methods is not None:
            route = methods.get(method)
            if route is not None:
                return Match(route, ())
        allowed = set(methods or ())
        for found, variables in self._fitting(path):
            route = found.get(method)
            if route is not None:
                return Match(route, variables)
            allowed |= found.keys()
        return self._refusal(path, allowed)

    def _fitting(self, path: str) -> Iterator[tuple[Methods, tuple[str, ...]]]:
        segments = path.split("/")
        for pattern in self._patterns.get(len(segments), ()):
            pairs = list(zip(pattern.segments, segments, strict=True))
            if all(wanted == was if wanted is not None else was for wanted, was in pairs):
                yield pattern.methods, tuple(unquote(was) for wanted, was in pairs if wanted is None)

    def _refusal(self, path: str, allowed: set[str]) -> Response:
        if allowed:
            rows = (("Allow", ", ".join(sorted(allowed))),)
            return error_response(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed", rows)
        if path in self.streams:
            rows = (("Upgrade", "websocket"),)
            return error_response(HTTPStatus.UPGRADE_REQUIRED, "this path is a WebSocket", rows)
        return NOT_FOUND


NOT_FOUND: Final = error_response(HTTPStatus.NOT_FOUND, "not found")


class Routes:
    """All calls and streams, by host. Services are added in any order; a service's own routes in order of weight."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._streams: list[tuple[StreamRoute, str]] = []
        self._hosts: dict[str, _Table] = {}
        self._loopback = _Table()

    def add(self, service: Service, method: str, pattern: str, handler: Handler) -> None:
        """Add a call: `pattern` is a path in which a segment like `{id}` stands for anything but nothing."""
        assert pattern.startswith("/"), f"expected a path that begins with a slash, was {pattern!r}"
        name = f"{method} {LOOPBACK_PREFIXES[service]}{pattern}"
        self._routes.append(Route(service, method, pattern, handler, name.rstrip("/")))
        self._hosts.clear()

    def add_stream(self, service: Service, path: str, handler: WebSocketHandler, loopback_path: str) -> None:
        """Add a WebSocket at its path on the venue's host, and at another one on the loopback."""
        stream = StreamRoute(service, path, handler, f"WS {loopback_path}")
        self._streams.append((stream, loopback_path))
        self._hosts.clear()

    def find(self, host: str, method: str, path: str) -> Match | Response:
        """Return the route of a request, or its refusal: 404, 405 or 426."""
        table = self._table(host)
        if table is None:
            return _unknown_host(host)
        found = table.find(method, path)
        if method == "HEAD" and isinstance(found, Response):
            return table.find("GET", path)
        return found

    def find_stream(self, host: str, path: str) -> StreamRoute | Response:
        """Return the WebSocket of a path, or the refusal."""
        table = self._table(host)
        if table is None:
            return _unknown_host(host)
        return table.streams.get(path) or NOT_FOUND

    def _table(self, host: str) -> _Table | None:
        if not self._hosts:
            self._build()
        table = self._hosts.get(host)
        return self._loopback if table is None and is_local(host) else table

    def _build(self) -> None:
        """Make the tables anew: the CLOB's calls are first on the loopback, whatever was added when."""
        self._loopback = _Table()
        self._hosts = {host: _Table() for host in VENUE_HOSTS}
        by_service = {service: self._hosts[host] for host, service in VENUE_HOSTS.items()}
        for route in self._routes:
            by_service[route.service].add(route.pattern, route)
            if route.service == Service.CLOB:
                self._loopback.add(route.pattern, route)
        for route in self._routes:
            prefix = LOOPBACK_PREFIXES[route.service]
            if prefix:
                self._loopback.add(prefix + route.pattern.rstrip("/"), route)
                self._loopback.add(route.pattern, route)
        for stream, loopback_path in self._streams:
            by_service[stream.service].streams[stream.path] = stream
            self._loopback.streams[loopback_path] = stream


def covers(names: tuple[str, ...], name: str) -> bool:
    """Tell whether a call or stream is one of these names; one that ends with `*` stands for all that begin so."""
    return any(name.startswith(each[:-1]) if each.endswith("*") else name == each for each in names)


def _unknown_host(host: str) -> Response:
    return error_response(
        HTTPStatus.MISDIRECTED_REQUEST, f"expected a host of the venue or this machine, was {host[:100]!r}"
    )
