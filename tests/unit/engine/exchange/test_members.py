"""Wallets and API keys: made once, checked whole, kept over a restart."""

import msgspec
import pytest

from engine.exchange.members import UNLIMITED, Members, Wallet
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address
from engine.venue.contracts import COLLATERAL_SPENDERS, POSITION_OPERATORS

OWNER = known_account(0).address
ADDRESS = checksum_address(OWNER)


def wallet(address: str = ADDRESS) -> Wallet:
    return Wallet(address=address, owner=ADDRESS, signature_type=0)


def test_a_wallet_is_added_once() -> None:
    members = Members(1)
    first = members.add_wallet(wallet())
    assert members.add_wallet(wallet()) is first
    assert members.wallet(ADDRESS) is first
    assert members.wallet("0x") is None


def test_wallets_do_not_share_their_approvals() -> None:
    one, other = wallet(), wallet("0x1")
    one.approve_all()
    assert one.allowances == dict.fromkeys(COLLATERAL_SPENDERS, UNLIMITED)
    assert one.operators == {f"{contract}:{operator}" for contract, operator in POSITION_OPERATORS}
    assert (other.allowances, other.operators) == ({}, set())


def test_a_nonce_has_one_key() -> None:
    members = Members(1)
    first, second = members.create(OWNER, 0), members.create(OWNER, 1)
    assert first is not None
    assert second is not None
    assert members.create(OWNER, 0) is None
    assert members.derive(OWNER, 0) == first
    assert members.derive(OWNER, 2) is None
    assert members.keys(ADDRESS) == [first.key, second.key]


def test_the_seed_decides_the_secrets() -> None:
    made = [Members(seed).create(OWNER, 0) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_a_removed_key_is_gone_and_its_nonce_free_for_another() -> None:
    members = Members(1)
    first = members.create(OWNER, 0)
    assert first is not None
    members.remove(first.key)
    assert (members.member(first.key), members.keys(ADDRESS)) == (None, [])
    second = members.create(OWNER, 0)
    assert second is not None
    assert second.key != first.key


def test_credentials_are_checked_whole() -> None:
    members = Members(1)
    made = members.create(OWNER, 0)
    assert made is not None
    assert members.check(made.key, made.secret, made.passphrase) == made.key
    for wrong in (("x", made.secret, made.passphrase), (made.key, "x", made.passphrase), (made.key, made.secret, "é")):
        assert members.check(*wrong) is None


def test_everything_is_kept_over_a_restart() -> None:
    members = Members(1)
    members.add_wallet(wallet()).approve_all()
    kept, gone = members.create(OWNER, 0), members.create(OWNER, 1)
    assert kept is not None
    assert gone is not None
    members.remove(gone.key)
    members.banned.add("0x1")
    members.closed_only.add("0x2")
    again = Members(2)
    again.restore(msgspec.json.decode(msgspec.json.encode(members.saved())))
    assert again.saved() == members.saved()
    assert again.check(kept.key, kept.secret, kept.passphrase) == kept.key
    assert again.member(gone.key) is None
    assert again.wallets[ADDRESS] == members.wallets[ADDRESS]
    assert (again.banned, again.closed_only) == ({"0x1"}, {"0x2"})
    third = again.create(OWNER, 1)
    assert third is not None
    assert third.key != gone.key


@pytest.mark.parametrize("saved", [{}, {"issued": "1", "wallets": [], "members": []},
                                   {"issued": 1, "wallets": [], "members": [{"owner": "x", "nonce": 0,
                                    "removed": False, "apiKey": "k", "secret": "!", "passphrase": ""}]}])  # fmt: skip
def test_what_was_not_saved_here_is_refused(saved: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"[Ee]xpected|Object"):
        Members(1).restore(saved)
