"""What every wallet came by and gave away, as the chain saw it: positions with their cost, and a log of activities.

Each position is an integer fold over mined trades, splits, merges and redemptions. A split or merge counts half a
dollar for each share, as the venue's own site does; a sale takes its part of the cost off in proportion. Background
wallets are not followed.

Facts (protocol.md 9; 2026-11-21): the Data API lags the chain by about 4 s, so nothing is folded before it is that old.
"""

import heapq
from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from engine.exchange.chain import Deed
from engine.exchange.core.ledger import Ledger
from engine.exchange.core.market import Market
from engine.exchange.core.notices import AnyNotice, TradeChanged
from engine.exchange.core.trades import Trade
from engine.model.events import Side
from engine.venue.statuses import TradeStatus

LAG_MS: Final = 4_000
ENTRIES_MAX: Final = 1_000
"""How many activities of a wallet are remembered."""
POSITIONS_MAX: Final = 1_000
"""How many positions of a wallet are remembered; of more, the oldest of which nothing is held are forgotten."""
HASHES_MAX: Final = 100_000
"""How many transactions are remembered."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One activity of one wallet. `token` is the number of the market's token, -1 where it is about both or none;
    `cash_u6` is what was paid or received, without the fee.
    """

    at_ms: int
    kind: str
    wallet: str
    market: Market | None
    transaction_hash: str
    size_u6: int
    cash_u6: int
    token: int = -1
    side: Side | None = None
    price_e4: int = 0
    fee_u6: int = 0
    is_taker: bool = False


class Position(msgspec.Struct, kw_only=True):
    """A wallet's holding of one token; amounts in 1e-6. `cost_u6` and `fees_u6` are of what is still held."""

    wallet: str
    market: Market
    token: int
    size_u6: int = 0
    cost_u6: int = 0
    fees_u6: int = 0
    bought_u6: int = 0
    spent_u6: int = 0
    realized_u6: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def add(self, size_u6: int, cost_u6: int, fee_u6: int, at_ms: int) -> None:
        """Come by shares at a cost."""
        self.size_u6 += size_u6
        self.cost_u6 += cost_u6
        self.fees_u6 += fee_u6
        self.bought_u6 += size_u6
        self.spent_u6 += cost_u6
        self.first_ms = self.first_ms or at_ms
        self.last_ms = at_ms

    def take(self, size_u6: int, proceeds_u6: int, fee_u6: int, at_ms: int) -> None:
        """Give shares away for proceeds; those whose coming was not seen have cost nothing."""
        known_u6 = min(size_u6, self.size_u6)
        if known_u6:
            cost_u6 = self.cost_u6 * known_u6 // self.size_u6
            fees_u6 = self.fees_u6 * known_u6 // self.size_u6
            self.size_u6 -= known_u6
            self.cost_u6 -= cost_u6
            self.fees_u6 -= fees_u6
            self.realized_u6 -= cost_u6 + fees_u6
        self.realized_u6 += proceeds_u6 - fee_u6
        self.last_ms = at_ms


class Positions:
    """All wallets' positions and activities, as of `lag_ms` ago."""

    def __init__(self, ledger: Ledger, lag_ms: int = LAG_MS) -> None:
        self.lag_ms = lag_ms
        self.mined_ms: dict[str, int] = {}
        """When each transaction was mined, by its hash, of the newest ones."""
        self._ledger = ledger
        self._waiting: list[tuple[int, int, Entry]] = []
        self._number = 0
        self._entries: dict[str, deque[Entry]] = {}
        self._positions: dict[str, dict[tuple[str, int], Position]] = {}

    def hear(self, notices: list[AnyNotice]) -> None:
        """Listen to the desk: trades count once they are mined."""
        for notice in notices:
            if isinstance(notice, TradeChanged) and notice.status == TradeStatus.MINED:
                self._take_trade(notice.trade, notice.at_ms)
        if notices:
            self.catch_up(notices[-1].at_ms)

    def hear_deed(self, deed: Deed) -> None:
        """Listen to the chain."""
        if deed.kind == "TRANSFER":
            self._wait(_entry(deed, "WITHDRAWAL", deed.wallet))
            self._wait(_entry(deed, "DEPOSIT", deed.recipient))
        elif deed.kind == "REDEEM":
            assert deed.market is not None, "shares of a market are redeemed"
            for token, size_u6 in enumerate(deed.sizes_u6):
                if size_u6:
                    paid_u6 = size_u6 if token == deed.market.winner else 0
                    entry = _entry(deed, "REDEEM", deed.wallet)
                    self._wait(replace(entry, token=token, size_u6=size_u6, cash_u6=paid_u6))
        else:
            self._wait(_entry(deed, deed.kind, deed.wallet))

    def catch_up(self, now_ms: int) -> None:
        """Fold what is old enough by now."""
        until_ms = now_ms - self.lag_ms
        while self._waiting and self._waiting[0][0] <= until_ms:
            entry = heapq.heappop(self._waiting)[2]
            self._remember(entry)
            self._fold(entry)

    def entries(self, wallet: str = "") -> list[Entry]:
        """Return a wallet's activities, or everybody's, the newest first."""
        if wallet:
            return list(reversed(self._entries.get(wallet, ())))
        found = [entry for entries in self._entries.values() for entry in entries]
        return sorted(found, key=lambda entry: -entry.at_ms)

    def positions(self, wallet: str = "") -> list[Position]:
        """Return a wallet's positions, or everybody's, closed ones too."""
        if wallet:
            return list(self._positions.get(wallet, {}).values())
        return [position for positions in self._positions.values() for position in positions.values()]

    def held_u6(self, wallet: str, market: Market, token: int) -> int:
        """Return how many shares of a token a wallet holds."""
        position = self._positions.get(wallet, {}).get((market.spec.condition_id, token))
        return position.size_u6 if position is not None else 0

    def saved(self) -> dict[str, object]:
        """Return everything as JSON values, for the state file; markets stand as their condition ids."""
        state = _Saved(
            positions=self.positions(),
            entries=[entry for entries in self._entries.values() for entry in entries],
            waiting=[entry for _, _, entry in sorted(self._waiting)],
        )
        found: dict[str, object] = msgspec.to_builtins(state, enc_hook=lambda market: market.spec.condition_id)
        return found

    def restore(self, saved: Mapping[str, object], markets: Mapping[str, Market]) -> None:
        """Take what `saved` returned, but for markets that are no more. Raises msgspec.ValidationError otherwise."""
        rows = msgspec.convert(saved, dict[str, list[dict[str, object]]])
        known = {
            name: [row for row in each if row.get("market") is None or row["market"] in markets]
            for name, each in rows.items()
        }
        state = msgspec.convert(known, _Saved, dec_hook=lambda _, condition_id: markets[condition_id])
        for position in state.positions:
            key = (position.market.spec.condition_id, position.token)
            self._positions.setdefault(position.wallet, {})[key] = position
        for entry in state.entries:
            self._remember(entry)
        for entry in state.waiting:
            self._wait(entry)

    def _take_trade(self, trade: Trade, at_ms: int) -> None:
        cash_u6 = 0
        for maker in trade.makers:
            cash_u6 += maker.cash_u6 if maker.token == trade.token else maker.size_u6 - maker.cash_u6
            self._wait(
                Entry(
                    at_ms=at_ms,
                    kind="TRADE",
                    wallet=maker.wallet,
                    market=trade.market,
                    transaction_hash=trade.transaction_hash,
                    size_u6=maker.size_u6,
                    cash_u6=maker.cash_u6,
                    token=maker.token,
                    side=maker.side,
                    price_e4=maker.price_e4,
                )
            )
        self._wait(
            Entry(
                at_ms=at_ms,
                kind="TRADE",
                wallet=trade.wallet,
                market=trade.market,
                transaction_hash=trade.transaction_hash,
                size_u6=trade.size_u6,
                cash_u6=cash_u6,
                token=trade.token,
                side=trade.side,
                price_e4=trade.price_e4,
                fee_u6=trade.fee_u6,
                is_taker=True,
            )
        )

    def _wait(self, entry: Entry) -> None:
        account = self._ledger.accounts.get(entry.wallet)
        if account is None or not account.background:
            self.mined_ms[entry.transaction_hash] = entry.at_ms
            if len(self.mined_ms) > HASHES_MAX:
                del self.mined_ms[next(iter(self.mined_ms))]
            self._number += 1
            heapq.heappush(self._waiting, (entry.at_ms, self._number, entry))

    def _remember(self, entry: Entry) -> None:
        self._entries.setdefault(entry.wallet, deque(maxlen=ENTRIES_MAX)).append(entry)

    def _fold(self, entry: Entry) -> None:
        if entry.market is None:
            return
        if entry.kind in ("SPLIT", "MERGE"):
            for token in (0, 1):
                half_u6 = (entry.size_u6 + 1 - token) // 2  # together exactly one dollar a pair
                position = self._position(entry, token)
                (position.add if entry.kind == "SPLIT" else position.take)(entry.size_u6, half_u6, 0, entry.at_ms)
            return
        position = self._position(entry, entry.token)
        if entry.side == Side.BUY:
            position.add(entry.size_u6, entry.cash_u6, entry.fee_u6, entry.at_ms)
        else:
            position.take(entry.size_u6, entry.cash_u6, entry.fee_u6, entry.at_ms)

    def _position(self, entry: Entry, token: int) -> Position:
        assert entry.market is not None, "only shares are held as positions"
        own = self._positions.setdefault(entry.wallet, {})
        key = (entry.market.spec.condition_id, token)
        if key not in own:
            own[key] = Position(wallet=entry.wallet, market=entry.market, token=token)
            if len(own) > POSITIONS_MAX:
                _forget_oldest_closed(own, keep=key)
        return own[key]


def _forget_oldest_closed(own: dict[tuple[str, int], Position], keep: tuple[str, int]) -> None:
    """Drop the position that was opened first of those of which nothing is held; nothing where all are held."""
    for key, position in own.items():
        if position.size_u6 == 0 and key != keep:
            del own[key]
            return


class _Saved(msgspec.Struct):
    positions: list[Position]
    entries: list[Entry]
    waiting: list[Entry]


def _entry(deed: Deed, kind: str, wallet: str) -> Entry:
    return Entry(
        at_ms=deed.at_ms,
        kind=kind,
        wallet=wallet,
        market=deed.market,
        transaction_hash=deed.transaction_hash,
        size_u6=deed.size_u6,
        cash_u6=deed.size_u6,
    )
