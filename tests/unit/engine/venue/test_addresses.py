import hypothesis.strategies as st
import pytest
from hypothesis import given

from engine.venue.addresses import checksum_address, parse_address, parse_hex, to_hex


@pytest.mark.parametrize(
    "text",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",  # the examples of EIP-55
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_checksums_are_those_of_eip_55(text: str) -> None:
    assert checksum_address(parse_address(text)) == text
    assert checksum_address(parse_address(text.lower())) == text


@given(st.binary(min_size=20, max_size=20))
def test_an_address_survives_its_text(address: bytes) -> None:
    assert parse_address(checksum_address(address)) == address
    assert parse_address(to_hex(address)) == address


@pytest.mark.parametrize("text", ["", "0x", "0x12", "12" * 21, "0x" + "12" * 19 + "1g", "0x" + "12" * 19 + " 1"])
def test_what_is_no_address_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(ValueError, match="expected 0x and 40 hex digits, was"):
        parse_address(text)


def test_white_space_between_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0x and 4 hex digits"):
        parse_hex("0x1 23", 2)
