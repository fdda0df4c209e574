import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from engine.venue.accounts import known_account
from engine.venue.addresses import parse_address
from engine.venue.batches import Batch, recover_batch_owner, sign_batch
from engine.venue.calls import UINT256_MAX, Approve, Call, Split, encode
from engine.venue.contracts import COLLATERAL, COLLATERAL_ADAPTER, EXCHANGE_V2
from engine.venue.keys import SignatureFault
from tests.unit.engine.venue import vectors

CONDITION = bytes.fromhex("5f65177b394277fd294cd75650044e32ba009a95022d88a0c1d565897d72f8f1")
CALLS = (
    encode(Approve(parse_address(COLLATERAL), parse_address(EXCHANGE_V2.address), UINT256_MAX)),
    encode(Split(parse_address(COLLATERAL_ADAPTER), CONDITION, 10_000_000)),
)
BATCH = Batch(vectors.DEPOSIT, 12, 1_763_683_800, CALLS)
EMPTY = Batch(vectors.DEPOSIT, 0, 1_763_683_800, ())


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (
            BATCH,
            "f40bc5540e140f871d1deefd595bbca6a9e6f8625e2fbf1599a506a9a91aa587"
            "3d31c3f13c253001b5c118fe600415ca7a3b2db4e8cf3b3b4cd111211573d3841b",
        ),
        (
            EMPTY,
            "f3930c4061844ccd691b0b2ffeeed3c82b66aee76fa295ec84cf73cc49706787"
            "096119b68b92f6f9fb8774893e674c3143f9128bc7b773b642f015a1edc617a11c",
        ),
    ],
)
def test_a_batch_is_signed_as_the_official_client_does(batch: Batch, expected: str) -> None:
    assert sign_batch(vectors.KEY, batch).hex() == expected
    assert recover_batch_owner(batch, bytes.fromhex(expected)) == vectors.EOA


@given(st.integers(0, 9), st.integers(0, UINT256_MAX), st.lists(st.binary(max_size=200), max_size=4))
def test_the_owner_of_every_batch_is_recovered(account: int, nonce: int, data: list[bytes]) -> None:
    key = known_account(account)
    batch = Batch(vectors.DEPOSIT, nonce, 1, tuple(Call(vectors.EOA, one) for one in data))
    assert recover_batch_owner(batch, sign_batch(key, batch)) == key.address


@pytest.mark.parametrize(
    "change",
    [
        {"wallet": vectors.LEGACY_DEPOSIT},
        {"nonce": 13},
        {"deadline_s": 1_763_683_801},
        {"calls": CALLS[:1]},
        {"calls": CALLS[::-1]},
        {"calls": (CALLS[0], Call(CALLS[1].target, CALLS[1].data, value=1))},
    ],
)
def test_a_changed_batch_is_not_the_owners(change: dict[str, object]) -> None:
    signature = sign_batch(vectors.KEY, BATCH)
    assert recover_batch_owner(msgspec.structs.replace(BATCH, **change), signature) != vectors.EOA


def test_a_batchs_signature_is_not_nested() -> None:
    nested = bytes.fromhex(vectors.SIGNATURE_V2_DEPOSIT)
    assert recover_batch_owner(BATCH, nested) == SignatureFault.LENGTH
