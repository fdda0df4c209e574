"""What the tests of the exchange's services share: a desk with its own clock, one market, funded accounts, requests."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson
from multidict import CIMultiDict

from engine.exchange.accounts import TestAccount, open_accounts
from engine.exchange.calendar import make_ids
from engine.exchange.core.exchange import Exchange, Settings
from engine.exchange.core.market import Market, MarketSpec
from engine.exchange.core.orders import Answer, NewOrder
from engine.exchange.desk import Desk
from engine.exchange.members import Members
from engine.exchange.server.messages import Request, Response
from engine.exchange.server.routes import Match, Routes
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4, U6

START_MS = 1_795_263_300_000
FAST = Settings(mined_ms=20, confirmed_ms=40, balance_lag_ms=0)


class TestDesk(Desk):
    """A desk whose time is what the test says: `at_ms`."""

    __test__ = False

    def __init__(self, settings: Settings = FAST) -> None:
        self.at_ms = START_MS
        super().__init__(Exchange(settings), Members(7), lambda: self.at_ms)

    def wait(self, ms: int) -> None:
        """Let time pass and everything happen that is due."""
        self.at_ms += ms
        self.advance()
        self.pump()

    def list_market(self, name: str = "btc", version: str = "v1", *, neg_risk: bool = False) -> Market:
        """Add an open market whose taking orders are not held."""
        condition_id, tokens = make_ids(name, version)
        spec = MarketSpec(
            slug=name, condition_id=condition_id, tokens=tokens, hold_ms=0, version=version, neg_risk=neg_risk
        )
        return self.exchange.list_market(spec, self.now_ms())

    def accounts(self, count: int = 1, usd: int = 1_000) -> list[TestAccount]:
        """Open funded accounts."""
        return open_accounts(self, count, usd)

    def split(self, wallet: str, market: Market, usd: int) -> None:
        """Give a wallet shares of both tokens for its money."""
        account = self.exchange.ledger.account(wallet)
        assert self.exchange.settlement.split(account, market, usd * U6, self.now_ms()) is None

    def trade(self, buyer: str, seller: str, market: Market, token: int, price_e4: int, shares: int) -> Answer:
        """Let one wallet's resting sale meet another one's buy; owners are named as the wallets."""
        sale = order(seller, market.spec.tokens[token], Side.SELL, price_e4, shares, f"sale-{self.at_ms}-{seller}")
        buy = order(buyer, market.spec.tokens[token], Side.BUY, price_e4, shares, f"buy-{self.at_ms}-{buyer}")
        first, second = (self.exchange.submit(each, self.now_ms()) for each in (sale, buy))
        assert first.refusal is None, first
        assert second.refusal is None, second
        self.pump()
        return second


def order(wallet: str, token_id: str, side: Side, price_e4: int, shares: int, order_id: str) -> NewOrder:
    """Return a resting limit order."""
    cash_u6 = price_e4 * shares * U6 // PRICE_ONE_E4
    maker_u6, taker_u6 = (cash_u6, shares * U6) if side == Side.BUY else (shares * U6, cash_u6)
    return NewOrder(order_id, wallet, wallet, token_id, side, maker_u6, taker_u6, TimeInForce.GTC)


def ask(
    routes: Routes,
    method: str,
    target: str,
    content: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[int, Any]:
    """Return (status, JSON) of a request that is answered at once; `target` is a path of the loopback with a query."""
    path, _, query = target.partition("?")
    found = routes.find("127.0.0.1", method, path)
    if isinstance(found, Response):
        return found.status, orjson.loads(found.body)
    assert isinstance(found, Match)
    raw = body if body is not None else b"" if content is None else orjson.dumps(content)
    request = Request(
        method, path, parse_qs(query, True), CIMultiDict(headers or {}), raw, "127.0.0.1", found.variables
    )
    response = found.route.handler(request)
    assert isinstance(response, Response), "expected an answer at once"
    return response.status, orjson.loads(response.body) if response.body else None
