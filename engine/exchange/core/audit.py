"""Checks that the exchange's books are right to the last unit: what a test and a soak ask after every step."""

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import Order
from engine.model.events import Side
from engine.model.fees import taker_fee_u6


def audit(exchange: Exchange) -> list[str]:
    """Return everything that is wrong; an empty list is what there must be."""
    return [*_money(exchange), *_shares(exchange), *_accounts(exchange), *_books(exchange), *_flights(exchange)]


def _money(exchange: Exchange) -> list[str]:
    ledger = exchange.ledger
    held_u6 = sum(account.chain.get(COLLATERAL, 0) for account in ledger.accounts.values())
    backing_u6 = sum(ledger.vault_u6.values())
    total_u6 = held_u6 + backing_u6 + ledger.fees_u6
    if total_u6 != ledger.deposited_u6:
        return [f"collateral: {held_u6} + backing {backing_u6} + fees {ledger.fees_u6} != {ledger.deposited_u6}"]
    return []


def _shares(exchange: Exchange) -> list[str]:
    wrong = []
    ledger = exchange.ledger
    held: dict[str, int] = {}
    for account in ledger.accounts.values():
        for asset, amount_u6 in account.chain.items():
            held[asset] = held.get(asset, 0) + amount_u6
    for token, supply_u6 in ledger.supply.items():
        if held.get(token, 0) != supply_u6:
            wrong.append(f"shares of {token}: {held.get(token, 0)} held, {supply_u6} outstanding")
    for market in exchange.markets.values():
        backing_u6 = ledger.vault_u6.get(market.spec.condition_id, 0)
        counted = market.spec.tokens if market.winner is None else (market.spec.tokens[market.winner],)
        for token in counted:
            if ledger.supply.get(token, 0) != backing_u6:
                wrong.append(f"{market.spec.slug}: {ledger.supply.get(token, 0)} of {token}, backing {backing_u6}")
    return wrong


def _accounts(exchange: Exchange) -> list[str]:
    wrong = []
    reserved: dict[tuple[str, str], int] = {}
    for order in [*_resting(exchange), *exchange.held.values()]:
        key = (order.wallet, COLLATERAL if order.side == Side.BUY else order.token_id)
        reserved[key] = reserved.get(key, 0) + order.reserved_u6
        if order.order_id not in exchange.held and order.reserved_u6 != order.due_u6():
            wrong.append(f"order {order.order_id} reserves {order.reserved_u6}, is due {order.due_u6()}")
    for account in exchange.ledger.accounts.values():
        for asset, amount_u6 in account.chain.items():
            if amount_u6 < 0:
                wrong.append(f"{account.wallet} has {amount_u6} of {asset or 'collateral'}")
        for asset in account.reserved.keys() | account.pending.keys():
            if account.uncovered_u6(asset) > 0:
                wrong.append(f"{account.wallet} is {account.uncovered_u6(asset)} short of {asset or 'collateral'}")
        for asset, amount_u6 in account.reserved.items():
            found_u6 = reserved.pop((account.wallet, asset), 0)
            if found_u6 != amount_u6:
                wrong.append(f"{account.wallet} reserves {amount_u6} of {asset or 'collateral'}, orders {found_u6}")
    return wrong + [f"{key} is reserved by orders alone: {amount}" for key, amount in reserved.items() if amount]


def _resting(exchange: Exchange) -> list[Order]:
    return [
        order
        for market in exchange.markets.values()
        for side in (market.book.bids, market.book.asks)
        for level in side.levels.values()
        for order in level.orders.values()
    ]


def _books(exchange: Exchange) -> list[str]:
    wrong = []
    for market in exchange.markets.values():
        wrong += _book(market)
    resting = {order.order_id for order in _resting(exchange)}
    listed = {order_id for orders in exchange.open_by_owner.values() for order_id in orders}
    if resting != listed:
        wrong.append(f"resting but not listed as open, or the other way round: {sorted(resting ^ listed)[:3]}")
    return wrong


def _book(market: Market) -> list[str]:
    wrong = []
    book, slug = market.book, market.spec.slug
    bid_e4, ask_e4 = book.best_bid_e4(), book.best_ask_e4()
    if bid_e4 and ask_e4 and bid_e4 >= ask_e4:
        wrong.append(f"{slug}: crossed, bid {bid_e4} and ask {ask_e4}")
    if market.phase == Phase.RESOLVED and (bid_e4 or ask_e4):
        wrong.append(f"{slug}: orders rest in a resolved market")
    for side in (book.bids, book.asks):
        if side.prices_e4 != sorted(side.levels):
            wrong.append(f"{slug}: prices and levels differ")
        for price_e4, level in side.levels.items():
            open_u6 = sum(order.open_u6 for order in level.orders.values())
            if open_u6 != level.total_u6 or not open_u6:
                wrong.append(f"{slug}: level {price_e4} says {level.total_u6}, its orders {open_u6}")
    return wrong


def _flights(exchange: Exchange) -> list[str]:
    wrong = []
    pending: dict[tuple[str, str], int] = {}
    for trade in exchange.settlement.in_flight.values():
        cash_u6 = sum(move.delta_u6 for move in trade.moves if move.asset == COLLATERAL)
        if cash_u6 + trade.fee_u6 + trade.minted_u6 != 0:
            wrong.append(f"trade {trade.trade_id}: cash {cash_u6}, fee {trade.fee_u6}, minted {trade.minted_u6}")
        fee_u6 = sum(taker_fee_u6(trade.market.spec.fees, trade.price_e4, maker.size_u6) for maker in trade.makers)
        if fee_u6 != trade.fee_u6 and trade.side == Side.BUY:
            wrong.append(f"trade {trade.trade_id}: fee {trade.fee_u6}, the schedule says {fee_u6}")
        if trade.status in ("MATCHED", "RETRYING"):
            for move in trade.moves:
                if move.delta_u6 < 0:
                    key = (move.account.wallet, move.asset)
                    pending[key] = pending.get(key, 0) - move.delta_u6
    for account in exchange.ledger.accounts.values():
        for asset, amount_u6 in account.pending.items():
            if pending.get((account.wallet, asset), 0) != amount_u6:
                wrong.append(f"{account.wallet}: pending {amount_u6} of {asset or 'collateral'} is not its trades'")
    return wrong
