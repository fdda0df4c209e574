"""The venue's mode as a client can know it: from refusals, from cancels that work again, and from the time that passes.

Facts (protocol.md 4.8, 4.9; 2026-11-21): 425 on every order call while the matching engine restarts (about 90 s), then
two minutes of post-only, whose refusals say how many seconds are left; cancel-only and disabled are told only by the
refusal of an order, so after a pause the next order that is wanted finds out.
"""

from typing import Final

from engine.model.codes import Code
from engine.model.events import VenueMode, VenueState
from engine.model.units import NS_PER_S

POST_ONLY_S: Final = 120
ASK_AGAIN_S: Final = 5
_STATES: Final = {
    Code.RESTARTING: VenueState.RESTARTING,
    Code.POST_ONLY_MODE: VenueState.POST_ONLY,
    Code.CANCEL_ONLY: VenueState.CANCEL_ONLY,
    Code.DISABLED: VenueState.DISABLED,
}


class VenueModes:
    """Folds refusals and answers into the mode in force; each change is an event once."""

    def __init__(self) -> None:
        self.state = VenueState.NORMAL
        self.until_ns = 0

    def resume(self, state: VenueState) -> None:
        """Begin with what an earlier session was told; it may be over long since, so that is found out at once."""
        self.state = state

    def refused(self, code: Code, retry_after_s: int, now_ns: int) -> VenueMode | None:
        """Take in a refusal's code; return the change that it means, if any."""
        state = _STATES.get(code)
        if state is None:
            return None
        usual_s = POST_ONLY_S if state is VenueState.POST_ONLY else ASK_AGAIN_S
        self.until_ns = now_ns + (retry_after_s or usual_s) * NS_PER_S
        return self._become(state)

    def cancels_work(self, now_ns: int) -> VenueMode | None:
        """Take in that a cancel was answered: a restart is over, and post-only follows it."""
        if self.state is not VenueState.RESTARTING:
            return None
        self.until_ns = now_ns + POST_ONLY_S * NS_PER_S
        return self._become(VenueState.POST_ONLY)

    def order_taken(self, *, post_only: bool) -> VenueMode | None:
        """Take in that an order was accepted: one that is not post-only ends every mode."""
        if self.state is VenueState.NORMAL or (post_only and self.state is VenueState.POST_ONLY):
            return None
        return self._become(VenueState.POST_ONLY if post_only else VenueState.NORMAL)

    def passed(self, now_ns: int) -> VenueMode | None:
        """Take in the time: a mode whose time is over is believed to be over. A restart is asked about instead."""
        if self.state in (VenueState.NORMAL, VenueState.RESTARTING) or now_ns < self.until_ns:
            return None
        return self._become(VenueState.NORMAL)

    def wants_probe(self, now_ns: int) -> bool:
        """Whether a cancel of nothing should ask if the restart is over; asking sets the next time."""
        if self.state is not VenueState.RESTARTING or now_ns < self.until_ns:
            return False
        self.until_ns = now_ns + ASK_AGAIN_S * NS_PER_S
        return True

    def _become(self, state: VenueState) -> VenueMode | None:
        if state is self.state:
            return None
        self.state = state
        return VenueMode(0, state, 0 if state is VenueState.NORMAL else self.until_ns)
