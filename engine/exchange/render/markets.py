"""Markets as the order book service writes them (protocol.md 4.1), and what Gamma shares with that."""

from datetime import UTC, datetime
from typing import Any, Final

from engine.exchange.core.market import Market, Phase
from engine.exchange.render.books import best_prices
from engine.model.units import PRICE_ONE_E4, format_scaled

BASE_FEE_BPS: Final = 1_000
ICON: Final = "https://polymarket-upload.s3.us-east-2.amazonaws.com/BTC+fullsize.png"


def iso(at_ms: int) -> str:
    """Return a time as `2026-02-07T09:15:00Z`."""
    return datetime.fromtimestamp(at_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_fine(at_ms: int) -> str:
    """Return a time with its microseconds."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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
            "price": outcome_price(market, number),
            "winner": market.winner == number,
        }
        for number, token_id in enumerate(market.spec.tokens)
    ]


def outcome_price(market: Market, token: int) -> float:
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


def json_number(value: int, decimals: int) -> int | float:
    """Return a decimal as JSON number: an integer where it is one."""
    text = format_scaled(value, decimals)
    return float(text) if "." in text else int(text)
