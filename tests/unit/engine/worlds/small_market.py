"""A matching engine of forty lines for tests of participants: Up's book alone, price-time priority, no money."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4
from engine.worlds.crowd import Crowd
from engine.worlds.participants.actions import (
    AnyAction,
    CancelOrder,
    CancelWindow,
    MergePairs,
    PlaceOrder,
    SplitCollateral,
    Token,
)
from engine.worlds.participants.view import BookView, Holdings, OpenOrder
from engine.worlds.schedule import Turn

IMMEDIATE = (TimeInForce.FAK, TimeInForce.FOK)


@dataclass
class Trade:
    at_ms: int
    account: str
    price_e4: int
    size_u6: int
    buys_up: bool


@dataclass
class SmallMarket:
    """One window's market. `problems` says what an exchange would have refused for another reason than crossing."""

    tick_e4: int = 100
    holdings: dict[str, Holdings] = field(default_factory=lambda: defaultdict(Holdings))
    queue: list[tuple[str, int]] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    now_ms: int = 0

    def book(self) -> BookView:
        sides: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
        for account, key in self.queue:
            order = self.holdings[account].orders[key]
            sides[order.is_bid][order.up_price_e4] += order.open_u6
        asks, bids = sides
        return BookView(self.tick_e4, tuple(sorted(bids.items(), reverse=True)), tuple(sorted(asks.items())))

    def apply(self, account: str, action: AnyAction) -> None:
        self.counts[type(action).__name__] += 1
        own = self.holdings[account]
        match action:
            case PlaceOrder():
                self._place(account, own, action)
            case CancelOrder(key):
                self._remove(account, key)
            case CancelWindow():
                for key in list(own.orders):
                    self._remove(account, key)
            case SplitCollateral(size_u6):
                own.up_u6 += size_u6
                own.down_u6 += size_u6
            case MergePairs(size_u6):
                own.up_u6 -= size_u6
                own.down_u6 -= size_u6
        if min(own.up_u6, own.down_u6) < 0:
            self.problems.append(f"{account} holds less than nothing after {action}")

    def _place(self, account: str, own: Holdings, order: PlaceOrder) -> None:
        new = OpenOrder(order.token, order.side, order.price_e4, order.size_u6)
        self.problems += self._breaches(account, own, order, new)
        if order.post_only and next(self._matches(new), None) is not None:
            self.counts["post-only refused"] += 1
            return
        for maker, key in list(self._matches(new)):
            resting = self.holdings[maker].orders[key]
            size_u6 = min(new.open_u6, resting.open_u6)
            self.trades.append(Trade(self.now_ms, account, resting.up_price_e4, size_u6, new.is_bid))
            _fill(own, new, size_u6)
            _fill(self.holdings[maker], resting, size_u6)
            new = new._replace(open_u6=new.open_u6 - size_u6)
            self.holdings[maker].orders[key] = resting._replace(open_u6=resting.open_u6 - size_u6)
            if resting.open_u6 == size_u6:
                self._remove(maker, key)
            if new.open_u6 == 0:
                return
        if order.tif not in IMMEDIATE:
            own.orders[order.key] = new
            self.queue.append((account, order.key))

    def _matches(self, new: OpenOrder):
        """Yield (account, key) of what would match, best price first, then oldest."""
        ranked = []
        for place, (account, key) in enumerate(self.queue):
            resting = self.holdings[account].orders[key]
            better = resting.up_price_e4 - new.up_price_e4 if new.is_bid else new.up_price_e4 - resting.up_price_e4
            if resting.is_bid != new.is_bid and better <= 0:
                ranked.append((better, place, account, key))
        yield from ((account, key) for _, _, account, key in sorted(ranked))

    def _breaches(self, account: str, own: Holdings, order: PlaceOrder, new: OpenOrder) -> list[str]:
        on_sale_u6 = sum(o.open_u6 for o in own.orders.values() if o.side == Side.SELL and o.token == order.token)
        rules = {
            "the price is on the grid": order.price_e4 % self.tick_e4 == 0,
            "the price is in range": self.tick_e4 <= order.price_e4 <= PRICE_ONE_E4 - self.tick_e4,
            "the size has two decimals": order.size_u6 % 10_000 == 0,
            "the size is large enough": order.size_u6 >= 5_000_000,
            "the key is new": order.key not in own.orders,
            "what is sold is held": order.side == Side.BUY or own.of(order.token) >= on_sale_u6 + order.size_u6,
            "an immediate order is worth 1 USD": order.tif not in IMMEDIATE or order.price_e4 * order.size_u6 >= 10**10,
        }
        return [f"{account}: not so: {rule}: {order}" for rule, holds in rules.items() if not holds]

    def _remove(self, account: str, key: int) -> None:
        if self.holdings[account].orders.pop(key, None) is not None:
            self.queue.remove((account, key))


def _fill(own: Holdings, order: OpenOrder, size_u6: int) -> None:
    change_u6 = size_u6 if order.side == Side.BUY else -size_u6
    if order.token == Token.UP:
        own.up_u6 += change_u6
    else:
        own.down_u6 += change_u6


def play_turn(crowd: Crowd, market: SmallMarket, turn: Turn) -> list[AnyAction]:
    """Give one participant its turn and carry out what it wants."""
    market.now_ms = turn.at_ms
    actions = crowd.act(turn, market.book(), market.holdings[turn.account])
    for action in actions:
        market.apply(turn.account, action)
    return actions
