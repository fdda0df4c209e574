"""Books and their changes as the venue writes them: levels, hashes, the two mirrored tokens.

Facts (protocol.md 4.1, 5; 2026-11-21): bids ascend and asks descend, the best is last; `hash` is the SHA-1 of the
compact JSON of the book with an empty hash, in the key order below; `best_bid` "0" and `best_ask` "1"
stand for empty sides.
"""

from hashlib import sha1
from typing import Final

import orjson

from engine.exchange.core.market import Market
from engine.exchange.core.notices import LevelChanged
from engine.model.units import PRICE_ONE_E4, format_price, format_scaled

_PRICES: Final = tuple(format_price(price_e4) for price_e4 in range(PRICE_ONE_E4 + 1))
Rows = list[dict[str, str]]


def price_text(price_e4: int) -> str:
    """Return a price as the venue writes it."""
    return _PRICES[price_e4]


def size_text(size_u6: int) -> str:
    """Return a size in shares, or an amount in USD, as the venue writes it."""
    return format_scaled(size_u6, 6)


def best_prices(market: Market, token: int) -> tuple[int, int]:
    """Return (best bid, best ask) of a token's book in 1e-4 USD; 0 where a side is empty."""
    bid_e4, ask_e4 = market.book.best_bid_e4(), market.book.best_ask_e4()
    if token == 0:
        return bid_e4, ask_e4
    return (PRICE_ONE_E4 - ask_e4 if ask_e4 else 0), (PRICE_ONE_E4 - bid_e4 if bid_e4 else 0)


def mid_e4_of(market: Market, token: int) -> int | None:
    """Return twice the middle of a token's touch, or None where a side is empty."""
    bid_e4, ask_e4 = best_prices(market, token)
    return bid_e4 + ask_e4 if bid_e4 and ask_e4 else None


class Books:
    """Renders books, each once until it changes."""

    def __init__(self) -> None:
        self._changed_ms: dict[str, int] = {}
        self._kept: dict[str, tuple[int, int, dict[str, object]]] = {}

    def changed(self, market: Market, at_ms: int) -> None:
        """Note when a market's book changed last: the timestamp of what is rendered from here on."""
        self._changed_ms[market.spec.condition_id] = at_ms

    def forget(self, market: Market) -> None:
        """Drop what is kept of a market."""
        self._changed_ms.pop(market.spec.condition_id, None)
        for token_id in market.spec.tokens:
            self._kept.pop(token_id, None)

    def summary(self, market: Market, token: int) -> dict[str, object]:
        """Return a token's book as GET /book has it."""
        token_id = market.spec.tokens[token]
        kept = self._kept.get(token_id)
        if kept is not None and kept[0] == market.book.version and kept[1] == market.tick_e4:
            return kept[2]
        book: dict[str, object] = {
            "market": market.spec.condition_id,
            "asset_id": token_id,
            "timestamp": str(self._changed_ms.get(market.spec.condition_id, market.spec.created_ms)),
            "hash": "",
            "bids": _rows(market, token, bids=True),
            "asks": _rows(market, token, bids=False),
            "min_order_size": size_text(market.spec.min_size_u6),
            "tick_size": price_text(market.tick_e4),
            "neg_risk": market.spec.neg_risk,
            "last_trade_price": last_trade_text(market, token),
        }
        book["hash"] = sha1(orjson.dumps(book), usedforsecurity=False).hexdigest()
        self._kept[token_id] = (market.book.version, market.tick_e4, book)
        return book

    def message(self, market: Market, token: int) -> dict[str, object]:
        """Return a token's book as the market channel has it."""
        return {"event_type": "book", **self.summary(market, token)}

    def price_change(self, market: Market, changes: list[LevelChanged], at_ms: int) -> dict[str, object]:
        """Return the message of some level changes of one market: each is told for both tokens."""
        rows = []
        for change in changes:
            for token in (0, 1):
                bid_e4, ask_e4 = best_prices(market, token)
                price_e4 = change.up_price_e4 if token == 0 else PRICE_ONE_E4 - change.up_price_e4
                rows.append(
                    {
                        "asset_id": market.spec.tokens[token],
                        "price": price_text(price_e4),
                        "size": size_text(change.size_u6),
                        "side": "BUY" if change.is_bid == (token == 0) else "SELL",
                        "hash": self.summary(market, token)["hash"],
                        "best_bid": price_text(bid_e4),
                        "best_ask": price_text(ask_e4 or PRICE_ONE_E4),
                    }
                )
        return {
            "market": market.spec.condition_id,
            "price_changes": rows,
            "timestamp": str(max(change.at_ms for change in changes)),
            "event_type": "price_change",
        }


def last_trade_text(market: Market, token: int) -> str:
    """Return the last trade's price in a token's own terms, "" before the first."""
    if market.last_trade is None:
        return ""
    traded, price_e4, _ = market.last_trade
    return price_text(price_e4 if traded == token else PRICE_ONE_E4 - price_e4)


def _rows(market: Market, token: int, *, bids: bool) -> Rows:
    """Return a side's levels, the best last."""
    side = market.book.side(bids == (token == 0))
    if token == 0:
        levels = [(price_e4, side.levels[price_e4].total_u6) for price_e4 in side.prices_e4]
    else:
        levels = [(PRICE_ONE_E4 - price_e4, side.levels[price_e4].total_u6) for price_e4 in reversed(side.prices_e4)]
    if not bids:
        levels.reverse()
    return [{"price": price_text(price_e4), "size": size_text(size_u6)} for price_e4, size_u6 in levels]
