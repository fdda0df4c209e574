"""The mutation budget: a rolling window over placements and cancels. Risk-reducing ones are counted but
never blocked.
"""

from bisect import bisect_right

import msgspec


class MutationBudget(msgspec.Struct, frozen=True, array_like=True):
    """When the last mutations left, oldest first, Unix ns."""

    sent_ns: tuple[int, ...] = ()

    def spend(self, now_ns: int, window_ns: int) -> "MutationBudget":
        """Return the budget with one more mutation, those outside the window forgotten."""
        inside = self._inside(now_ns, window_ns)
        latest_ns = max(now_ns, inside[-1]) if inside else now_ns  # oldest first, even after a clock that was set back
        return MutationBudget((*inside, latest_ns))

    def used(self, now_ns: int, window_ns: int) -> int:
        """Return how many mutations lie within the window."""
        return len(self._inside(now_ns, window_ns))

    def free_at_ns(self, now_ns: int, window_ns: int, limit: int) -> int:
        """Return when one more fits: now, or when enough of the oldest have left the window."""
        inside = self._inside(now_ns, window_ns)
        if len(inside) < limit:
            return now_ns
        return inside[len(inside) - limit] + window_ns

    def _inside(self, now_ns: int, window_ns: int) -> tuple[int, ...]:
        return self.sent_ns[bisect_right(self.sent_ns, now_ns - window_ns) :]
