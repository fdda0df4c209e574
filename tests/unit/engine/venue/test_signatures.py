import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V1, EXCHANGE_V2, EXCHANGE_V3, EXCHANGES, Exchange
from engine.venue.keys import SignatureFault
from engine.venue.orders import OrderFields
from engine.venue.signatures import (
    WALLET_SIGNATURE_BYTES,
    recover_owner,
    recover_owner_v1,
    recover_session_key,
    sign_order,
    signed_for,
    unwrap_session,
    wrap_session,
)
from tests.unit.engine.venue import vectors

ORDERS = (vectors.BY_EOA, vectors.BY_PROXY, vectors.BY_SAFE, vectors.BY_DEPOSIT)
SESSION_SIGNATURE = bytes.fromhex(vectors.SIGNATURE_V2_SESSION)

VECTORS = [
    (vectors.BY_EOA, EXCHANGE_V2, vectors.SIGNATURE_V2_EOA),
    (vectors.BY_PROXY, EXCHANGE_V2, vectors.SIGNATURE_V2_PROXY),
    (vectors.BY_SAFE, EXCHANGE_V2, vectors.SIGNATURE_V2_SAFE),
    (vectors.BY_DEPOSIT, EXCHANGE_V2, vectors.SIGNATURE_V2_DEPOSIT),
    (vectors.BY_EOA, EXCHANGE_V3, vectors.SIGNATURE_V3_EOA),
]


@pytest.mark.parametrize(("fields", "exchange", "expected"), VECTORS)
def test_a_signature_is_the_vectors_bit_for_bit(fields: OrderFields, exchange: Exchange, expected: str) -> None:
    assert sign_order(vectors.KEY, fields, exchange).hex() == expected


@pytest.mark.parametrize(("fields", "exchange", "signature"), VECTORS)
def test_a_vectors_signature_tells_its_owner(fields: OrderFields, exchange: Exchange, signature: str) -> None:
    assert recover_owner(fields, bytes.fromhex(signature), exchange) == vectors.EOA


def test_a_deposit_wallets_signature_has_317_bytes() -> None:
    assert WALLET_SIGNATURE_BYTES == len(sign_order(vectors.KEY, vectors.BY_DEPOSIT, EXCHANGE_V2)) == 317


@given(st.sampled_from(ORDERS), st.sampled_from(EXCHANGES), st.integers(0, 2**53), st.integers(0, 9))
def test_every_owner_is_recovered(fields: OrderFields, exchange: Exchange, salt: int, account: int) -> None:
    key = known_account(account)
    order = msgspec.structs.replace(fields, salt=salt)
    assert recover_owner(order, sign_order(key, order, exchange), exchange) == key.address


@given(st.sampled_from(ORDERS), st.data())
def test_a_changed_order_has_another_owner_or_none(fields: OrderFields, data: st.DataObject) -> None:
    signature = sign_order(vectors.KEY, fields, EXCHANGE_V2)
    name = data.draw(st.sampled_from(["salt", "token_id", "maker_amount", "taker_amount", "timestamp_ms"]))
    changed = msgspec.structs.replace(fields, **{name: getattr(fields, name) + 1})
    assert recover_owner(changed, signature, EXCHANGE_V2) != vectors.EOA


@given(st.sampled_from(ORDERS), st.integers(0, 316), st.integers(1, 255))
def test_a_changed_signature_has_another_owner_or_none(fields: OrderFields, at: int, change: int) -> None:
    signature = bytearray(sign_order(vectors.KEY, fields, EXCHANGE_V2))
    signature[at % len(signature)] ^= change
    assert recover_owner(fields, bytes(signature), EXCHANGE_V2) != vectors.EOA


@given(st.sampled_from(ORDERS), st.binary(max_size=600))
def test_recovery_answers_whatever_comes(fields: OrderFields, signature: bytes) -> None:
    assert isinstance(recover_owner(fields, signature, EXCHANGE_V2), bytes | SignatureFault)
    assert unwrap_session(signature) is None


def test_each_part_of_a_deposit_wallets_signature_is_checked() -> None:
    signature = bytes.fromhex(vectors.SIGNATURE_V2_DEPOSIT)

    def after(start: int, replacement: bytes) -> bytes | SignatureFault:
        changed = signature[:start] + replacement + signature[start + len(replacement) :]
        return recover_owner(vectors.BY_DEPOSIT, changed, EXCHANGE_V2)

    assert after(65, EXCHANGE_V3.separator) == SignatureFault.SEPARATOR
    assert after(97, bytes(32)) == SignatureFault.CONTENTS
    assert after(129, b"Other(") == SignatureFault.CONTENTS_TYPE
    assert after(315, b"\x00\xbb") == SignatureFault.CONTENTS_TYPE
    assert recover_owner(vectors.BY_DEPOSIT, signature[:65], EXCHANGE_V2) == SignatureFault.LENGTH
    assert recover_owner(vectors.BY_DEPOSIT, signature + b"\0", EXCHANGE_V2) == SignatureFault.LENGTH


def test_a_deposit_wallets_signature_is_bound_to_the_wallet() -> None:
    other = msgspec.structs.replace(vectors.BY_DEPOSIT, signer=vectors.LEGACY_DEPOSIT)
    nested = sign_order(vectors.KEY, vectors.BY_DEPOSIT, EXCHANGE_V2)[:65]
    forged = nested + sign_order(vectors.KEY, other, EXCHANGE_V2)[65:]
    assert recover_owner(other, forged, EXCHANGE_V2) != vectors.EOA


def test_a_session_keys_signature_is_recognised_and_is_not_the_owners() -> None:
    session_key = known_account(1)
    assert recover_owner(vectors.BY_DEPOSIT, SESSION_SIGNATURE, EXCHANGE_V2) == SignatureFault.SESSION_KEY
    inner = sign_order(session_key, vectors.BY_DEPOSIT, EXCHANGE_V2)
    assert unwrap_session(SESSION_SIGNATURE) == (session_key.address, inner)
    assert wrap_session(session_key.address, inner) == SESSION_SIGNATURE
    told = recover_session_key(vectors.BY_DEPOSIT, SESSION_SIGNATURE, EXCHANGE_V2)
    assert told == (session_key.address, session_key.address)


def test_a_session_signature_by_another_key_tells_both() -> None:
    inner = sign_order(vectors.KEY, vectors.BY_DEPOSIT, EXCHANGE_V2)
    told = recover_session_key(vectors.BY_DEPOSIT, wrap_session(vectors.PROXY, inner), EXCHANGE_V2)
    assert told == (vectors.PROXY, vectors.EOA)
    bare = recover_session_key(vectors.BY_DEPOSIT, inner, EXCHANGE_V2)
    wrong = recover_session_key(vectors.BY_DEPOSIT, SESSION_SIGNATURE, EXCHANGE_V3)
    assert (bare, wrong) == (SignatureFault.LENGTH, SignatureFault.SEPARATOR)


@pytest.mark.parametrize("fields", ORDERS)
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_signature_for_another_exchange_is_told_apart(fields: OrderFields, exchange: Exchange) -> None:
    signature = sign_order(vectors.KEY, fields, exchange)
    assert signed_for(fields, signature, vectors.EOA, EXCHANGES) is exchange
    others = [other for other in EXCHANGES if other is not exchange]
    assert signed_for(fields, signature, vectors.EOA, others) is None


def test_a_v1_clients_order_is_recognised() -> None:
    signature = bytes.fromhex(vectors.SIGNATURE_V1)
    assert recover_owner_v1(vectors.BY_V1_CLIENT, signature, EXCHANGE_V1) == vectors.EOA
    assert recover_owner_v1(vectors.BY_V1_CLIENT, signature, EXCHANGE_V2) != vectors.EOA
