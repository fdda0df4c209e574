"""Everything of an exchange at rest that a restart has to keep, as plain values, and the way back.

At rest means after `Exchange.stop`: nothing held, nothing in flight, every balance seen. Settings, modes and heartbeats
are not kept: a restart begins with its own.
"""

from typing import Annotated, Final, TypeVar

import msgspec

from engine.exchange.core.audit import audit
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import Account
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.core.orders import NewOrder, Order
from engine.exchange.core.trades import MakerFill, Trade
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4
from engine.venue.statuses import FINAL_TRADE_STATUSES, OrderStatus, TradeStatus

Found = TypeVar("Found")
Count = Annotated[int, msgspec.Meta(ge=0)]
Price = Annotated[int, msgspec.Meta(gt=0, lt=PRICE_ONE_E4)]
Token = Annotated[int, msgspec.Meta(ge=0, le=1)]


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what is kept: whatever else is in there is an error."""


class SavedAccount(_Saved, frozen=True):
    """One wallet: 1e-6 of each asset; "" is collateral."""

    wallet: str
    background: bool
    balances: dict[str, Count]


class SavedMarket(_Saved, frozen=True):
    """One market; `backing_u6` is the collateral behind its shares, `supply_u6` the shares of either token."""

    spec: MarketSpec
    phase: Phase
    tick_e4: Price
    tick_flips: bool
    winner: Token | None
    resolved_ms: Count
    last_trade: tuple[Token, Price, str] | None
    volume_u6: Count
    backing_u6: Count
    supply_u6: tuple[Count, Count]


class SavedOrder(_Saved, frozen=True):
    """One order, resting or over; `rank` gives the resting ones their priority."""

    order_id: str
    owner: str
    wallet: str
    token_id: str
    side: Side
    price_e4: Price
    size_u6: Annotated[int, msgspec.Meta(gt=0)]
    budget_u6: Count
    tif: TimeInForce
    expiration_s: Count
    post_only: bool
    created_ms: Count
    rank: Count
    filled_u6: Count
    cash_u6: Count
    status: OrderStatus
    status_text: str
    trade_ids: list[str]


class SavedTrade(_Saved, frozen=True):
    """One trade that is confirmed or has failed."""

    trade_id: str
    number: Count
    condition_id: str
    taker_order_id: str
    owner: str
    wallet: str
    token: Token
    side: Side
    price_e4: Price
    size_u6: Count
    fee_u6: Count
    minted_u6: int
    bucket: Count
    match_ms: Count
    updated_ms: Count
    status: TradeStatus
    transaction_hash: str
    makers: list[MakerFill]


class Snapshot(_Saved, frozen=True):
    """An exchange at rest. `rebates` are (Unix day, wallet, condition id, 1e-6 USD)."""

    now_ms: Count
    deposited_u6: int
    fees_u6: Count
    trades_made: Count
    placed: Count
    accounts: list[SavedAccount]
    markets: list[SavedMarket]
    orders: list[SavedOrder]
    trades: list[SavedTrade]
    rebates: list[tuple[Count, str, str, Count]]


_ORDER_FIELDS: Final = SavedOrder.__struct_fields__
_TRADE_FIELDS: Final = tuple(name for name in SavedTrade.__struct_fields__ if name != "condition_id")
_TOLD: Final = ("created_ms", "rank", "filled_u6", "cash_u6", "status", "status_text")
"""What became of an order, apart from what was asked for."""


def capture(exchange: Exchange) -> Snapshot:
    """Return what is to be kept of an exchange that was stopped."""
    assert not exchange.held, "expected an exchange at rest, orders are held"
    assert not exchange.settlement.in_flight, "expected an exchange at rest, trades are in flight"
    ledger = exchange.ledger
    trades = {key: trade for some in exchange.trades_by_owner.values() for key, trade in some.items()}
    return Snapshot(
        now_ms=exchange.now_ms,
        deposited_u6=ledger.deposited_u6,
        fees_u6=ledger.fees_u6,
        trades_made=exchange.matching.trades_made,
        placed=exchange.matching.placed,
        accounts=[SavedAccount(a.wallet, a.background, dict(a.chain)) for a in ledger.accounts.values()],
        markets=[_saved_market(exchange, market) for market in exchange.markets.values()],
        orders=[_saved_order(order) for order in exchange.orders.values()],
        trades=[_saved_trade(trade) for trade in sorted(trades.values(), key=lambda trade: trade.number)],
        rebates=[(day, *key, owed) for day, some in exchange.rebates.owed.items() for key, owed in some.items()],
    )


def _saved_market(exchange: Exchange, market: Market) -> SavedMarket:
    supply, spec = exchange.ledger.supply, market.spec
    return SavedMarket(
        spec=spec,
        phase=market.phase,
        tick_e4=market.tick_e4,
        tick_flips=market.tick_flips,
        winner=market.winner,
        resolved_ms=market.resolved_ms,
        last_trade=market.last_trade,
        volume_u6=market.volume_u6,
        backing_u6=exchange.ledger.vault_u6.get(spec.condition_id, 0),
        supply_u6=(supply.get(spec.tokens[0], 0), supply.get(spec.tokens[1], 0)),
    )


def _saved_order(order: Order) -> SavedOrder:
    values = {name: getattr(order, name) for name in _ORDER_FIELDS}
    return SavedOrder(**values | {"trade_ids": list(order.trade_ids)})


def _saved_trade(trade: Trade) -> SavedTrade:
    values = {name: getattr(trade, name) for name in _TRADE_FIELDS}
    return SavedTrade(condition_id=trade.market.spec.condition_id, **values | {"makers": list(trade.makers)})


def restore(exchange: Exchange, snapshot: Snapshot) -> None:
    """Put a snapshot into a new exchange.

    Raises ValueError, with what was expected and found, when the snapshot does not add up.
    """
    assert not exchange.markets, "expected a new exchange, this one has markets"
    assert not exchange.ledger.accounts, "expected a new exchange, this one has accounts"
    exchange.now_ms = snapshot.now_ms
    for account in snapshot.accounts:
        _restore_account(exchange, account)
    for market in snapshot.markets:
        _restore_market(exchange, market)
    _restore_orders(exchange, snapshot)
    for trade in snapshot.trades:
        _restore_trade(exchange, trade)
    exchange.ledger.deposited_u6 = snapshot.deposited_u6
    exchange.ledger.fees_u6 = snapshot.fees_u6
    exchange.matching.trades_made = snapshot.trades_made
    exchange.matching.placed = snapshot.placed
    for day, wallet, condition_id, owed_u6 in snapshot.rebates:
        _known(exchange.ledger.accounts, wallet, "wallet of a rebate")
        exchange.rebates.day(day)[wallet, condition_id] = owed_u6
    exchange.take_notices()
    wrong = audit(exchange)
    if wrong:
        raise ValueError(f"expected balances and orders that add up, found: {'; '.join(wrong[:3])}")


def _known(table: dict[str, Found], key: str, what: str) -> Found:
    if key not in table:
        raise ValueError(f"expected a {what} that is listed, was {key!r}")
    return table[key]


def _restore_account(exchange: Exchange, saved: SavedAccount) -> None:
    if saved.wallet in exchange.ledger.accounts:
        raise ValueError(f"expected each wallet once, {saved.wallet} is there twice")
    account: Account = exchange.ledger.account(saved.wallet, saved.background)
    account.chain = dict(saved.balances)
    account.visible = dict(saved.balances)


def _restore_market(exchange: Exchange, saved: SavedMarket) -> None:
    spec, ledger = saved.spec, exchange.ledger
    if spec.condition_id in exchange.markets or set(spec.tokens) & exchange.by_token.keys():
        raise ValueError(f"expected each market and token once, those of {spec.slug} are there twice")
    if (saved.phase == Phase.RESOLVED) != (saved.winner is not None):
        raise ValueError(f"expected a winner of a resolved market and of no other, {spec.slug} is {saved.phase.name}")
    market = exchange.list_market(spec, exchange.now_ms, saved.phase)
    market.tick_e4 = saved.tick_e4
    market.tick_flips = saved.tick_flips
    market.winner = saved.winner
    market.resolved_ms = saved.resolved_ms
    market.last_trade = saved.last_trade
    market.volume_u6 = saved.volume_u6
    if saved.backing_u6 or any(saved.supply_u6):
        ledger.vault_u6[spec.condition_id] = saved.backing_u6
        ledger.supply.update(zip(spec.tokens, saved.supply_u6, strict=True))


def _restore_orders(exchange: Exchange, snapshot: Snapshot) -> None:
    resting = []
    for saved in snapshot.orders:
        _known(exchange.ledger.accounts, saved.wallet, f"wallet of order {saved.order_id}")
        order = _order(saved, _known(exchange.by_token, saved.token_id, f"token of order {saved.order_id}"))
        if saved.order_id in exchange.orders:
            raise ValueError(f"expected each order once, {saved.order_id} is there twice")
        if order.status is OrderStatus.DELAYED:
            raise ValueError(f"expected no held orders, {saved.order_id} is {saved.status}")
        exchange.orders[saved.order_id] = order
        if order.rests:
            resting.append(order)
    for order in sorted(resting, key=lambda order: order.rank):
        exchange.matching.placed = order.rank - 1
        exchange.reinstate(order)


def _order(saved: SavedOrder, market: Market) -> Order:
    buys = saved.side == Side.BUY
    new = NewOrder(
        order_id=saved.order_id,
        owner=saved.owner,
        wallet=saved.wallet,
        token_id=saved.token_id,
        side=saved.side,
        maker_u6=saved.budget_u6 if buys else saved.size_u6,
        taker_u6=saved.size_u6 if buys else 0,
        tif=saved.tif,
        expiration_s=saved.expiration_s,
        post_only=saved.post_only,
    )
    order = Order(new, market, saved.price_e4, saved.created_ms)
    for name in _TOLD:
        setattr(order, name, getattr(saved, name))
    order.trade_ids = list(saved.trade_ids)
    return order


def _restore_trade(exchange: Exchange, saved: SavedTrade) -> None:
    if saved.status not in FINAL_TRADE_STATUSES:
        raise ValueError(f"expected trades that are over, {saved.trade_id} is {saved.status}")
    trade = Trade.__new__(Trade)
    for name in _TRADE_FIELDS:
        setattr(trade, name, getattr(saved, name))
    trade.market = _known(exchange.markets, saved.condition_id, f"market of trade {saved.trade_id}")
    trade.makers = list(saved.makers)
    trade.moves = []
    for wallet in (trade.wallet, *(maker.wallet for maker in trade.makers)):
        _known(exchange.ledger.accounts, wallet, f"wallet of trade {saved.trade_id}")
    exchange.remember_trade(trade)
