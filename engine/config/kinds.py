"""The kinds of value that a config key may have: how each is read from JSON into integers, shown, and what is allowed.

JSON numbers are read as decimals, so 0.6 is 6000 in 1e-4 and never a float. A kind refuses with a ValueError that says
what is allowed; the loader adds the key's path and its value.
"""

import re
from collections.abc import Callable
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Any, Final, NamedTuple

from engine.config.secrets import is_reference
from engine.model.params import CapStep
from engine.model.units import NS_PER_MS, NS_PER_S, format_scaled

MAX_SECONDS: Final = 7 * 24 * 3600
_SECONDS: Final = re.compile(r"[0-9]{1,6}")


class Kind(NamedTuple):
    """A kind of value: its name for people, what is allowed, and the way from JSON and back."""

    name: str
    allowed: str
    read: Callable[[Any], Any]
    show: Callable[[Any], Any]


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("a number")
    return Decimal(value)


_EXACT: Final = Context(prec=60, traps=[Inexact, Overflow, InvalidOperation])
"""Numbers are read exactly or refused: nothing is rounded on the way to the grid."""


def _scaled(value: Any, scale: int, low: int, high: int, allowed: str) -> int:
    try:
        exact = _EXACT.multiply(_number(value), scale)
    except (ValueError, ArithmeticError):
        raise ValueError(allowed) from None
    if exact != exact.to_integral_value() or not low <= exact <= high:
        raise ValueError(allowed)
    return int(exact)


def _plain(value: int, scale: int) -> int | float:
    return value // scale if value % scale == 0 else float(format_scaled(value, len(str(scale)) - 1))


def _scaled_kind(name: str, scale: int, low: int, high: int, allowed: str) -> Kind:
    return Kind(
        name,
        allowed,
        lambda value: _scaled(value, scale, low, high, allowed),
        lambda value: _plain(value, scale),
    )


def _schedule(value: Any) -> tuple[CapStep, ...]:
    allowed = 'a list of {"from": seconds, "to": seconds, "cap_usd": USD}, or an object {"0-300": USD}'
    rows = _schedule_rows(value, allowed)
    steps = []
    for start, end, cap in rows:
        steps.append(
            CapStep(
                _scaled(start, 1000, 0, MAX_SECONDS * 1000, allowed) * NS_PER_MS,
                _scaled(end, 1000, 0, MAX_SECONDS * 1000, allowed) * NS_PER_MS,
                _scaled(cap, 1_000_000, 1, 10**12, allowed),
            )
        )
    return tuple(steps)


def _schedule_rows(value: Any, allowed: str) -> list[tuple[Any, Any, Any]]:
    if isinstance(value, dict) and value:
        rows = []
        for key, cap in value.items():
            start, dash, end = key.partition("-")
            if not (dash and _SECONDS.fullmatch(start) and _SECONDS.fullmatch(end)):
                raise ValueError(allowed)
            rows.append((int(start), int(end), cap))
        return rows
    if (
        isinstance(value, list)
        and value
        and all(isinstance(row, dict) and set(row) == {"from", "to", "cap_usd"} for row in value)
    ):
        return [(row["from"], row["to"], row["cap_usd"]) for row in value]
    raise ValueError(allowed)


def _show_schedule(steps: tuple[CapStep, ...]) -> Any:
    return [
        {
            "from": _plain(s.start_ns, NS_PER_S),
            "to": _plain(s.end_ns, NS_PER_S),
            "cap_usd": _plain(s.cap_u6, 1_000_000),
        }
        for s in steps
    ]


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or not _is_unicode(value):
        raise ValueError("a text that is not empty")
    return value


def _is_unicode(text: str) -> bool:
    """Whether the text can be written again; JSON's escapes can name half characters."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name and _is_unicode(name) for name in value):
        raise ValueError("a list of names")
    return tuple(value)


def _secret(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value) or is_reference(value):
        return value
    raise ValueError('null, a text, {"$env": NAME} or {"$file": PATH}')


def _without_password(url: str) -> str:
    """Return a URL whose user and password, if it has any, are masked."""
    scheme, mark, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}{mark}***{at}{host}" if credentials else url


def whole(low: int, high: int) -> Kind:
    """Return the kind of whole numbers from `low` to `high`."""
    allowed = f"a whole number from {low} to {high}"
    return Kind("integer", allowed, lambda value: _scaled(value, 1, low, high, allowed), lambda value: value)


def choice(*names: str) -> Kind:
    """Return the kind that allows one of these texts."""
    allowed = "one of " + ", ".join(names)

    def read(value: Any) -> str:
        if value not in names or not isinstance(value, str):
            raise ValueError(allowed)
        return value

    return Kind("choice", allowed, read, str)


PRICE: Final = _scaled_kind("price (USD)", 10_000, 0, 10_000, "a price from 0 to 1 USD on the 0.0001 grid")
SECONDS: Final = _scaled_kind("seconds", 1_000, 0, MAX_SECONDS * 1000, "seconds from 0 to 604800, to the millisecond")
SHARES: Final = _scaled_kind("shares", 1_000_000, 0, 10**15, "shares of at least 0, to 6 decimals")
USD: Final = _scaled_kind("USD", 1_000_000, 0, 10**15, "USD of at least 0, to 6 decimals")
RATE: Final = _scaled_kind("rate", 1_000_000, 0, 1_000_000, "a rate from 0 to 1, to 6 decimals")
BOOLEAN: Final = Kind("boolean", "true or false", _boolean, bool)
TEXT: Final = Kind("text", "a text that is not empty", _text, str)
OPTIONAL_TEXT: Final = Kind("text or null", "a text or null", _optional_text, lambda value: value)
NAMES: Final = Kind("names", "a list of names", _names, list)
PROXY: Final = Kind("URL or null", "a text or null", _optional_text, lambda value: value and _without_password(value))
SECRET: Final = Kind("secret", "null, a text, or a reference", _secret, lambda value: None if value is None else "***")
SCHEDULE: Final = Kind("schedule", "half-open steps of seconds and USD", _schedule, _show_schedule)
