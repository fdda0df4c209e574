"""A caller's own orders, trades and balances (protocol.md 4.5, 4.6)."""

from datetime import UTC, datetime
from typing import Any, Final

from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.rebates import DAY_MS
from engine.exchange.desk import Desk
from engine.exchange.members import Wallet
from engine.exchange.render.orders import order_row, trade_row
from engine.exchange.rest.callers import Caller, private, refuse
from engine.exchange.rest.public import PAGE, page, read_count, read_cursor
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.model.units import format_scaled
from engine.venue import refusals
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.contracts import COLLATERAL as COLLATERAL_TOKEN
from engine.venue.contracts import CONDITIONAL_TOKENS, EXCHANGE_V2, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2, POSITION_MANAGER
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

ASSET_TYPES: Final = ("COLLATERAL", "CONDITIONAL", "CONDITIONAL-V2")


class PrivateReads:
    """GET /data/*, balances, and what else a key may read."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        for method, path, handler in (
            ("GET", "/data/order/{order_id}", self.order),
            ("GET", "/data/orders", self.orders),
            ("GET", "/data/trades", self.trades),
            ("GET", "/balance-allowance", self.balance),
            ("GET", "/balance-allowance/update", self.update_balance),
            ("GET", "/notifications", lambda _request, _caller: json_response([])),
            ("DELETE", "/notifications", lambda _request, _caller: json_response("OK")),
            ("GET", "/order-scoring", lambda _request, _caller: json_response({"scoring": False})),
            ("POST", "/orders-scoring", lambda _request, _caller: json_response({})),
        ):
            routes.add(Service.CLOB, method, path, private(self._desk, handler))
        routes.add(Service.CLOB, "GET", "/rebates/current", self.rebates)

    def order(self, request: Request, caller: Caller) -> Response:
        """Return one order of the caller, whatever became of it."""
        self._desk.advance()
        self._desk.pump()
        order = self._desk.exchange.orders.get(request.variables[0].lower())
        if order is None or order.owner != caller.api_key:
            return error_response(404, "order not found")
        return json_response(order_row(order))

    def orders(self, request: Request, caller: Caller) -> Response:
        """Return the caller's open orders, or one of any status by its id."""
        self._desk.advance()
        self._desk.pump()
        exchange = self._desk.exchange
        order_id = request.parameter("id")
        if order_id:
            order = exchange.orders.get(order_id.lower())
            orders = [order] if order is not None and order.owner == caller.api_key else []
        else:
            market, token_id = (request.parameter("market") or "").lower(), request.parameter("asset_id") or ""
            orders = exchange.open_orders(caller.api_key, market, token_id)
        return self._paged(request, [order_row(order) for order in orders])

    def trades(self, request: Request, caller: Caller) -> Response:
        """Return the caller's trades, the newest first."""
        self._desk.advance()
        self._desk.pump()
        rows = []
        for trade in reversed(self._desk.exchange.trades_by_owner.get(caller.api_key, {}).values()):
            row = trade_row(trade, caller.api_key)
            if all(_fits(request, row, name) for name in ("id", "market", "asset_id", "maker_address")) and _in_time(
                request, trade.match_ms // 1_000
            ):
                rows.append(row)
        return self._paged(request, rows)

    def _paged(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        start = read_cursor(request.parameter("next_cursor"))
        if start is None:
            return error_response(400, "Invalid next_cursor")
        return json_response(page(rows[start : start + PAGE], start, len(rows)))

    def balance(self, request: Request, caller: Caller) -> Response:
        """Return what the order book service believes a wallet has, and what its exchanges may take."""
        found = self._asset(request, caller)
        if isinstance(found, Response):
            return found
        wallet, asset, kind = found
        self._desk.advance()
        self._desk.pump()
        account = self._desk.exchange.ledger.account(wallet.address)
        return json_response({"balance": str(account.visible.get(asset, 0)), "allowances": _allowances(wallet, kind)})

    def update_balance(self, request: Request, caller: Caller) -> Response:
        """Let the order book service look at the chain now."""
        found = self._asset(request, caller)
        if isinstance(found, Response):
            return found
        wallet, asset, _ = found
        self._desk.advance()
        self._desk.exchange.settlement.refresh(self._desk.exchange.ledger.account(wallet.address), asset)
        self._desk.pump()
        return Response(200)

    def _asset(self, request: Request, caller: Caller) -> tuple[Wallet, str, str] | Response:
        """Return (wallet, asset, asset type) that a balance request names, or the refusal."""
        kind = request.parameter("asset_type") or ""
        if kind not in ASSET_TYPES:
            return error_response(400, "Invalid asset type")
        try:
            signature_type = SignatureType(int(request.parameter("signature_type") or 0))
        except ValueError:
            return error_response(400, "Invalid signature type")
        token_id = request.parameter("token_id") or ""
        if kind != ASSET_TYPES[0] and token_id not in self._desk.exchange.by_token:
            return refuse(refusals.INVALID_TOKEN)
        wallet = self._wallet(caller, signature_type)
        return wallet, COLLATERAL if kind == ASSET_TYPES[0] else token_id, kind

    def _wallet(self, caller: Caller, signature_type: SignatureType) -> Wallet:
        """Return the caller's wallet of a type; of two deposit wallets the one that is deployed."""
        members, owner = self._desk.members, parse_address(caller.address)
        derived = wallets_of(owner)
        addresses = {
            SignatureType.EOA: (owner,),
            SignatureType.PROXY: (derived.proxy,),
            SignatureType.SAFE: (derived.safe,),
            SignatureType.DEPOSIT_WALLET: (derived.deposit, derived.legacy_deposit),
        }[signature_type]
        known = [wallet for each in addresses if (wallet := members.wallet(checksum_address(each))) is not None]
        if known:
            return next((wallet for wallet in known if wallet.deployed), known[0])
        address = checksum_address(addresses[0])
        return Wallet(address=address, owner=caller.address, signature_type=int(signature_type))

    def rebates(self, request: Request) -> Response:
        """Return a maker's rebates of one day, by market."""
        try:
            date = datetime.strptime(request.parameter("date") or "", "%Y-%m-%d").replace(tzinfo=UTC)
            wallet = checksum_address(parse_address(request.parameter("maker_address") or ""))
        except ValueError:
            return error_response(400, "Invalid date or maker_address")
        owed = self._desk.exchange.rebates.owed.get(int(date.timestamp()) * 1_000 // DAY_MS, {})
        rows = [
            {
                "date": date.strftime("%Y-%m-%d"),
                "condition_id": condition_id,
                "asset_address": COLLATERAL_TOKEN,
                "maker_address": wallet,
                "rebated_fees_usdc": format_scaled(amount_u6, 6),
            }
            for (maker, condition_id), amount_u6 in owed.items()
            if maker == wallet
        ]
        return json_response(rows)


def _allowances(wallet: Wallet, kind: str) -> dict[str, str]:
    exchanges = (EXCHANGE_V2.address, NEG_RISK_EXCHANGE_V2.address, EXCHANGE_V3.address)
    if kind == ASSET_TYPES[0]:
        return {address: str(wallet.allowances.get(address, 0)) for address in exchanges}
    holder = CONDITIONAL_TOKENS if kind == ASSET_TYPES[1] else POSITION_MANAGER
    return {address: str((1 << 256) - 1 if f"{holder}:{address}" in wallet.operators else 0) for address in exchanges}


def _fits(request: Request, row: dict[str, Any], name: str) -> bool:
    """Tell whether a trade is what a filter asks for: at its top level, or in one of its makers' entries."""
    wanted = request.parameter(name)
    if not wanted or str(row[name]).lower() == wanted.lower():
        return True
    return any(str(maker.get(name, "")).lower() == wanted.lower() for maker in row["maker_orders"])


def _in_time(request: Request, match_s: int) -> bool:
    before, after = request.parameter("before"), request.parameter("after")
    before_s, after_s = read_count(before), read_count(after)
    return (before_s is None or match_s < before_s) and (after_s is None or match_s > after_s)
