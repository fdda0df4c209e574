"""Who owns what: collateral and shares of every wallet, what of it is spoken for, and what the venue knows of it.

There are two views of a balance. The *chain's* changes when a trade is mined; the order book service's *visible* one
follows it a little later (protocol.md 4.6: a cached view), so shares just bought cannot be sold at once. What open
orders reserve and what matched trades have yet to pay ("pending") comes off both. Nothing received is spendable before
it is mined, so a trade that fails can be undone without anybody owing anything.
"""

from typing import Final

COLLATERAL: Final = ""
"""The asset that is no token; all others are named by their token id."""


class Account:
    """One wallet's balances by asset, in 1e-6. A background account keeps no history of its orders and trades."""

    __slots__ = ("background", "chain", "open", "pending", "reserved", "visible", "wallet")

    def __init__(self, wallet: str, background: bool = False) -> None:
        self.wallet = wallet
        self.background = background
        self.chain: dict[str, int] = {}
        self.visible: dict[str, int] = {}
        self.reserved: dict[str, int] = {}
        self.pending: dict[str, int] = {}
        self.open: dict[str, object] = {}

    def known_u6(self, asset: str) -> int:
        """Return what the order book service believes to be there: never more than there is."""
        return min(self.visible.get(asset, 0), self.chain.get(asset, 0))

    def spendable_u6(self, asset: str) -> int:
        """Return what a new order may use."""
        return self.known_u6(asset) - self.reserved.get(asset, 0) - self.pending.get(asset, 0)

    def movable_u6(self, asset: str) -> int:
        """Return what the wallet may move on chain: open orders do not hold it, matched trades do."""
        return self.chain.get(asset, 0) - self.pending.get(asset, 0)

    def uncovered_u6(self, asset: str) -> int:
        """Return by how much open orders and matched trades exceed the balance; positive only after it was moved."""
        return self.reserved.get(asset, 0) + self.pending.get(asset, 0) - self.chain.get(asset, 0)

    def release(self, asset: str, amount_u6: int) -> None:
        """Reserve so much less."""
        left_u6 = self.reserved.get(asset, 0) - amount_u6
        if left_u6:
            self.reserved[asset] = left_u6
        else:
            self.reserved.pop(asset, None)


class Ledger:
    """All accounts, the collateral that backs outstanding shares, and the fees taken."""

    __slots__ = ("accounts", "deposited_u6", "fees_u6", "supply", "vault_u6")

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.deposited_u6 = 0
        self.fees_u6 = 0
        self.vault_u6: dict[str, int] = {}  # condition id -> collateral that backs its shares
        self.supply: dict[str, int] = {}  # token id -> shares outstanding

    def account(self, wallet: str, background: bool = False) -> Account:
        """Return a wallet's account; a new one is empty."""
        account = self.accounts.get(wallet)
        if account is None:
            account = self.accounts[wallet] = Account(wallet, background)
        return account

    def deposit(self, account: Account, amount_u6: int) -> None:
        """Bring collateral in from outside, known to everybody at once (negative: take it out)."""
        self.move(account, COLLATERAL, amount_u6)
        self.deposited_u6 += amount_u6
        account.visible[COLLATERAL] = account.chain[COLLATERAL]

    def move(self, account: Account, asset: str, delta_u6: int) -> None:
        """Change a balance on chain."""
        chain = account.chain
        left_u6 = chain.get(asset, 0) + delta_u6
        assert left_u6 >= 0, f"{account.wallet} would have {left_u6} of {asset or 'collateral'}"
        if left_u6 or asset == COLLATERAL:
            chain[asset] = left_u6
        else:
            chain.pop(asset, None)

    def mint(self, condition_id: str, tokens: tuple[str, str], amount_u6: int) -> None:
        """Back as many new shares of both tokens with collateral (negative: release it)."""
        self.vault_u6[condition_id] = self.vault_u6.get(condition_id, 0) + amount_u6
        for token in tokens:
            self.supply[token] = self.supply.get(token, 0) + amount_u6
