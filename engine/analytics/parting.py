"""Where the decisions of two runs of one window part first, and what the reason is as far as the journals tell."""

from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from engine.analytics.window_history import Answer, Decision, WindowHistory
from engine.model.events import Event, Tob


class Parting(NamedTuple):
    """The first decision that differs, counted from 0; None = that side decided nothing more."""

    slug: str
    position: int
    live: Decision | None
    dry: Decision | None
    reason: str


def first_parting(live: WindowHistory, dry: WindowHistory, *, logic_differs: bool) -> Parting | None:
    """Return where two histories of one window part, None when they never do."""
    for position, (ours, theirs) in enumerate(zip_longest(live.decisions, dry.decisions)):
        if ours is None or theirs is None or ours.key != theirs.key:
            until = (_until(ours, theirs), _until(theirs, ours))
            answers = (_before(live, until[0]), _before(dry, until[1]))
            reason = _reason(ours, theirs, answers, logic_differs=logic_differs)
            return Parting(live.slug, position, ours, theirs, reason)
    return None


def _before(window: WindowHistory, until_ns: int) -> list[Answer]:
    return [one for one in window.answers if one.ts_ns <= until_ns]


def _until(own: Decision | None, other: Decision | None) -> int:
    """Return up to when a side's answers count: its own decision's time, or the other's where it decided nothing."""
    decision = own or other
    assert decision is not None
    return decision.ts_ns


def _reason(
    live: Decision | None, dry: Decision | None, answers: tuple[list[Answer], list[Answer]], *, logic_differs: bool
) -> str:
    for ours, theirs in zip_longest(*answers):
        said = [None if one is None else one.said for one in (ours, theirs)]
        if said[0] != said[1]:
            return f"the venue answered differently: live {_text(said[0])}, dry {_text(said[1])}"
    if logic_differs:
        return "the configurations differ in logic"
    causes = [one.cause for one in (live, dry) if one is not None]
    if len(causes) == 2:
        tops = [_top(cause) for cause in causes]
        if tops[0] != tops[1]:
            return f"other inputs: live {tops[0]}, dry {tops[1]}"
    return "the same inputs, at another time" if len(causes) == 2 else f"one side alone decided, on {_top(causes[0])}"


def _top(event: Event) -> str:
    if isinstance(event, Tob):
        return f"book {event.bid1_price_e4 / 1e4:g} / {event.ask1_price_e4 / 1e4:g}"
    return type(event).__name__


def _text(said: tuple[Any, ...] | None) -> str:
    return "nothing" if said is None else " ".join(str(word) for word in said)


def describe(decision: Decision | None) -> dict[str, Any] | None:
    """Return a decision for a report, None for none."""
    if decision is None:
        return None
    cause = msgspec.to_builtins(decision.cause)
    return {
        "ts_ns": decision.ts_ns,
        "moves": list(decision.moves),
        "intents": [" ".join(str(word) for word in wish) for wish in decision.wishes],
        "cause": f"{type(decision.cause).__name__} {cause[1:]}",
    }
