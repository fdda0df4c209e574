"""Live against dry: two sets of journals, matched window by window (execution.md, "Dry and live, one to one")."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from statistics import median
from typing import NamedTuple

from engine.analytics.config_differences import ConfigDifference, config_differences
from engine.analytics.fill_types import FillType, fill_type
from engine.analytics.parity_orders import Prediction, predict
from engine.analytics.parting import Parting, first_parting
from engine.analytics.window_history import Decision, WindowHistory
from engine.model.events import Side

NS_PER_MS = 1e6


class Run(NamedTuple):
    """One run: its mode, its config as the journals hold it, and its windows by slug."""

    mode: str
    config_json: bytes
    minimum_u6: int
    windows: dict[str, WindowHistory]


class Agreement(NamedTuple):
    """Decisions that both sides took in the same order, of those that the side with more of them took."""

    matched: int
    compared: int

    @property
    def rate(self) -> float | None:
        """The share that matched, None when there was nothing to compare."""
        return self.matched / self.compared if self.compared else None


class WindowRow(NamedTuple):
    """One window that both sides played; P&L in 1e-6 USD, None where it is not settled on both sides."""

    slug: str
    live_type: FillType
    dry_type: FillType
    live_pnl_u6: int | None
    dry_pnl_u6: int | None
    decisions: Agreement
    trading: Agreement
    parting: Parting | None

    @property
    def pnl_delta_u6(self) -> int | None:
        """Live's P&L less dry's."""
        if self.live_pnl_u6 is None or self.dry_pnl_u6 is None:
            return None
        return self.live_pnl_u6 - self.dry_pnl_u6


class Quality(NamedTuple):
    """How a side's orders fared. Slippage: what immediate orders lost against the best price when they were decided."""

    orders: int
    acknowledged_ms_p50: float | None
    acknowledged_ms_p99: float | None
    filled_ms_p50: float | None
    immediate_fills: int
    slippage_e4_mean: float | None


class Comparison(NamedTuple):
    """Everything that `bucketmm compare` reports."""

    modes: tuple[str, str]
    config: list[ConfigDifference]
    rows: list[WindowRow]
    only_live: list[str]
    only_dry: list[str]
    quality: tuple[Quality, Quality]
    orders: Prediction

    @property
    def fill_type_rate(self) -> float | None:
        """The share of the windows whose rounds ended alike."""
        alike = sum(row.live_type == row.dry_type for row in self.rows)
        return alike / len(self.rows) if self.rows else None

    @property
    def fill_types(self) -> tuple[Counter[str], Counter[str]]:
        """How often each kind of end occurred on either side."""
        return Counter(row.live_type.value for row in self.rows), Counter(row.dry_type.value for row in self.rows)

    @property
    def decisions(self) -> Agreement:
        """All decisions of all windows."""
        return _total(row.decisions for row in self.rows)

    @property
    def trading(self) -> Agreement:
        """The same without what only asks, prepares or tells."""
        return _total(row.trading for row in self.rows)

    @property
    def pnl_delta_u6(self) -> int:
        """The sum of the P&L differences of all windows that are settled on both sides."""
        return sum(row.pnl_delta_u6 or 0 for row in self.rows)

    @property
    def first_parting(self) -> Parting | None:
        """The earliest parting of all windows."""
        partings = [row.parting for row in self.rows if row.parting is not None]
        return min(partings, key=_parted_ns, default=None)


def compare(live: Run, dry: Run) -> Comparison:
    """Compare two runs; windows that ended on both sides are matched by slug."""
    differences = config_differences(live.config_json, dry.config_json)
    logic_differs = any(one.kind == "logic" for one in differences)
    ours, theirs = _ended(live), _ended(dry)
    rows = [
        _row(ours[slug], theirs[slug], live, dry, logic_differs=logic_differs) for slug in sorted(ours.keys() & theirs)
    ]
    return Comparison(
        modes=(live.mode, dry.mode),
        config=differences,
        rows=rows,
        only_live=sorted(ours.keys() - theirs),
        only_dry=sorted(theirs.keys() - ours),
        quality=(
            quality([ours[row.slug] for row in rows]),
            quality([theirs[row.slug] for row in rows]),
        ),
        orders=predict((ours[row.slug], theirs[row.slug]) for row in rows),
    )


def _ended(side: Run) -> dict[str, WindowHistory]:
    return {slug: window for slug, window in side.windows.items() if window.record is not None}


def _row(ours: WindowHistory, theirs: WindowHistory, live: Run, dry: Run, *, logic_differs: bool) -> WindowRow:
    return WindowRow(
        slug=ours.slug,
        live_type=fill_type(ours, live.minimum_u6),
        dry_type=fill_type(theirs, dry.minimum_u6),
        live_pnl_u6=_pnl_u6(ours),
        dry_pnl_u6=_pnl_u6(theirs),
        decisions=_agreement(ours.decisions, theirs.decisions),
        trading=_agreement(_trading(ours), _trading(theirs)),
        parting=first_parting(ours, theirs, logic_differs=logic_differs),
    )


def _pnl_u6(window: WindowHistory) -> int | None:
    record = window.record
    return record.pnl_u6 if record is not None and record.settled else None


def _trading(window: WindowHistory) -> list[Decision]:
    return [found for found in (decision.trading() for decision in window.decisions) if found is not None]


def _agreement(live: Sequence[Decision], dry: Sequence[Decision]) -> Agreement:
    """Match decisions in order; one that one side took in between costs that one, not all behind it."""
    keys = ([one.key for one in live], [one.key for one in dry])
    matcher = SequenceMatcher(None, *keys, autojunk=False)
    return Agreement(sum(block.size for block in matcher.get_matching_blocks()), max(map(len, keys)))


def _total(parts: Iterable[Agreement]) -> Agreement:
    listed = list(parts)
    return Agreement(sum(part.matched for part in listed), sum(part.compared for part in listed))


def _parted_ns(parting: Parting) -> int:
    return min(one.ts_ns for one in (parting.live, parting.dry) if one is not None)


def quality(windows: Sequence[WindowHistory]) -> Quality:
    """Return how the orders of these windows fared."""
    histories = [history for window in windows for history in window.orders.values()]
    acknowledged = [_ms(one.order.sent_ns, one.answered_ns) for one in histories if one.answered_ns]
    filled = [_ms(one.order.sent_ns, one.filled_ns) for one in histories if one.filled_ns and one.order.is_immediate]
    slips = [slip for window in windows for slip in _slips(window)]
    size_u6 = sum(size for _, size in slips)
    return Quality(
        orders=len(histories),
        acknowledged_ms_p50=median(acknowledged) if acknowledged else None,
        acknowledged_ms_p99=_percentile(acknowledged, 0.99),
        filled_ms_p50=median(filled) if filled else None,
        immediate_fills=len(slips),
        slippage_e4_mean=sum(slip * size for slip, size in slips) / size_u6 if size_u6 else None,
    )


def _ms(begin_ns: int, end_ns: int) -> float:
    return (end_ns - begin_ns) / NS_PER_MS


def _slips(window: WindowHistory) -> Iterable[tuple[int, int]]:
    """Yield (1e-4 USD lost a share, 1e-6 shares) of each fill of an immediate order."""
    for fill in window.fills:
        history, sent = window.orders.get(fill.order), window.sent.get(fill.order)
        if fill.is_reversed or history is None or sent is None or not sent.takes_e4:
            continue
        if history.order.is_immediate:
            lost_e4 = fill.price_e4 - sent.takes_e4
            yield (lost_e4 if fill.side == Side.BUY else -lost_e4), fill.size_u6


def _percentile(values: list[float], share: float) -> float | None:
    """Return the value below which that share of the values lies (nearest rank), None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
