"""The local exchange as a source: found by its file, again after a restart, and refused when it is another one."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.exchange.server.server import Server
from engine.venue.accounts import known_account
from engine.venue.credentials import ADDRESS_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, proven_address
from feeder.discovery import LookupFailedError
from feeder.sources import SourceError
from feeder.sources.local import LocalRest, LocalSource, Whereabouts, derive_credentials, find_exchange
from feeder.sources.polymarket import PolymarketOptions
from feeder.transport import ConnectError, Connection, FrameListener


def write(run_dir: Path, port: int, **changes: object) -> None:
    fields: dict[str, object] = {
        "pid": os.getpid(),
        "clob_url": f"http://127.0.0.1:{port}",
        "gamma_url": f"http://127.0.0.1:{port}/gamma",
        "market_ws_url": f"ws://127.0.0.1:{port}/ws/market",
        "polybolt_ws_url": f"ws://127.0.0.1:{port}/polybolt",
        "user_ws_url": f"ws://127.0.0.1:{port}/ws/user",
        "data_url": f"http://127.0.0.1:{port}/data",
        "relayer_url": f"http://127.0.0.1:{port}/relayer",
        "rpc_url": f"http://127.0.0.1:{port}/rpc",
        "assets": ["btc"],
        "window_seconds": [60],
        "seed": 1,
        "trades": 3,
    }
    (run_dir / "exchange.json").write_text(json.dumps(fields | changes))


def test_the_file_says_where_the_exchange_is(tmp_path: Path) -> None:
    write(tmp_path, 5001)
    found = find_exchange(tmp_path)
    assert (found.market_ws_url, found.window_seconds) == ("ws://127.0.0.1:5001/ws/market", (60,))


def test_without_a_file_the_error_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="start bucketmm exchange"):
        find_exchange(tmp_path)


def test_the_file_of_a_dead_exchange_is_not_believed(tmp_path: Path) -> None:
    write(tmp_path, 5001, pid=2**30)
    with pytest.raises(SourceError, match="pid 1073741824 is gone"):
        find_exchange(tmp_path)


def test_a_file_of_another_shape_is_refused_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, 5001, seed="x")
    with pytest.raises(SourceError, match=r"exchange\.json: expected what a local exchange writes"):
        find_exchange(tmp_path)


def test_every_connection_goes_to_where_the_exchange_is_now(tmp_path: Path) -> None:
    dialled: list[str] = []

    async def connect(url: str, listener: FrameListener) -> Connection:
        dialled.append(url)
        raise ConnectError("nobody there")

    write(tmp_path, 5001)
    found = find_exchange(tmp_path)
    source = LocalSource(tmp_path, found, PolymarketOptions(), connect)
    write(tmp_path, 5002)
    for url in (found.market_ws_url, found.polybolt_ws_url):
        with pytest.raises(ConnectError, match="nobody there"):
            asyncio.run(source._dial(url, None))  # type: ignore[arg-type]  # nothing is heard
    assert dialled == ["ws://127.0.0.1:5002/ws/market", "ws://127.0.0.1:5002/polybolt"]


def test_no_connection_is_tried_while_no_exchange_runs(tmp_path: Path) -> None:
    write(tmp_path, 5001)
    source = LocalSource(tmp_path, find_exchange(tmp_path), PolymarketOptions(), None)  # type: ignore[arg-type]
    (tmp_path / "exchange.json").unlink()
    with pytest.raises(ConnectError, match="start bucketmm exchange"):
        asyncio.run(source._dial("ws://127.0.0.1:5001/ws/market", None))  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"seed": 2}, {"assets": ["eth"]}, {"window_seconds": [900]}])
def test_an_exchange_with_other_windows_is_refused(changes: dict[str, object], tmp_path: Path) -> None:
    write(tmp_path, 5001)
    whereabouts = Whereabouts(tmp_path, find_exchange(tmp_path))
    write(tmp_path, 5002, **changes)
    with pytest.raises(SourceError, match="start the feeder again"):
        whereabouts.look()


def test_reads_fail_as_lookups_do_while_no_exchange_runs(tmp_path: Path) -> None:
    write(tmp_path, 5001)
    found = find_exchange(tmp_path)
    (tmp_path / "exchange.json").unlink()

    async def ask() -> None:
        rest = LocalRest(Whereabouts(tmp_path, found), found)
        with pytest.raises(LookupFailedError, match="start bucketmm exchange"):
            await rest.market("btc-updown-60s-0")
        assert await rest.book("1") is None
        await rest.close()

    asyncio.run(ask())


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
