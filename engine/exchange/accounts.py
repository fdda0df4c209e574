"""The funded accounts that a local exchange offers: wallets of a mnemonic that everybody knows, ready to trade.

Their keys are public: nothing of value may ever be sent to them. Each has an EOA (type 0, allow-listed), a proxy (1), a
Safe (2) and a deposit wallet (3, deployed); all of them funded and approved for whatever the official client approves.
"""

import msgspec

from engine.exchange.desk import Desk
from engine.exchange.members import Wallet
from engine.model.units import U6
from engine.venue.accounts import known_account, known_secret
from engine.venue.addresses import checksum_address
from engine.venue.credentials import ApiCredentials
from engine.venue.keys import OwnerKey
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of


class TestAccount(msgspec.Struct, frozen=True):
    """One account: its key, the address of its wallet of each signature type, and its API credentials."""

    __test__ = False

    index: int
    key: OwnerKey
    wallets: tuple[str, str, str, str]
    credentials: ApiCredentials

    @property
    def address(self) -> str:
        """Return the EOA's address."""
        return self.wallets[SignatureType.EOA]

    def shown(self) -> dict[str, str]:
        """Return all that a client needs, the keys that everybody knows included."""
        eoa, proxy, safe, deposit = self.wallets
        return {
            "private_key": f"0x{known_secret(self.index).hex()}",
            "eoa": eoa,
            "proxy": proxy,
            "safe": safe,
            "deposit_wallet": deposit,
            "api_key": self.credentials.key,
            "secret": self.credentials.secret,
            "passphrase": self.credentials.passphrase,
        }


def open_accounts(desk: Desk, count: int, balance_usd: int) -> list[TestAccount]:
    """Make the first `count` accounts; a wallet that a state file has brought back keeps what it has."""
    return [_open(desk, index, balance_usd) for index in range(count)]


def _open(desk: Desk, index: int, balance_usd: int) -> TestAccount:
    key = known_account(index)
    derived = wallets_of(key.address)
    addresses = tuple(checksum_address(each) for each in (key.address, derived.proxy, derived.safe, derived.deposit))
    owner = addresses[0]
    for signature_type, address in enumerate(addresses):
        if desk.members.wallet(address) is not None:
            continue
        wallet = Wallet(address=address, owner=owner, signature_type=signature_type, deployed=True, allowed=True)
        wallet.approve_all()
        desk.members.add_wallet(wallet)
        desk.exchange.deposit(address, balance_usd * U6)
    credentials = desk.members.create(key.address, 0) or desk.members.derive(key.address, 0)
    assert credentials is not None, "a nonce has a key or can be given one"
    first, second, third, fourth = addresses
    return TestAccount(index, key, (first, second, third, fourth), credentials)
