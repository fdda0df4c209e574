"""Where the local exchange is, and the credentials that it gives; a whole feeder on it is an integration test."""

import asyncio
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.exchange.server.server import Server
from engine.venue.accounts import known_account
from engine.venue.credentials import ADDRESS_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, proven_address
from feeder.sources import SourceError
from feeder.sources.local import derive_credentials, find_exchange

CONTENT: dict[str, Any] = {
    "pid": os.getpid(),
    "clob_url": "http://127.0.0.1:1",
    "gamma_url": "http://127.0.0.1:1/gamma",
    "market_ws_url": "ws://127.0.0.1:1/ws/market",
    "polybolt_ws_url": "ws://127.0.0.1:1/polybolt",
    "assets": ["btc"],
    "window_seconds": [60],
    "orders_resting": 5,
}


def written(folder: Path, content: object) -> Path:
    (folder / "exchange.json").write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return folder


def test_a_running_exchange_is_found(tmp_path: Path) -> None:
    found = find_exchange(written(tmp_path, CONTENT))
    assert (found.pid, found.assets, found.window_seconds) == (os.getpid(), ("btc",), (60,))


def test_without_a_file_it_is_said_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"exchange\.json does not exist; start bucketmm exchange"):
        find_exchange(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", CONTENT | {"pid": "x"}, {"pid": 1}])
def test_a_file_of_something_else_is_named(tmp_path: Path, content: object) -> None:
    with pytest.raises(SourceError, match=r"exchange\.json: expected what a local exchange writes"):
        find_exchange(written(tmp_path, content))


def test_an_exchange_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the local exchange of pid 4194999 is gone"):
        find_exchange(written(tmp_path, CONTENT | {"pid": 4_194_999}))


async def derived(answer: Response, seen: list[Request]) -> dict[str, str]:
    def handle(request: Request) -> Response:
        seen.append(request)
        return answer

    routes = Routes()
    routes.add(Service.CLOB, "GET", "/auth/derive-api-key", handle)
    async with Server(routes) as server:
        return await derive_credentials(f"http://127.0.0.1:{await server.listen()}")


def test_credentials_are_asked_for_with_the_first_accounts_proof() -> None:
    seen: list[Request] = []
    answer = {"apiKey": "k", "secret": "c2VjcmV0", "passphrase": "p"}
    assert asyncio.run(derived(json_response(answer), seen)) == answer
    headers = seen[0].headers
    names = (ADDRESS_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER)
    assert proven_address(*(headers[name] for name in names)) == known_account(0).address


@pytest.mark.parametrize("answer", [error_response(400, "Could not derive api key"), json_response({"apiKey": 5})])
def test_an_exchange_without_accounts_is_named(answer: Response) -> None:
    with pytest.raises(SourceError, match="auth/derive-api-key: expected API credentials of the first test account"):
        asyncio.run(derived(answer, []))


def test_an_exchange_that_does_not_answer_is_named() -> None:
    with pytest.raises(SourceError, match="expected API credentials"):
        asyncio.run(derive_credentials("http://127.0.0.1:1"))
