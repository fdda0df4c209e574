"""The mutation budget: a rolling window over placements and cancels. Risk-reducing ones are counted but
never blocked.
"""

import msgspec


class MutationBudget(msgspec.Struct, frozen=True, array_like=True):
    """When the last mutations left, oldest first, Unix ns."""

    sent_ns: tuple[int, ...] = ()

    def spend(self, now_ns: int, window_ns: int) -> "MutationBudget":
        """Return the budget with one more mutation, those outside the window forgotten."""
        return MutationBudget((*(sent for sent in self.sent_ns if sent > now_ns - window_ns), now_ns))

    def used(self, now_ns: int, window_ns: int) -> int:
        """Return how many mutations lie within the window."""
        return sum(1 for sent in self.sent_ns if sent > now_ns - window_ns)

    def free_at_ns(self, now_ns: int, window_ns: int, limit: int) -> int:
        """Return when one more fits: now, or when enough of the oldest have left the window."""
        inside = [sent for sent in self.sent_ns if sent > now_ns - window_ns]
        if len(inside) < limit:
            return now_ns
        return inside[len(inside) - limit] + window_ns
