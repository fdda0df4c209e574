"""The local exchange as a source: found by the file that it keeps, spoken to as the venue is.

`bucketmm exchange` writes RUN_DIR/exchange.json; it says where everything is and how long its windows are. The file is
read again for every connection and every call: an exchange that was started again is found at its new ports. Reference
prices need API credentials: those of a test account that everybody knows are derived when the source begins.
"""

import asyncio
import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import msgspec

from engine.venue.accounts import known_account
from engine.venue.credentials import ApiCredentials, auth_headers
from feeder.discovery import LookupFailedError
from feeder.rest import TIMEOUT_S, RestBook, RestClient
from feeder.sources import SourceError
from feeder.sources.polymarket import PolymarketOptions, PolymarketSource
from feeder.transport import Connect, ConnectError, Connection, FrameListener
from shm.sink import RecordSink

FILE: Final = "exchange.json"


class LocalExchange(msgspec.Struct, frozen=True):
    """What the exchange's file says that a feeder or an engine needs."""

    pid: int
    clob_url: str
    gamma_url: str
    market_ws_url: str
    polybolt_ws_url: str
    user_ws_url: str
    data_url: str
    relayer_url: str
    rpc_url: str
    assets: tuple[str, ...]
    window_seconds: tuple[int, ...]
    seed: int


def find_exchange(run_dir: Path) -> LocalExchange:
    """Return where the local exchange is. Raises SourceError when it does not run or its file is not one."""
    path = run_dir / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=LocalExchange)
    except FileNotFoundError:
        raise SourceError(
            f"expected a running local exchange: {path} does not exist; start bucketmm exchange"
        ) from None
    except msgspec.DecodeError as error:
        raise SourceError(f"{path}: expected what a local exchange writes: {error}") from error
    if not Path(f"/proc/{found.pid}").exists():
        raise SourceError(f"{path}: the local exchange of pid {found.pid} is gone; start bucketmm exchange")
    return found


class Whereabouts:
    """Where the local exchange is now. Another one with the same windows is followed, any other refused."""

    def __init__(self, run_dir: Path, first: LocalExchange) -> None:
        self._run_dir = run_dir
        self._first = first

    def look(self) -> LocalExchange:
        """Return where it is. Raises SourceError when it does not run, or its windows and API keys are others."""
        found = find_exchange(self._run_dir)
        for name in ("seed", "assets", "window_seconds"):
            now, before = getattr(found, name), getattr(self._first, name)
            if now != before:
                path = self._run_dir / FILE
                raise SourceError(f"{path}: expected an exchange of {name} {before}, was {now}: start the feeder again")
        return found


class LocalRest:
    """Gamma and CLOB reads of wherever the exchange is."""

    def __init__(self, whereabouts: Whereabouts, first: LocalExchange) -> None:
        self._whereabouts = whereabouts
        self._at = first
        self._client = RestClient(first.gamma_url, first.clob_url)

    async def market(self, slug: str) -> object | None:
        """Return the Gamma market of a slug, None for a 404; raises LookupFailedError."""
        try:
            client = await self._present()
        except SourceError as error:
            raise LookupFailedError(str(error)) from error
        return await client.market(slug)

    async def book(self, token_id: str) -> RestBook | None:
        """Return the book of a token, None when there is none or nobody answered."""
        try:
            client = await self._present()
        except SourceError:
            return None
        return await client.book(token_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _present(self) -> RestClient:
        found = self._whereabouts.look()
        if (found.gamma_url, found.clob_url) != (self._at.gamma_url, self._at.clob_url):
            before, self._at = self._client, found
            self._client = RestClient(found.gamma_url, found.clob_url)
            await before.close()
        return self._client


class LocalSource:
    """Follows the local exchange's windows; `options` as for the venue, their addresses are the exchange's.

    `found` is what `find_exchange(run_dir)` has said.
    """

    name = "local"

    def __init__(self, run_dir: Path, found: LocalExchange, options: PolymarketOptions, connect: Connect) -> None:
        self._whereabouts = Whereabouts(run_dir, found)
        self._found = found
        self._options = dataclasses.replace(options, market_ws_url=found.market_ws_url)
        self._connect = connect
        self._source: PolymarketSource | None = None

    async def run(self, sink: RecordSink, stop: asyncio.Event) -> None:
        """Publish the exchange's data until `stop` is set. Raises SourceError when it gives no API credentials."""
        options = dataclasses.replace(
            self._options,
            polybolt_url=self._found.polybolt_ws_url,
            polybolt_credentials=await derive_credentials(self._found.clob_url),
        )
        self._source = PolymarketSource(options, LocalRest(self._whereabouts, self._found), self._dial)
        await self._source.run(sink, stop)

    def health(self) -> Mapping[str, object]:
        """Return what the venue's source says of itself."""
        return self._source.health() if self._source is not None else {}

    async def _dial(self, url: str, listener: FrameListener) -> Connection:
        """Connect to the stream that was at `url` when the source began, wherever it is now."""
        try:
            found = self._whereabouts.look()
        except SourceError as error:
            raise ConnectError(str(error)) from error
        moved = {
            self._found.market_ws_url: found.market_ws_url,
            self._found.polybolt_ws_url: found.polybolt_ws_url,
        }
        return await self._connect(moved[url], listener)


async def derive_credentials(clob_url: str) -> dict[str, str]:
    """Return the API credentials of the first test account, as PolyBolt's login wants them."""
    key = known_account(0)
    headers = auth_headers(key, int(time.time()))
    url = f"{clob_url}/auth/derive-api-key"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            response = await client.get(url, headers=headers)
            response.raise_for_status()
        credentials = msgspec.json.decode(response.content, type=ApiCredentials)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        raise SourceError(f"{url}: expected API credentials of the first test account: {error}") from error
    return {"apiKey": credentials.key, "secret": credentials.secret, "passphrase": credentials.passphrase}
