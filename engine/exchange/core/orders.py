"""An order as somebody asked for it, as the exchange keeps it, and what the exchange answered."""

import msgspec

from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.market import Market
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4, notional_u6
from engine.venue.refusals import Refusal
from engine.venue.statuses import OrderStatus


class NewOrder(msgspec.Struct, frozen=True, gc=False):
    """What is asked for. `order_id` is the digest that the caller computed; `owner` is whose order it is to cancel and
    read (an API key), `wallet` whose money it is. Amounts in 1e-6, as signed.
    """

    order_id: str
    owner: str
    wallet: str
    token_id: str
    side: Side
    maker_u6: int
    taker_u6: int
    tif: TimeInForce = TimeInForce.GTC
    expiration_s: int = 0
    post_only: bool = False


class Order:
    """An order in the exchange. Sizes in 1e-6 shares; prices in 1e-4 USD of its own token; `budget_u6` is what a
    buy by money (FAK, FOK) may spend, 0 for all others: it gets more than `size_u6` where the price is better.
    `cash_u6` is what its fills cost or brought, without fees. `asset` is what it gives; `rank` says how many orders
    have been put into a book up to this one.
    """

    __slots__ = (
        "asset", "budget_u6", "cash_u6", "created_ms", "expiration_s", "filled_u6", "is_bid", "market", "order_id",
        "owner", "post_only", "price_e4", "rank", "reserved_u6", "side", "size_u6", "status", "status_text", "tif",
        "token", "token_id", "trade_ids", "up_price_e4", "wallet",
    )  # fmt: skip

    def __init__(self, new: NewOrder, market: Market, price_e4: int, now_ms: int) -> None:
        self.order_id = new.order_id
        self.owner = new.owner
        self.wallet = new.wallet
        self.market = market
        self.token_id = new.token_id
        self.token = 0 if new.token_id == market.spec.tokens[0] else 1
        self.side = new.side
        self.price_e4 = price_e4
        self.tif = new.tif
        self.post_only = new.post_only
        self.expiration_s = new.expiration_s
        self.created_ms = now_ms
        buys = new.side == Side.BUY
        self.asset = COLLATERAL if buys else new.token_id
        self.rank = 0
        self.size_u6 = new.taker_u6 if buys else new.maker_u6
        self.budget_u6 = new.maker_u6 if buys and new.tif >= TimeInForce.FOK else 0
        self.is_bid = (self.token == 0) == buys
        self.up_price_e4 = price_e4 if self.token == 0 else PRICE_ONE_E4 - price_e4
        self.filled_u6 = 0
        self.cash_u6 = 0
        self.reserved_u6 = 0
        self.status = OrderStatus.LIVE
        self.status_text = ""
        self.trade_ids: list[str] = []

    @property
    def open_u6(self) -> int:
        """Return how many shares are still open."""
        return max(self.size_u6 - self.filled_u6, 0)

    @property
    def rests(self) -> bool:
        """Tell whether the order stands in the book."""
        return self.status is OrderStatus.LIVE

    def due_u6(self) -> int:
        """Return what the open rest has to be covered with: collateral for a buy, shares for a sale."""
        open_u6 = self.size_u6 - self.filled_u6
        return notional_u6(self.price_e4, open_u6) if self.side == Side.BUY else open_u6


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What the exchange says to a new order: a refusal, or its status and what has been filled of it so far.

    `status` is LIVE, MATCHED (with a rest that rests, or was killed, too), DELAYED: held, and a HoldEnded notice brings
    the answer; INVALID with a refusal. `making_u6` is what the fills gave (collateral of a buy, shares of a sale),
    `taking_u6` what they brought.
    """

    order_id: str
    status: OrderStatus = OrderStatus.INVALID
    refusal: Refusal | None = None
    making_u6: int = 0
    taking_u6: int = 0
    trade_ids: tuple[str, ...] = ()
