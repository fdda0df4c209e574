"""Maker rebates: a share of the taker fees, booked when a trade is mined and paid when its day is over.

Facts (protocol.md 10, 2026-11-21): 20 % of the taker fees of each market, daily, in collateral, at least 1 USD, shared
by what each maker's fills bring in fees.
"""

from typing import Final

from engine.exchange.core.ledger import COLLATERAL, Ledger
from engine.exchange.core.schedule import Schedule
from engine.exchange.core.trades import Trade
from engine.model.units import U6

DAY_MS: Final = 86_400_000
SHARE_E3: Final = 200


class Rebates:
    """What is owed to whom, by day (Unix days), wallet and condition id, in 1e-6 USD."""

    def __init__(self, ledger: Ledger, schedule: Schedule) -> None:
        self.owed: dict[int, dict[tuple[str, str], int]] = {}
        self._ledger = ledger
        self._schedule = schedule

    def book(self, trade: Trade) -> None:
        """Note the makers' share of the fees of a trade that was just mined."""
        if not trade.fee_u6:
            return
        day = self.day(trade.updated_ms // DAY_MS)
        condition_id = trade.market.spec.condition_id
        for maker in trade.makers:
            key = (maker.wallet, condition_id)
            day[key] = day.get(key, 0) + maker.rebate_base_u6 * SHARE_E3 // 1_000

    def day(self, number: int) -> dict[tuple[str, str], int]:
        """Return what is owed for a day; it is paid when the day is over."""
        owed = self.owed.get(number)
        if owed is None:
            owed = self.owed[number] = {}
            self._schedule.at((number + 1) * DAY_MS, self._pay_due)
        return owed

    def _pay_due(self, now_ms: int) -> None:
        self.pay(now_ms)

    def pay(self, now_ms: int) -> int:
        """Pay the days that are over out of the fees taken; return what was paid. Under 1 USD a wallet gets nothing."""
        paid_u6 = 0
        for day in [day for day in self.owed if day < now_ms // DAY_MS]:
            by_wallet: dict[str, int] = {}
            for (wallet, _), amount_u6 in self.owed.pop(day).items():
                by_wallet[wallet] = by_wallet.get(wallet, 0) + amount_u6
            for wallet, amount_u6 in by_wallet.items():
                if amount_u6 >= U6:
                    account = self._ledger.accounts[wallet]
                    self._ledger.move(account, COLLATERAL, amount_u6)
                    account.visible[COLLATERAL] = account.chain[COLLATERAL]
                    self._ledger.fees_u6 -= amount_u6
                    paid_u6 += amount_u6
        return paid_u6
