"""The statistics of many rounds pooled into the figures that two markets are compared by."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec

from engine.analytics.market_statistics import LATE_S, THRESHOLDS_E4, RoundStatistics

_2E4_PER_CENT: Final = 200


class MarketSummary(msgspec.Struct, frozen=True):
    """A market in figures, None where nothing was seen to make one of. Shares are in percent, prices in cents, sizes in
    shares, times in seconds; messages are Up's books and all trades in one second.
    """

    rounds: int
    spread_1_tick: float | None
    spread_2_ticks: float | None
    spread_wider: float | None
    size_p10: int | None
    size_p50: int | None
    size_p90: int | None
    one_sided_last_60_s: float | None
    one_sided_last_30_s: float | None
    one_sided: float | None
    empty: float | None
    move_p50: float | None
    move_p90: float | None
    move_p99: float | None
    messages_mean: float | None
    messages_worst: int | None
    trades_per_s: float | None
    trade_p50: int | None
    trade_p90: int | None
    reached_60: float | None
    reached_60_after_s: float | None
    first_60_won: float | None
    first_80_won: float | None
    first_90_won: float | None


LABELS: Final[dict[str, str]] = {
    "rounds": "rounds",
    "spread_1_tick": "spread of 1 tick, % of the time",
    "spread_2_ticks": "spread of 2 ticks, %",
    "spread_wider": "wider, %",
    "size_p10": "best size p10, shares",
    "size_p50": "best size p50",
    "size_p90": "best size p90",
    "one_sided_last_60_s": f"one-sided in the last {LATE_S[0]} s, %",
    "one_sided_last_30_s": f"one-sided in the last {LATE_S[1]} s, %",
    "one_sided": "one-sided over the round, %",
    "empty": "no book on either side, %",
    "move_p50": "change of the mid in 1 s p50, cents",
    "move_p90": "change of the mid in 1 s p90",
    "move_p99": "change of the mid in 1 s p99",
    "messages_mean": "messages a second, mean",
    "messages_worst": "messages in the worst second",
    "trades_per_s": "trades a second",
    "trade_p50": "size of a trade p50, shares",
    "trade_p90": "size of a trade p90",
    "reached_60": "rounds with a bid of 0.60, %",
    "reached_60_after_s": "median time of the first, s",
    "first_60_won": "first side to 0.60 won, %",
    "first_80_won": "first side to 0.80 won, %",
    "first_90_won": "first side to 0.90 won, %",
}
"""What each figure is called in a table."""


def quantile(counts: Counter[int], share_e3: int) -> int | None:
    """Return the least value that this share of the counted ones does not exceed; None of nothing."""
    left = -(-counts.total() * share_e3 // 1_000)
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0 < counts[value]:
            return value
    return None


def summarise_market(rounds: Sequence[RoundStatistics]) -> MarketSummary:
    """Pool rounds: every second counts the same, in whichever round it was."""
    spread, size, move = (_pooled(rounds, name) for name in ("spread_ticks", "size_shares", "move_2e4"))
    messages, trades = _pooled(rounds, "messages"), _pooled(rounds, "trade_shares")
    late = [
        _percent(sum(one.late[place][0] for one in rounds), sum(one.late[place][1] for one in rounds))
        for place in range(len(LATE_S) + 1)
    ]
    first_s = [one.first_s[0] for one in rounds if one.first_s[0] is not None]
    heard = sum(value * seconds for value, seconds in messages.items())
    return MarketSummary(
        rounds=len(rounds),
        spread_1_tick=_percent(spread[1], spread.total()),
        spread_2_ticks=_percent(spread[2], spread.total()),
        spread_wider=_percent(spread.total() - spread[1] - spread[2], spread.total()),
        size_p10=quantile(size, 100),
        size_p50=quantile(size, 500),
        size_p90=quantile(size, 900),
        one_sided_last_60_s=late[0],
        one_sided_last_30_s=late[1],
        one_sided=late[2],
        empty=_percent(sum(one.empty_s for one in rounds), messages.total()),
        move_p50=_cents(quantile(move, 500)),
        move_p90=_cents(quantile(move, 900)),
        move_p99=_cents(quantile(move, 990)),
        messages_mean=_ratio(heard, messages.total()),
        messages_worst=max(messages, default=None),
        trades_per_s=_ratio(trades.total(), messages.total()) if trades else None,
        trade_p50=quantile(trades, 500),
        trade_p90=quantile(trades, 900),
        reached_60=_percent(len(first_s), len(rounds)),
        reached_60_after_s=float(median(first_s)) if first_s else None,
        **{f"first_{threshold // 100}_won": _won(rounds, place) for place, threshold in enumerate(THRESHOLDS_E4)},
    )


def _pooled(rounds: Sequence[RoundStatistics], name: str) -> Counter[int]:
    total: Counter[int] = Counter()
    for one in rounds:
        total.update(getattr(one, name))
    return total


def _won(rounds: Sequence[RoundStatistics], place: int) -> float | None:
    known = [one.first_won[place] for one in rounds if one.first_won[place] is not None]
    return _percent(sum(won is True for won in known), len(known))


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 1) if whole else None


def _cents(move_2e4: int | None) -> float | None:
    return None if move_2e4 is None else move_2e4 / _2E4_PER_CENT
