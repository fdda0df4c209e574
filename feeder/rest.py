"""The venue's REST services as the feeder uses them: market objects by slug and order books by token, over
httpx."""

from typing import Final, NamedTuple

import httpx
import orjson

from feeder import messages
from feeder.book import ASK, BID, Level
from feeder.discovery import LookupFailedError
from shm.layout import pack_level

TIMEOUT_S: Final = 5.0


class RestBook(NamedTuple):
    """What GET /book said: the two best levels a side, packed as in a record, and the venue's time of it."""

    top: tuple[int, int, int, int]
    venue_ts_ns: int


class RestClient:
    """Gamma and CLOB reads; both hosts are configurable."""

    def __init__(self, gamma_url: str, clob_url: str) -> None:
        self._gamma_url = gamma_url.rstrip("/")
        self._clob_url = clob_url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, http2=True)

    async def market(self, slug: str) -> object | None:
        """Return the Gamma market of a slug, None for a 404; raises LookupFailedError."""
        url = f"{self._gamma_url}/markets/slug/{slug}"
        try:
            response = await self._http.get(url)
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            response.raise_for_status()
            market: object = orjson.loads(response.content)
        except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as error:
            raise LookupFailedError(f"{url}: {error or type(error).__name__}") from error
        return market

    async def book(self, token_id: str) -> RestBook | None:
        """Return the CLOB's book of a token, None when there is none or it cannot be had or read."""
        try:
            response = await self._http.get(f"{self._clob_url}/book", params={"token_id": token_id})
            response.raise_for_status()
            return read_book(orjson.loads(response.content))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def read_book(answer: object) -> RestBook:
    """Read the answer of GET /book; raises ValueError."""
    if not isinstance(answer, dict):
        raise ValueError(f"expected a book object, was {type(answer).__name__}")
    bids = [messages.level_of(entry) for entry in messages.objects_of(answer, "bids")]
    asks = [messages.level_of(entry) for entry in messages.objects_of(answer, "asks")]
    (bid1, bid2), (ask1, ask2) = _best_two(bids, BID), _best_two(asks, ASK)
    return RestBook((bid1, ask1, bid2, ask2), messages.venue_ts_ns_of(answer))


def _best_two(levels: list[Level], side: int) -> tuple[int, int]:
    best = sorted((level for level in levels if level[1]), reverse=side == BID)[:2]
    packed = [pack_level(*level) for level in best]
    return (*packed, 0, 0)[0], (*packed, 0, 0)[1]
