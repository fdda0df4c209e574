"""Orders and trades as REST and the user channel write them.

Facts (protocol.md 4.5, 6; 2026-11-21): sizes and prices are decimal strings, times are Unix seconds as strings but for
an order's `created_at` in REST; the top level of a trade is the taker's, `maker_orders` has each maker's own token,
side and price. REST has `associate_trades` always as a list, the stream as null while there are none.
"""

from engine.exchange.core.notices import OrderChanged
from engine.exchange.core.orders import Order
from engine.exchange.core.trades import MakerFill, Trade
from engine.exchange.render.books import price_text, size_text
from engine.venue.statuses import TradeStatus

FEE_RATE_BPS = "0"
"""What both channels say since the fee is the schedule's: the field is a relic."""


def order_row(order: Order) -> dict[str, object]:
    """Return an order as GET /data/order has it."""
    return {
        "id": order.order_id,
        "status": order.status_text or str(order.status),
        "owner": order.owner,
        "maker_address": order.wallet,
        "market": order.market.spec.condition_id,
        "asset_id": order.token_id,
        "side": order.side.name,
        "original_size": size_text(order.size_u6),
        "size_matched": size_text(order.filled_u6),
        "price": price_text(order.price_e4),
        "outcome": order.market.spec.outcomes[order.token],
        "expiration": str(order.expiration_s),
        "order_type": order.tif.name,
        "associate_trades": list(order.trade_ids),
        "created_at": order.created_ms // 1_000,
    }


def order_event(change: OrderChanged, *, blank_killed: bool = False) -> dict[str, object]:
    """Return an order event of the user channel; `blank_killed` writes a killed order as production was seen to."""
    order = change.order
    blank = blank_killed and bool(order.status_text)
    return {
        "event_type": "order",
        "id": order.order_id,
        "owner": order.owner,
        "market": order.market.spec.condition_id,
        "asset_id": order.token_id,
        "side": order.side.name,
        "order_owner": order.owner,
        "original_size": size_text(order.size_u6),
        "size_matched": "" if blank else size_text(change.filled_u6),
        "price": price_text(order.price_e4),
        "associate_trades": (list(order.trade_ids) if change.filled_u6 else None) or None,
        "outcome": order.market.spec.outcomes[order.token],
        "type": str(change.what),
        "created_at": "" if blank else str(order.created_ms // 1_000),
        "expiration": str(order.expiration_s),
        "order_type": order.tif.name,
        "status": str(change.status),
        "maker_address": order.wallet,
        "timestamp": str(change.at_ms),
    }


def _maker_row(trade: Trade, maker: MakerFill) -> dict[str, object]:
    spec = trade.market.spec
    return {
        "order_id": maker.order_id,
        "owner": maker.owner,
        "maker_address": maker.wallet,
        "matched_amount": size_text(maker.size_u6),
        "price": price_text(maker.price_e4),
        "fee_rate_bps": FEE_RATE_BPS,
        "asset_id": spec.tokens[maker.token],
        "outcome": spec.outcomes[maker.token],
        "outcome_index": maker.token,
        "side": maker.side.name,
    }


def trade_row(trade: Trade, owner: str, status: TradeStatus | None = None) -> dict[str, object]:
    """Return a trade as GET /data/trades has it, from the side of one of its owners."""
    spec = trade.market.spec
    return {
        "id": trade.trade_id,
        "taker_order_id": trade.taker_order_id,
        "market": spec.condition_id,
        "asset_id": spec.tokens[trade.token],
        "side": trade.side.name,
        "size": size_text(trade.size_u6),
        "fee_rate_bps": FEE_RATE_BPS,
        "price": price_text(trade.price_e4),
        "status": str(status or trade.status),
        "match_time": str(trade.match_ms // 1_000),
        "last_update": str(trade.updated_ms // 1_000),
        "outcome": spec.outcomes[trade.token],
        "bucket_index": trade.bucket,
        "owner": trade.owner,
        "maker_address": trade.wallet,
        "transaction_hash": trade.transaction_hash,
        "trader_side": "TAKER" if trade.owner == owner else "MAKER",
        "maker_orders": [_maker_row(trade, maker) for maker in trade.makers],
    }


def trade_event(trade: Trade, owner: str, status: TradeStatus, at_ms: int) -> dict[str, object]:
    """Return a trade event of the user channel for one of its owners."""
    row = trade_row(trade, owner, status)
    row["transaction_hash"] = None if status is TradeStatus.MATCHED else row["transaction_hash"] or None
    return {"event_type": "trade", "type": "TRADE", **row, "trade_owner": trade.owner, "timestamp": str(at_ms)}
