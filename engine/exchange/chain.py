"""What wallets do on chain themselves: approvals, splits, merges, redemptions and transfers, a batch all or none.

Facts (protocol.md 12; 2026-11-21): a split needs the contract's allowance of collateral, merges and redemptions need
it as operator of the shares; "v1" markets are served by the collateral adapters (negRisk by its own), "v2" ones by the
router. A batch with one call that fails is undone as a whole, and its nonce is not spent.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.market import Market
from engine.exchange.members import UNLIMITED, Members, Wallet
from engine.venue import contracts
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.calls import (
    CONDITION_BYTES,
    Action,
    Approve,
    ApproveAll,
    Merge,
    Redeem,
    RedeemOutcome,
    Split,
    Transfer,
    UnknownCall,
)

_COLLATERAL: Final = parse_address(contracts.COLLATERAL)
_HOLDERS: Final = frozenset(map(parse_address, (contracts.CONDITIONAL_TOKENS, contracts.POSITION_MANAGER)))
MarketAction = Split | Merge | Redeem | RedeemOutcome


class Deed(msgspec.Struct, frozen=True):
    """One thing that a wallet did on chain; amounts in 1e-6. `kind` is as the Data API names activities.

    `size_u6` is in shares, or in collateral for TRANSFER; `paid_u6` is what came out of a REDEEM; `sizes_u6` what was
    redeemed of each token.
    """

    at_ms: int
    kind: str
    wallet: str
    market: Market | None
    size_u6: int
    paid_u6: int
    sizes_u6: tuple[int, int]
    transaction_hash: str
    recipient: str = ""


class Chain:
    """Carries batches of calls out. `listeners` hear of everything that changed a balance."""

    def __init__(self, exchange: Exchange, members: Members) -> None:
        self.listeners: list[Callable[[Deed], None]] = []
        self._exchange = exchange
        self._members = members

    def market_of(self, condition_id: bytes) -> Market | None:
        """Return the market of a condition of 31 or 32 bytes; a "v2" one is listed by its 31."""
        markets = self._exchange.markets
        found = markets.get("0x" + condition_id.hex())
        if found is None and len(condition_id) == CONDITION_BYTES and condition_id[-1] in (0, 1):
            found = markets.get("0x" + condition_id[:-1].hex())
        if found is None and len(condition_id) < CONDITION_BYTES:
            found = markets.get("0x" + condition_id.hex() + "00")
        return found

    def check(self, wallet: Wallet, actions: Sequence[Action | UnknownCall]) -> str | None:
        """Return why a batch cannot be carried out, naming the call (0 is the first), or None; nothing is changed."""
        trial = _Trial(self, self._exchange, wallet)
        for number, action in enumerate(actions):
            why = trial.take(action)
            if why is not None:
                return f"call {number}: {why}"
        return None

    def perform(
        self, wallet: Wallet, actions: Sequence[Action | UnknownCall], transaction_hash: str, now_ms: int
    ) -> None:
        """Carry out a batch that `check` has nothing against."""
        for action in actions:
            self._perform(wallet, action, transaction_hash, now_ms)

    def _perform(self, wallet: Wallet, action: Action | UnknownCall, transaction_hash: str, now_ms: int) -> None:
        match action:
            case Approve(_, spender, amount):
                wallet.allowances[checksum_address(spender)] = amount
            case ApproveAll(token, operator, approved):
                pair = f"{checksum_address(token)}:{checksum_address(operator)}"
                (wallet.operators.add if approved else wallet.operators.discard)(pair)
            case Transfer(_, recipient, amount):
                self._transfer(wallet, checksum_address(recipient), amount, transaction_hash, now_ms)
            case Split() | Merge() | Redeem() | RedeemOutcome():
                self._exchange_shares(wallet, action, transaction_hash, now_ms)
            case UnknownCall():
                raise AssertionError("an unknown call is refused before anything is done")

    def _transfer(self, wallet: Wallet, recipient: str, amount: int, transaction_hash: str, now_ms: int) -> None:
        ledger = self._exchange.ledger
        sender = ledger.account(wallet.address)
        why = self._exchange.settlement.transfer(sender, ledger.account(recipient), amount, now_ms)
        assert why is None, why
        self._tell(Deed(now_ms, "TRANSFER", wallet.address, None, amount, 0, (0, 0), transaction_hash, recipient))

    def _exchange_shares(self, wallet: Wallet, action: MarketAction, transaction_hash: str, now_ms: int) -> None:
        market = self.market_of(action.condition_id)
        assert market is not None, "a batch is checked before it is carried out"
        settlement, account = self._exchange.settlement, self._exchange.ledger.account(wallet.address)
        kind, size_u6, paid_u6, sizes_u6 = "REDEEM", 0, 0, (0, 0)
        match action:
            case Split(target, _, amount):
                spend_allowance(wallet.allowances, checksum_address(target), amount)
                why = settlement.split(account, market, amount, now_ms)
                kind, size_u6 = "SPLIT", amount
                assert why is None, why
            case Merge(_, _, amount):
                why = settlement.merge(account, market, amount, now_ms)
                kind, size_u6 = "MERGE", amount
                assert why is None, why
            case Redeem():
                first, second = market.spec.tokens
                sizes_u6 = (account.movable_u6(first), account.movable_u6(second))
                paid_u6 = settlement.redeem(account, market, now_ms) or 0
                size_u6 = sum(sizes_u6)
            case RedeemOutcome(_, _, outcome, amount):
                sizes_u6 = (amount, 0) if outcome == 0 else (0, amount)
                paid_u6 = settlement.redeem_outcome(account, market, outcome, amount, now_ms) or 0
                size_u6 = amount
        self._tell(Deed(now_ms, kind, wallet.address, market, size_u6, paid_u6, sizes_u6, transaction_hash))

    def _tell(self, deed: Deed) -> None:
        for listener in self.listeners:
            listener(deed)


class _Trial:
    """What a wallet's balances and approvals would be after the calls so far."""

    def __init__(self, chain: Chain, exchange: Exchange, wallet: Wallet) -> None:
        self._chain = chain
        self._account = exchange.ledger.account(wallet.address)
        self._address = wallet.address
        self._allowances = dict(wallet.allowances)
        self._operators = set(wallet.operators)
        self._changes: dict[str, int] = {}

    def take(self, action: Action | UnknownCall) -> str | None:
        """Do one more call; return why it fails, or None."""
        match action:
            case UnknownCall():
                return "expected an approval, transfer, split, merge or redemption, was something else"
            case Approve(token, spender, amount):
                if token != _COLLATERAL:
                    return _unknown_contract(token)
                self._allowances[checksum_address(spender)] = amount
            case ApproveAll(token, operator, approved):
                if token not in _HOLDERS:
                    return _unknown_contract(token)
                pair = f"{checksum_address(token)}:{checksum_address(operator)}"
                (self._operators.add if approved else self._operators.discard)(pair)
            case Transfer(token, recipient, amount):
                if token != _COLLATERAL:
                    return _unknown_contract(token)
                if checksum_address(recipient) == self._address:
                    return self._cover(COLLATERAL, amount)
                return self._take(COLLATERAL, amount)
            case Split() | Merge() | Redeem() | RedeemOutcome():
                return self._take_shares(action)
        return None

    def _take_shares(self, action: MarketAction) -> str | None:
        market = self._chain.market_of(action.condition_id)
        if market is None:
            return f"condition 0x{action.condition_id.hex()} is not prepared"
        target, wanted = checksum_address(action.target), contract_of(market)
        if target != wanted:
            return f"expected the market's contract {wanted}, was {target}"
        if isinstance(action, Split):
            return self._split(market, target, action.amount)
        holder = holder_of(market)
        if f"{holder}:{target}" not in self._operators:
            return f"ERC1155: {target} is not an approved operator on {holder}"
        if isinstance(action, Merge):
            return self._merge(market, action.amount)
        if market.winner is None:
            return "result for condition not received yet"
        if isinstance(action, RedeemOutcome):
            if action.outcome not in (0, 1) or action.amount == 0:
                return f"expected shares of outcome 0 or 1, were {action.amount} of {action.outcome}"
            return self._redeem(market, action.outcome, action.amount)
        for number in (0, 1):
            self._redeem(market, number, self._held(market.spec.tokens[number]))
        return None

    def _split(self, market: Market, target: str, amount: int) -> str | None:
        if amount == 0:
            return "expected an amount above 0"
        if market.winner is not None:
            return "the market is resolved"
        allowance = self._allowances.get(target, 0)
        if allowance < amount:
            return f"ERC20: transfer amount {amount} exceeds allowance {allowance} of {target}"
        why = self._take(COLLATERAL, amount)
        if why is None:
            spend_allowance(self._allowances, target, amount)
            for token in market.spec.tokens:
                self._give(token, amount)
        return why

    def _merge(self, market: Market, amount: int) -> str | None:
        if amount == 0:
            return "expected an amount above 0"
        for token in market.spec.tokens:
            why = self._take(token, amount)
            if why is not None:
                return why
        self._give(COLLATERAL, amount)
        return None

    def _redeem(self, market: Market, number: int, amount: int) -> str | None:
        why = self._take(market.spec.tokens[number], amount)
        if why is None and number == market.winner:
            self._give(COLLATERAL, amount)
        return why

    def _held(self, asset: str) -> int:
        return self._account.movable_u6(asset) + self._changes.get(asset, 0)

    def _give(self, asset: str, amount: int) -> None:
        self._changes[asset] = self._changes.get(asset, 0) + amount

    def _cover(self, asset: str, amount: int) -> str | None:
        if self._held(asset) < amount:
            return f"transfer amount {amount} exceeds balance {self._held(asset)} of {asset or 'collateral'}"
        return None

    def _take(self, asset: str, amount: int) -> str | None:
        why = self._cover(asset, amount)
        if why is None:
            self._give(asset, -amount)
        return why


def contract_of(market: Market) -> str:
    """Return the contract that splits, merges and redeems a market's shares."""
    if market.spec.version == "v2":
        return contracts.ROUTER
    return contracts.NEG_RISK_COLLATERAL_ADAPTER if market.spec.neg_risk else contracts.COLLATERAL_ADAPTER


def holder_of(market: Market) -> str:
    """Return the contract that keeps a market's shares."""
    return contracts.POSITION_MANAGER if market.spec.version == "v2" else contracts.CONDITIONAL_TOKENS


def spend_allowance(allowances: dict[str, int], spender: str, amount: int) -> None:
    """Use an allowance up; an unlimited one stays as it is."""
    if allowances[spender] != UNLIMITED:
        allowances[spender] -= amount


def _unknown_contract(token: bytes) -> str:
    return f"there is no token {checksum_address(token)} here"
