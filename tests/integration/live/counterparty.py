"""Somebody else at the exchange: the second test account, placing orders over HTTP."""

import asyncio
import time

import httpx

from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import U6
from engine.runtime.account import derive_credentials
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

TICK_E4 = 100


class Counterparty:
    """One account at one exchange."""

    def __init__(self, clob_url: str, account: int = 1) -> None:
        key = known_account(account)
        self._url = clob_url
        self._signer = WalletSigner(key, wallets_of(key.address).deposit, SignatureType.DEPOSIT_WALLET)
        credentials = asyncio.run(derive_credentials(clob_url, key, int(time.time())))
        self._writer = RequestWriter("localhost", key.address, credentials)

    def buy(self, token_id: str, price_e4: int, shares: int) -> None:
        """Place a resting buy."""
        terms = Terms(int(token_id), Side.BUY, price_e4, shares * U6, TICK_E4, TimeInForce.GTC)
        now_ns = time.time_ns()
        order = self._signer.sign(terms, now_ns % (1 << 53), now_ns // 1_000_000, EXCHANGE_V2)
        body = self._writer.order_body(order, TimeInForce.GTC)
        head = self._writer.place(body, int(time.time())).partition(b"\r\n\r\n")[0].decode()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        del headers["Host"]
        answer = httpx.post(f"{self._url}/order", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
