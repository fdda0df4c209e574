"""Balances: what is on chain, what is seen of it, what is spoken for."""

import pytest

from engine.exchange.core.ledger import COLLATERAL, Account, Ledger


def test_only_what_is_seen_and_there_and_not_spoken_for_can_be_spent() -> None:
    account = Account("ann")
    account.chain["t"], account.visible["t"] = 100, 60
    account.reserved["t"], account.pending["t"] = 10, 5
    assert (account.known_u6("t"), account.spendable_u6("t"), account.movable_u6("t")) == (60, 45, 95)
    account.visible["t"] = 500
    assert account.known_u6("t") == 100, "the cache lags; what is gone is gone at once"
    assert account.uncovered_u6("t") == -85
    assert (account.known_u6("other"), account.spendable_u6("other")) == (0, 0)


def test_a_released_reservation_leaves_no_zero() -> None:
    account = Account("ann")
    account.reserved["t"] = 10
    account.release("t", 4)
    assert account.reserved == {"t": 6}
    account.release("t", 6)
    assert account.reserved == {}


def test_a_deposit_is_known_at_once_and_counted() -> None:
    ledger = Ledger()
    account = ledger.account("ann")
    ledger.deposit(account, 100)
    ledger.deposit(account, -30)
    assert (account.chain, account.visible, ledger.deposited_u6) == ({COLLATERAL: 70}, {COLLATERAL: 70}, 70)
    with pytest.raises(AssertionError, match="ann would have -1 of collateral"):
        ledger.deposit(account, -71)
    assert ledger.deposited_u6 == 70


def test_shares_that_are_gone_leave_no_zero_and_nobody_owes() -> None:
    ledger = Ledger()
    account = ledger.account("ann")
    ledger.move(account, "t", 5)
    ledger.move(account, "t", -5)
    assert account.chain == {}
    with pytest.raises(AssertionError, match="ann would have -1 of t"):
        ledger.move(account, "t", -1)


def test_minting_backs_both_tokens_alike() -> None:
    ledger = Ledger()
    ledger.mint("c", ("up", "down"), 10)
    ledger.mint("c", ("up", "down"), -4)
    assert (ledger.vault_u6, ledger.supply) == ({"c": 6}, {"up": 6, "down": 6})


def test_an_account_is_made_once() -> None:
    ledger = Ledger()
    assert ledger.account("maker", background=True).background
    assert ledger.account("maker").background
    assert not ledger.account("ann").background
