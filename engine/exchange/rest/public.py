"""The CLOB's public reads: time, books, prices, market facts (protocol.md 4.1)."""

import base64
from collections.abc import Callable
from typing import Any, Final

import orjson

from engine.exchange.core.market import Market, Phase
from engine.exchange.desk import Desk
from engine.exchange.render.books import best_prices, last_trade_text, mid_e4_of, price_text
from engine.exchange.render.markets import clob_market, full_market, simplified_market
from engine.exchange.rest.callers import refuse
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Handler, Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.model.units import format_scaled
from engine.venue import refusals

BATCH_MAX: Final = 500
BASE_FEE_BPS: Final = 1_000
END_CURSOR: Final = "LTE="
PAGE: Final = 100
DIGITS_MAX: Final = 18
SIDES: Final = ("BUY", "SELL")
Reader = Callable[[Market, int], dict[str, Any]]


class PublicReads:
    """The calls that need no key."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""

        def add(path: str, handler: Handler) -> None:
            routes.add(Service.CLOB, "GET", path, handler)

        add("/time", lambda _: json_response(self._desk.shown_ms() // 1_000))
        add("/ok", lambda _: json_response("OK"))
        add("/", lambda _: json_response("OK"))
        add("/version", lambda _: json_response({"version": 2}))
        add("/book", self._of_token(self._desk.books.summary, dead_is_gone=True))
        add("/price", self._price)
        add("/midpoint", self._of_token(lambda market, token: {"mid": _mid(market, token)}))
        add("/spread", self._of_token(lambda market, token: {"spread": _spread(market, token)}))
        add("/last-trade-price", self._of_token(_last_trade))
        add("/tick-size", self._of_token(_tick_size))
        add("/tick-size/{token_id}", self._of_variable(_tick_size))
        add("/neg-risk", self._of_token(lambda market, _: {"neg_risk": market.spec.neg_risk}))
        add("/fee-rate", self._of_token(lambda market, _: {"base_fee": BASE_FEE_BPS}))
        add("/markets-by-token/{token_id}", self._of_variable(_by_token))
        add("/clob-markets/{condition_id}", self._of_condition(clob_market))
        add("/markets/{condition_id}", self._of_condition(full_market))
        add("/markets", lambda request: self._listed(request, full_market))
        add("/simplified-markets", lambda request: self._listed(request, simplified_market))
        add("/sampling-markets", lambda request: self._listed(request, full_market))
        add("/sampling-simplified-markets", lambda request: self._listed(request, simplified_market))
        add("/prices-history", self._prices_history)
        self._add_batches(routes)

    def _add_batches(self, routes: Routes) -> None:
        def post(path: str, handler: Handler) -> None:
            routes.add(Service.CLOB, "POST", path, handler)

        post("/books", self._batch(lambda found: [self._desk.books.summary(*each[:2]) for each in found]))
        post("/prices", self._batch(_prices, with_side=True))
        post("/midpoints", self._batch(lambda found: {_id(each): _mid(*each[:2]) for each in found}))
        post("/spreads", self._batch(lambda found: {_id(each): _spread(*each[:2]) for each in found}))
        post("/last-trades-prices", self._batch(_last_trades))

    def _market(self, token_id: object) -> tuple[Market, int] | Response:
        """Return a token's market and its number there, or the refusal."""
        if not (isinstance(token_id, str) and token_id.isascii() and token_id.isdigit()):
            return refuse(refusals.INVALID_TOKEN)
        market = self._desk.exchange.by_token.get(token_id)
        if market is None or market.phase == Phase.HYDRATING:
            return refuse(refusals.NO_BOOK)
        return market, market.spec.tokens.index(token_id)

    def _look(self) -> None:
        """Let everything happen that is due: what is read is how things are now."""
        self._desk.advance()
        self._desk.pump()

    def _of_token(self, read: Reader, *, dead_is_gone: bool = False) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self._look()
            found = self._market(request.parameter("token_id"))
            if isinstance(found, Response):
                return found
            if dead_is_gone and found[0].phase == Phase.RESOLVED:
                return refuse(refusals.NO_BOOK)
            return json_response(read(*found))

        return handle

    def _of_variable(self, read: Reader) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self._look()
            found = self._market(request.variables[0])
            return found if isinstance(found, Response) else json_response(read(*found))

        return handle

    def _of_condition(self, render: Callable[[Market], dict[str, Any]]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self._look()
            market = self._desk.exchange.markets.get(request.variables[0].lower())
            if market is None or market.phase == Phase.HYDRATING:
                return error_response(404, "market not found")
            return json_response(render(market))

        return handle

    def _price(self, request: Request) -> Response:
        self._look()
        found = self._market(request.parameter("token_id"))
        if isinstance(found, Response):
            return found
        side = (request.parameter("side") or "").upper()
        if side not in SIDES:
            return error_response(400, "Invalid side")
        return json_response({"price": _side_price(*found, side)})

    def _batch(
        self, render: Callable[[list[tuple[Market, int, str]]], Any], *, with_side: bool = False
    ) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self._look()
            try:
                rows = orjson.loads(request.body)
            except orjson.JSONDecodeError:
                rows = None
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                return error_response(400, "Invalid payload")
            if len(rows) > BATCH_MAX:
                return refuse(refusals.PAYLOAD_LIMIT)
            found = []
            for row in rows:
                each, side = self._market(row.get("token_id")), str(row.get("side", "")).upper()
                if with_side and side not in SIDES:
                    return error_response(400, "Invalid side")
                if not isinstance(each, Response):
                    found.append((*each, side))
            return json_response(render(found))

        return handle

    def _listed(self, request: Request, render: Callable[[Market], dict[str, Any]]) -> Response:
        """Return a page of markets; the cursor is the place in base64 as the venue has it."""
        self._look()
        start = read_cursor(request.parameter("next_cursor"))
        if start is None:
            return error_response(400, "Invalid next_cursor")
        markets = [m for m in self._desk.exchange.markets.values() if m.phase != Phase.HYDRATING]
        return json_response(page([render(market) for market in markets[start : start + PAGE]], start, len(markets)))

    def _prices_history(self, request: Request) -> Response:
        found = self._market(request.parameter("market"))
        if isinstance(found, Response):
            return found
        market, token = found
        if market.last_trade is None:
            return json_response({"history": []})
        point = {"t": self._desk.shown_ms() // 1_000, "p": float(last_trade_text(market, token))}
        return json_response({"history": [point]})


def read_cursor(cursor: str | None) -> int | None:
    """Return the place that a cursor names, None if it is none; no cursor is the beginning."""
    if cursor in (None, "", "MA=="):
        return 0
    try:
        place = int(base64.b64decode(str(cursor), validate=True))
    except ValueError:
        return None
    return place if place >= 0 else None


def read_count(text: str | None) -> int | None:
    """Return the natural number that a parameter says, None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None


def page(rows: list[dict[str, Any]], start: int, total: int) -> dict[str, Any]:
    """Return one page of a list as /data/* and /markets have it."""
    end = start + len(rows)
    cursor = END_CURSOR if end >= total else base64.b64encode(str(end).encode()).decode()
    return {"limit": PAGE, "next_cursor": cursor, "count": len(rows), "data": rows}


def _id(found: tuple[Market, int, str]) -> str:
    return found[0].spec.tokens[found[1]]


def _side_price(market: Market, token: int, side: str) -> str:
    bid_e4, ask_e4 = best_prices(market, token)
    return price_text(bid_e4 if side == "BUY" else ask_e4)


def _prices(found: list[tuple[Market, int, str]]) -> dict[str, dict[str, str]]:
    prices: dict[str, dict[str, str]] = {}
    for each in found:
        prices.setdefault(_id(each), {})[each[2]] = _side_price(*each)
    return prices


def _mid(market: Market, token: int) -> str:
    twice_e4 = mid_e4_of(market, token)
    return "0.5" if twice_e4 is None else format_scaled(twice_e4 * 5, 5)


def _spread(market: Market, token: int) -> str:
    bid_e4, ask_e4 = best_prices(market, token)
    return price_text((ask_e4 or 10_000) - bid_e4)


def _last_trade(market: Market, token: int) -> dict[str, Any]:
    if market.last_trade is None:
        return {"price": "0.5", "side": ""}
    traded, _, side = market.last_trade
    own = side if traded == token else ("SELL" if side == "BUY" else "BUY")
    return {"price": last_trade_text(market, token), "side": own}


def _last_trades(found: list[tuple[Market, int, str]]) -> list[dict[str, Any]]:
    return [{"token_id": _id(each), **_last_trade(*each[:2])} for each in found]


def _tick_size(market: Market, token: int) -> dict[str, Any]:
    del token
    return {"minimum_tick_size": market.tick_e4 / 10_000}


def _by_token(market: Market, token: int) -> dict[str, Any]:
    first, second = market.spec.tokens
    return {"condition_id": market.spec.condition_id, "primary_token_id": first, "secondary_token_id": second}
