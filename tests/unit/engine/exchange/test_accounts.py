"""The test accounts: the known keys, funded, approved and allowed in all four kinds of wallet."""

from engine.exchange.accounts import open_accounts
from engine.model.units import U6
from engine.venue.contracts import EXCHANGE_V2
from tests.unit.engine.exchange.desks import TestDesk


def test_an_account_is_ready_to_trade_in_every_kind_of_wallet() -> None:
    desk = TestDesk()
    (account,) = open_accounts(desk, 1, 250)
    assert account.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert len(set(account.wallets)) == 4
    for kind, address in enumerate(account.wallets):
        wallet = desk.members.wallets[address]
        assert (wallet.owner, wallet.signature_type) == (account.address, kind)
        assert (wallet.deployed, wallet.allowed) == (True, True)
        assert EXCHANGE_V2.address in wallet.allowances
        assert desk.exchange.ledger.accounts[address].visible[""] == 250 * U6


def test_opening_again_changes_nothing_of_what_a_state_has_brought_back() -> None:
    desk = TestDesk()
    (first,) = open_accounts(desk, 1, 250)
    desk.exchange.deposit(first.address, -100 * U6)
    desk.members.wallets[first.address].allowed = False
    again, new = open_accounts(desk, 2, 250)
    assert again.shown() == first.shown()
    assert desk.exchange.ledger.accounts[first.address].chain[""] == 150 * U6
    assert desk.members.wallets[first.address].allowed is False
    assert desk.exchange.ledger.accounts[new.address].chain[""] == 250 * U6


def test_what_is_shown_is_all_that_a_client_needs() -> None:
    (account,) = open_accounts(TestDesk(), 1, 1)
    shown = account.shown()
    assert shown["private_key"] == "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    assert [shown[name] for name in ("eoa", "proxy", "safe", "deposit_wallet")] == [*account.wallets]
    assert [shown[name] for name in ("api_key", "secret", "passphrase")] == [
        account.credentials.key,
        account.credentials.secret,
        account.credentials.passphrase,
    ]
