"""The Data API: wallets' positions, trades and activities, their approvals, and facts of tokens (protocol.md 9).

Facts (2026-11-21): lists come as data and pagination, `has_more` and `next_cursor` agree; the default status of
positions is OPEN, which is everything that is held; positions under 0.1 share are left out; /v2/trades shows takers
alone unless asked otherwise. A cursor is opaque and brings its page's size with it.
"""

import base64
from collections.abc import Callable, Iterable
from typing import Any, Final

from engine.exchange.core.market import Market
from engine.exchange.desk import Desk
from engine.exchange.members import UNLIMITED, Wallet
from engine.exchange.positions import Entry, Position, Positions
from engine.exchange.render.activity import (
    activity_row,
    current_value_u6,
    full_condition_id,
    position_row,
    resolution_row,
    token_row,
    trade_entry_row,
)
from engine.exchange.render.markets import json_number
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, json_response
from engine.exchange.server.routes import Routes
from engine.model.units import parse_scaled
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.contracts import CHAIN_ID, COLLATERAL, COLLATERAL_SPENDERS, POSITION_OPERATORS

PAGE: Final = 100
PAGE_MAX: Final = 1_000
DUST_U6: Final = 100_000
STATUSES: Final = ("OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "MERGEABLE", "CLOSED")
_SORT_FIELDS: Final = {
    "CURRENT_VALUE": "current_value",
    "PRICE": "current_price",
    "TOKENS": "current_size",
    "UNREALIZED_PNL": "unrealized_pnl",
    "REALIZED_PNL": "realized_pnl",
    "TOTAL_PNL": "total_pnl",
    "TIMESTAMP": "last_event_at",
}
_HEX_DIGITS: Final = frozenset("0123456789abcdef")
Row = dict[str, Any]


class ParameterError(ValueError):
    """What a client asked for wrongly: raised by the readers of parameters, answered within this module."""


class DataApi:
    """The calls of the Data API."""

    def __init__(self, desk: Desk, positions: Positions) -> None:
        self._desk = desk
        self._positions = positions

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        for path, handler in (
            ("/v2/positions", self.positions),
            ("/v2/trades", self.trades),
            ("/v2/activity", self.activity),
            ("/v2/value", self.value),
            ("/v2/approvals", self.approvals),
            ("/v2/resolutions", self.resolutions),
            ("/v2/tokens", self.tokens),
            ("/v2/status", self.status),
        ):
            routes.add(Service.DATA, "GET", path, self._guarded(handler))

    def _guarded(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self._desk.advance()
            self._desk.pump()
            self._positions.catch_up(self._desk.now_ms())
            try:
                return handler(request)
            except ParameterError as error:
                content = {"error": str(error), "code": "invalid_request", "retryable": False, "trace_id": ""}
                return json_response(content, 400)

        return handle

    def positions(self, request: Request) -> Response:
        """Return positions of a wallet, or all of a market."""
        user, conditions = _user(request), _conditions(request)
        if not user and len(conditions) != 1:
            raise ParameterError("expected user or exactly one condition_id")
        status = _one_of(request, "status", STATUSES, "OPEN")
        if not user and status in ("REDEEMABLE_LOST", "MERGEABLE"):
            raise ParameterError(f"expected user with status {status}")
        least_u6 = _amount(request)
        by_cash = _one_of(request, "filter_type", ("TOKENS", "CASH"), "TOKENS") == "CASH"
        rows = []
        for position in self._positions.positions(user):
            if conditions and full_condition_id(position.market).lower() not in conditions:
                continue
            opposite_u6 = self._positions.held_u6(position.wallet, position.market, 1 - position.token)
            measured_u6 = current_value_u6(position) if by_cash else position.size_u6
            if _has_status(position, opposite_u6, status) and (status == "CLOSED" or measured_u6 >= least_u6):
                rows.append(position_row(position, opposite_u6))
        field = _SORT_FIELDS[_one_of(request, "sort_by", tuple(_SORT_FIELDS), "CURRENT_VALUE")]
        rows = [row for row in rows if _is_within(request, row["last_event_at"])]
        rows.sort(key=lambda row: row[field], reverse=_is_descending(request))
        return _page(request, rows)

    def trades(self, request: Request) -> Response:
        """Return trades, the newest first."""
        taker_only = _one_of(request, "taker_only", ("true", "false"), "true") == "true"
        side = _one_of(request, "side", ("BUY", "SELL", ""), "")
        found = (
            entry
            for entry in self._entries(request)
            if entry.kind == "TRADE"
            and (entry.is_taker or not taker_only)
            and side in ("", entry.side.name if entry.side is not None else "")
        )
        return _page(request, list(map(trade_entry_row, found)))

    def activity(self, request: Request) -> Response:
        """Return what a wallet did, the newest first unless asked otherwise."""
        if not _user(request):
            raise ParameterError("expected user")
        kinds = {kind.upper() for kind in _list(request, "type")}
        side = _one_of(request, "side", ("BUY", "SELL", ""), "")
        hides_transfers = request.parameter("exclude_deposits_withdrawals") == "true"
        found = [
            entry
            for entry in self._entries(request)
            if (not kinds or entry.kind in kinds)
            and (not side or (entry.side is not None and entry.side.name == side))
            and not (hides_transfers and entry.kind in ("DEPOSIT", "WITHDRAWAL"))
        ]
        if not _is_descending(request):
            found.reverse()
        return _page(request, list(map(activity_row, found)))

    def _entries(self, request: Request) -> Iterable[Entry]:
        """Return the activities of a user, or everybody's, that fit the request's market and time."""
        conditions = _conditions(request)
        for entry in self._positions.entries(_user(request)):
            market = entry.market
            known = market is not None and full_condition_id(market).lower() in conditions
            if (known or not conditions) and _is_within(request, entry.at_ms // 1_000):
                yield entry

    def value(self, request: Request) -> Response:
        """Return what a wallet's positions are worth."""
        user = _user(request)
        if not user:
            raise ParameterError("expected user")
        conditions = _conditions(request)
        total_u6 = sum(
            current_value_u6(position)
            for position in self._positions.positions(user)
            if not conditions or full_condition_id(position.market).lower() in conditions
        )
        return json_response({"data": {"proxy_wallet": user, "value": json_number(total_u6, 6)}})

    def approvals(self, request: Request) -> Response:
        """Return what a wallet allows the venue's contracts: all pairs that the official client asks for."""
        user = _user(request)
        if not user:
            raise ParameterError("expected user")
        wallet = self._desk.members.wallet(user) or Wallet(address=user, owner=user, signature_type=0)
        rows: list[Row] = [_allowance_row(wallet, spender) for spender in COLLATERAL_SPENDERS]
        rows += [
            {
                "token": token,
                "spender": operator,
                "standard": "ERC1155",
                "approved": f"{token}:{operator}" in wallet.operators,
            }
            for token, operator in POSITION_OPERATORS
        ]
        return json_response({"data": {"address": user, "chain_id": CHAIN_ID, "contracts": rows}})

    def resolutions(self, request: Request) -> Response:
        """Return how markets were resolved."""
        wanted = _conditions(request) | {each.lower() for each in _list(request, "question_id")}
        if not wanted:
            raise ParameterError("expected condition_id or question_id")
        markets = self._desk.exchange.markets.values()
        return json_response(
            {"data": [resolution_row(market) for market in markets if full_condition_id(market).lower() in wanted]}
        )

    def tokens(self, request: Request) -> Response:
        """Return facts of tokens, by their ids or by their market."""
        ids, conditions = _list(request, "token_id"), _conditions(request, "condition")
        if bool(ids) == bool(conditions):
            raise ParameterError("expected either token_id or condition")
        found: list[tuple[Market, int]] = []
        for token_id in ids:
            market = self._desk.exchange.by_token.get(token_id)
            if market is not None:
                found.append((market, market.spec.tokens.index(token_id)))
        for market in self._desk.exchange.markets.values():
            if full_condition_id(market).lower() in conditions:
                found += [(market, 0), (market, 1)]
        return json_response({"data": [token_row(*each) for each in found]})

    def status(self, request: Request) -> Response:
        """Tell that this is served, and as of when."""
        del request
        as_of_s = (self._desk.now_ms() - self._positions.lag_ms) // 1_000
        return json_response({"data": {"status": "OK", "as_of": as_of_s}})


def _allowance_row(wallet: Wallet, spender: str) -> Row:
    allowance = wallet.allowances.get(spender, 0)
    return {
        "token": COLLATERAL,
        "spender": spender,
        "standard": "ERC20",
        "approved": allowance > 0,
        "amount": "max" if allowance == UNLIMITED else str(allowance),
    }


def _has_status(position: Position, opposite_u6: int, status: str) -> bool:
    if status == "CLOSED" or position.size_u6 == 0:
        return status == "CLOSED" and position.size_u6 == 0
    winner = position.market.winner
    if status == "REDEEMABLE":
        return winner == position.token
    if status == "REDEEMABLE_LOST":
        return winner is not None and winner != position.token
    return status == "OPEN" or (winner is None and opposite_u6 > 0)


def _user(request: Request) -> str:
    """Return the checksummed address of `user`, "" without one."""
    text = request.parameter("user")
    if not text:
        return ""
    try:
        return checksum_address(parse_address(text))
    except ValueError as error:
        raise ParameterError(f"user: {error}") from None


def _list(request: Request, name: str) -> list[str]:
    """Return the values of a parameter that may be repeated or hold several with commas."""
    return [each.strip() for value in request.query.get(name, []) for each in value.split(",") if each.strip()]


def _conditions(request: Request, name: str = "condition_id") -> set[str]:
    """Return condition ids in small letters, with 32 bytes each."""
    found = set()
    for text in _list(request, name):
        digits = text[2:].lower()
        if not text.startswith("0x") or len(digits) not in (62, 64) or not set(digits) <= _HEX_DIGITS:
            raise ParameterError(f"{name}: expected 0x and 62 or 64 hex digits, was {text[:80]!r}")
        found.add(text.lower().ljust(66, "0"))
    return found


def _one_of(request: Request, name: str, allowed: tuple[str, ...], default: str) -> str:
    text = request.parameter(name)
    if text is None:
        return default
    if text not in allowed:
        raise ParameterError(f"{name}: expected one of {', '.join(filter(None, allowed))}, was {text[:40]!r}")
    return text


def _amount(request: Request) -> int:
    text = request.parameter("filter_amount")
    if text is None:
        return DUST_U6
    try:
        return parse_scaled(text, 6)
    except ValueError as error:
        raise ParameterError(f"filter_amount: {error}") from None


def _whole(request: Request, name: str) -> int | None:
    text = request.parameter(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ParameterError(f"{name}: expected a whole number, was {text[:40]!r}")
    return int(text)


def _is_within(request: Request, at_s: int) -> bool:
    start, end = _whole(request, "start"), _whole(request, "end")
    return at_s >= (start or 0) and (not end or at_s <= end)


def _is_descending(request: Request) -> bool:
    return _one_of(request, "sort_direction", ("ASC", "DESC"), "DESC") == "DESC"


def _page(request: Request, rows: list[Row]) -> Response:
    """Return a page of rows in the Data API's envelope."""
    limit = _whole(request, "limit")
    limit = PAGE if limit is None else limit
    start = 0
    cursor = request.parameter("cursor")
    if cursor:
        try:
            start, limit = map(int, base64.urlsafe_b64decode(cursor).decode("ascii").split(":"))
        except ValueError:
            raise ParameterError("cursor: expected one that was given here") from None
    if not 1 <= limit <= PAGE_MAX or start < 0:
        raise ParameterError(f"limit: expected 1 to {PAGE_MAX}, was {limit}")
    end = start + limit
    has_more = end < len(rows)
    following = base64.urlsafe_b64encode(f"{end}:{limit}".encode()).decode() if has_more else None
    pagination = {"limit": limit, "offset": start, "has_more": has_more, "next_cursor": following}
    return json_response({"data": rows[start:end], "pagination": pagination})
