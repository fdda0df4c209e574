"""Bucket arithmetic and slugs: which window a moment belongs to, and what the venue calls it.

Facts (protocol.md 8.1, 2026-11-21): a window starts at a Unix second that is a multiple of its length and its slug is
`{asset}-updown-{length}-{start}`; the venue has `15m` and `5m`, other lengths exist only on the local exchange and in
recordings of seeded worlds, as `{n}s`.
"""

import re
from typing import Final

_NAMED_LENGTHS: Final = {900: "15m", 300: "5m"}
_SLUG: Final = re.compile(
    r"^(?P<asset>[a-z0-9]+)-updown-(?:(?P<named>15m|5m)|(?P<seconds>[1-9][0-9]*)s)-(?P<start>[0-9]+)$"
)


TWAP_S: Final = 60
"""How long the venue's settlement average looks back (protocol.md 7.1)."""


def twap_lookback_s(length_s: int) -> int:
    """Return the settlement average's length: 60 s, and in short local rounds the same share of the window."""
    return TWAP_S if length_s in _NAMED_LENGTHS or length_s > 900 else max(1, TWAP_S * length_s // 900)


def bucket_start_s(ts_s: int, length_s: int) -> int:
    """Return the start of the window of `length_s` seconds that `ts_s` (Unix seconds) lies in."""
    return ts_s - ts_s % length_s


def slug_of(asset: str, start_s: int, length_s: int) -> str:
    """Return the venue's slug of a window, e.g. `btc-updown-15m-1766683800`."""
    return f"{asset}-updown-{_NAMED_LENGTHS.get(length_s, f'{length_s}s')}-{start_s}"


def parse_slug(slug: str) -> tuple[str, int, int]:
    """Return (asset, start_s, length_s) of a slug. Raises ValueError when it is not a window's slug."""
    match = _SLUG.fullmatch(slug)
    if match is None:
        raise ValueError(f"expected a slug such as btc-updown-15m-1766683800, was {slug!r}")
    if match["named"]:
        length_s = next(length for length, name in _NAMED_LENGTHS.items() if name == match["named"])
    else:
        length_s = int(match["seconds"])
    return match["asset"], int(match["start"]), length_s
