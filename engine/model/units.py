"""Integer units and their conversions: prices in 1e-4 USD, shares and cash in 1e-6, time in Unix nanoseconds.

Decimals stop at the parser: `parse_*` turn the venue's decimal strings into integers and refuse what the grid cannot
hold; nothing in here rounds silently.
"""

from typing import Final

PRICE_ONE_E4: Final = 10_000
"""1 USD in price units: what a winning share pays."""
U6: Final = 1_000_000
SHARE_U6: Final = 1_000_000
SIZE_GRID_U6: Final = 10_000
"""Order sizes are multiples of 0.01 share (protocol.md 2.4)."""
NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000


def parse_scaled(text: str, decimals: int) -> int:
    """Parse a plain non-negative decimal string ("0.48", ".48", "12", "12.50") into an integer of 10**-decimals.

    Raises ValueError for anything else: a sign, an exponent, an empty string, or digits finer than the grid.
    """
    whole, _, fraction = text.partition(".")
    if not (whole or fraction) or not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        raise ValueError(f"expected a plain decimal number, was {text!r}")
    if len(fraction) > decimals:
        if fraction[decimals:].strip("0"):
            raise ValueError(f"expected at most {decimals} decimals, was {text!r}")
        fraction = fraction[:decimals]
    return int((whole or "0") + fraction.ljust(decimals, "0"))


def parse_price_e4(text: str) -> int:
    """Parse a price string in USD; ValueError when it is finer than 1e-4 or above 1."""
    price_e4 = parse_scaled(text, 4)
    if price_e4 > PRICE_ONE_E4:
        raise ValueError(f"expected a price in [0, 1], was {text!r}")
    return price_e4


def parse_size_u6(text: str) -> int:
    """Parse a number of shares; ValueError when it is finer than 1e-6."""
    return parse_scaled(text, 6)


def notional_u6(price_e4: int, size_u6: int) -> int:
    """Return price x size in 1e-6 USD, rounded up: what a buyer has to reserve."""
    return -(-price_e4 * size_u6 // PRICE_ONE_E4)


def proceeds_u6(price_e4: int, size_u6: int) -> int:
    """Return price x size in 1e-6 USD, rounded down: what a seller receives before fees."""
    return price_e4 * size_u6 // PRICE_ONE_E4


def format_price(price_e4: int) -> str:
    """Return the price as the shortest decimal string, e.g. 5200 -> "0.52"."""
    return format_scaled(price_e4, 4)


def format_scaled(value: int, decimals: int) -> str:
    """Return an integer of 10**-decimals as the shortest exact decimal string."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, fraction = divmod(value, 10**decimals)
    text = f"{fraction:0{decimals}d}".rstrip("0")
    return f"{sign}{whole}.{text}" if text else f"{sign}{whole}"


def format_cash(cash_u6: int) -> str:
    """Return cash as dollars with two decimals for a person, rounded half away from zero: -1234567 -> "-1.23"."""
    cents = (abs(cash_u6) + 5_000) // 10_000
    return f"{'-' if cash_u6 < 0 and cents else ''}{cents // 100}.{cents % 100:02d}"
