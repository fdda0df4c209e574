"""Markets and events as the CLOB and Gamma write them (protocol.md 4.1, 8)."""

import zlib
from datetime import UTC, datetime
from typing import Any, Final

from engine.exchange.core.market import Market, Phase
from engine.exchange.render.books import best_prices, last_trade_text
from engine.model.rounds import slug_of, twap_lookback_s
from engine.model.units import PRICE_ONE_E4, format_price, format_scaled

BASE_FEE_BPS: Final = 1_000
REBATE_RATE: Final = 0.2
ICON: Final = "https://polymarket-upload.s3.us-east-2.amazonaws.com/BTC+fullsize.png"
SERIES_IDS: Final = {900: "10192", 300: "10684"}


def iso(at_ms: int) -> str:
    """Return a time as `2026-02-07T09:15:00Z`."""
    return datetime.fromtimestamp(at_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_fine(at_ms: int) -> str:
    """Return a time with its microseconds."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def number_of(text: str) -> str:
    """Return a stable decimal id, as Gamma numbers its markets and events."""
    return str(1_000_000 + zlib.crc32(text.encode()) % 9_000_000)


def clob_market(market: Market) -> dict[str, Any]:
    """Return GET /clob-markets/{condition_id}: the one call that has tick, minimum, fees and the delay flag."""
    spec = market.spec
    return {
        "gst": None,
        "r": {"rates": None, "min_size": 0, "max_spread": 0},
        "t": [{"t": token, "o": outcome} for token, outcome in zip(spec.tokens, spec.outcomes, strict=True)],
        "mos": json_number(spec.min_size_u6, 6),
        "mts": market.tick_e4 / 10_000,
        "mbf": BASE_FEE_BPS,
        "tbf": BASE_FEE_BPS,
        "rfqe": False,
        "itode": spec.hold_ms > 0,
        "ibce": False,
        "fd": {"r": spec.fees.rate_e6 / 10**6, "e": spec.fees.exponent, "to": spec.fees.taker_only},
        "oas": 0,
        "nr": spec.neg_risk,
    }


def simplified_market(market: Market) -> dict[str, Any]:
    """Return one row of GET /simplified-markets."""
    return {
        "condition_id": market.spec.condition_id,
        "tokens": _tokens(market),
        "rewards": _REWARDS,
        "active": True,
        "closed": market.phase == Phase.RESOLVED,
        "archived": False,
        "accepting_orders": market.phase == Phase.OPEN,
    }


_REWARDS: Final = {"rates": None, "min_size": 0, "max_spread": 0}


def full_market(market: Market) -> dict[str, Any]:
    """Return GET /markets/{condition_id}."""
    spec = market.spec
    return {
        "enable_order_book": market.phase != Phase.RESOLVED,
        "active": True,
        "closed": market.phase == Phase.RESOLVED,
        "archived": False,
        "accepting_orders": market.phase == Phase.OPEN,
        "accepting_order_timestamp": iso(spec.created_ms),
        "minimum_order_size": json_number(spec.min_size_u6, 6),
        "minimum_tick_size": market.tick_e4 / 10_000,
        "condition_id": spec.condition_id,
        "question_id": spec.condition_id,
        "question": spec.question,
        "description": description(market),
        "market_slug": spec.slug,
        "end_date_iso": iso(spec.end_ms),
        "game_start_time": None,
        "seconds_delay": 0,
        "fpmm": "",
        "maker_base_fee": BASE_FEE_BPS,
        "taker_base_fee": BASE_FEE_BPS,
        "notifications_enabled": False,
        "neg_risk": spec.neg_risk,
        "neg_risk_market_id": "",
        "neg_risk_request_id": "",
        "icon": ICON,
        "image": ICON,
        "rewards": _REWARDS,
        "is_50_50_outcome": False,
        "tokens": _tokens(market),
        "tags": ["Crypto", "All"],
    }


def _tokens(market: Market) -> list[dict[str, Any]]:
    return [
        {
            "token_id": token_id,
            "outcome": market.spec.outcomes[number],
            "price": _outcome_price(market, number),
            "winner": market.winner == number,
        }
        for number, token_id in enumerate(market.spec.tokens)
    ]


def _outcome_price(market: Market, token: int) -> float:
    """Return what an outcome is worth: 1 or 0 at the end, the middle of the touch before."""
    if market.winner is not None:
        return 1.0 if market.winner == token else 0.0
    bid_e4, ask_e4 = best_prices(market, token)
    return (bid_e4 + (ask_e4 or PRICE_ONE_E4)) / 2 / PRICE_ONE_E4


def description(market: Market) -> str:
    """Return the rules of a market."""
    asset = market.spec.asset.upper()
    if not asset:
        return f'This market will resolve to "{market.spec.outcomes[0]}" or "{market.spec.outcomes[1]}".'
    return (
        f'This market will resolve to "Up" if the time-weighted average {asset} price at the end of the time range '
        "specified in the title is greater than or equal to the one at its beginning. Otherwise, it will resolve to "
        f'"Down".\nThe resolution source is the local exchange\'s own reference price of {asset}/USD.'
    )


def gamma_market(market: Market) -> dict[str, Any]:
    """Return a market as Gamma has it, without its events."""
    spec = market.spec
    bid_e4, ask_e4 = best_prices(market, 0)
    resolved = market.phase == Phase.RESOLVED
    hydrated = market.phase != Phase.HYDRATING
    volume = json_number(market.volume_u6, 6)
    liquidity = _liquidity(market)
    tokens = [*spec.tokens] if hydrated else ["", ""]
    row: dict[str, Any] = {
        "id": number_of(spec.slug),
        "question": spec.question or spec.slug,
        "conditionId": spec.condition_id,
        "slug": spec.slug,
        "resolutionSource": resolution_source(market),
        "endDate": iso(spec.end_ms),
        "liquidity": str(liquidity),
        "startDate": iso_fine(spec.created_ms),
        "image": ICON,
        "icon": ICON,
        "description": description(market),
        "outcomes": _text_list([*spec.outcomes]),
        "outcomePrices": _text_list([_plain(_outcome_price(market, token)) for token in (0, 1)]),
        "volume": str(volume),
        "active": True,
        "closed": resolved,
        "marketMakerAddress": "",
        "createdAt": iso_fine(spec.created_ms),
        "updatedAt": iso_fine(max(spec.created_ms, market.resolved_ms)),
        "new": False,
        "featured": False,
        "archived": False,
        "restricted": True,
        "groupItemThreshold": "0",
        "questionID": spec.condition_id,
        "enableOrderBook": hydrated,
        "orderPriceMinTickSize": market.tick_e4 / 10_000,
        "orderMinSize": json_number(spec.min_size_u6, 6),
        "volumeNum": volume,
        "liquidityNum": liquidity,
        "endDateIso": iso(spec.end_ms)[:10],
        "startDateIso": iso(spec.created_ms)[:10],
        "hasReviewedDates": True,
        "volume24hr": volume,
        "volume1wk": volume,
        "volume1mo": volume,
        "volume1yr": volume,
        "clobTokenIds": _text_list(tokens) if spec.version == "v1" else "[]",
        "volume24hrClob": volume,
        "volume1wkClob": volume,
        "volume1moClob": volume,
        "volume1yrClob": volume,
        "volumeClob": volume,
        "liquidityClob": liquidity,
        "makerBaseFee": BASE_FEE_BPS,
        "takerBaseFee": BASE_FEE_BPS,
        "acceptingOrders": market.phase == Phase.OPEN,
        "negRisk": spec.neg_risk,
        "ready": False,
        "funded": False,
        "acceptingOrdersTimestamp": iso(spec.created_ms),
        "cyom": False,
        "competitive": 0.99,
        "pagerDutyNotificationEnabled": False,
        "approved": True,
        "rewardsMinSize": 0,
        "rewardsMaxSpread": 0,
        "spread": json_number((ask_e4 or PRICE_ONE_E4) - bid_e4, 4),
        "lastTradePrice": float(last_trade_text(market, 0) or 0),
        "bestBid": json_number(bid_e4, 4),
        "bestAsk": json_number(ask_e4 or PRICE_ONE_E4, 4),
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
        "eventStartTime": iso(spec.start_ms),
        "holdingRewardsEnabled": False,
        "feesEnabled": spec.fees.rate_e6 > 0,
        "requiresTranslation": False,
        "makerRebatesFeeShareBps": 10_000,
        "feeType": "crypto_fees_v2",
        "feeSchedule": {
            "exponent": spec.fees.exponent,
            "rate": spec.fees.rate_e6 / 10**6,
            "takerOnly": spec.fees.taker_only,
            "rebateRate": REBATE_RATE,
        },
        "version": spec.version,
    }
    if spec.asset:
        row |= _settlement_rule(market)
    if spec.version == "v2":
        row["positionIds"] = tokens
    if resolved:
        row["closedTime"] = datetime.fromtimestamp(market.resolved_ms // 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S+00")
        row["umaResolutionStatus"] = "resolved"
    return row


def _settlement_rule(market: Market) -> dict[str, Any]:
    spec = market.spec
    lookback_s = twap_lookback_s(spec.length_s)
    length = slug_of(spec.asset, 0, spec.length_s).split("-")[2]
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
    event: dict[str, Any] = {
        "id": number_of(f"event:{slug}"),
        "ticker": slug,
        "slug": slug,
        "title": spec.question or slug,
        "description": description(markets[0]),
        "startDate": iso_fine(spec.created_ms),
        "creationDate": iso_fine(spec.created_ms),
        "endDate": iso(spec.end_ms),
        "image": ICON,
        "icon": ICON,
        "active": True,
        "closed": resolved,
        "archived": False,
        "new": False,
        "featured": False,
        "restricted": True,
        "openInterest": 0,
        "startTime": iso(spec.start_ms),
        "enableNegRisk": spec.neg_risk,
        "negRisk": spec.neg_risk,
        "negRiskAugmented": False,
        "tags": [],
    }
    if spec.asset:
        series = series_of(spec.asset, spec.length_s)
        event["series"] = [series]
        event["seriesSlug"] = series["slug"]
    if resolved and strike_e8 is not None and final_e8 is not None:
        event["eventMetadata"] = {"priceToBeat": strike_e8 / 10**8, "finalPrice": final_e8 / 10**8}
    return event


def series_of(asset: str, length_s: int) -> dict[str, Any]:
    """Return the series that the windows of one length belong to."""
    length = slug_of(asset, 0, length_s).split("-")[2]
    slug = f"{asset}-up-or-down-{length}"
    return {
        "id": SERIES_IDS.get(length_s, number_of(slug)) if asset == "btc" else number_of(slug),
        "ticker": slug,
        "slug": slug,
        "title": f"{asset.upper()} Up or Down {length}",
        "seriesType": "single",
        "recurrence": length,
        "active": True,
        "closed": False,
    }


def _liquidity(market: Market) -> float:
    """Return the collateral that stands in the book, in USD, as a number with 4 decimals."""
    cash_e10 = 0
    for price_e4, size_u6 in market.book.depth(is_bid=True):
        cash_e10 += price_e4 * size_u6
    for price_e4, size_u6 in market.book.depth(is_bid=False):
        cash_e10 += (PRICE_ONE_E4 - price_e4) * size_u6
    return round(cash_e10 / 10**10, 4)


def json_number(value: int, decimals: int) -> int | float:
    """Return a decimal as JSON number: an integer where it is one."""
    text = format_scaled(value, decimals)
    return float(text) if "." in text else int(text)


def _plain(price: float) -> str:
    return format_price(round(price * PRICE_ONE_E4)) if price in (0.0, 1.0) else f"{price:.5f}".rstrip("0")


def _text_list(items: list[str]) -> str:
    """Return a list as Gamma nests it: JSON inside a string, with a space after each comma."""
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"
