"""A bare client of our own, for what no official client can be made to send: signed orders over raw HTTP."""

import itertools
import json
import random
import time
from typing import Any

import httpx
import msgspec

from engine.model.events import Side
from engine.venue.addresses import ZERO_BYTES32, checksum_address, parse_address, to_hex
from engine.venue.batches import Batch, sign_batch
from engine.venue.calls import Action, Split, encode
from engine.venue.contracts import COLLATERAL_ADAPTER, DEPOSIT_WALLET_FACTORY, EXCHANGE_V2, ROUTER, Exchange
from engine.venue.credentials import request_signature, secret_bytes
from engine.venue.order_wire import wire_order
from engine.venue.orders import OrderFields, SignatureType, order_id
from engine.venue.signatures import sign_order
from tests.conformance.venue import Account, Market, Venue

U6 = 1_000_000
_salts = itertools.count(random.randrange(1 << 40))


class Trader:
    """Trades for one account, by its deposit wallet unless another signature type is asked for."""

    def __init__(self, venue: Venue, account: Account) -> None:
        self.account = account
        self._http = venue.http

    def order(
        self,
        token_id: str,
        side: str = "BUY",
        price: float = 0.5,
        size: float = 10,
        *,
        kind: int = 3,
        exchange: Exchange = EXCHANGE_V2,
        amounts: tuple[int, int] | None = None,
        tif: str = "GTC",
        expiration_s: int = 0,
        post_only: bool = False,
        **changes: Any,
    ) -> dict[str, Any]:
        """Return the body of POST /order; `changes` are of the signed fields."""
        shares_u6, cash_u6 = round(size * U6), round(price * size * U6)
        maker_u6, taker_u6 = amounts or ((cash_u6, shares_u6) if side == "BUY" else (shares_u6, cash_u6))
        wallet = parse_address(self.account.wallets[kind])
        fields = OrderFields(
            salt=next(_salts),
            maker=wallet,
            signer=wallet if kind == 3 else self.account.key.address,
            token_id=int(token_id),
            maker_amount=maker_u6,
            taker_amount=taker_u6,
            side=Side[side],
            signature_type=SignatureType(kind),
            timestamp_ms=time.time_ns() // 1_000_000,
            metadata=ZERO_BYTES32,
            builder=ZERO_BYTES32,
        )
        fields = msgspec.structs.replace(fields, **changes)
        signature = sign_order(self.account.key, fields, exchange)
        return {
            "order": msgspec.to_builtins(wire_order(fields, signature, expiration_s)),
            "owner": self.account.api_key,
            "orderType": tif,
            "postOnly": post_only,
            "deferExec": False,
            "id": to_hex(order_id(fields, exchange)),
        }

    def place(self, token_id: str, side: str = "BUY", price: float = 0.5, size: float = 10, **more: Any) -> str:
        """Place an order that must be taken; return its id."""
        body = self.order(token_id, side, price, size, **more)
        response = self.post("/order", body)
        assert response.status_code == 200, response.text
        found: str = response.json()["orderID"]
        assert found == body["id"], "the venue computes the same id as the signer"
        return found

    def post(self, path: str, content: object = None) -> httpx.Response:
        return self.request("POST", path, content)

    def delete(self, path: str, content: object = None) -> httpx.Response:
        return self.request("DELETE", path, content)

    def get(self, path: str) -> Any:
        response = self.request("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def request(self, method: str, path: str, content: object = None, **headers: str) -> httpx.Response:
        """Send a request with good L2 headers, or with those that are given instead."""
        body = b"" if content is None else json.dumps(_without_id(content)).encode()
        timestamp_s = str(int(time.time()))
        secret = secret_bytes(self.account.api.secret)
        rows = {
            "POLY_ADDRESS": self.account.eoa,
            "POLY_API_KEY": self.account.api_key,
            "POLY_PASSPHRASE": self.account.api.passphrase,
            "POLY_TIMESTAMP": timestamp_s,
            "POLY_SIGNATURE": request_signature(secret, timestamp_s, method, path.partition("?")[0], body),
        } | headers
        return self._http.request(method, path, content=body, headers=rows)


def relayed(venue: Venue, account: Account, *actions: Action) -> dict[str, Any]:
    """Let an account's deposit wallet do something on chain, and wait for the end of it."""
    http, headers = venue.http, {"RELAYER_API_KEY": "any", "RELAYER_API_KEY_ADDRESS": account.eoa}
    asked = http.get(f"/v1/account/transactions/params?address={account.eoa}&type=WALLET", headers=headers)
    deadline_s = int(time.time()) + 600
    wallet = parse_address(account.deposit)
    batch = Batch(wallet, int(asked.json()["nonce"]), deadline_s, tuple(map(encode, actions)))
    content = {
        "type": "WALLET",
        "from": account.eoa,
        "to": DEPOSIT_WALLET_FACTORY,
        "nonce": str(batch.nonce),
        "signature": to_hex(sign_batch(account.key, batch)),
        "metadata": "",
        "depositWalletParams": {
            "depositWallet": account.deposit,
            "deadline": str(deadline_s),
            "calls": [
                {"target": checksum_address(call.target), "value": "0", "data": to_hex(call.data)}
                for call in batch.calls
            ],
        },
    }
    sent = http.post("/submit", json=content, headers=headers)
    assert sent.status_code == 200, sent.text
    for _ in range(100):
        found: dict[str, Any] = http.get(
            f"/v1/account/transactions/{sent.json()['transactionID']}", headers=headers
        ).json()
        if found["state"] in ("STATE_CONFIRMED", "STATE_FAILED", "STATE_INVALID"):
            return found
        time.sleep(0.02)
    raise AssertionError(f"expected an end, was {found}")


def split(venue: Venue, account: Account, market: Market, usd: int) -> None:
    """Give an account's deposit wallet pairs of shares, seen by the order book service."""
    condition = bytes.fromhex(market.condition_id[2:])
    target = parse_address(COLLATERAL_ADAPTER if len(condition) == 32 else ROUTER)
    found = relayed(venue, account, Split(target, condition, usd * U6))
    assert found["state"] == "STATE_CONFIRMED", found
    kind = "CONDITIONAL" if len(condition) == 32 else "CONDITIONAL-V2"
    for token_id in market.tokens:
        path = f"/balance-allowance/update?asset_type={kind}&signature_type=3&token_id={token_id}"
        assert Trader(venue, account).request("GET", path).status_code == 200


def _without_id(content: Any) -> Any:
    if isinstance(content, list):
        return [_without_id(each) for each in content]
    if isinstance(content, dict):
        return {name: value for name, value in content.items() if name != "id"}
    return content


def stand(venue: Venue, market: Market, *, bid: float = 0, ask: float = 0, size: float = 100) -> Trader:
    """Let another account stand in the book of Up. It sells what it does not have by buying Down: the same thing."""
    maker = Trader(venue, venue.account())
    if bid:
        maker.place(market.up, "BUY", bid, size)
    if ask:
        maker.place(market.down, "BUY", round(1 - ask, 4), size)
    return maker
