import base64

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address, to_hex
from engine.venue.credentials import (
    ApiCredentials,
    is_request_signature,
    proven_address,
    request_signature,
    secret_bytes,
    sign_auth,
)
from tests.unit.engine.venue import vectors

TIME = "1763683200"
SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
ADDRESS = checksum_address(vectors.EOA)
L1_SIGNATURE = (
    "0x92488dcff8ac6ea7bb91c928c2aa4fe758410f7107b8952e1c2daf0af41e15db"
    "6b3eaa215aae1aaa9f890bcdb1b9faaed1f705f0c6f6bcc3d975f33ba8f906dd1b"
)


def test_the_l1_signature_is_the_vectors() -> None:
    assert to_hex(sign_auth(vectors.KEY, TIME)) == L1_SIGNATURE
    assert proven_address(ADDRESS, TIME, "0", L1_SIGNATURE) == vectors.EOA
    assert proven_address(ADDRESS.lower(), TIME, "0", L1_SIGNATURE) == vectors.EOA


@given(st.integers(0, 9), st.integers(0, 2**40), st.integers(0, 2**64))
def test_what_a_wallet_signs_proves_its_address(account: int, timestamp_s: int, nonce: int) -> None:
    key = known_account(account)
    signature = to_hex(sign_auth(key, str(timestamp_s), nonce))
    assert proven_address(checksum_address(key.address), str(timestamp_s), str(nonce), signature) == key.address


@pytest.mark.parametrize(
    "headers",
    [
        (checksum_address(vectors.PROXY), TIME, "0", L1_SIGNATURE),
        (ADDRESS, "1763683201", "0", L1_SIGNATURE),
        (ADDRESS, TIME, "1", L1_SIGNATURE),
        (ADDRESS, TIME, "0", L1_SIGNATURE[:-2] + "1c"),
        (ADDRESS, TIME, "0", L1_SIGNATURE[:-2]),
        (ADDRESS, TIME, "0", "no hex"),
        (ADDRESS, TIME, "-1", L1_SIGNATURE),
        (ADDRESS, TIME, "9" * 78, L1_SIGNATURE),
        (ADDRESS, "", "0", L1_SIGNATURE),
        ("f39F", TIME, "0", L1_SIGNATURE),
    ],
)
def test_anything_else_proves_nothing(headers: tuple[str, str, str, str]) -> None:
    assert proven_address(*headers) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/data/orders", b"", "TaqAeVJRb-a_9tuIUVAjCGN9UMbNXAYj3pFG5iYGszQ="),
        ("DELETE", "/order", b'{"orderID":"0xabc"}', "TRCbzqa3aY5PO82xUnvxpXsjbmaQy4O5VDOmk9VjtpQ="),
    ],
)
def test_the_l2_signature_is_the_vectors(method: str, path: str, body: bytes, expected: str) -> None:
    secret = secret_bytes(SECRET)
    assert request_signature(secret, TIME, method, path, body) == expected
    assert is_request_signature(expected, secret, TIME, method, path, body)


@given(st.binary(max_size=200), st.text(max_size=50), st.integers(1, 10))
def test_only_the_exact_request_has_its_signature(body: bytes, path: str, change: int) -> None:
    secret = secret_bytes(SECRET)
    signature = request_signature(secret, TIME, "POST", path, body)
    assert is_request_signature(signature, secret, TIME, "POST", path, body)
    assert not is_request_signature(signature, secret, TIME, "POST", path, body + b"x" * change)
    assert not is_request_signature(signature, secret, str(int(TIME) + change), "POST", path, body)
    assert not is_request_signature(signature, bytes(32), TIME, "POST", path, body)
    assert not is_request_signature(signature[:-change], secret, TIME, "POST", path, body)


@given(st.binary(min_size=1, max_size=64))
def test_secrets_are_read_with_and_without_padding(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).decode()
    assert secret_bytes(text) == secret_bytes(text.rstrip("=")) == raw


def test_what_is_no_secret_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="expected a secret in urlsafe base64") as raised:
        secret_bytes("not/base+64!")
    assert "not/base" not in str(raised.value)


def test_credentials_show_their_key_alone_and_travel_as_the_venue_writes_them() -> None:
    credentials = ApiCredentials("uuid-1", SECRET, "0123abcd")
    assert repr(credentials) == "ApiCredentials(key='uuid-1')"
    assert msgspec.json.encode(credentials) == (
        b'{"apiKey":"uuid-1","secret":"%s","passphrase":"0123abcd"}' % SECRET.encode()
    )
