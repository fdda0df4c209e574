"""The market state machine (risk.md): what may be done in a market, by the time to its close and the venue's word.

Every rule of time here goes by `time_to_close`: trading ends then, whenever the outcome is proposed or disputed. The
thresholds come with the market's duration class: they are configured for the strategy's windows and scaled with them.
"""

from enum import StrEnum
from typing import Final

import msgspec

from engine.model.units import NS_PER_S


class MarketState(StrEnum):
    """Where a market is; only the venue can say PROPOSED and CHALLENGED, and of short windows it does not."""

    NORMAL = "NORMAL"
    WATCH = "WATCH"
    CLOSE_WINDOW = "CLOSE_WINDOW"
    CLOSED = "CLOSED"
    PROPOSED = "PROPOSED"
    CHALLENGED = "CHALLENGED"
    RESOLVED = "RESOLVED"
    HALTED = "HALTED"


class Action(StrEnum):
    """What may be done: rest an order, take from the book, only make risk smaller, cancel."""

    QUOTE = "quote"
    TAKE = "take"
    REDUCE = "reduce"
    CANCEL = "cancel"


_ALL: Final = frozenset(Action)
_OVER: Final = frozenset({Action.CANCEL})
ALLOWED: Final[dict[MarketState, frozenset[Action]]] = {
    MarketState.NORMAL: _ALL,
    # WATCH: the caps are smaller; the strategy's own late rules say what is worth doing
    MarketState.WATCH: _ALL,
    # CLOSE_WINDOW: most of what decides the outcome is known to somebody
    MarketState.CLOSE_WINDOW: frozenset({Action.REDUCE, Action.CANCEL}),
    MarketState.CLOSED: _OVER,
    MarketState.PROPOSED: _OVER,
    MarketState.CHALLENGED: _OVER,
    MarketState.RESOLVED: _OVER,
    MarketState.HALTED: _OVER,
}

ORDER: Final = tuple(MarketState)[:-1]
"""A market moves along these and never back; HALTED interrupts from anywhere."""


class MarketParams(msgspec.Struct, frozen=True):
    """How long before the close WATCH and CLOSE_WINDOW begin, nanoseconds."""

    watch_ns: int = 120 * NS_PER_S
    close_window_ns: int = 5 * NS_PER_S


class MarketFacts(msgspec.Struct, frozen=True):
    """What is known of a market; a fact that the venue never tells stays false."""

    time_to_close_ns: int
    closed: bool = False
    proposed: bool = False
    challenged: bool = False
    resolved: bool = False
    halted: bool = False


def market_state(params: MarketParams, facts: MarketFacts) -> MarketState:
    """Return the state: the furthest that any of the facts says."""
    if facts.resolved:
        return MarketState.RESOLVED
    if facts.halted:
        return MarketState.HALTED
    if facts.challenged:
        return MarketState.CHALLENGED
    if facts.proposed:
        return MarketState.PROPOSED
    if facts.closed or facts.time_to_close_ns <= 0:
        return MarketState.CLOSED
    if facts.time_to_close_ns <= params.close_window_ns:
        return MarketState.CLOSE_WINDOW
    return MarketState.WATCH if facts.time_to_close_ns <= params.watch_ns else MarketState.NORMAL


def is_allowed(state: MarketState, *, reducing: bool, resting: bool) -> bool:
    """Return whether an order may be placed in this state: one that reduces risk, one that rests, one that takes."""
    if reducing:
        return Action.REDUCE in ALLOWED[state]
    return (Action.QUOTE if resting else Action.TAKE) in ALLOWED[state]
