"""Gamma's calls: by slug, id, token and condition; pages; filters (protocol.md 8.1)."""

from typing import Any

import orjson
import pytest

from engine.exchange.calendar import SeriesOptions, Settled, make_spec
from engine.exchange.core.market import Market, Phase
from engine.exchange.rest.gamma import Gamma
from engine.exchange.server.routes import Routes
from tests.unit.engine.exchange.desks import START_MS, TestDesk, ask

START_S = START_MS // 1_000


class Listed:
    """Gamma over so many windows of 15 minutes, the first of them resolved."""

    def __init__(self, count: int = 3, version: str = "v1") -> None:
        self.desk = TestDesk()
        self.options = SeriesOptions(version=version)
        self.windows: list[Market] = []
        for number in range(count):
            spec = make_spec(self.options, START_S + number * 900, START_MS)
            self.windows.append(self.desk.exchange.list_market(spec, START_MS))
        self.settled: dict[str, Settled] = {}
        self.routes = Routes()
        Gamma(self.desk, lambda market: self.settled.get(market.spec.condition_id)).add_to(self.routes)

    def get(self, target: str) -> tuple[int, Any]:
        return ask(self.routes, "GET", f"/gamma{target}")

    def slugs(self, target: str) -> list[str]:
        status, content = self.get(target)
        assert status == 200, content
        rows = content if isinstance(content, list) else content.get("markets", content.get("events"))
        return [row["slug"] for row in rows]

    def names(self, *numbers: int) -> list[str]:
        return [self.windows[number].spec.slug for number in numbers]

    def resolve(self, number: int) -> None:
        self.desk.exchange.resolve(self.windows[number], 0, self.desk.now_ms())
        self.desk.pump()
        condition_id = self.windows[number].spec.condition_id
        self.settled[condition_id] = Settled(65_000 * 10**8, 65_000 * 10**8)


def test_a_market_is_found_by_slug_and_id_with_its_event() -> None:
    listed = Listed()
    slug = listed.names(1)[0]
    status, row = listed.get(f"/markets/slug/{slug}")
    assert (status, row["slug"], row["events"][0]["slug"]) == (200, slug, slug)
    assert orjson.loads(row["clobTokenIds"]) == [*listed.windows[1].spec.tokens]
    assert listed.get(f"/markets/{row['id']}") == (200, row)


def test_an_event_is_found_by_slug_and_id_with_its_markets() -> None:
    listed = Listed()
    slug = listed.names(1)[0]
    status, event = listed.get(f"/events/slug/{slug}")
    assert (status, [row["slug"] for row in event["markets"]]) == (200, [slug])
    assert listed.get(f"/events/{event['id']}") == (200, event)


@pytest.mark.parametrize("path", ["/markets/slug/x", "/events/slug/x", "/markets/12", "/events/12"])
def test_what_is_unknown_is_not_found(path: str) -> None:
    assert Listed().get(path)[0] == 404


def test_markets_are_open_ones_unless_asked_otherwise() -> None:
    listed = Listed()
    listed.resolve(0)
    assert listed.slugs("/markets") == listed.names(1, 2)
    assert listed.slugs("/markets?closed=true") == listed.names(0)
    assert listed.slugs("/markets/keyset") == listed.names(0, 1, 2)
    assert listed.slugs("/events?closed=false") == listed.names(1, 2)
    assert listed.get(f"/events/slug/{listed.names(0)[0]}")[1]["eventMetadata"]["priceToBeat"] == 65_000.0


def test_markets_are_filtered_by_what_names_them() -> None:
    listed = Listed()
    first, second = listed.windows[0].spec, listed.windows[1].spec
    assert listed.slugs(f"/markets?condition_ids={second.condition_id}") == [second.slug]
    assert listed.slugs(f"/markets?clob_token_ids={first.tokens[1]}&clob_token_ids={second.tokens[0]}") == [
        first.slug,
        second.slug,
    ]
    assert listed.slugs(f"/markets?slug={second.slug}") == [second.slug]
    assert listed.slugs(f"/markets?position_ids={second.tokens[0]}") == []
    assert listed.slugs("/events?series_id=10192&limit=1") == [first.slug]
    assert listed.slugs("/events?series_id=1") == []


def test_protocol_v2_is_found_by_position() -> None:
    listed = Listed(version="v2")
    spec = listed.windows[1].spec
    assert listed.slugs(f"/markets?position_ids={spec.tokens[0]}") == [spec.slug]
    assert listed.slugs("/markets?version=v1") == []


def test_a_keyset_is_paged_to_its_end() -> None:
    listed = Listed(5)
    status, page = listed.get("/markets/keyset?limit=2")
    seen = [row["slug"] for row in page["markets"]]
    while "next_cursor" in page:
        status, page = listed.get(f"/markets/keyset?limit=2&after_cursor={page['next_cursor']}")
        assert status == 200
        seen += [row["slug"] for row in page["markets"]]
    assert seen == listed.names(0, 1, 2, 3, 4)


def test_a_list_is_paged_by_offset() -> None:
    listed = Listed(5)
    assert listed.slugs("/markets?limit=2&offset=3") == listed.names(3, 4)
    assert listed.slugs("/events?limit=1&offset=1") == listed.names(1)
    assert listed.slugs("/markets?offset=99") == []


@pytest.mark.parametrize("query", ["limit=abc", "limit=-1", "limit=0", "limit=²", "offset=x", "offset=-5",
                                   "after_cursor=!", f"limit={'9' * 30}", f"offset={'9' * 5_000}"])  # fmt: skip
def test_nonsense_in_a_page_is_left_out(query: str) -> None:
    assert Listed().slugs(f"/markets?{query}") == Listed().names(0, 1, 2)


def test_series_and_settlement_rules_are_listed_once() -> None:
    listed = Listed()
    assert [(row["id"], row["slug"]) for row in listed.get("/series")[1]] == [("10192", "btc-up-or-down-15m")]
    assert [row["id"] for row in listed.get("/crypto-market-configs")[1]] == ["btc-15m-twap-60"]


def test_a_window_without_a_book_is_listed() -> None:
    listed = Listed(1)
    listed.windows[0].phase = Phase.HYDRATING
    row = listed.get(f"/markets/slug/{listed.names(0)[0]}")[1]
    assert (row["clobTokenIds"], row["acceptingOrders"]) == ('["", ""]', False)
