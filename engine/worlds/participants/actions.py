"""What a participant may ask a venue for: place, cancel, split and merge, as values.

A participant names its own orders by `key`, a number that it never uses twice in one window; whoever drives it keeps
which of the venue's orders that is. A refusal needs no answer: an order that is not among a participant's own at its
next turn was refused, filled, cancelled or killed.
"""

from enum import IntEnum

import msgspec

from engine.model.commands import TimeInForce
from engine.model.events import Side


class Token(IntEnum):
    """One of a window's two tokens (the numbers of Market.outcome)."""

    UP = 1
    DOWN = 2

    @property
    def peer(self) -> "Token":
        """Return the other token."""
        return Token.DOWN if self == Token.UP else Token.UP


class Action(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all actions; each is meant for the window of the turn that it was returned from."""


class PlaceOrder(Action, frozen=True, array_like=True, gc=False, tag=1):
    """Place one order: a limit in 1e-4 USD and a size in 1e-6 shares, of 0.01 share at least (protocol.md 2.4).

    An immediate order (FAK, FOK) takes what rests at its limit or better and never rests. `expires_ms` (Unix ms, 0 =
    never) belongs to GTD alone.
    """

    key: int
    token: Token
    side: Side
    price_e4: int
    size_u6: int
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    expires_ms: int = 0


class CancelOrder(Action, frozen=True, array_like=True, gc=False, tag=2):
    """Cancel one own order; that it may be gone already is nothing odd."""

    key: int


class CancelWindow(Action, frozen=True, array_like=True, gc=False, tag=3):
    """Cancel every own order of the window."""


class SplitCollateral(Action, frozen=True, array_like=True, gc=False, tag=4):
    """Turn collateral into as many Up as Down shares, in 1e-6 of each (protocol.md 12)."""

    size_u6: int


class MergePairs(Action, frozen=True, array_like=True, gc=False, tag=5):
    """Turn as many Up as Down shares back into collateral, in 1e-6 of each."""

    size_u6: int


AnyAction = PlaceOrder | CancelOrder | CancelWindow | SplitCollateral | MergePairs
