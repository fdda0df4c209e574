"""An exchange with one or two markets and a few rich accounts, and short ways to send it orders."""

from itertools import count

import msgspec

from engine.exchange.core.audit import audit
from engine.exchange.core.exchange import Exchange, Settings
from engine.exchange.core.ledger import Account
from engine.exchange.core.market import Market, MarketSpec
from engine.exchange.core.notices import AnyNotice, HoldEnded, OrderChanged, TradeChanged
from engine.exchange.core.orders import Answer, NewOrder
from engine.exchange.core.schedule import Schedule
from engine.exchange.core.trades import Trade
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue.amounts import limit_amounts, market_amounts
from engine.venue.statuses import TradeStatus

START_MS = 1_795_000_000_000
SHARE = 1_000_000
GTC, GTD, FOK, FAK = TimeInForce
BUY, SELL = Side.BUY, Side.SELL


def spec(number: int = 1, **changes: object) -> MarketSpec:
    """Return a market's facts: no hold unless said otherwise."""
    facts = MarketSpec(slug=f"m{number}", condition_id=f"c{number}", tokens=(f"up{number}", f"down{number}"), hold_ms=0)
    return msgspec.structs.replace(facts, **changes)


class Floor:
    """The exchange, its time, and everything that has happened."""

    def __init__(self, settings: Settings | None = None, *, cash: int = 1_000, shares: int = 500, **facts: object):
        self.exchange = Exchange(settings or Settings())
        self.now_ms = START_MS
        self.market: Market = self.exchange.list_market(spec(**facts), START_MS)
        self.seen: list[AnyNotice] = []
        self._numbers = count(1)
        for wallet in ("ann", "bob", "cat"):
            self.open(wallet, cash, shares)

    def open(self, wallet: str, cash: int, shares: int, background: bool = False) -> Account:
        """Give a wallet so many dollars and, on top, so many shares of both outcomes."""
        account = self.exchange.deposit(wallet, (cash + shares) * SHARE, background)
        if shares:
            assert self.exchange.settlement.split(account, self.market, shares * SHARE, self.now_ms) is None
        for asset in ("", *self.market.spec.tokens):
            self.exchange.settlement.refresh(account, asset)
        return account

    def account(self, wallet: str) -> Account:
        return self.exchange.ledger.accounts[wallet]

    def limit(
        self, who: str, side: Side, shares: float, price_e4: int, *, token: int = 0, market: Market | None = None,
        **more: object,
    ) -> Answer:  # fmt: skip
        """Send a resting order; `more` are fields of NewOrder."""
        maker_u6, taker_u6 = limit_amounts(side, price_e4, round(shares * SHARE))
        return self.send(who, side, maker_u6, taker_u6, token=token, market=market, **more)

    def now(
        self, who: str, side: Side, amount: float, price_e4: int, tif: TimeInForce = FAK, *, token: int = 0,
        **more: object,
    ) -> Answer:  # fmt: skip
        """Send a FAK or FOK; `amount` is dollars for a buy, shares for a sale."""
        maker_u6, taker_u6 = market_amounts(side, price_e4, round(amount * SHARE), self.market.tick_e4)
        return self.send(who, side, maker_u6, taker_u6, token=token, tif=tif, **more)

    def send(
        self, who: str, side: Side, maker_u6: int, taker_u6: int, *, token: int = 0, market: Market | None = None,
        **more: object,
    ) -> Answer:  # fmt: skip
        market = market or self.market
        fields = {"order_id": f"o{next(self._numbers)}", "owner": who, "wallet": who, **more}
        new = NewOrder(token_id=market.spec.tokens[token], side=side, maker_u6=maker_u6, taker_u6=taker_u6, **fields)  # type: ignore[arg-type]
        answer = self.exchange.submit(new, self.now_ms)
        self.look()
        return answer

    def wait(self, step_ms: int) -> list[AnyNotice]:
        """Let time pass; return what happened."""
        self.now_ms += step_ms
        self.exchange.advance(self.now_ms)
        return self.look()

    def look(self) -> list[AnyNotice]:
        """Return what happened since the last look; the books are right."""
        notices = self.exchange.take_notices()
        self.seen += notices
        assert audit(self.exchange) == []
        return notices

    def held_answer(self) -> Answer:
        """Return the answer of the hold that ended last."""
        return next(notice.answer for notice in reversed(self.seen) if isinstance(notice, HoldEnded))

    def trades(self) -> list[Trade]:
        """Return all trades, the first first."""
        return [n.trade for n in self.seen if isinstance(n, TradeChanged) and n.status is TradeStatus.MATCHED]

    def told(self, order_id: str) -> list[tuple[str, str, int]]:
        """Return (type, status, filled) of what was told of an order."""
        return [
            (str(n.what), str(n.status), n.filled_u6)
            for n in self.seen
            if isinstance(n, OrderChanged) and n.order.order_id == order_id
        ]

    def bids(self) -> list[tuple[int, int]]:
        return list(self.market.book.depth(True))

    def asks(self) -> list[tuple[int, int]]:
        return list(self.market.book.depth(False))


def run(schedule: Schedule, now_ms: int) -> None:
    """Do what is due, each at its time, as the exchange does."""
    while (due_ms := schedule.next_ms()) is not None and due_ms <= now_ms:
        schedule.take()(due_ms)


def makers(trade: Trade) -> list[tuple[str, int]]:
    """Return (order id, 1e-6 shares) of a trade's makers."""
    return [(maker.order_id, maker.size_u6) for maker in trade.makers]
