import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from engine.model.events import Side
from engine.venue.contracts import EXCHANGE_V1, EXCHANGE_V2, EXCHANGE_V3, Exchange
from engine.venue.eip712 import typed_digest
from engine.venue.orders import (
    ORDER_TYPE_HASH,
    OrderFields,
    SignatureType,
    order_hash,
    order_id,
    order_id_v1,
)
from tests.unit.engine.venue import vectors

UINT256 = st.integers(0, (1 << 256) - 1)
ADDRESSES = st.binary(min_size=20, max_size=20)
WORDS = st.binary(min_size=32, max_size=32)
FIELDS = st.builds(
    OrderFields,
    salt=UINT256,
    maker=ADDRESSES,
    signer=ADDRESSES,
    token_id=UINT256,
    maker_amount=UINT256,
    taker_amount=UINT256,
    side=st.sampled_from(Side),
    signature_type=st.sampled_from(SignatureType),
    timestamp_ms=UINT256,
    metadata=WORDS,
    builder=WORDS,
)


def test_the_orders_type_hash_is_the_specs() -> None:
    assert ORDER_TYPE_HASH.hex() == vectors.ORDER_TYPE_HASH


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (vectors.BY_EOA, vectors.HASH_EOA),
        (vectors.BY_PROXY, vectors.HASH_PROXY),
        (vectors.BY_SAFE, vectors.HASH_SAFE),
        (vectors.BY_DEPOSIT, vectors.HASH_DEPOSIT),
    ],
)
def test_an_orders_hash_is_the_vectors(fields: OrderFields, expected: str) -> None:
    assert order_hash(fields).hex() == expected


@pytest.mark.parametrize(
    ("fields", "exchange", "expected"),
    [
        (vectors.BY_EOA, EXCHANGE_V2, vectors.ID_V2_EOA),
        (vectors.BY_PROXY, EXCHANGE_V2, vectors.ID_V2_PROXY),
        (vectors.BY_SAFE, EXCHANGE_V2, vectors.ID_V2_SAFE),
        (vectors.BY_DEPOSIT, EXCHANGE_V2, vectors.ID_V2_DEPOSIT),
        (vectors.BY_EOA, EXCHANGE_V3, vectors.ID_V3_EOA),
    ],
)
def test_an_orders_id_is_the_vectors(fields: OrderFields, exchange: Exchange, expected: str) -> None:
    assert order_id(fields, exchange).hex() == expected


@given(FIELDS, FIELDS)
def test_every_field_changes_the_hash(one: OrderFields, other: OrderFields) -> None:
    for name in OrderFields.__struct_fields__:
        changed = msgspec.structs.replace(one, **{name: getattr(other, name)})
        assert (order_hash(changed) == order_hash(one)) == (changed == one), name


@given(FIELDS)
def test_the_id_is_the_hash_in_the_exchanges_domain(fields: OrderFields) -> None:
    assert order_id(fields, EXCHANGE_V2) == typed_digest(EXCHANGE_V2.separator, order_hash(fields))
    assert order_id(fields, EXCHANGE_V2) != order_id(fields, EXCHANGE_V3)


def test_a_number_beyond_256_bits_is_not_hashed() -> None:
    with pytest.raises(OverflowError):
        order_hash(msgspec.structs.replace(vectors.BY_EOA, salt=1 << 256))


def test_a_v1_order_has_the_id_that_its_client_gave_it() -> None:
    assert order_id_v1(vectors.BY_V1_CLIENT, EXCHANGE_V1).hex() == vectors.ID_V1
