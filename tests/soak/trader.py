"""A bot that signs orders of a test account's deposit wallet and sends them to a local exchange over HTTP."""

import random
import time
from typing import Any

import httpx
import orjson

from engine.model.events import Side
from engine.venue.accounts import known_account
from engine.venue.amounts import limit_amounts, market_amounts
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.credentials import (
    ApiCredentials,
)
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of
from tests.signing import proof, signed_order

TIMEOUT_S = 3.0


class Trader:
    """One account's bot; it knows the orders that it has been told of."""

    def __init__(self, reach: dict[str, Any], number: int) -> None:
        self.last_error = ""
        self._account = reach["accounts"][number]
        self._key = known_account(number)
        self._wallet = wallets_of(self._key.address).deposit
        self._credentials = ApiCredentials(
            key=self._account["api_key"], secret=self._account["secret"], passphrase=self._account["passphrase"]
        )
        self._gamma_url = reach["gamma_url"]
        self._client = httpx.AsyncClient(base_url=reach["clob_url"], timeout=TIMEOUT_S)
        self._tokens: dict[str, list[str]] = {}
        self._resting: list[str] = []
        self._beat = ""
        self._salt = number << 40

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    async def order(self, dice: random.Random, length_s: int, side: Side, tif: str, size_u6: int) -> int:
        """Place one order in the window that runs; return the answer's status."""
        now_s = int(time.time())
        slug = f"btc-updown-{length_s}s-{now_s - now_s % length_s}"
        if slug not in self._tokens:
            answer = await self._client.get(f"{self._gamma_url}/markets/slug/{slug}")
            if answer.status_code != 200:
                return answer.status_code
            self._tokens = {slug: orjson.loads(answer.json()["clobTokenIds"])}
        price_e4 = dice.randrange(20, 81) * 100
        if tif in ("GTC", "GTD"):
            amounts = limit_amounts(side, price_e4, size_u6)
        else:
            amounts = market_amounts(side, price_e4, size_u6, 100)
        self._salt += 1
        wire = signed_order(
            self._key, self._wallet, SignatureType.DEPOSIT_WALLET, dice.choice(self._tokens[slug]), side, amounts,
            salt=self._salt, timestamp_ms=time.time_ns() // 1_000_000, contract=EXCHANGE_V2,
        )  # fmt: skip
        content = {"order": wire, "owner": self._account["api_key"], "orderType": tif, "deferExec": False}
        answer = await self.send("POST", "/order", orjson.dumps(content))
        if answer.status_code == 200 and answer.json()["status"] == "live":
            self._resting = [*self._resting[-50:], answer.json()["orderID"]]
        return answer.status_code

    async def cancel_some(self, dice: random.Random) -> int:
        """Cancel a few orders that may rest."""
        chosen = dice.sample(self._resting, min(3, len(self._resting)))
        self._resting = [each for each in self._resting if each not in chosen]
        return (await self.send("DELETE", "/orders", orjson.dumps(chosen))).status_code

    async def cancel_all(self) -> int:
        """Cancel everything."""
        self._resting = []
        return (await self.send("DELETE", "/cancel-all")).status_code

    async def read(self, path: str) -> int:
        """Read a list."""
        return (await self.send("GET", path)).status_code

    async def heartbeat(self) -> int:
        """Send a beat with the id that the last answer gave."""
        answer = await self.send("POST", "/v1/heartbeats", orjson.dumps({"heartbeat_id": self._beat}))
        if answer.status_code in (200, 400):
            self._beat = answer.json().get("heartbeat_id", "")
        return answer.status_code

    async def send(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        """Send a request with its L2 proof."""
        headers = proof(self._account["eoa"], self._credentials, int(time.time()), method, path, body)
        answer = await self._client.request(method, path, content=body or None, headers=headers)
        self.last_error = answer.text[:300] if answer.status_code >= 400 else ""
        return answer
