import pytest

from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.orders import SignatureType
from engine.venue.wallets import OwnershipFault, Wallets, classify, wallet_type, wallets_of
from tests.unit.engine.venue import vectors

OTHER = known_account(1).address


def test_the_wallets_of_an_eoa_are_the_vectors() -> None:
    assert wallets_of(vectors.EOA) == Wallets(vectors.PROXY, vectors.SAFE, vectors.DEPOSIT, vectors.LEGACY_DEPOSIT)


def test_the_wallets_of_another_eoa_are_those_that_the_official_client_derives() -> None:
    wallets = wallets_of(OTHER)
    found = [checksum_address(one) for one in (wallets.proxy, wallets.safe, wallets.deposit, wallets.legacy_deposit)]
    assert found == [
        "0xd9d24e482c11F586cd9A1a53dC3eEc6dE3883862",
        "0x8ac5D4Bd2752AFc9F5CA531f19D617647216B893",
        "0x4Fe2CC4925607a473264FA89e7138075695A5F8e",
        "0x5F4f45aBd6e86C60B3Df2a4aF103f85256A2Ce6d",
    ]


@pytest.mark.parametrize(
    ("maker", "signer", "kind"),
    [
        (vectors.EOA, vectors.EOA, SignatureType.EOA),
        (vectors.PROXY, vectors.EOA, SignatureType.PROXY),
        (vectors.SAFE, vectors.EOA, SignatureType.SAFE),
        (vectors.DEPOSIT, vectors.DEPOSIT, SignatureType.DEPOSIT_WALLET),
        (vectors.LEGACY_DEPOSIT, vectors.LEGACY_DEPOSIT, SignatureType.DEPOSIT_WALLET),
    ],
)
def test_an_owner_may_sign_for_its_wallet_and_nobody_else_may(maker: bytes, signer: bytes, kind: SignatureType) -> None:
    assert classify(maker, signer, kind, vectors.EOA) is None
    assert wallet_type(maker, vectors.EOA) == kind
    assert classify(maker, signer, kind, OTHER) is not None
    assert wallet_type(maker, OTHER) is None


@pytest.mark.parametrize(
    ("maker", "signer", "kind", "fault"),
    [
        (vectors.PROXY, vectors.EOA, SignatureType.EOA, OwnershipFault.MAKER),
        (vectors.EOA, vectors.EOA, SignatureType.PROXY, OwnershipFault.MAKER),
        (vectors.PROXY, vectors.EOA, SignatureType.SAFE, OwnershipFault.MAKER),
        (vectors.SAFE, vectors.SAFE, SignatureType.DEPOSIT_WALLET, OwnershipFault.MAKER),
        (vectors.DEPOSIT, vectors.EOA, SignatureType.DEPOSIT_WALLET, OwnershipFault.SIGNER),
        (vectors.DEPOSIT, vectors.LEGACY_DEPOSIT, SignatureType.DEPOSIT_WALLET, OwnershipFault.SIGNER),
        (vectors.PROXY, vectors.PROXY, SignatureType.PROXY, OwnershipFault.SIGNER),
        (vectors.EOA, OTHER, SignatureType.EOA, OwnershipFault.SIGNER),
    ],
)
def test_the_wrong_wallet_or_signer_is_named(
    maker: bytes, signer: bytes, kind: SignatureType, fault: OwnershipFault
) -> None:
    assert classify(maker, signer, kind, vectors.EOA) == fault


def test_an_eoa_is_exactly_20_bytes() -> None:
    with pytest.raises(AssertionError, match="20 bytes"):
        wallets_of(parse_address("0x" + "00" * 20) + b"\0")
