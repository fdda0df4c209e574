"""A second, slow and simple exchange for comparison: a list of orders that is sorted and walked for every taker, in
fractions, and balances that change when a trade is mined. It hears the real one's notices and says what is different.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from engine.exchange.core.market import Market
from engine.exchange.core.notices import AnyNotice, HoldEnded, LevelChanged, OrderChanged, TradeChanged
from engine.exchange.core.orders import Answer, NewOrder
from engine.exchange.core.trades import Trade
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue import refusals
from engine.venue.statuses import OrderEventType, OrderStatus, TradeStatus

U6 = 1_000_000
DAY_MS = 86_400_000


@dataclass
class Entry:
    """An order as the reference keeps it: price in USD, sizes in 1e-6 shares."""

    new: NewOrder
    market: Market
    token: int
    price: Fraction
    size: int
    filled: int = 0
    cash: int = 0

    @property
    def buys(self) -> bool:
        return self.new.side == Side.BUY


@dataclass(frozen=True)
class Fill:
    """What one maker and the taker give each other: cash in 1e-6 USD, the price is the taker's token's."""

    maker: Entry
    price: Fraction
    size: int
    maker_cash: int
    taker_cash: int
    fee: int


def price_for_taker(taker: Entry, maker: Entry) -> Fraction | None:
    """Return at what price the two match, None if they do not."""
    if maker.token == taker.token:
        good = taker.buys != maker.buys and (taker.price >= maker.price if taker.buys else taker.price <= maker.price)
        return maker.price if good else None
    total = taker.price + maker.price
    good = taker.buys == maker.buys and (total >= 1 if taker.buys else total <= 1)
    return 1 - maker.price if good else None


def fee_of(taker: Entry, price: Fraction, size: int, proceeds: int) -> int:
    fees = taker.market.spec.fees
    if fees.rate_e6 == 0:
        return 0
    exact = Fraction(size) * Fraction(fees.rate_e6, U6) * (price * (1 - price)) ** fees.exponent
    fee = max(floor(exact / 10) * 10, 10)
    return fee if taker.buys else min(fee, proceeds)


class Reference:
    """What ought to be. Every `hear` and `answered` raises AssertionError where the exchange did something else."""

    def __init__(self) -> None:
        self.resting: list[Entry] = []
        self.levels: Counter[tuple[str, bool, int]] = Counter()
        self.balances: Counter[tuple[str, str]] = Counter()
        self.fees = 0
        self.rebates: Counter[tuple[int, str]] = Counter()
        self.fills_compared = 0
        self._coming: dict[str, Entry] = {}
        self._expected: dict[str, list[list[Fill]]] = {}
        self._matched: dict[str, tuple[Entry, list[Fill]]] = {}

    def sends(self, new: NewOrder, market: Market) -> None:
        """Hear of a new order before the exchange does; the price of an immediate one is cut to the tick of now."""
        buys = new.side == Side.BUY
        cash, shares = (new.maker_u6, new.taker_u6) if buys else (new.taker_u6, new.maker_u6)
        if cash <= 0 or shares <= 0:
            return
        price = Fraction(cash, shares)
        if new.tif >= TimeInForce.FOK:
            steps = price / Fraction(market.tick_e4, 10_000)
            price = (floor(steps) if buys else ceil(steps)) * Fraction(market.tick_e4, 10_000)
        self._coming[new.order_id] = Entry(new, market, market.spec.tokens.index(new.token_id), price, shares)

    def match(self, taker: Entry) -> tuple[list[Fill], bool]:
        """Return what the taker would be filled with now, and whether that completes it."""
        found = []
        for arrival, maker in enumerate(self.resting):
            price = price_for_taker(taker, maker) if maker.market.spec == taker.market.spec else None
            if price is not None:
                found.append((price if taker.buys else -price, arrival, maker))
        found.sort(key=lambda row: row[:2])
        by_money = taker.buys and taker.new.tif >= TimeInForce.FOK
        left = taker.new.maker_u6 if by_money else taker.size
        fills = []
        for signed, _, maker in found:
            price = abs(signed)
            most = floor(left / price) if by_money else left
            if most < (100 if by_money else 1):
                return fills, True
            size = min(maker.size - maker.filled, most)
            maker_cash = floor(maker.price * size)
            taker_cash = maker_cash if maker.token == taker.token else size - maker_cash
            fills.append(Fill(maker, price, size, maker_cash, taker_cash, fee_of(taker, price, size, taker_cash)))
            left -= taker_cash if by_money else size
            if by_money and size < maker.size - maker.filled:
                return fills, True
        return fills, floor(left / taker.price) < 100 if by_money else left == 0

    def hear(self, notices: list[AnyNotice]) -> None:
        """Follow what has happened; at the end the levels told are those of the orders that ought to rest."""
        for notice in notices:
            if isinstance(notice, OrderChanged):
                self._order(notice)
            elif isinstance(notice, TradeChanged):
                self._trade(notice.trade, notice.status, notice.at_ms)
            elif isinstance(notice, HoldEnded):
                self.answered(notice.answer)
            elif isinstance(notice, LevelChanged):
                key = (notice.market.spec.condition_id, notice.is_bid, notice.up_price_e4)
                self.levels[key] = notice.size_u6
                if not notice.size_u6:
                    del self.levels[key]
        assert not self._expected, f"these fills were not reported: {self._expected}"

    def check_levels(self) -> None:
        """Compare the levels that the notices told with the orders that ought to rest."""
        ought: Counter[tuple[str, bool, int]] = Counter()
        for entry in self.resting:
            price_e4 = int(entry.price * 10_000)
            is_bid = entry.buys == (entry.token == 0)
            up_e4 = price_e4 if entry.token == 0 else 10_000 - price_e4
            ought[entry.market.spec.condition_id, is_bid, up_e4] += entry.size - entry.filled
        assert ought == self.levels, f"levels differ in {dict(ought.items() ^ self.levels.items())}"

    def answered(self, answer: Answer) -> None:
        """Compare the final answer to an order."""
        entry = self._coming.get(answer.order_id)
        refusal = answer.refusal
        if answer.status is OrderStatus.DELAYED or entry is None or refusal == refusals.duplicated(answer.order_id):
            return
        del self._coming[answer.order_id]
        if refusal is not None:
            assert not entry.filled, f"{answer.order_id} is refused, but was filled"
            assert refusal != refusals.POST_ONLY_CROSSES or self.match(entry)[0], f"{answer.order_id} crosses nothing"
            return
        made, took = (entry.cash, entry.filled) if entry.buys else (entry.filled, entry.cash)
        assert (answer.making_u6, answer.taking_u6) == (made, took), f"expected {made} for {took}, was {answer}"
        assert answer.status is (OrderStatus.MATCHED if entry.filled else OrderStatus.LIVE), answer

    def _order(self, notice: OrderChanged) -> None:
        order_id = notice.order.order_id
        entry = self._coming.get(order_id)
        if notice.what is OrderEventType.PLACEMENT:
            assert entry is not None, f"{order_id} is placed, but was not sent"
            self._place(entry)
        elif notice.what is OrderEventType.CANCELLATION:
            found = [other for other in self.resting if other.new.order_id == order_id]
            if found:
                self.resting.remove(found[0])
                assert notice.filled_u6 == found[0].filled, f"{order_id} is gone with {notice.filled_u6} filled"
            elif entry is not None and not entry.filled:
                fills, complete = self.match(entry)
                assert not complete if entry.new.tif == TimeInForce.FOK else not fills, f"{order_id} was killed"

    def _place(self, entry: Entry) -> None:
        fills, complete = self.match(entry)
        immediate = entry.new.tif >= TimeInForce.FOK
        assert not (entry.new.post_only and fills), f"{entry.new.order_id} is post-only and crosses"
        assert complete or entry.new.tif != TimeInForce.FOK, f"{entry.new.order_id} is FOK and cannot be filled"
        assert fills or not immediate, f"{entry.new.order_id} is FAK and meets nothing"
        for fill in fills:
            fill.maker.filled += fill.size
            fill.maker.cash += fill.maker_cash
            entry.filled += fill.size
            entry.cash += fill.taker_cash
            groups = self._expected.setdefault(entry.new.order_id, [])
            if not groups or groups[-1][0].price != fill.price:
                groups.append([])
            groups[-1].append(fill)
        self.resting = [other for other in self.resting if other.filled < other.size]
        if not immediate and entry.filled < entry.size:
            self.resting.append(entry)

    def pay_rebates(self, now_ms: int) -> None:
        """Give makers what the days that are over brought them: a fifth of the fees, if it is a dollar or more."""
        for day, wallet in [key for key in self.rebates if key[0] < now_ms // DAY_MS]:
            owed = self.rebates.pop((day, wallet))
            if owed >= U6:
                self.balances[wallet, ""] += owed
                self.fees -= owed

    def _trade(self, trade: Trade, status: TradeStatus, at_ms: int) -> None:
        if status is TradeStatus.MATCHED:
            self._compare(trade)
        elif status is TradeStatus.MINED:
            self._mine(*self._matched.pop(trade.trade_id), at_ms // DAY_MS)
        elif status is TradeStatus.FAILED:
            del self._matched[trade.trade_id]

    def _compare(self, trade: Trade) -> None:
        groups = self._expected[trade.taker_order_id]
        fills = groups.pop(0)
        if not groups:
            del self._expected[trade.taker_order_id]
        ought = [
            (f.maker.new.order_id, f.size, f.maker_cash, int(f.maker.price * 10_000), f.maker.token, f.maker.new.side)
            for f in fills
        ]
        did = [(m.order_id, m.size_u6, m.cash_u6, m.price_e4, m.token, m.side) for m in trade.makers]
        assert did == ought, f"trade {trade.trade_id}: expected makers {ought}, were {did}"
        total = (int(fills[0].price * 10_000), sum(f.size for f in fills), sum(f.fee for f in fills))
        assert (trade.price_e4, trade.size_u6, trade.fee_u6) == total, f"trade {trade.trade_id}: expected {total}"
        self.fills_compared += len(fills)
        taker = next(e for e in self._entries(trade.taker_order_id))
        self._matched[trade.trade_id] = (taker, fills)

    def _entries(self, order_id: str) -> list[Entry]:
        coming = self._coming.get(order_id)
        return [coming] if coming else [entry for entry in self.resting if entry.new.order_id == order_id]

    def _mine(self, taker: Entry, fills: list[Fill], day: int) -> None:
        for fill in fills:
            for entry, cash, fee in ((fill.maker, fill.maker_cash, 0), (taker, fill.taker_cash, fill.fee)):
                sign = 1 if entry.buys else -1
                self.balances[entry.new.wallet, ""] -= sign * cash + fee
                self.balances[entry.new.wallet, entry.new.token_id] += sign * fill.size
            self.fees += fill.fee
            self.rebates[day, fill.maker.new.wallet] += fill.fee // 5
