"""Checks that the exchange's books are right to the last unit: what a test and a soak ask after every step."""

from collections import Counter
from collections.abc import Iterator

from engine.exchange.core.audit_orders import books, orders, resting
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import COLLATERAL, Account
from engine.exchange.core.trades import Trade
from engine.model.events import Side
from engine.model.fees import taker_fee_u6
from engine.venue.statuses import TradeStatus

Claims = Counter[tuple[str, str]]
"""Amounts by (wallet, asset)."""


def audit(exchange: Exchange) -> list[str]:
    """Return everything that is wrong; an empty list is what there must be.

    Collateral and shares are conserved, both tokens of a market are backed alike, no balance is negative or promised
    twice, what orders reserve and trades have yet to pay is what the accounts say, no crossed book rests, queues are in
    order of arrival, and every index of orders names the same ones.
    """
    return [
        *_money(exchange),
        *_shares(exchange),
        *_accounts(exchange),
        *_trades(exchange),
        *books(exchange),
        *orders(exchange),
    ]


def _name(asset: str) -> str:
    return asset or "collateral"


def _money(exchange: Exchange) -> Iterator[str]:
    ledger = exchange.ledger
    held_u6 = sum(account.chain.get(COLLATERAL, 0) for account in ledger.accounts.values())
    backing_u6 = sum(ledger.vault_u6.values())
    if held_u6 + backing_u6 + ledger.fees_u6 != ledger.deposited_u6:
        yield f"collateral: {held_u6} + backing {backing_u6} + fees {ledger.fees_u6} != {ledger.deposited_u6}"
    if ledger.fees_u6 < 0:
        yield f"fees taken are {ledger.fees_u6}"
    unknown = ledger.vault_u6.keys() - exchange.markets.keys()
    if unknown:
        yield f"collateral backs markets that are not listed: {sorted(unknown)[:3]}"


def _shares(exchange: Exchange) -> Iterator[str]:
    ledger = exchange.ledger
    held: Counter[str] = Counter()
    for account in ledger.accounts.values():
        held.update({asset: amount_u6 for asset, amount_u6 in account.chain.items() if asset != COLLATERAL})
    for token in held.keys() | ledger.supply.keys():
        if held[token] != ledger.supply.get(token, 0):
            yield f"shares of {token}: {held[token]} held, {ledger.supply.get(token, 0)} outstanding"
        if token not in exchange.by_token:
            yield f"shares of {token}, which is not listed"
    for market in exchange.markets.values():
        backing_u6 = ledger.vault_u6.get(market.spec.condition_id, 0)
        counted = market.spec.tokens if market.winner is None else (market.spec.tokens[market.winner],)
        for token in counted:
            if ledger.supply.get(token, 0) != backing_u6:
                yield f"{market.spec.slug}: {ledger.supply.get(token, 0)} of {token}, backing {backing_u6}"


def _accounts(exchange: Exchange) -> Iterator[str]:
    accounts = exchange.ledger.accounts
    reserved: Claims = Counter()
    held: Claims = Counter()
    for order in resting(exchange):
        reserved[order.wallet, order.asset] += order.reserved_u6
    for order in exchange.held.values():
        held[order.wallet, order.asset] += order.reserved_u6
    yield from _differences("reserved", reserved + held, {w: a.reserved for w, a in accounts.items()})
    pending: Claims = Counter()
    for trade in exchange.settlement.in_flight.values():
        if trade.status in (TradeStatus.MATCHED, TradeStatus.RETRYING):
            for move in trade.moves:
                if move.delta_u6 < 0:
                    pending[move.account.wallet, move.asset] -= move.delta_u6
    yield from _differences("pending", pending, {w: a.pending for w, a in accounts.items()})
    for account in accounts.values():
        yield from _balances(account, held)


def _differences(what: str, found: Claims, said: dict[str, dict[str, int]]) -> Iterator[str]:
    """Yield where accounts say other than what their orders, or trades, come to; zeros are not kept."""
    told = {(wallet, asset): amount_u6 for wallet, claims in said.items() for asset, amount_u6 in claims.items()}
    for key in sorted(found.keys() | told.keys()):
        if told.get(key, 0) != found[key] or (key in told and not told[key]):
            yield f"{key[0]}: {what} {told.get(key)} of {_name(key[1])}, found {found[key]}"


def _balances(account: Account, held: Claims) -> Iterator[str]:
    for view in (account.chain, account.visible):
        for asset, amount_u6 in view.items():
            if amount_u6 < 0 or (amount_u6 == 0 and asset != COLLATERAL):
                yield f"{account.wallet} has {amount_u6} of {_name(asset)}"
    for asset in account.reserved.keys() | account.pending.keys():
        short_u6 = account.uncovered_u6(asset) - held[account.wallet, asset]  # what is held is checked again
        if short_u6 > 0:
            yield f"{account.wallet} is {short_u6} short of {_name(asset)}"


def _trades(exchange: Exchange) -> Iterator[str]:
    for trade_id, trade in exchange.settlement.in_flight.items():
        if trade.status in (TradeStatus.CONFIRMED, TradeStatus.FAILED):
            yield f"trade {trade_id} is {trade.status} and still in flight"
        yield from _trade(trade)


def _trade(trade: Trade) -> Iterator[str]:
    """Yield why a trade does not add up: what is paid, minted and charged, and the fee by the schedule."""
    moved: Counter[str] = Counter()
    for move in trade.moves:
        moved[move.asset] += move.delta_u6
    cash_u6 = moved.pop(COLLATERAL, 0)
    if cash_u6 + trade.fee_u6 + trade.minted_u6 != 0:
        yield f"trade {trade.trade_id}: cash {cash_u6}, fee {trade.fee_u6}, minted {trade.minted_u6}"
    for token in trade.market.spec.tokens:
        if moved[token] != trade.minted_u6:
            yield f"trade {trade.trade_id}: {moved[token]} more of {token}, minted {trade.minted_u6}"
    if sum(maker.size_u6 for maker in trade.makers) != trade.size_u6:
        yield f"trade {trade.trade_id}: its makers' sizes do not add up to {trade.size_u6}"
    fee_u6 = sum(taker_fee_u6(trade.market.spec.fees, trade.price_e4, maker.size_u6) for maker in trade.makers)
    # of a sale of next to nothing the fee is not more than the proceeds
    if trade.fee_u6 > fee_u6 or (trade.side == Side.BUY and trade.fee_u6 != fee_u6):
        yield f"trade {trade.trade_id}: fee {trade.fee_u6}, the schedule says {fee_u6}"
