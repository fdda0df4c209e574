"""The order book service's calls on a desk in virtual time, with clients that sign their requests and orders."""

import asyncio
from typing import Any

import orjson
from multidict import CIMultiDict

from engine.exchange.accounts import TestAccount
from engine.exchange.core.market import Market
from engine.exchange.rest.authentication import Authentication
from engine.exchange.rest.orders import OrderEntry
from engine.exchange.rest.public import PublicReads
from engine.exchange.rest.reads import PrivateReads
from engine.exchange.server.messages import Request, Response
from engine.exchange.server.routes import Match, Routes
from engine.model.events import Side
from engine.model.units import U6
from engine.venue.addresses import parse_address
from engine.venue.amounts import limit_amounts, market_amounts
from engine.venue.contracts import Exchange as Contract
from engine.venue.contracts import exchange_of
from engine.venue.orders import SignatureType
from tests.signing import proof, signed_order
from tests.unit.engine.exchange.desks import TestDesk, ask

Json = dict[str, Any]


class Counter:
    """A desk with its REST calls, three funded accounts, and one market without a hold."""

    def __init__(self, version: str = "v1", *, neg_risk: bool = False) -> None:
        self.desk = TestDesk()
        self.accounts: list[TestAccount] = self.desk.accounts(3)
        self.market = self.desk.list_market("btc", version, neg_risk=neg_risk)
        self.routes = Routes()
        for service in (
            PublicReads(self.desk),
            Authentication(self.desk),
            OrderEntry(self.desk),
            PrivateReads(self.desk),
        ):
            service.add_to(self.routes)
        self._salt = 0

    def get(self, target: str, account: int | None = None) -> tuple[int, Any]:
        """Read something, with an account's proof where one is given."""
        path = target.partition("?")[0]
        headers = {} if account is None else self.proof(account, "GET", path, b"")
        return ask(self.routes, "GET", target, headers=headers)

    def send(self, method: str, path: str, content: object = None, account: int = 0) -> tuple[int, Any]:
        """Send something signed; bytes go as they are."""
        body = content if isinstance(content, bytes) else b"" if content is None else orjson.dumps(content)
        return ask(self.routes, method, path, headers=self.proof(account, method, path, body), body=body)

    def place(self, price_e4: int, **more: Any) -> tuple[int, Any]:
        """Sign and place an order; `more` is what `entry` takes."""
        return self.send("POST", "/order", self.entry(price_e4, **more), more.get("account", 0))

    def start(self, path: str, content: object, account: int = 0) -> "Response | asyncio.Future[Response]":
        """Send what may be answered later; return the answer or what will have it. Requires a running loop."""
        body = orjson.dumps(content)
        found = self.routes.find("127.0.0.1", "POST", path)
        assert isinstance(found, Match)
        proof = CIMultiDict(self.proof(account, "POST", path, body))
        answer = found.route.handler(Request("POST", path, {}, proof, body, "127.0.0.1", found.variables))
        return answer if isinstance(answer, Response) else asyncio.ensure_future(answer)

    def entry(self, price_e4: int, *, account: int = 0, tif: str = "GTC", post_only: bool = False, **more: Any) -> Json:
        """Return the body of POST /order."""
        owner = self.accounts[account].credentials.key
        order = self.order(price_e4, account=account, tif=tif, **more)
        return {"order": order, "owner": owner, "orderType": tif, "deferExec": False, "postOnly": post_only}

    def order(
        self, price_e4: int, *, account: int = 0, tif: str = "GTC", side: Side = Side.BUY, shares: int = 10,
        token: int = 0, kind: SignatureType = SignatureType.DEPOSIT_WALLET, expiration_s: int = 0,
        contract: Contract | None = None, market: Market | None = None,
    ) -> Json:  # fmt: skip
        """Return a signed order on the wire; FAK and FOK buys spend shares x price."""
        market = market or self.market
        if tif in ("FAK", "FOK"):
            size_u6 = shares * U6 if side == Side.SELL else shares * price_e4 * U6 // 10_000
            amounts = market_amounts(side, price_e4, size_u6, market.tick_e4)
        else:
            amounts = limit_amounts(side, price_e4, shares * U6)
        owner = self.accounts[account]
        wallet = parse_address(owner.wallets[kind])
        self._salt += 1
        contract = contract or exchange_of(market.spec.version, neg_risk=market.spec.neg_risk)
        assert contract is not None
        return signed_order(
            owner.key, wallet, kind, market.spec.tokens[token], side, amounts,
            salt=self._salt, timestamp_ms=self.desk.at_ms, contract=contract, expiration_s=expiration_s,
        )  # fmt: skip

    def proof(self, account: int, method: str, path: str, body: bytes, at_s: int | None = None) -> dict[str, str]:
        """Return the L2 headers of a request."""
        owner = self.accounts[account]
        now_s = self.desk.at_ms // 1_000 if at_s is None else at_s
        return proof(owner.address, owner.credentials, now_s, method, path, body)

    def owner(self, account: int) -> str:
        """Return the API key that an account's orders name."""
        return self.accounts[account].credentials.key

    def give(self, account: int, usd: int = 100) -> None:
        """Give an account's deposit wallet shares of both outcomes, seen at once."""
        wallet = self.accounts[account].wallets[SignatureType.DEPOSIT_WALLET]
        self.desk.split(wallet, self.market, usd)
        self.desk.wait(1)


def order_id(answer: tuple[int, Any]) -> str:
    """Return the id of an order that was accepted."""
    status, content = answer
    assert status == 200, content
    found: str = content["orderID"]
    return found
