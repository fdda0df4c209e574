"""One binary market: its facts, the phase of its life, and the two mirrored books kept as one.

A buy of the second outcome at q is shown, and matched, as a sale of the first at 1 - q (protocol.md 4.9), so the book
is kept once, in prices of the first outcome ("Up").
"""

from enum import IntEnum

import msgspec

from engine.exchange.core.book import Book
from engine.model.fees import CRYPTO_FEES, FeeSchedule
from engine.model.units import PRICE_ONE_E4, SHARE_U6

COARSE_TICK_E4 = 100
FINE_TICK_E4 = 10
FINE_BEYOND_E4 = 400
"""The tick becomes fine when the mid is nearer to 0 or 1 than this: protocol.md 5 says above 0.96 or below 0.04."""
COARSE_WITHIN_E4 = 500
"""It becomes coarse again only when the mid is this far inside; the venue's hysteresis is not documented."""
HOLD_MS = 150


class Phase(IntEnum):
    """Where a market is in its life."""

    HYDRATING = 1  # listed, but its book does not exist yet
    OPEN = 2
    HALTED = 3
    RESOLVED = 4


class MarketSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a market that never change. Times in Unix ms; `hold_ms` is how long a taking order is held."""

    slug: str
    condition_id: str
    tokens: tuple[str, str]
    outcomes: tuple[str, str] = ("Up", "Down")
    question: str = ""
    asset: str = ""
    created_ms: int = 0
    start_ms: int = 0
    end_ms: int = 0
    length_s: int = 0
    min_size_u6: int = 5 * SHARE_U6
    tick_e4: int = COARSE_TICK_E4
    fees: FeeSchedule = CRYPTO_FEES
    hold_ms: int = HOLD_MS
    neg_risk: bool = False
    version: str = "v1"
    event_slug: str = ""


class Market:
    """A market and its state. `tick_flips` is false where the tick stays as it is."""

    __slots__ = ("book", "last_trade", "phase", "resolved_ms", "spec", "tick_e4", "tick_flips", "volume_u6", "winner")

    def __init__(self, spec: MarketSpec, phase: Phase) -> None:
        self.spec = spec
        self.phase = phase
        self.tick_e4 = spec.tick_e4
        self.tick_flips = spec.tick_e4 == COARSE_TICK_E4
        self.book = Book()
        self.winner: int | None = None
        self.resolved_ms = 0
        self.last_trade: tuple[int, int, str] | None = None  # token number, price_e4, taker's side
        self.volume_u6 = 0

    @property
    def is_readable(self) -> bool:
        """Tell whether the market has a book to show."""
        return self.phase in (Phase.OPEN, Phase.HALTED)

    def mid_e4(self) -> int:
        """Return the middle of the touch of Up; an empty side counts as 0 or 1."""
        return (self.book.best_bid_e4() + (self.book.best_ask_e4() or PRICE_ONE_E4)) // 2

    def next_tick_e4(self) -> int:
        """Return the tick that the book as it stands asks for."""
        if not self.tick_flips:
            return self.tick_e4
        mid_e4 = self.mid_e4()
        edge_e4 = min(mid_e4, PRICE_ONE_E4 - mid_e4)
        if edge_e4 < FINE_BEYOND_E4:
            return FINE_TICK_E4
        return COARSE_TICK_E4 if edge_e4 >= COARSE_WITHIN_E4 else self.tick_e4
