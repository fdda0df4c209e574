"""Gamma: markets and events by slug, id, token or condition, and in pages (protocol.md 8)."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from engine.exchange.calendar import Settled
from engine.exchange.core.market import Market, Phase
from engine.exchange.desk import Desk
from engine.exchange.render.gamma import gamma_event, gamma_market, number_of, series_id, series_of
from engine.exchange.rest.public import read_count
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes

PAGE: Final = 20
PAGE_MAX: Final = 100
Row = dict[str, Any]
Found = TypeVar("Found")


class Gamma:
    """The calls of the Gamma service. `settled_of` knows the prices of markets that are over."""

    def __init__(self, desk: Desk, settled_of: Callable[[Market], Settled | None]) -> None:
        self._desk = desk
        self._settled_of = settled_of

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        for path, handler in (
            ("/markets/slug/{slug}", self.market_by_slug),
            ("/events/slug/{slug}", self.event_by_slug),
            ("/markets/keyset", self.markets_keyset),
            ("/events/keyset", self.events_keyset),
            ("/markets", lambda request: json_response(self._markets(request, default_closed="false")[0])),
            ("/events", lambda request: json_response(self._events(request)[0])),
            ("/markets/{id}", self.market_by_id),
            ("/events/{id}", self.event_by_id),
            ("/series", self.series),
            ("/crypto-market-configs", self.configs),
        ):
            routes.add(Service.GAMMA, "GET", path, handler)

    def market_by_slug(self, request: Request) -> Response:
        """Return one market."""
        return self._one(lambda market: market.spec.slug == request.variables[0])

    def market_by_id(self, request: Request) -> Response:
        """Return one market by Gamma's number."""
        return self._one(lambda market: number_of(market.spec.slug) == request.variables[0])

    def event_by_slug(self, request: Request) -> Response:
        """Return one event with its markets."""
        return self._one_event(lambda slug: slug == request.variables[0])

    def event_by_id(self, request: Request) -> Response:
        """Return one event by Gamma's number."""
        return self._one_event(lambda slug: number_of(f"event:{slug}") == request.variables[0])

    def markets_keyset(self, request: Request) -> Response:
        """Return a page of markets."""
        rows, cursor = self._markets(request, default_closed="")
        return json_response({"markets": rows} | ({"next_cursor": cursor} if cursor else {}))

    def events_keyset(self, request: Request) -> Response:
        """Return a page of events."""
        rows, cursor = self._events(request)
        return json_response({"events": rows} | ({"next_cursor": cursor} if cursor else {}))

    def series(self, request: Request) -> Response:
        """Return the series that there are."""
        del request
        found = {(m.spec.asset, m.spec.length_s): m.spec for m in self._desk.exchange.markets.values() if m.spec.asset}
        return json_response([series_of(*each, spec.created_ms) for each, spec in found.items()])

    def configs(self, request: Request) -> Response:
        """Return the settlement rules that there are."""
        del request
        rows = (gamma_market(market).get("cryptoMarketConfig") for market in self._desk.exchange.markets.values())
        return json_response(list({row["id"]: row for row in rows if row}.values()))

    def _all(self) -> Iterable[Market]:
        self._desk.advance()
        self._desk.pump()
        return self._desk.exchange.markets.values()

    def _one(self, fits: Callable[[Market], bool]) -> Response:
        market = next((market for market in self._all() if fits(market)), None)
        return error_response(404, "market not found") if market is None else json_response(self._row(market))

    def _row(self, market: Market) -> Row:
        return {**gamma_market(market), "events": [self._event(self._siblings(market))]}

    def _event(self, markets: list[Market]) -> Row:
        settled = self._settled_of(markets[0])
        return gamma_event(markets, *((settled.strike_e8, settled.final_e8) if settled else (None, None)))

    def _siblings(self, market: Market) -> list[Market]:
        slug = market.spec.event_slug or market.spec.slug
        if slug == market.spec.slug:
            return [market]
        return [each for each in self._desk.exchange.markets.values() if each.spec.event_slug == slug]

    def _one_event(self, fits: Callable[[str], bool]) -> Response:
        for market in self._all():
            if fits(market.spec.event_slug or market.spec.slug):
                return json_response(self._event_row(self._siblings(market)))
        return error_response(404, "event not found")

    def _event_row(self, markets: list[Market]) -> Row:
        return {**self._event(markets), "markets": [gamma_market(market) for market in markets]}

    def _markets(self, request: Request, default_closed: str) -> tuple[list[Row], str]:
        found = [market for market in self._all() if _fits(request, market, default_closed)]
        chosen, cursor = _page(request, found)
        return [self._row(market) for market in chosen], cursor

    def _events(self, request: Request) -> tuple[list[Row], str]:
        events: dict[str, list[Market]] = {}
        series = request.query.get("series_id", [])
        for market in self._all():
            fits_series = not series or (
                market.spec.asset and series_id(market.spec.asset, market.spec.length_s) in series
            )
            if fits_series and _fits(request, market, "", slug_of_event=True):
                events.setdefault(market.spec.event_slug or market.spec.slug, []).append(market)
        chosen, cursor = _page(request, list(events.values()))
        return [self._event_row(markets) for markets in chosen], cursor


def _fits(request: Request, market: Market, default_closed: str, *, slug_of_event: bool = False) -> bool:
    """Tell whether a market is what the filters ask for."""
    spec, query = market.spec, request.query
    closed = request.parameter("closed") or default_closed
    if closed and (closed.lower() == "true") != (market.phase == Phase.RESOLVED):
        return False
    own = {
        "slug": {spec.event_slug or spec.slug} if slug_of_event else {spec.slug},
        "condition_ids": {spec.condition_id},
        "clob_token_ids": set(spec.tokens),
        "position_ids": set(spec.tokens) if spec.version == "v2" else set(),
        "id": {number_of(spec.slug)},
        "version": {spec.version},
    }
    if slug_of_event:
        own["id"] = {number_of(f"event:{spec.event_slug or spec.slug}")}
    return all(own[name] & set(query[name]) for name in own if query.get(name))


def _page(request: Request, found: list[Found]) -> tuple[list[Found], str]:
    """Return one page and the cursor of the next, "" at the end."""
    size = min(read_count(request.parameter("limit")) or PAGE, PAGE_MAX)
    start = read_count(request.parameter("after_cursor")) or read_count(request.parameter("offset")) or 0
    end = start + size
    return found[start:end], str(end) if end < len(found) else ""
