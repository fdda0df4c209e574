"""Integer units and their conversions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import (
    format_cash,
    format_price,
    format_scaled,
    notional_u6,
    parse_price_e4,
    parse_scaled,
    parse_size_u6,
    proceeds_u6,
)


@given(st.integers(0, 10_000))
def test_a_price_survives_the_way_to_text_and_back(price_e4: int) -> None:
    assert parse_price_e4(format_price(price_e4)) == price_e4


@given(st.integers(0, 10**18), st.integers(0, 9))
def test_a_scaled_number_survives_the_way_to_text_and_back(value: int, decimals: int) -> None:
    text = format_scaled(value, decimals)
    assert parse_scaled(text, decimals) == value
    assert Decimal(text) == Decimal(value).scaleb(-decimals)


@given(st.integers(-(10**15), -1), st.integers(1, 9))
def test_a_negative_number_keeps_its_sign(value: int, decimals: int) -> None:
    assert format_scaled(value, decimals) == "-" + format_scaled(-value, decimals)


@pytest.mark.parametrize(("text", "value"), [("0.48", 4_800), (".48", 4_800), ("1", 10_000), ("0.5000000", 5_000)])
def test_the_venues_ways_to_write_a_price_are_read(text: str, value: int) -> None:
    assert parse_price_e4(text) == value


@pytest.mark.parametrize("text", ["", ".", "-0.5", "+0.5", "1e-2", "0,5", " 0.5", "0x1", "nan", "0.5.5", "²", "٣"])
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a plain decimal number, was"):
        parse_size_u6(text)


def test_digits_finer_than_the_grid_are_refused_not_rounded() -> None:
    with pytest.raises(ValueError, match=r"at most 4 decimals, was '0\.48001'"):
        parse_price_e4("0.48001")
    with pytest.raises(ValueError, match="at most 6 decimals"):
        parse_size_u6("1.0000001")


def test_a_price_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"price in \[0, 1\], was '1.0001'"):
        parse_price_e4("1.0001")


@given(st.text(max_size=8))
def test_any_other_text_is_refused_by_value_error_alone(text: str) -> None:
    problem = ""
    try:
        assert parse_size_u6(text) >= 0
    except ValueError as error:
        problem = str(error)
    assert not problem or repr(text) in problem


@given(st.integers(0, 10_000), st.integers(0, 10**12))
def test_a_buyer_reserves_at_least_and_a_seller_receives_at_most_the_exact_amount(price_e4: int, size_u6: int) -> None:
    exact = Decimal(price_e4) * size_u6 / 10_000
    assert 0 <= notional_u6(price_e4, size_u6) - exact < 1
    assert 0 <= exact - proceeds_u6(price_e4, size_u6) < 1


@pytest.mark.parametrize(
    ("cash_u6", "text"),
    [(-1_234_567, "-1.23"), (5_000, "0.01"), (4_999, "0.00"), (-4_999, "0.00"), (12_995_000, "13.00"), (0, "0.00")],
)
def test_cash_is_shown_in_cents_rounded_half_away_from_zero(cash_u6: int, text: str) -> None:
    assert format_cash(cash_u6) == text
