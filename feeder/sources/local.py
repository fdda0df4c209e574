"""The local exchange as a source: found by the file that it keeps, spoken to as the venue is.

`bucketmm exchange` writes RUN_DIR/exchange.json; it says where everything is and how long its windows are. Reference
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
from engine.venue.addresses import checksum_address, to_hex
from engine.venue.credentials import (
    ADDRESS_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    ApiCredentials,
    sign_auth,
)
from feeder.rest import TIMEOUT_S, RestClient
from feeder.sources import SourceError
from feeder.sources.polymarket import PolymarketOptions, PolymarketSource
from feeder.transport import Connect
from shm.sink import RecordSink

FILE: Final = "exchange.json"


class LocalExchange(msgspec.Struct, frozen=True):
    """What the exchange's file says that a feeder needs."""

    pid: int
    clob_url: str
    gamma_url: str
    market_ws_url: str
    polybolt_ws_url: str
    assets: tuple[str, ...]
    window_seconds: tuple[int, ...]


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


class LocalSource:
    """Follows the local exchange's windows; `options` as for the venue, their addresses are the exchange's."""

    name = "local"

    def __init__(self, found: LocalExchange, options: PolymarketOptions, connect: Connect) -> None:
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
        rest = RestClient(self._found.gamma_url, self._found.clob_url)
        self._source = PolymarketSource(options, rest, self._connect)
        await self._source.run(sink, stop)

    def health(self) -> Mapping[str, object]:
        """Return what the venue's source says of itself."""
        return self._source.health() if self._source is not None else {}


async def derive_credentials(clob_url: str) -> dict[str, str]:
    """Return the API credentials of the first test account, as PolyBolt's login wants them."""
    key = known_account(0)
    timestamp_s = str(int(time.time()))
    headers = {
        ADDRESS_HEADER: checksum_address(key.address),
        SIGNATURE_HEADER: to_hex(sign_auth(key, timestamp_s)),
        TIMESTAMP_HEADER: timestamp_s,
        NONCE_HEADER: "0",
    }
    url = f"{clob_url}/auth/derive-api-key"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            response = await client.get(url, headers=headers)
            response.raise_for_status()
        credentials = msgspec.json.decode(response.content, type=ApiCredentials)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        raise SourceError(f"{url}: expected API credentials of the first test account: {error}") from error
    return {"apiKey": credentials.key, "secret": credentials.secret, "passphrase": credentials.passphrase}
