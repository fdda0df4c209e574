"""A trade: one taker and the makers of one price level, what it moves, and how far it is on its way to the chain."""

import msgspec

from engine.exchange.core.ledger import Account
from engine.exchange.core.market import Market
from engine.exchange.core.orders import Order
from engine.model.events import Side
from engine.venue.statuses import TradeStatus


class MakerFill(msgspec.Struct, frozen=True, gc=False):
    """One maker's part: the order and its owner, in its own token, side and price; `rebate_base_u6` is the fee that the
    taker paid for it, of which the maker's rebate is a share (protocol.md 10).
    """

    order_id: str
    owner: str
    wallet: str
    token: int
    side: Side
    price_e4: int
    size_u6: int
    cash_u6: int
    rebate_base_u6: int


class Move(msgspec.Struct, frozen=True, gc=False):
    """One account's change of one asset, in 1e-6; what is negative has been pending since the match."""

    account: Account
    asset: str
    delta_u6: int


class Trade:
    """One trade, the exchange's `number`-th. `fee_u6` is the taker's; `minted_u6` the shares of both tokens that come
    to be (negative: cease); `moves` are forgotten once they are done, or never will be.
    """

    __slots__ = (
        "bucket", "fee_u6", "makers", "market", "match_ms", "minted_u6", "moves", "number", "owner", "price_e4", "side",
        "size_u6", "status", "taker_order_id", "token", "trade_id", "transaction_hash", "updated_ms", "wallet",
    )  # fmt: skip

    def __init__(self, trade_id: str, number: int, taker: Order, price_e4: int, bucket: int, now_ms: int) -> None:
        self.trade_id = trade_id
        self.number = number
        self.market: Market = taker.market
        self.taker_order_id = taker.order_id
        self.owner = taker.owner
        self.wallet = taker.wallet
        self.token = taker.token
        self.side = taker.side
        self.price_e4 = price_e4
        self.size_u6 = 0
        self.fee_u6 = 0
        self.minted_u6 = 0
        self.bucket = bucket
        self.match_ms = now_ms
        self.updated_ms = now_ms
        self.status = TradeStatus.MATCHED
        self.transaction_hash = ""
        self.makers: list[MakerFill] = []
        self.moves: list[Move] = []
