import hypothesis.strategies as st
import pytest
from hypothesis import given

from engine.venue.keys import CURVE_ORDER, OwnerKey, SignatureFault, recover
from tests.unit.engine.venue import vectors

SECRETS = st.integers(1, CURVE_ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)


def test_a_key_has_its_known_address() -> None:
    assert vectors.KEY.address == vectors.EOA


@given(SECRETS, DIGESTS)
def test_who_signed_is_recovered(secret: bytes, digest: bytes) -> None:
    key = OwnerKey(secret)
    signature = key.sign(digest)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    assert int.from_bytes(signature[32:64], "big") <= CURVE_ORDER // 2
    assert recover(digest, signature) == key.address


@given(SECRETS, DIGESTS)
def test_the_twin_of_a_signature_is_refused(secret: bytes, digest: bytes) -> None:
    signature = OwnerKey(secret).sign(digest)
    twin_s = (CURVE_ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    twin = signature[:32] + twin_s + bytes((55 - signature[64],))
    assert recover(digest, twin) == SignatureFault.HIGH_S


@given(SECRETS, DIGESTS, st.integers(0, 255).filter(lambda v: v not in (27, 28)))
def test_another_v_is_refused(secret: bytes, digest: bytes, v: int) -> None:
    signature = OwnerKey(secret).sign(digest)
    assert recover(digest, signature[:64] + bytes((v,))) == SignatureFault.RECOVERY_ID


@given(DIGESTS, st.binary(max_size=400).filter(lambda raw: len(raw) != 65))
def test_another_length_is_refused(digest: bytes, signature: bytes) -> None:
    assert recover(digest, signature) == SignatureFault.LENGTH


@pytest.mark.parametrize("r", [bytes(32), b"\xff" * 32])
def test_numbers_outside_the_curve_are_no_ones_signature(r: bytes) -> None:
    assert recover(bytes(32), r + bytes(31) + b"\x01" + b"\x1b") == SignatureFault.NO_KEY


@given(DIGESTS, st.binary(min_size=65, max_size=65))
def test_recovery_answers_every_signature(digest: bytes, signature: bytes) -> None:
    assert isinstance(recover(digest, signature), bytes | SignatureFault)


@pytest.mark.parametrize("text", ["", "0x12", "zz" * 32, "00" * 32, "ff" * 32])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="expected a private key of 32 bytes") as raised:
        OwnerKey.parse(text)
    assert not text or text not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_key_does_not_show_itself() -> None:
    secret = "ac0974bec39a17e3"
    assert secret not in repr(vectors.KEY)
    assert "0xf39fd6e5" in repr(vectors.KEY)
