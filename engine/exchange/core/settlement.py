"""The chain's side of the exchange: trades being mined, and what wallets do there themselves (split, merge, redeem).

Facts (protocol.md 6, 12; 2026-11-21): MATCHED -> MINED -> CONFIRMED, or RETRYING and then either MINED or FAILED; the
venue's delays are not documented, these are settings. 1 of collateral <-> 1 Up + 1 Down.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from engine.exchange.core.ledger import COLLATERAL, Account, Ledger
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.notices import AnyNotice, TradeChanged
from engine.exchange.core.schedule import Schedule
from engine.exchange.core.trades import Trade
from engine.venue.statuses import FINAL_TRADE_STATUSES, TradeStatus

SettlementPlan = Callable[[Trade], Sequence[tuple[int, TradeStatus]]]
"""For a trade just matched: (ms after the match, status) in order; the last one is CONFIRMED or FAILED.

What is mined neither fails nor is tried again: there FAILED is taken as CONFIRMED, so that every trade comes to an end.
"""


def ordinary_settlement(mined_ms: int, confirmed_ms: int) -> SettlementPlan:
    """Return the plan by which every trade is mined and confirmed after these delays."""
    steps = ((mined_ms, TradeStatus.MINED), (confirmed_ms, TradeStatus.CONFIRMED))
    return lambda _: steps


class Settlement:
    """Takes matched trades to the chain, and keeps the order book service's lagging view of balances."""

    def __init__(self, ledger: Ledger, schedule: Schedule, notices: list[AnyNotice], lag_ms: int) -> None:
        self.plan: SettlementPlan = ordinary_settlement(0, 0)
        self.lag_ms = lag_ms
        self.in_flight: dict[str, Trade] = {}
        self.on_outflow: Callable[[Account, str, int], None] = lambda account, asset, now_ms: None
        self.on_mined: Callable[[Trade], None] = lambda trade: None
        self._ledger = ledger
        self._schedule = schedule
        self._notices = notices
        self._refreshing: set[tuple[str, str]] = set()

    def begin(self, trade: Trade, now_ms: int) -> None:
        """Take in a trade that was just matched: what it costs is pending from here on."""
        for move in trade.moves:
            if move.delta_u6 < 0:
                pending = move.account.pending
                pending[move.asset] = pending.get(move.asset, 0) - move.delta_u6
        self.in_flight[trade.trade_id] = trade
        for after_ms, status in self.plan(trade):
            self._schedule.at(now_ms + after_ms, lambda at_ms, s=status: self._enter(trade, s, at_ms))  # type: ignore[misc]

    def finish(self, trade: Trade, now_ms: int) -> None:
        """Mine and confirm a trade at once, whatever its plan says."""
        for status in (TradeStatus.MINED, TradeStatus.CONFIRMED):
            self._enter(trade, status, now_ms)

    def fail(self, trade: Trade, now_ms: int) -> bool:
        """Let a trade fail that is not mined yet; return whether it could."""
        if trade.status not in (TradeStatus.MATCHED, TradeStatus.RETRYING):
            return False
        self._enter(trade, TradeStatus.FAILED, now_ms)
        return True

    def _enter(self, trade: Trade, status: TradeStatus, now_ms: int) -> None:
        if trade.status in FINAL_TRADE_STATUSES or status == trade.status:
            return
        if trade.status == TradeStatus.MINED:
            if status == TradeStatus.RETRYING:
                return
            status = TradeStatus.CONFIRMED
        elif status == TradeStatus.CONFIRMED:
            self._enter(trade, TradeStatus.MINED, now_ms)
        trade.status = status
        trade.updated_ms = now_ms
        if status == TradeStatus.MINED:
            self._mine(trade, now_ms)
        elif status == TradeStatus.FAILED:
            self._release(trade)
        if status in FINAL_TRADE_STATUSES:
            trade.moves.clear()
            del self.in_flight[trade.trade_id]
        self._notices.append(TradeChanged(now_ms, trade.market, trade, status))

    def _release(self, trade: Trade) -> None:
        for move in trade.moves:
            if move.delta_u6 < 0:
                left_u6 = move.account.pending[move.asset] + move.delta_u6
                if left_u6:
                    move.account.pending[move.asset] = left_u6
                else:
                    del move.account.pending[move.asset]

    def _mine(self, trade: Trade, now_ms: int) -> None:
        self._release(trade)
        spec, ledger = trade.market.spec, self._ledger
        for move in sorted(trade.moves, key=lambda move: move.delta_u6 < 0):  # whoever trades with himself never owes
            ledger.move(move.account, move.asset, move.delta_u6)
            self.refresh_later(move.account, move.asset, now_ms)
        if trade.minted_u6:
            ledger.mint(spec.condition_id, spec.tokens, trade.minted_u6)
        ledger.fees_u6 += trade.fee_u6
        trade.transaction_hash = "0x" + blake2b(f"tx:{trade.trade_id}".encode(), digest_size=32).hexdigest()
        self.on_mined(trade)

    def refresh(self, account: Account, asset: str) -> None:
        """Let the order book service see the chain's balance now."""
        if asset in account.chain:
            account.visible[asset] = account.chain[asset]
        else:
            account.visible.pop(asset, None)

    def refresh_later(self, account: Account, asset: str, now_ms: int) -> None:
        """Let it see the balance after the cache's lag."""
        if self.lag_ms == 0:
            self.refresh(account, asset)
            return
        key = (account.wallet, asset)
        if key not in self._refreshing:
            self._refreshing.add(key)
            self._schedule.at(now_ms + self.lag_ms, lambda _: self._refresh_due(key, account))

    def _refresh_due(self, key: tuple[str, str], account: Account) -> None:
        self._refreshing.discard(key)
        self.refresh(account, key[1])

    def split(self, account: Account, market: Market, amount_u6: int, now_ms: int) -> str | None:
        """Turn collateral into as many shares of both tokens; return why not, or None."""
        if amount_u6 <= 0 or account.movable_u6(COLLATERAL) < amount_u6:
            return f"expected an amount of 1 to {account.movable_u6(COLLATERAL)}, was {amount_u6}"
        if market.phase == Phase.RESOLVED:
            return "the market is resolved"
        self._exchange(account, market, amount_u6, now_ms)
        return None

    def merge(self, account: Account, market: Market, amount_u6: int, now_ms: int) -> str | None:
        """Turn as many shares of both tokens back into collateral; return why not, or None."""
        most_u6 = min(account.movable_u6(token) for token in market.spec.tokens)
        if not 0 < amount_u6 <= most_u6:
            return f"expected an amount of 1 to {most_u6}, was {amount_u6}"
        self._exchange(account, market, -amount_u6, now_ms)
        return None

    def _exchange(self, account: Account, market: Market, pairs_u6: int, now_ms: int) -> None:
        self._ledger.move(account, COLLATERAL, -pairs_u6)
        for token in market.spec.tokens:
            self._ledger.move(account, token, pairs_u6)
        self._ledger.mint(market.spec.condition_id, market.spec.tokens, pairs_u6)
        for asset in (COLLATERAL, *market.spec.tokens):
            self.refresh_later(account, asset, now_ms)
            self.on_outflow(account, asset, now_ms)

    def redeem(self, account: Account, market: Market, now_ms: int) -> int | None:
        """Pay out a wallet's winning shares, and let go its losing ones; None before the market is resolved."""
        if market.winner is None:
            return None
        sizes_u6 = [account.movable_u6(token) for token in market.spec.tokens]
        return sum(self._redeem(account, market, number, size_u6, now_ms) for number, size_u6 in enumerate(sizes_u6))

    def redeem_outcome(self, account: Account, market: Market, number: int, amount_u6: int, now_ms: int) -> int | None:
        """Give so many shares of one token (0 or 1) up for what they pay; None where that cannot be done."""
        if market.winner is None or not 0 < amount_u6 <= account.movable_u6(market.spec.tokens[number]):
            return None
        return self._redeem(account, market, number, amount_u6, now_ms)

    def _redeem(self, account: Account, market: Market, number: int, size_u6: int, now_ms: int) -> int:
        """Take shares of a resolved market in; return what they paid."""
        if size_u6 == 0:
            return 0
        token = market.spec.tokens[number]
        paid_u6 = size_u6 if number == market.winner else 0
        self._ledger.move(account, token, -size_u6)
        self._ledger.supply[token] -= size_u6
        self.refresh_later(account, token, now_ms)
        self.on_outflow(account, token, now_ms)
        if paid_u6:
            self._ledger.vault_u6[market.spec.condition_id] -= paid_u6
            self._ledger.move(account, COLLATERAL, paid_u6)
            self.refresh_later(account, COLLATERAL, now_ms)
        return paid_u6

    def transfer(self, account: Account, recipient: Account, amount_u6: int, now_ms: int) -> str | None:
        """Move collateral from a wallet to another one; return why not, or None."""
        if not 0 <= amount_u6 <= account.movable_u6(COLLATERAL):
            return f"expected an amount of 0 to {account.movable_u6(COLLATERAL)}, was {amount_u6}"
        self._ledger.move(account, COLLATERAL, -amount_u6)
        self._ledger.move(recipient, COLLATERAL, amount_u6)
        for each in (account, recipient):
            self.refresh_later(each, COLLATERAL, now_ms)
        self.on_outflow(account, COLLATERAL, now_ms)
        return None
