import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from engine.venue.contracts import EXCHANGE_V2
from engine.venue.order_wire import (
    WireOrder,
    WireOrderV1,
    is_v1_order,
    parse_order,
    parse_order_v1,
    parse_signature,
    parse_uint,
    wire_order,
)
from engine.venue.orders import OrderFields
from engine.venue.signatures import recover_owner
from tests.unit.engine.venue import vectors

ORDERS = (vectors.BY_EOA, vectors.BY_PROXY, vectors.BY_SAFE, vectors.BY_DEPOSIT)
SIGNATURE = bytes.fromhex(vectors.SIGNATURE_V2_EOA)
WIRE = {
    "salt": 479249096354,
    "maker": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "signer": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "tokenId": "71321045679252212594626385532706912750332728571942532289631379312455583992563",
    "makerAmount": "52000000",
    "takerAmount": "100000000",
    "side": "BUY",
    "expiration": "0",
    "signatureType": 0,
    "timestamp": "1763683200000",
    "metadata": "0x" + "00" * 32,
    "builder": "0x" + "00" * 32,
    "signature": "0x" + vectors.SIGNATURE_V2_EOA,
}
V1_WIRE = {
    "salt": 479249096354,
    "maker": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "signer": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "taker": "0x0000000000000000000000000000000000000000",
    "tokenId": "71321045679252212594626385532706912750332728571942532289631379312455583992563",
    "makerAmount": "52000000",
    "takerAmount": "100000000",
    "side": "BUY",
    "expiration": "0",
    "nonce": "0",
    "feeRateBps": "1000",
    "signatureType": 0,
    "signature": "0x" + vectors.SIGNATURE_V1,
}


def test_the_wires_object_has_the_fields_of_the_clients_in_their_order() -> None:
    made = msgspec.json.decode(msgspec.json.encode(wire_order(vectors.BY_EOA, SIGNATURE)))
    assert made == WIRE
    assert list(made) == list(WIRE)


def test_a_clients_order_is_read_and_its_signature_holds() -> None:
    order = msgspec.json.decode(msgspec.json.encode(WIRE), type=WireOrder)
    fields = parse_order(order)
    assert fields == vectors.BY_EOA
    assert recover_owner(fields, parse_signature(order.signature), EXCHANGE_V2) == vectors.EOA


@given(st.sampled_from(ORDERS), st.integers(0, 2**53), st.integers(0, 2**32))
def test_an_order_survives_the_wire(fields: OrderFields, salt: int, expiration_s: int) -> None:
    order = msgspec.structs.replace(fields, salt=salt)
    wire = wire_order(order, SIGNATURE, expiration_s)
    assert parse_order(wire) == order
    assert parse_signature(wire.signature) == SIGNATURE
    assert parse_uint("expiration", wire.expiration) == expiration_s


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("salt", -1),
        ("salt", 1 << 256),
        ("maker", "0x12"),
        ("signer", ""),
        ("tokenId", ""),
        ("tokenId", "-1"),
        ("tokenId", str(1 << 256)),
        ("makerAmount", "1.5"),
        ("takerAmount", "0x10"),
        ("side", "buy"),
        ("signatureType", 4),
        ("timestamp", "٣"),  # a digit, but not an ASCII one
        ("metadata", "0x00"),
        ("builder", "0x" + "g" * 64),
    ],
)
def test_a_malformed_field_is_named(name: str, value: object) -> None:
    order = msgspec.convert(WIRE | {name: value}, WireOrder)
    with pytest.raises(ValueError, match=rf"^order\.{name}: expected"):
        parse_order(order)


@pytest.mark.parametrize("name", list(WIRE))
def test_a_missing_field_is_no_order(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({key: value for key, value in WIRE.items() if key != name}, WireOrder)


@pytest.mark.parametrize("text", ["", "0x", "0x1", "0xzz", "1234", "0x" + "00" * 1025])
def test_a_malformed_signature_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected 0x"):
        parse_signature(text)


def test_a_v1_clients_order_is_told_apart_by_its_fields() -> None:
    assert is_v1_order(V1_WIRE)
    assert not is_v1_order(WIRE)
    order = msgspec.convert(V1_WIRE, WireOrderV1)
    assert parse_order_v1(order) == vectors.BY_V1_CLIENT
    assert parse_signature(order.signature).hex() == vectors.SIGNATURE_V1
