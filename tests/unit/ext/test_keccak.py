import hypothesis.strategies as st
import pytest
from Crypto.Hash import keccak
from hypothesis import example, given

from ext.keccak import keccak256

RATE = 136


def oracle(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def test_the_digest_of_nothing_is_the_known_one() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize("length", [1, RATE - 2, RATE - 1, RATE, RATE + 1, 2 * RATE - 1, 2 * RATE, 2 * RATE + 1])
def test_lengths_around_the_rate_are_padded_as_the_library_does(length: int) -> None:
    data = bytes(range(256))[:length].ljust(length, b"\xa5")
    assert keccak256(data) == oracle(data)


@given(st.binary(max_size=4 * RATE))
@example(b"\x01" * (RATE - 1))
@example(b"\x80" * RATE)
def test_every_message_has_the_librarys_digest(data: bytes) -> None:
    assert keccak256(data) == oracle(data)


@given(st.binary(max_size=2 * RATE), st.integers(0, 64))
def test_a_buffer_has_the_digest_of_its_bytes(data: bytes, skipped: int) -> None:
    assert keccak256(bytearray(data)) == oracle(data)
    assert keccak256(memoryview(data)[skipped:]) == oracle(data[skipped:])


@pytest.mark.parametrize("wrong", ["text", 1, None])
def test_what_has_no_bytes_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        keccak256(wrong)  # type: ignore[arg-type]
