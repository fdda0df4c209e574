"""Gamma market objects as the venue has them since September 2026 (protocol.md 8.2, 8.3)."""

from datetime import UTC, datetime
from typing import Any

from engine.model.rounds import parse_slug
from tests import support_feed as feed


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def market(slug: str, up: str = feed.UP, down: str = feed.DOWN, **changed: Any) -> dict[str, Any]:
    _, start_s, length_s = parse_slug(slug)
    found = {
        "id": "1557558",
        "question": "Bitcoin Up or Down",
        "conditionId": feed.MARKET,
        "slug": slug,
        "resolutionSource": "https://data.chain.link/streams/btc-usd-twap-60s-streams",
        "endDate": iso(start_s + length_s),
        "eventStartTime": iso(start_s),
        "outcomes": '["Up", "Down"]',
        "outcomePrices": '["0.505", "0.495"]',
        "clobTokenIds": f'["{up}", "{down}"]',
        "positionIds": ["77", "88"],
        "version": "v1",
        "active": True,
        "closed": False,
        "archived": False,
        "enableOrderBook": True,
        "acceptingOrders": True,
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "negRisk": False,
        "feesEnabled": True,
        "feeType": "crypto_fees_v2",
        "feeSchedule": {"exponent": 1, "rate": 0.07, "takerOnly": True, "rebateRate": 0.2},
        "cryptoMarketConfigId": f"btc-{slug.split('-')[2]}-twap-60",
        "cryptoMarketConfig": {
            "id": f"btc-{slug.split('-')[2]}-twap-60",
            "asset": "btc",
            "duration": "15m",
            "twapEnabled": True,
            "twapLookbackSeconds": 60,
        },
        "restricted": True,
    }
    return {**found, **changed}
