"""Gamma's objects over a window's life (protocol.md 8.2)."""

from typing import Any

import msgspec
import orjson
import pytest

from engine.exchange.calendar import SeriesOptions, make_spec
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Market, Phase
from engine.exchange.render.gamma import gamma_event, gamma_market, number_of, resolution_source, series_id, series_of

START_S = 1_795_262_400
LISTED_MS = (START_S - 3_600) * 1_000


def window(**options: Any) -> Market:
    spec = make_spec(SeriesOptions(**options), START_S, LISTED_MS)
    return Exchange().list_market(spec, LISTED_MS, Phase.OPEN)


def test_an_open_window_has_the_fields_that_matter() -> None:
    market = window()
    row = gamma_market(market)
    up, down = market.spec.tokens
    expected = {
        "conditionId": market.spec.condition_id,
        "slug": f"btc-updown-15m-{START_S}",
        "outcomes": '["Up", "Down"]',
        "outcomePrices": '["0.5", "0.5"]',
        "clobTokenIds": f'["{up}", "{down}"]',
        "version": "v1",
        "eventStartTime": "2026-11-21T12:00:00Z",
        "endDate": "2026-11-21T12:15:00Z",
        "acceptingOrders": True,
        "active": True,
        "closed": False,
        "archived": False,
        "enableOrderBook": True,
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "feesEnabled": True,
        "feeType": "crypto_fees_v2",
        "feeSchedule": {"exponent": 1, "rate": 0.07, "takerOnly": True, "rebateRate": 0.2},
        "negRisk": False,
        "makerBaseFee": 1_000,
        "takerBaseFee": 1_000,
        "restricted": True,
        "cryptoMarketConfigId": "btc-15m-twap-60",
        "cryptoMarketConfig": {"id": "btc-15m-twap-60", "asset": "btc", "duration": "15m", "twapEnabled": True,
                               "twapLookbackSeconds": 60},
        "resolutionSource": "https://data.chain.link/streams/btc-usd-twap-60s-streams",
        "bestBid": 0,
        "bestAsk": 1,
        "spread": 1,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert "positionIds" not in row
    assert "closedTime" not in row


def test_before_its_book_appears_a_window_has_no_tokens() -> None:
    market = window()
    market.phase = Phase.HYDRATING
    row = gamma_market(market)
    assert (row["clobTokenIds"], row["enableOrderBook"], row["acceptingOrders"]) == ('["", ""]', False, False)


def test_a_window_of_protocol_v2_has_positions_instead_of_tokens() -> None:
    market = window(version="v2")
    row = gamma_market(market)
    assert (row["version"], row["clobTokenIds"], row["positionIds"]) == ("v2", "[]", [*market.spec.tokens])


def test_a_resolved_window_tells_its_winner_and_when() -> None:
    market = window()
    market.phase, market.winner, market.resolved_ms = Phase.RESOLVED, 1, (START_S + 945) * 1_000
    row = gamma_market(market)
    assert (row["outcomePrices"], row["closed"]) == ('["0", "1"]', True)
    assert (row["closedTime"], row["umaResolutionStatus"]) == ("2026-11-21 12:15:45+00", "resolved")


def test_an_event_tells_its_prices_only_after_the_end() -> None:
    market = window()
    before = gamma_event([market], 65_000 * 10**8, 65_001 * 10**8)
    assert "eventMetadata" not in before
    assert (before["seriesSlug"], before["series"][0]["id"]) == ("btc-up-or-down-15m", "10192")
    market.phase = Phase.RESOLVED
    after = gamma_event([market], 65_000 * 10**8, 65_001_50000000)
    assert after["eventMetadata"] == {"priceToBeat": 65_000.0, "finalPrice": 65_001.5}
    assert after["closed"] is True
    assert "eventMetadata" not in gamma_event([market], None, None)


def test_an_event_of_several_markets_is_over_when_all_are() -> None:
    exchange = Exchange()
    spec = make_spec(SeriesOptions(), START_S, LISTED_MS)
    markets = []
    for number in range(2):
        facts = {
            "condition_id": f"0x{number}",
            "tokens": (f"{number}1", f"{number}2"),
            "asset": "",
            "event_slug": "cup",
        }
        markets.append(exchange.list_market(msgspec.structs.replace(spec, **facts), LISTED_MS))
    markets[0].phase, markets[0].volume_u6, markets[1].volume_u6 = Phase.RESOLVED, 5_000_000, 2_500_000
    event = gamma_event(markets, None, None)
    assert (event["slug"], event["closed"], event["volume"], "series" in event) == ("cup", False, 7.5, False)


@pytest.mark.parametrize(
    ("asset", "length_s", "slug", "number"),
    [("btc", 900, "btc-up-or-down-15m", "10192"), ("btc", 300, "btc-up-or-down-5m", "10684")],
)
def test_known_series_have_the_venues_numbers(asset: str, length_s: int, slug: str, number: str) -> None:
    assert (series_of(asset, length_s, LISTED_MS)["slug"], series_id(asset, length_s)) == (slug, number)


def test_other_series_have_numbers_of_their_own() -> None:
    assert len({series_id("eth", 900), series_id("btc", 60), series_id("btc", 900)}) == 3


def test_a_number_is_stable_and_a_market_without_asset_has_no_source() -> None:
    assert number_of("a") == number_of("a") != number_of("b")
    market = window()
    market.spec = msgspec.structs.replace(market.spec, asset="")
    assert resolution_source(market) == ""


def test_everything_can_be_written_as_json() -> None:
    market = window()
    assert orjson.loads(orjson.dumps({**gamma_market(market), "events": [gamma_event([market], None, None)]}))
