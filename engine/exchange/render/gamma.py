"""Markets, events and series as Gamma writes them (protocol.md 8); field by field as recorded objects have them."""

import zlib
from datetime import UTC, datetime
from typing import Any, Final

from engine.exchange.core.market import Market, Phase
from engine.exchange.render.books import best_prices, last_trade_text
from engine.exchange.render.markets import BASE_FEE_BPS, ICON, description, iso, iso_fine, json_number, outcome_price
from engine.model.rounds import slug_of, twap_lookback_s
from engine.model.units import PRICE_ONE_E4, format_price

REBATE_RATE: Final = 0.2
SERIES_IDS: Final = {900: "10192", 300: "10684"}
_SAME_FOR_ALL: Final[dict[str, Any]] = {
    "active": True,
    "marketMakerAddress": "",
    "new": False,
    "featured": False,
    "archived": False,
    "restricted": True,
    "groupItemThreshold": "0",
    "hasReviewedDates": True,
    "makerBaseFee": BASE_FEE_BPS,
    "takerBaseFee": BASE_FEE_BPS,
    "ready": False,
    "funded": False,
    "cyom": False,
    "competitive": 0.99,
    "pagerDutyNotificationEnabled": False,
    "approved": True,
    "rewardsMinSize": 0,
    "rewardsMaxSpread": 0,
    "automaticallyActive": True,
    "clearBookOnStart": False,
    "showGmpSeries": False,
    "showGmpOutcome": False,
    "manualActivation": False,
    "negRiskOther": False,
    "umaResolutionStatuses": "[]",
    "pendingDeployment": False,
    "deploying": False,
    "rfqEnabled": False,
    "holdingRewardsEnabled": False,
    "requiresTranslation": False,
    "makerRebatesFeeShareBps": 10_000,
    "feeType": "crypto_fees_v2",
}
_EVENT_SAME_FOR_ALL: Final[dict[str, Any]] = {
    "image": ICON,
    "icon": ICON,
    "active": True,
    "archived": False,
    "new": False,
    "featured": False,
    "restricted": True,
    "openInterest": 0,
    "competitive": 0.99,
    "commentCount": 0,
    "cyom": False,
    "showAllOutcomes": True,
    "showMarketImages": True,
    "automaticallyActive": True,
    "pendingDeployment": False,
    "deploying": False,
    "requiresTranslation": False,
    "negRiskAugmented": False,
    "tags": [],
}
_SERIES_SAME_FOR_ALL: Final[dict[str, Any]] = {
    "seriesType": "single",
    "image": ICON,
    "icon": ICON,
    "active": True,
    "closed": False,
    "archived": False,
    "featured": False,
    "restricted": True,
    "volume24hr": 0,
    "volume": 0,
    "liquidity": 0,
    "commentCount": 0,
    "requiresTranslation": False,
}


def number_of(text: str) -> str:
    """Return a stable decimal id, as Gamma numbers its markets and events."""
    return str(1_000_000 + zlib.crc32(text.encode()) % 9_000_000)


def gamma_market(market: Market) -> dict[str, Any]:
    """Return a market as Gamma has it, without its events."""
    spec = market.spec
    hydrated = market.phase != Phase.HYDRATING
    tokens = [*spec.tokens] if hydrated else ["", ""]
    row: dict[str, Any] = {
        "id": number_of(spec.slug),
        "question": spec.question or spec.slug,
        "conditionId": spec.condition_id,
        "slug": spec.slug,
        "resolutionSource": resolution_source(market),
        "endDate": iso(spec.end_ms),
        "startDate": iso_fine(spec.created_ms),
        "image": ICON,
        "icon": ICON,
        "description": description(market),
        "outcomes": _text_list([*spec.outcomes]),
        "outcomePrices": _text_list([_plain(outcome_price(market, token)) for token in (0, 1)]),
        "closed": market.phase == Phase.RESOLVED,
        "createdAt": iso_fine(spec.created_ms),
        "updatedAt": iso_fine(max(spec.created_ms, market.resolved_ms)),
        "questionID": spec.condition_id,
        "enableOrderBook": hydrated,
        "orderPriceMinTickSize": market.tick_e4 / PRICE_ONE_E4,
        "orderMinSize": json_number(spec.min_size_u6, 6),
        "endDateIso": iso(spec.end_ms)[:10],
        "startDateIso": iso(spec.created_ms)[:10],
        "clobTokenIds": _text_list(tokens) if spec.version == "v1" else "[]",
        "acceptingOrders": market.phase == Phase.OPEN,
        "negRisk": spec.neg_risk,
        "acceptingOrdersTimestamp": iso(spec.created_ms),
        "eventStartTime": iso(spec.start_ms),
        "feesEnabled": spec.fees.rate_e6 > 0,
        "feeSchedule": {
            "exponent": spec.fees.exponent,
            "rate": spec.fees.rate_e6 / 10**6,
            "takerOnly": spec.fees.taker_only,
            "rebateRate": REBATE_RATE,
        },
        "version": spec.version,
    }
    row |= _SAME_FOR_ALL | _statistics(market)
    if spec.asset:
        row |= _settlement_rule(market)
    if spec.version == "v2":
        row["positionIds"] = tokens
    if market.phase == Phase.RESOLVED:
        row["closedTime"] = datetime.fromtimestamp(market.resolved_ms // 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S+00")
        row["umaEndDate"] = iso(market.resolved_ms)
        row["umaResolutionStatus"] = "resolved"
        row["automaticallyResolved"] = True
        row["liquidityAmm"] = 0
    return row


def _statistics(market: Market) -> dict[str, Any]:
    """Return what trading has made of a market. Its changes are those since its listing: none."""
    bid_e4, ask_e4 = best_prices(market, 0)
    volume, liquidity = json_number(market.volume_u6, 6), _liquidity(market)
    return {
        "liquidity": str(liquidity),
        "volume": str(volume),
        "volumeNum": volume,
        "liquidityNum": liquidity,
        "volume24hr": volume,
        "volume1wk": volume,
        "volume1mo": volume,
        "volume1yr": volume,
        "volume24hrClob": volume,
        "volume1wkClob": volume,
        "volume1moClob": volume,
        "volume1yrClob": volume,
        "volumeClob": volume,
        "liquidityClob": liquidity,
        "oneHourPriceChange": 0,
        "oneDayPriceChange": 0,
        "spread": json_number((ask_e4 or PRICE_ONE_E4) - bid_e4, 4),
        "lastTradePrice": float(last_trade_text(market, 0) or 0),
        "bestBid": json_number(bid_e4, 4),
        "bestAsk": json_number(ask_e4 or PRICE_ONE_E4, 4),
    }


def _settlement_rule(market: Market) -> dict[str, Any]:
    spec = market.spec
    lookback_s = twap_lookback_s(spec.length_s)
    length = _length_name(spec.asset, spec.length_s)
    name = f"{spec.asset}-{length}-twap-{lookback_s}"
    config = {
        "id": name,
        "asset": spec.asset,
        "duration": length,
        "twapEnabled": True,
        "twapLookbackSeconds": lookback_s,
    }
    return {"cryptoMarketConfigId": name, "cryptoMarketConfig": config}


def resolution_source(market: Market) -> str:
    """Return what the venue names as source: the address of the stream that the local prices stand for."""
    spec = market.spec
    if not spec.asset:
        return ""
    return f"https://data.chain.link/streams/{spec.asset}-usd-twap-{twap_lookback_s(spec.length_s)}s-streams"


def gamma_event(markets: list[Market], strike_e8: int | None, final_e8: int | None) -> dict[str, Any]:
    """Return an event without its markets. `eventMetadata` appears after the end, with both prices."""
    spec = markets[0].spec
    slug = spec.event_slug or spec.slug
    resolved = all(market.phase == Phase.RESOLVED for market in markets)
    volume = json_number(sum(market.volume_u6 for market in markets), 6)
    liquidity = round(sum(_liquidity(market) for market in markets), 4)
    event: dict[str, Any] = {
        "id": number_of(f"event:{slug}"),
        "ticker": slug,
        "slug": slug,
        "title": spec.question or slug,
        "description": description(markets[0]),
        "resolutionSource": resolution_source(markets[0]),
        "startDate": iso_fine(spec.created_ms),
        "creationDate": iso_fine(spec.created_ms),
        "createdAt": iso_fine(spec.created_ms),
        "updatedAt": iso_fine(max(spec.created_ms, *(market.resolved_ms for market in markets))),
        "endDate": iso(spec.end_ms),
        "closed": resolved,
        "liquidity": liquidity,
        "liquidityClob": liquidity,
        "volume": volume,
        "volume24hr": volume,
        "volume1wk": volume,
        "volume1mo": volume,
        "volume1yr": volume,
        "enableOrderBook": markets[0].phase != Phase.HYDRATING,
        "startTime": iso(spec.start_ms),
        "enableNegRisk": spec.neg_risk,
        "negRisk": spec.neg_risk,
        **_EVENT_SAME_FOR_ALL,
    }
    if spec.asset:
        series = series_of(spec.asset, spec.length_s, spec.created_ms)
        event["series"] = [series]
        event["seriesSlug"] = series["slug"]
    if resolved and strike_e8 is not None and final_e8 is not None:
        event["eventMetadata"] = {"priceToBeat": strike_e8 / 10**8, "finalPrice": final_e8 / 10**8}
    return event


def series_id(asset: str, length_s: int) -> str:
    """Return Gamma's number of the series that the windows of one length belong to."""
    number = SERIES_IDS.get(length_s) if asset == "btc" else None
    return number or number_of(_series_slug(asset, length_s))


def series_of(asset: str, length_s: int, created_ms: int) -> dict[str, Any]:
    """Return the series that the windows of one length belong to."""
    slug, length = _series_slug(asset, length_s), _length_name(asset, length_s)
    return {
        "id": series_id(asset, length_s),
        "ticker": slug,
        "slug": slug,
        "title": f"{asset.upper()} Up or Down {length}",
        "recurrence": length,
        "createdAt": iso_fine(created_ms),
        "updatedAt": iso_fine(created_ms),
        **_SERIES_SAME_FOR_ALL,
    }


def _series_slug(asset: str, length_s: int) -> str:
    return f"{asset}-up-or-down-{_length_name(asset, length_s)}"


def _length_name(asset: str, length_s: int) -> str:
    return slug_of(asset, 0, length_s).split("-")[2]


def _liquidity(market: Market) -> float:
    """Return the collateral that stands in the book, in USD, as a number with 4 decimals."""
    cash_e10 = 0
    for price_e4, size_u6 in market.book.depth(is_bid=True):
        cash_e10 += price_e4 * size_u6
    for price_e4, size_u6 in market.book.depth(is_bid=False):
        cash_e10 += (PRICE_ONE_E4 - price_e4) * size_u6
    return round(cash_e10 / 10**10, 4)


def _plain(price: float) -> str:
    return format_price(round(price * PRICE_ONE_E4)) if price in (0.0, 1.0) else f"{price:.5f}".rstrip("0")


def _text_list(items: list[str]) -> str:
    """Return a list as Gamma nests it: JSON inside a string, with a space after each comma."""
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"
