"""A whole exchange on a real port of this process, with signed requests and streams, for tests."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import websockets

from engine.exchange.accounts import TestAccount, open_accounts
from engine.exchange.app import App, AppOptions
from engine.exchange.calendar import SeriesOptions
from engine.exchange.control import Control
from engine.exchange.core.exchange import Settings
from engine.exchange.core.market import Market, Phase
from engine.exchange.scenario import Incident, What
from engine.exchange.server.limits import Mode as LimitMode
from engine.model.events import Side
from engine.model.units import U6
from engine.venue.amounts import Amounts, limit_amounts, market_amounts
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of
from engine.worlds.replayed import Replay, ReplayParams
from tests.signing import proof, signed_order

SIZE_U6 = 10 * U6


class Stage:
    """One exchange without counterparties, the market of the window that runs, and its clients."""

    def __init__(self, app: App, control: Control, accounts: list[TestAccount], client: httpx.AsyncClient) -> None:
        self.app = app
        self.control = control
        self.accounts = accounts
        self.client = client
        self._salt = 0

    @property
    def market(self) -> Market:
        """Return the window that runs, or the next one that is open."""
        return next(market for market in self.app.exchange.markets.values() if market.phase == Phase.OPEN)

    def fault(self, what: What, **more: Any) -> None:
        """Let something go wrong now."""
        self.control.incidents.add(Incident(name=str(what), what=what, **more))

    async def get(self, path: str, account: int | None = None, **params: str) -> httpx.Response:
        """Read something, with an account's proof where one is given."""
        headers = {} if account is None else self._proof(account, "GET", path, b"")
        return await self.client.get(path, params=params, headers=headers)

    async def place(
        self, price_e4: int, *, account: int = 0, side: Side = Side.BUY, tif: str = "GTC", size_u6: int = SIZE_U6,
        token: int = 0, post_only: bool = False,
    ) -> httpx.Response:  # fmt: skip
        """Sign an order of an account's deposit wallet and place it."""
        body = self.order_body(price_e4, account, side, tif, size_u6, token, post_only)
        return await self.client.post("/order", content=body, headers=self._proof(account, "POST", "/order", body))

    def order_body(
        self, price_e4: int, account: int, side: Side, tif: str, size_u6: int, token: int, post_only: bool
    ) -> bytes:
        """Return the body of a signed order."""
        immediate = tif in ("FAK", "FOK")
        amounts: Amounts = (
            market_amounts(side, price_e4, size_u6, self.market.tick_e4)
            if immediate
            else limit_amounts(side, price_e4, size_u6)
        )
        key = self.accounts[account].key
        self._salt += 1
        order = signed_order(
            key, wallets_of(key.address).deposit, SignatureType.DEPOSIT_WALLET, self.market.spec.tokens[token], side,
            amounts, salt=self._salt, timestamp_ms=time.time_ns() // 1_000_000, contract=EXCHANGE_V2,
        )  # fmt: skip
        owner = self.accounts[account].credentials.key
        return orjson.dumps({"order": order, "owner": owner, "orderType": tif, "postOnly": post_only})

    async def delete(self, path: str, content: object, account: int = 0) -> httpx.Response:
        """Cancel something."""
        body = b"" if content is None else orjson.dumps(content)
        headers = self._proof(account, "DELETE", path, body)
        return await self.client.request("DELETE", path, content=body or None, headers=headers)

    def _proof(self, account: int, method: str, path: str, body: bytes) -> dict[str, str]:
        owner = self.accounts[account]
        return proof(owner.address, owner.credentials, int(time.time()), method, path, body)

    @asynccontextmanager
    async def stream(self, path: str, first: object) -> AsyncIterator["Frames"]:
        """Open a stream and send its first frame."""
        url = str(self.client.base_url).replace("http", "ws", 1).rstrip("/") + path
        async with websockets.connect(url, compression=None) as connection:
            await connection.send(orjson.dumps(first).decode())
            yield Frames(connection)

    def market_stream(self) -> Any:
        """Follow the market's two tokens."""
        return self.stream("/ws/market", {"type": "market", "assets_ids": [*self.market.spec.tokens]})

    def user_stream(self, account: int = 0) -> Any:
        """Follow an account's own events."""
        credentials = self.accounts[account].credentials
        auth = {"apiKey": credentials.key, "secret": credentials.secret, "passphrase": credentials.passphrase}
        return self.stream("/ws/user", {"type": "user", "auth": auth})


class Frames:
    """The frames of one stream, as objects; arrays come one by one."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self._waiting: list[dict[str, Any]] = []

    async def next(self, event_type: str | None = None, within_s: float = 5.0) -> dict[str, Any]:
        """Return the next object, of that type where one is given. Raises TimeoutError when none comes."""
        async with asyncio.timeout(within_s):
            while True:
                while self._waiting:
                    found = self._waiting.pop(0)
                    if event_type is None or found.get("event_type") == event_type:
                        return found
                text = await self.connection.recv()
                if text in ("PONG", "INVALID OPERATION"):
                    return {"event_type": text}
                decoded = orjson.loads(text)
                self._waiting += decoded if isinstance(decoded, list) else [decoded]

    async def collect(self, for_s: float) -> list[dict[str, Any]]:
        """Return everything that comes in some time."""
        found = []
        end = time.monotonic() + for_s
        while (left_s := end - time.monotonic()) > 0:
            try:
                found.append(await self.next(within_s=left_s))
            except TimeoutError:
                break
        return found


@asynccontextmanager
async def staged(
    *, length_s: int = 3_600, hold_ms: int = 0, settings: Settings | None = None, limits: LimitMode = LimitMode.OFF
) -> AsyncIterator[Stage]:
    """Run an exchange with three funded accounts on a port of its own."""
    settings = settings or Settings(mined_ms=50, confirmed_ms=100, balance_lag_ms=0)
    options = AppOptions(
        series=(SeriesOptions(length_s=length_s, hold_ms=hold_ms, ahead=1),), settings=settings, limits=limits
    )
    app = App(options, lambda series, now_ms: Replay(iter(()), ReplayParams(), now_ms))
    accounts = open_accounts(app.desk, 3, 1_000)
    async with app.open_server() as server:
        port = await server.listen()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            yield Stage(app, Control(app), accounts, client)
