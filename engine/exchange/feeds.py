"""Hands what happened in the core to the streams: frames are rendered once and sent to whoever listens.

Order of one market's frames (protocol.md 5): level changes of one step in one price_change, then books after trades,
last trades, the best prices where they moved, then what became of the market. All of it tells the book as it is after
the step. An owner's events come in the order in which they happened, whatever the market.
"""

import orjson

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.notices import (
    AnyNotice,
    LevelChanged,
    OrderChanged,
    PhaseChanged,
    TickChanged,
    TradeChanged,
)
from engine.exchange.core.trades import Trade
from engine.exchange.desk import Desk
from engine.exchange.render.books import best_prices, price_text, size_text
from engine.exchange.render.gamma import gamma_event, gamma_market, number_of
from engine.exchange.render.orders import order_event, trade_event
from engine.exchange.streams.market import MarketChannel
from engine.exchange.streams.polybolt import PolyBoltChannel
from engine.exchange.streams.user import UserChannel
from engine.model.units import PRICE_ONE_E4
from engine.venue.statuses import TradeStatus

FEE_CEILING_BPS = "1000"


class Feeds:
    """Listens to the desk and publishes to the market and the user channel."""

    def __init__(
        self, desk: Desk, market_channel: MarketChannel, user_channel: UserChannel, polybolt: PolyBoltChannel
    ) -> None:
        self.blank_killed = False
        """Whether killed orders are told with empty sizes, as production was seen to do (protocol.md 6)."""
        self._desk = desk
        self._market_channel = market_channel
        self._user_channel = user_channel
        self._polybolt = polybolt
        self._best: dict[str, tuple[int, int]] = {}
        self._announced: set[str] = set()
        desk.listeners.append(self.publish)

    def publish(self, notices: list[AnyNotice]) -> None:
        """Send everything that the notices tell."""
        by_market: dict[str, list[AnyNotice]] = {}
        for notice in notices:
            by_market.setdefault(notice.market.spec.condition_id, []).append(notice)
        for of_market in by_market.values():  # all before anything is rendered
            if any(isinstance(notice, LevelChanged) for notice in of_market):
                self._desk.books.changed(of_market[0].market, _step_ms(of_market))
        for of_market in by_market.values():
            self._publish_market(of_market)
        for notice in notices:
            match notice:
                case OrderChanged():
                    self._publish_order(notice)
                case TradeChanged():
                    self._publish_trade(notice)

    def _publish_market(self, notices: list[AnyNotice]) -> None:
        market, at_ms = notices[0].market, _step_ms(notices)
        levels = [notice for notice in notices if isinstance(notice, LevelChanged)]
        matched = [n.trade for n in notices if isinstance(n, TradeChanged) and n.status == TradeStatus.MATCHED]
        if levels:
            self._publish_levels(market, levels, at_ms)
        if matched:
            self._publish_trades(market, matched, at_ms)
        if levels:
            self._publish_best(market, at_ms)
        for notice in notices:
            match notice:
                case TickChanged():
                    self._publish_tick(notice, at_ms)
                case PhaseChanged():
                    self._publish_phase(notice, at_ms)

    def _publish_levels(self, market: Market, levels: list[LevelChanged], at_ms: int) -> None:
        tokens = market.spec.tokens
        if not self._market_channel.has_followers(tokens):
            return
        newest = {(change.is_bid, change.up_price_e4): change for change in levels}
        message = self._desk.books.price_change(market, list(newest.values()), at_ms)
        self._market_channel.publish(tokens, orjson.dumps(message))

    def _publish_trades(self, market: Market, trades: list[Trade], at_ms: int) -> None:
        for token, token_id in enumerate(market.spec.tokens):
            if self._market_channel.has_followers((token_id,)):
                self._market_channel.publish((token_id,), orjson.dumps(self._desk.books.message(market, token)))
        for trade in trades:
            token_id = market.spec.tokens[trade.token]  # only the followers of the traded token are told
            message = {
                "event_type": "last_trade_price",
                "market": market.spec.condition_id,
                "asset_id": token_id,
                "price": price_text(trade.price_e4),
                "size": size_text(trade.size_u6),
                "fee_rate_bps": FEE_CEILING_BPS,
                "side": trade.side.name,
                "timestamp": str(at_ms),
            }
            self._market_channel.publish((token_id,), orjson.dumps(message))

    def _publish_best(self, market: Market, at_ms: int) -> None:
        best = best_prices(market, 0)
        if self._best.get(market.spec.condition_id) == best:
            return
        self._publish_polybolt(market, at_ms)
        self._best[market.spec.condition_id] = best
        for token, token_id in enumerate(market.spec.tokens):
            if not self._market_channel.has_followers((token_id,)):
                continue
            bid_e4, ask_e4 = best_prices(market, token)
            message = {
                "event_type": "best_bid_ask",
                "market": market.spec.condition_id,
                "asset_id": token_id,
                "best_bid": price_text(bid_e4),
                "best_ask": price_text(ask_e4 or PRICE_ONE_E4),
                "spread": price_text((ask_e4 or PRICE_ONE_E4) - bid_e4),
                "timestamp": str(at_ms),
            }
            self._market_channel.publish_custom((token_id,), orjson.dumps(message))

    def _publish_polybolt(self, market: Market, at_ms: int) -> None:
        for token, token_id in enumerate(market.spec.tokens):
            if not self._polybolt.is_best_wanted(token_id):
                continue
            bid_e4, ask_e4 = best_prices(market, token)
            payload = {
                "market": market.spec.condition_id,
                "asset_id": token_id,
                "best_bid": price_text(bid_e4),
                "best_ask": price_text(ask_e4 or PRICE_ONE_E4),
                "hash": self._desk.books.summary(market, token)["hash"],
                "timestamp": at_ms,
            }
            self._polybolt.publish_best(token_id, orjson.dumps(payload))

    def _publish_order(self, change: OrderChanged) -> None:
        account = self._desk.exchange.ledger.accounts.get(change.order.wallet)
        if account is None or account.background:
            return
        frame = orjson.dumps(order_event(change, blank_killed=self.blank_killed))
        self._user_channel.publish(change.order.owner, change.market.spec.condition_id, frame)

    def _publish_trade(self, change: TradeChanged) -> None:
        trade = change.trade
        condition_id = trade.market.spec.condition_id
        for owner in dict.fromkeys((trade.owner, *(maker.owner for maker in trade.makers))):
            if owner in self._desk.exchange.trades_by_owner:
                frame = orjson.dumps(trade_event(trade, owner, change.status, change.at_ms))
                self._user_channel.publish(owner, condition_id, frame)

    def _publish_tick(self, change: TickChanged, at_ms: int) -> None:
        for token_id in change.market.spec.tokens:
            message = {
                "event_type": "tick_size_change",
                "asset_id": token_id,
                "market": change.market.spec.condition_id,
                "old_tick_size": price_text(change.old_e4),
                "new_tick_size": price_text(change.new_e4),
                "timestamp": str(at_ms),
            }
            self._market_channel.publish((token_id,), orjson.dumps(message))

    def _publish_phase(self, change: PhaseChanged, at_ms: int) -> None:
        market, spec = change.market, change.market.spec
        if change.phase == Phase.RESOLVED:
            assert market.winner is not None, "a resolved market has a winner"
            message: dict[str, object] = {
                "event_type": "market_resolved",
                "id": number_of(spec.slug),
                "market": spec.condition_id,
                "assets_ids": [*spec.tokens],
                "winning_asset_id": spec.tokens[market.winner],
                "winning_outcome": spec.outcomes[market.winner],
                "timestamp": str(at_ms),
                "tags": [],
            }
            self._market_channel.publish_custom(spec.tokens, orjson.dumps(message))
            self._best.pop(spec.condition_id, None)
            self._announced.discard(spec.condition_id)
        elif change.phase == Phase.HALTED:
            self._announced.add(spec.condition_id)
        elif change.phase == Phase.OPEN and spec.condition_id not in self._announced:
            self._announced.add(spec.condition_id)
            self._market_channel.announce(orjson.dumps(_new_market(market, at_ms)))


def _step_ms(notices: list[AnyNotice]) -> int:
    """Return when a market's step ended. All its frames carry that: a later frame never tells an earlier time."""
    return max(notice.at_ms for notice in notices)


def _new_market(market: Market, at_ms: int) -> dict[str, object]:
    spec = market.spec
    event, row = gamma_event([market], None, None), gamma_market(market)
    about = {name: event[name] for name in ("id", "ticker", "slug", "title", "description")}
    return {
        "event_type": "new_market",
        "id": row["id"],
        "question": row["question"],
        "market": spec.condition_id,
        "slug": spec.slug,
        "description": row["description"],
        "assets_ids": [*spec.tokens],
        "outcomes": [*spec.outcomes],
        "event_message": about,
        "timestamp": str(at_ms),
        "tags": [],
        "condition_id": spec.condition_id,
        "active": True,
        "clob_token_ids": [*spec.tokens],
        "sports_market_type": "",
        "line": "",
        "game_start_time": "",
        "order_price_min_tick_size": price_text(market.tick_e4),
        "group_item_title": "",
        "taker_base_fee": "0",
        "fees_enabled": row["feesEnabled"],
        "fee_schedule": {
            "exponent": str(spec.fees.exponent),
            "rate": size_text(spec.fees.rate_e6),
            "taker_only": spec.fees.taker_only,
            "rebate_rate": "0.2",
        },
    }
