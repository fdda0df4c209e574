"""What the dry side predicted of each order and what became of it: orders of both sides matched within their window."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from engine.analytics.window_history import WindowHistory
from engine.journal.orders import OrderHistory

NS_PER_MS = 1e6


class Fate(NamedTuple):
    """What became of one order: shares filled in 1e-6, ms from leaving to the first answer and the first fill."""

    filled_u6: int
    acknowledged_ms: float | None
    filled_ms: float | None


class OrderPair(NamedTuple):
    """The same order on both sides: what it was, and its fate, actual (live) and predicted (dry)."""

    slug: str
    order: str
    purpose: str
    side: str
    price_e4: int
    size_u6: int
    live: Fate
    dry: Fate

    @property
    def is_alike(self) -> bool:
        """Whether both were filled completely, both in part or both not at all."""
        return self._share(self.live) == self._share(self.dry)

    def _share(self, fate: Fate) -> int:
        return 0 if fate.filled_u6 == 0 else 1 if fate.filled_u6 < self.size_u6 else 2


class Prediction(NamedTuple):
    """All orders of all windows: the pairs, and how many had no counterpart."""

    pairs: tuple[OrderPair, ...]
    only_live: int
    only_dry: int

    @property
    def alike(self) -> int:
        """How many pairs were filled alike."""
        return sum(pair.is_alike for pair in self.pairs)

    @property
    def alike_rate(self) -> float | None:
        """The share of the pairs that were filled alike, None without pairs."""
        return self.alike / len(self.pairs) if self.pairs else None


def predict(windows: Iterable[tuple[WindowHistory, WindowHistory]]) -> Prediction:
    """Match the orders of windows, each given as live's and dry's."""
    pairs: list[OrderPair] = []
    only_live = only_dry = 0
    for live, dry in windows:
        ours, theirs = _sent(live), _sent(dry)
        found = _matched(live.slug, ours, theirs)
        pairs += found
        only_live += len(ours) - len(found)
        only_dry += len(theirs) - len(found)
    return Prediction(tuple(pairs), only_live, only_dry)


def _sent(window: WindowHistory) -> list[OrderHistory]:
    return sorted(window.orders.values(), key=lambda each: each.order.sent_ns)


def _matched(slug: str, live: Sequence[OrderHistory], dry: Sequence[OrderHistory]) -> list[OrderPair]:
    """Match in order; an order that one side sent in between costs that one, not all behind it."""
    matcher = SequenceMatcher(None, [_key(each) for each in live], [_key(each) for each in dry], autojunk=False)
    pairs = []
    for block in matcher.get_matching_blocks():
        for ours, theirs in zip(live[block.a :][: block.size], dry[block.b :][: block.size], strict=True):
            order = ours.order
            purpose, side = order.purpose.name.lower(), order.side.name.lower()
            pairs.append(
                OrderPair(slug, order.order, purpose, side, order.price_e4, order.size_u6, _fate(ours), _fate(theirs))
            )
    return pairs


def _key(history: OrderHistory) -> tuple[int, ...]:
    order = history.order
    return order.purpose, order.side, order.price_e4, order.size_u6


def _fate(history: OrderHistory) -> Fate:
    sent_ns = history.order.sent_ns
    acknowledged, filled = (
        (at_ns - sent_ns) / NS_PER_MS if at_ns else None for at_ns in (history.answered_ns, history.filled_ns)
    )
    return Fate(history.order.filled_u6, acknowledged, filled)
