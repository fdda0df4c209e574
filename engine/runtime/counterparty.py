"""Somebody else at the local exchange: one of its known accounts, which buys over HTTP as any client does."""

import asyncio
import time
from typing import Final, Self

import httpx

from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.runtime.account import derive_credentials
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.credentials import request_headers
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

TICK_E4: Final = 100
_TIMEOUT_S: Final = 10.0


class Counterparty:
    """One account at one exchange, over a connection that stays open."""

    def __init__(self, clob_url: str, account: int = 1) -> None:
        self._key = known_account(account)
        wallet = wallets_of(self._key.address).deposit
        self._signer = WalletSigner(self._key, wallet, SignatureType.DEPOSIT_WALLET)
        self._credentials = asyncio.run(derive_credentials(clob_url, self._key, int(time.time())))
        self._writer = RequestWriter("localhost", self._key.address, self._credentials)
        self._client = httpx.Client(base_url=clob_url, timeout=_TIMEOUT_S)

    def buy(self, token_id: str, price_e4: int, shares: int) -> None:
        """Place a resting buy; the exchange mints a pair where it meets one of the other token. Raises httpx.HTTPError
        where the order is not taken.
        """
        terms = Terms(int(token_id), Side.BUY, price_e4, shares * SHARE_U6, TICK_E4, TimeInForce.GTC)
        now_ns = time.time_ns()
        order = self._signer.sign(terms, now_ns % (1 << 53), now_ns // 1_000_000, EXCHANGE_V2)
        body = self._writer.order_body(order, TimeInForce.GTC)
        headers = request_headers(self._key.address, self._credentials, int(time.time()), "POST", "/order", body)
        json = {"Content-Type": "application/json"}
        self._client.post("/order", content=body, headers=headers | json).raise_for_status()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
