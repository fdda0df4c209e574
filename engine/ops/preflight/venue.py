"""Asks the venue over httpx, one question a fact; what is not answered is a fact too.

Facts (protocol.md 3, 4.1, 4.5, 4.6, 4.8, 12; 2026-11-21): /time is whole seconds; balances and allowances are of the
order book service's cache; the relayer's /deployed needs no key; the geoblock page is on the venue's main site.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import httpx
import orjson

from engine.execution.polymarket.reads import FIRST_CURSOR, LAST_CURSOR, read_balance, read_page, read_time_s
from engine.ops.endpoints import Endpoints
from engine.ops.preflight.facts import Geoblock, Lost, Untold
from engine.venue.addresses import checksum_address
from engine.venue.credentials import ApiCredentials, request_headers
from engine.venue.orders import SignatureType

TIMEOUT_S: Final = 10.0
NS_PER_MS: Final = 1_000_000
PAGES_MAX: Final = 20
_RELAYED: Final = {
    SignatureType.PROXY: "PROXY",
    SignatureType.SAFE: "SAFE",
    SignatureType.DEPOSIT_WALLET: "WALLET",
}

Value = TypeVar("Value")


class Owner:
    """Whose private calls are made: the EOA, its API credentials, and the wallet that is asked about."""

    def __init__(self, eoa: bytes, wallet: bytes, signature_type: SignatureType, credentials: ApiCredentials) -> None:
        self.eoa: Final = eoa
        self.wallet: Final = wallet
        self.signature_type: Final = signature_type
        self.credentials: Final = credentials


class VenueQuestions:
    """The questions. Each method returns its fact, or Lost with the reason; none raises for what the venue does."""

    def __init__(self, http: httpx.Client, endpoints: Endpoints, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._http = http
        self._at = endpoints
        self._now_ns = now_ns

    def round_trip_ms(self) -> int | Lost:
        """Return how long GET /ok took, on a line that is open."""

        def ask() -> int:
            self._get(f"{self._at.clob_url}/ok")
            begun_ns = time.perf_counter_ns()
            self._get(f"{self._at.clob_url}/ok")
            return (time.perf_counter_ns() - begun_ns) // NS_PER_MS

        return _fact(ask)

    def version(self) -> int | Lost:
        """Return what GET /version says."""
        return _fact(lambda: int(orjson.loads(self._get(f"{self._at.clob_url}/version").content)["version"]))

    def skew_ms(self) -> int | Lost:
        """Return our clock less the venue's, which shows whole seconds: the middle of the second is taken."""

        def ask() -> int:
            before_ns = self._now_ns()
            told_s = read_time_s(self._get(f"{self._at.clob_url}/time").content)
            middle_ns = (before_ns + self._now_ns()) // 2
            return middle_ns // NS_PER_MS - (told_s * 1000 + 500)

        return _fact(ask)

    def geoblock(self, url: str) -> Geoblock | Lost | Untold:
        """Return whether the venue trades with where we are."""
        if self._at.is_local:
            return Untold("the venue is on this machine")

        def ask() -> Geoblock:
            content = orjson.loads(self._get(url).content)
            return Geoblock(bool(content["blocked"]), str(content.get("country", "?")))

        return _fact(ask)

    def is_deployed(self, wallet: bytes, signature_type: SignatureType) -> bool | Lost | Untold:
        """Return whether the wallet's contract exists."""
        kind = _RELAYED.get(signature_type)
        if kind is None:
            return Untold("an EOA needs no contract, but the venue takes orders only of those on its list")

        def ask() -> bool:
            query = {"address": checksum_address(wallet), "type": kind}
            return bool(orjson.loads(self._get(f"{self._at.relayer_url}/deployed", query).content)["deployed"])

        return _fact(ask)

    def api_key(self, owner: Owner) -> str | Lost:
        """Return the API key, if the venue knows it."""

        def ask() -> str:
            known = orjson.loads(self.private(owner, "GET", "/auth/api-keys").content)["apiKeys"]
            if owner.credentials.key not in known:
                raise ValueError(f"the venue does not know the API key {owner.credentials.key}")
            return owner.credentials.key

        return _fact(ask)

    def collateral(self, owner: Owner) -> tuple[int, dict[str, int]] | Lost:
        """Return the collateral in 1e-6 and what each spender may take of it."""
        query = {"asset_type": "COLLATERAL", "signature_type": str(int(owner.signature_type))}

        def ask() -> tuple[int, dict[str, int]]:
            self.private(owner, "GET", "/balance-allowance/update", query=query)
            content = self.private(owner, "GET", "/balance-allowance", query=query).content
            allowed = orjson.loads(content).get("allowances") or {}
            return read_balance(content), {str(spender): int(amount) for spender, amount in allowed.items()}

        return _fact(ask)

    def resting(self, owner: Owner) -> tuple[str, ...] | Lost:
        """Return the ids of the open orders, of all pages."""

        def ask() -> tuple[str, ...]:
            found: list[str] = []
            cursor = FIRST_CURSOR
            for _ in range(PAGES_MAX):
                page = read_page(self.private(owner, "GET", "/data/orders", query={"next_cursor": cursor}).content)
                found += [str(row.get("id", "?")).lower() for row in page.rows]
                cursor = page.next_cursor
                if cursor in ("", LAST_CURSOR):
                    return tuple(found)
            raise ValueError(f"expected at most {PAGES_MAX} pages of open orders")

        return _fact(ask)

    def private(
        self, owner: Owner, method: str, path: str, body: bytes = b"", query: dict[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer to a call with L2 headers, whatever its status; raises for a GET's other than 200."""
        now_s = self._now_ns() // 1_000_000_000
        headers = request_headers(owner.eoa, owner.credentials, now_s, method, path, body)
        headers["Content-Type"] = "application/json"
        url = f"{self._at.clob_url}{path}"
        response = self._http.request(method, url, params=query, content=body or None, headers=headers)
        return _good(response) if method == "GET" else response

    def _get(self, url: str, query: dict[str, str] | None = None) -> httpx.Response:
        return _good(self._http.get(url, params=query))


def _good(response: httpx.Response) -> httpx.Response:
    """Return an answer with status 200. Raises ValueError with the venue's words for any other."""
    if response.status_code != 200:
        raise ValueError(f"{response.request.url.path}: status {response.status_code}: {response.text[:120]}")
    return response


def _fact(ask: Callable[[], Value]) -> Value | Lost:
    """Return what was asked for, or why it could not be had."""
    try:
        return ask()
    except (httpx.HTTPError, httpx.InvalidURL, ImportError) as error:
        return Lost(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        return Lost(f"a strange answer: {error}")
