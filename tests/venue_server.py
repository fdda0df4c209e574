"""A small venue on 127.0.0.1 for the tests: the market channel, Gamma by slug and GET /book, with faults on demand.

It speaks protocol.md 5: the first frame once, an array of books first, PONG for PING, INVALID OPERATION, and a book
only for assets that were not active. Each connection can be stalled (PONGs go on), cut, or sent any frame.
"""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from engine.venue.market_channel import INVALID_OPERATION, PING, PONG


class Client:
    """One connection to the market channel as the server sees it."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.active: set[str] = set()
        self.received: list[Any] = []
        self.pings = 0
        self.stalled = False
        self.opened = False

    async def send(self, message: Any) -> None:
        """Send a message, or bytes as they are, unless the connection is stalled or gone."""
        if self.stalled:
            return
        frame = message if isinstance(message, bytes) else orjson.dumps(message)
        with suppress(ConnectionClosed):
            await self.socket.send(frame, text=True)


class VenueServer:
    """`books` by token are what subscribers and REST are given; `markets` by slug are what Gamma knows."""

    def __init__(self) -> None:
        self.books: dict[str, Any] = {}
        self.rest_books: dict[str, Any] = {}
        self.markets: dict[str, Any] = {}
        self.clients: list[Client] = []
        self.rest_requests: list[str] = []
        self.refused: list[Any] = []
        self.unknown_assets = False
        self.first_frames_need_event_type = True
        self._server: Server | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> "VenueServer":
        self._server = await serve(self._serve, "127.0.0.1", 0, process_request=self._rest, compression=None)
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        assert self._server is not None
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"{host}:{port}"

    @property
    def live(self) -> list[Client]:
        return [client for client in self.clients if client.socket.close_code is None]

    async def until(self, condition: Any, timeout_s: float = 10) -> None:
        """Wait until `condition()` holds; connections and received frames are the events."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.005)

    async def broadcast(self, message: Any) -> None:
        for client in self.live:
            await client.send(message)

    def _rest(self, _socket: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        if url.path == "/ws/market":
            return None
        self.rest_requests.append(request.path)
        if url.path.startswith("/markets/slug/"):
            answer = self.markets.get(url.path.rpartition("/")[2])
        else:
            token = parse_qs(url.query)["token_id"][0]
            answer = self.rest_books.get(token) or self.books.get(token)
        assert self._server is not None
        status = HTTPStatus.NOT_FOUND if answer is None else HTTPStatus.OK
        response = _socket.respond(status, orjson.dumps(answer).decode())
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        return response

    async def _serve(self, socket: ServerConnection) -> None:
        client = Client(socket)
        self.clients.append(client)
        with suppress(ConnectionClosed):
            while True:
                await self._answer(client, await socket.recv(decode=False))

    async def _answer(self, client: Client, frame: bytes) -> None:
        if frame == PING:
            client.pings += 1
            await client.socket.send(PONG, text=True)
            return
        message = orjson.loads(frame)
        client.received.append(message)
        is_first = message.get("type") == "market"
        if is_first == client.opened:
            self.refused.append(message)
            await client.socket.send(INVALID_OPERATION, text=True)
            return
        client.opened = True
        named = set(message["assets_ids"])
        if message.get("operation") == "unsubscribe":
            client.active -= named
            return
        joining, client.active = named - client.active, client.active | named
        await self._send_books(client, sorted(joining), is_first)

    async def _send_books(self, client: Client, tokens: list[str], is_first: bool) -> None:
        known = [] if self.unknown_assets else [self.books[token] for token in tokens if token in self.books]
        if is_first and not self.first_frames_need_event_type:
            known = [{key: value for key, value in book.items() if key != "event_type"} for book in known]
        if is_first or not known:
            await client.send(known)
            return
        for book in known:
            await client.send(book)
