"""What a participant sees at its turn: the window, Up's book, what is its own, and the reference price it knows of."""

from typing import NamedTuple

import msgspec

from engine.model.events import Side
from engine.model.units import PRICE_ONE_E4
from engine.worlds.participants.actions import Token


class Window(msgspec.Struct, frozen=True):
    """The facts of one window that never change: Unix ms, and the least size of an order in 1e-6 shares.

    `twap_ms` is how long the settlement average looks back from the start (for the strike) and from the end.
    """

    name: str
    start_ms: int
    end_ms: int
    twap_ms: int
    min_size_u6: int

    @property
    def length_ms(self) -> int:
        """Return how long the window is."""
        return self.end_ms - self.start_ms


class BookView(NamedTuple):
    """Up's book with Down's orders mirrored into it: (price_e4, size_u6) levels, the best one first.

    Two or three levels a side are enough; an empty side has none.
    """

    tick_e4: int
    bids: tuple[tuple[int, int], ...] = ()
    asks: tuple[tuple[int, int], ...] = ()


class OpenOrder(NamedTuple):
    """One own order that rests: what is open of it, in 1e-6 shares."""

    token: Token
    side: Side
    price_e4: int
    open_u6: int

    @property
    def is_bid(self) -> bool:
        """Tell whether it stands among the bids of Up's book: it buys Up, or sells Down."""
        return (self.token == Token.UP) == (self.side == Side.BUY)

    @property
    def up_price_e4(self) -> int:
        """Return its price as Up's book shows it."""
        return self.price_e4 if self.token == Token.UP else PRICE_ONE_E4 - self.price_e4


class Holdings(msgspec.Struct):
    """What is a participant's own in one window: shares in 1e-6, those in open sales included; orders by key."""

    up_u6: int = 0
    down_u6: int = 0
    orders: dict[int, OpenOrder] = {}

    def of(self, token: Token) -> int:
        """Return the shares of a token, in 1e-6."""
        return self.up_u6 if token == Token.UP else self.down_u6


class Outlook(NamedTuple):
    """What the reference price says of the outcome, as of `known_ms`: a participant's latency before its turn.

    `distance_e8` is how far the expected final average is above the price to beat, in 1e-8 USD; `left_ms` how much of
    the window remained. `mood_e6` and `trust_e3` are what all makers get wrong together (engine.worlds.reference).
    """

    known_ms: int
    distance_e8: int
    left_ms: int
    mood_e6: int = 0
    trust_e3: int = 1_000


class View(NamedTuple):
    """All that a participant may look at in one turn; `book` and `own` are as of now, the outlook is not."""

    now_ms: int
    window: Window
    book: BookView
    own: Holdings
    outlook: Outlook
