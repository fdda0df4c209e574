"""What the order book service accepts at the moment, and the cycle of a restart.

Facts (protocol.md 4.8, 4.9; 2026-11-21): during a restart every order endpoint answers 425 for about 90 s; for two
minutes afterwards only post-only orders are taken; cancels are taken in post-only and cancel-only mode.
"""

from typing import Final

from engine.exchange.core.schedule import Schedule
from engine.model.events import VenueState
from engine.venue import refusals
from engine.venue.refusals import Refusal

RESTART_MS: Final = 90_000
POST_ONLY_MS: Final = 120_000


class Mode:
    """The present state; `until_ms` is when it ends by itself, 0 = never."""

    def __init__(self, schedule: Schedule) -> None:
        self.state = VenueState.NORMAL
        self.until_ms = 0
        self._schedule = schedule
        self._number = 0

    def set(self, state: VenueState, now_ms: int, for_ms: int = 0) -> None:
        """Enter a state, for some time or until another is set."""
        self._number += 1
        self.state = state
        self.until_ms = now_ms + for_ms if for_ms else 0
        if for_ms:
            number = self._number
            self._schedule.at(self.until_ms, lambda at_ms: self._end(number, at_ms))

    def restart(self, now_ms: int, restart_ms: int = RESTART_MS, post_only_ms: int = POST_ONLY_MS) -> None:
        """Begin a restart: unreachable first, then post-only; a part that takes no time is left out."""
        if restart_ms == 0:
            self._after_restart(now_ms, post_only_ms)
            return
        self.set(VenueState.RESTARTING, now_ms)
        self.until_ms = now_ms + restart_ms
        number = self._number

        def over(at_ms: int) -> None:
            if number == self._number:
                self._after_restart(at_ms, post_only_ms)

        self._schedule.at(self.until_ms, over)

    def refusal(self, post_only: bool, now_ms: int) -> Refusal | None:
        """Return what a new order is refused with now, or None."""
        match self.state:
            case VenueState.NORMAL:
                return None
            case VenueState.RESTARTING:
                return refusals.RESTARTING
            case VenueState.POST_ONLY:
                left_s = max(1, -(-(self.until_ms - now_ms) // 1_000)) if self.until_ms else 1
                return None if post_only else refusals.post_only_mode(left_s)
            case VenueState.CANCEL_ONLY:
                return refusals.CANCEL_ONLY
            case VenueState.DISABLED:
                return refusals.DISABLED

    def cancel_refusal(self) -> Refusal | None:
        """Return what a cancel is refused with now, or None."""
        if self.state == VenueState.RESTARTING:
            return refusals.RESTARTING
        return refusals.DISABLED if self.state == VenueState.DISABLED else None

    def _end(self, number: int, _: int) -> None:
        if number == self._number:
            self.state = VenueState.NORMAL
            self.until_ms = 0

    def _after_restart(self, at_ms: int, post_only_ms: int) -> None:
        self.set(VenueState.POST_ONLY if post_only_ms else VenueState.NORMAL, at_ms, post_only_ms)
