"""Positions, trades and activities as the Data API writes them (protocol.md 9).

Facts (2026-11-21): names are in snake_case, amounts are JSON numbers, times Unix seconds; rows that are about no token
have "" for its id. A lost position still says REDEEMABLE, a mergeable one OPEN.
"""

from typing import Any, Final

from engine.exchange.core.market import Market
from engine.exchange.positions import Entry, Position
from engine.exchange.render.books import best_prices
from engine.exchange.render.gamma import number_of
from engine.exchange.render.markets import ICON, iso, json_number
from engine.model.units import PRICE_ONE_E4

PERCENT_DECIMALS: Final = 4
Row = dict[str, Any]


def current_price_e4(market: Market, token: int) -> int:
    """Return what a share is worth now: 1 or 0 at the end, the middle of the touch before."""
    if market.winner is not None:
        return PRICE_ONE_E4 if market.winner == token else 0
    bid_e4, ask_e4 = best_prices(market, token)
    return (bid_e4 + (ask_e4 or PRICE_ONE_E4)) // 2


def current_value_u6(position: Position) -> int:
    """Return what a position is worth now."""
    return position.size_u6 * current_price_e4(position.market, position.token) // PRICE_ONE_E4


def status_of(position: Position) -> str:
    """Return a position's status as its row says it."""
    if position.size_u6 == 0:
        return "CLOSED"
    return "OPEN" if position.market.winner is None else "REDEEMABLE"


def position_row(position: Position, opposite_u6: int) -> Row:
    """Return one row of /v2/positions; `opposite_u6` is what the wallet holds of the market's other token."""
    market, token = position.market, position.token
    value_u6 = current_value_u6(position)
    unrealized_u6 = value_u6 - position.cost_u6
    total_u6 = position.realized_u6 + unrealized_u6
    held, cost_u6 = position.size_u6 or position.bought_u6, position.cost_u6 if position.size_u6 else position.spent_u6
    return {
        "proxy_wallet": position.wallet,
        **_about(market, token),
        "current_size": json_number(position.size_u6, 6),
        "avg_price": json_number(cost_u6 * 10**6 // held if held else 0, 6),
        "entry_cost_usdc": json_number(position.cost_u6, 6),
        "entry_fees_usdc": json_number(position.fees_u6, 6),
        "total_cost_usdc": json_number(position.spent_u6, 6),
        "current_price": json_number(current_price_e4(market, token), 4),
        "current_value": json_number(value_u6, 6),
        "total_size": json_number(position.bought_u6, 6),
        "realized_pnl": json_number(position.realized_u6, 6),
        "unrealized_pnl": json_number(unrealized_u6, 6),
        "total_pnl": json_number(total_u6, 6),
        "percent_pnl": _percent(total_u6, position.spent_u6),
        "percent_realized_pnl": _percent(position.realized_u6, position.spent_u6),
        "status": status_of(position),
        "redeemable": position.size_u6 > 0 and market.winner is not None,
        "mergeable": market.winner is None and position.size_u6 > 0 and opposite_u6 > 0,
        "negative_risk": market.spec.neg_risk,
        "archived": False,
        "verified": True,
        "opposite_outcome": market.spec.outcomes[1 - token],
        "opposite_token_id": market.spec.tokens[1 - token],
        "event_id": int(number_of(f"event:{market.spec.event_slug or market.spec.slug}")),
        "end_date": iso(market.spec.end_ms)[:10],
        "last_event_at": position.last_ms // 1_000,
        "first_entry_at": position.first_ms // 1_000,
    }


def trade_entry_row(entry: Entry) -> Row:
    """Return one row of /v2/trades."""
    assert entry.market is not None, "a trade is of a market"
    assert entry.side is not None, "a trade has a side"
    return {
        "proxy_wallet": entry.wallet,
        **_about(entry.market, entry.token),
        "side": entry.side.name,
        "size": json_number(entry.size_u6, 6),
        "price": json_number(entry.price_e4, 4),
        "timestamp": entry.at_ms // 1_000,
        "transaction_hash": entry.transaction_hash,
        "name": "",
        "pseudonym": "",
    }


def activity_row(entry: Entry) -> Row:
    """Return one row of /v2/activity."""
    return {
        "proxy_wallet": entry.wallet,
        "timestamp": entry.at_ms // 1_000,
        **(_about(entry.market, entry.token) if entry.market is not None else _NOTHING),
        "type": entry.kind,
        "size": json_number(entry.size_u6, 6),
        "usdc_size": json_number(entry.cash_u6, 6),
        "price": json_number(entry.price_e4, 4),
        "transaction_hash": entry.transaction_hash,
        "side": entry.side.name if entry.side is not None else "",
        "is_combo": False,
        "name": "",
        "pseudonym": "",
    }


_NOTHING: Final[Row] = {"token_id": "", "condition_id": "", "title": "", "slug": "", "event_slug": ""}


def token_row(market: Market, token: int) -> Row:
    """Return one row of /v2/tokens."""
    spec = market.spec
    module = ("neg_risk" if spec.neg_risk else "binary") if spec.version == "v2" else "v1_ctf"
    final_price = None if market.winner is None else int(market.winner == token)
    return {
        **_about(market, token),
        "condition_id": full_condition_id(market),
        "structural_condition_id": None,
        "module": module,
        "clob_index": token,
        "opposite_token_id": spec.tokens[1 - token],
        "resolved": market.winner is not None,
        "final_price": final_price,
        "market_slug": spec.slug,
        "closed": market.winner is not None,
        "neg_risk": spec.neg_risk,
        "neg_risk_market_id": None,
        "question_index": None,
        "event_id": int(number_of(f"event:{spec.event_slug or spec.slug}")),
    }


def resolution_row(market: Market) -> Row:
    """Return one row of /v2/resolutions; the payouts are in 1e-6 USD, in the order of the tokens."""
    resolved = market.winner is not None
    at_ms = market.resolved_ms if resolved else market.spec.created_ms
    row: Row = {
        "question_id": full_condition_id(market),
        "condition_id": full_condition_id(market),
        "status": "resolved" if resolved else "initialized",
        "extended_review": False,
        "was_disputed": False,
        "new_version_q": False,
        "last_update_timestamp": at_ms // 1_000,
        "market_type": "BINARY",
        "transaction_hash": None,
        "log_index": None,
    }
    if resolved:
        row["price"] = 1 if market.winner == 0 else 0
        row["payouts"] = ["1000000", "0"] if market.winner == 0 else ["0", "1000000"]
        row["resolution_source"] = "reported"
        row["reporter"] = "CHAINLINK"
        row["resolved_at"] = at_ms // 1_000
    return row


def full_condition_id(market: Market) -> str:
    """Return a market's condition id with 32 bytes: a "v2" one gets a zero byte."""
    return market.spec.condition_id.ljust(66, "0")


def _about(market: Market, token: int) -> Row:
    """Return what all rows say of a market, and of the token where there is one (-1: none)."""
    row: Row = {
        "token_id": market.spec.tokens[token] if token >= 0 else "",
        "condition_id": market.spec.condition_id,
        "title": market.spec.question or market.spec.slug,
        "slug": market.spec.slug,
        "icon": ICON,
        "event_slug": market.spec.event_slug or market.spec.slug,
    }
    if token >= 0:
        row |= {"outcome": market.spec.outcomes[token], "outcome_index": token}
    return row


def _percent(part_u6: int, whole_u6: int) -> int | float:
    return json_number(part_u6 * 100 * 10**PERCENT_DECIMALS // whole_u6 if whole_u6 else 0, PERCENT_DECIMALS)
