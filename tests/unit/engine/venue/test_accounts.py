import pytest

from engine.venue.accounts import TEST_MNEMONIC, derive_secret, known_account, mnemonic_seed
from engine.venue.addresses import checksum_address
from engine.venue.keys import OwnerKey
from tests.unit.engine.venue import vectors

HARDENED = 1 << 31


def test_the_first_accounts_are_the_known_ones() -> None:
    assert known_account(0).address == vectors.EOA
    second = OwnerKey.parse("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
    assert known_account(1).address == second.address
    assert checksum_address(second.address) == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def test_no_two_accounts_are_the_same() -> None:
    assert len({known_account(index).address for index in range(20)}) == 20


def test_the_seed_is_the_mnemonics() -> None:
    assert mnemonic_seed(TEST_MNEMONIC).hex().startswith("9dfc3c64c2f8bede1533b6a79f8570e5")


@pytest.mark.parametrize(
    ("path", "expected"),
    [  # BIP-32, test vector 1
        ((), "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35"),
        ((HARDENED,), "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea"),
        ((HARDENED, 1), "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368"),
        ((HARDENED, 1, HARDENED | 2), "cbce0d719ecf7431d88e6a89fa1483e02e35092af60c042b1df2ff59fa424dca"),
    ],
)
def test_derivation_follows_the_vectors_of_bip_32(path: tuple[int, ...], expected: str) -> None:
    assert derive_secret(bytes.fromhex("000102030405060708090a0b0c0d0e0f"), path).hex() == expected
