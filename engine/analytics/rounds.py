"""What a set of rounds says: P&L, win rate with its interval, and the win rate that would only have broken even."""

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

from engine.model.records import RoundRecord

Z_95: Final = 1.959963984540054


class Summary(NamedTuple):
    """Money in 1e-6 USD. `wins` and `losses` count settled rounds that traded; rates are None when
    nothing was settled.
    """

    rounds: int
    entered: int
    settled: int
    unsettled: tuple[str, ...]
    entries: int
    stops: int
    fills: int
    wins: int
    losses: int
    pnl_u6: int
    fees_u6: int
    average_win_u6: int
    average_loss_u6: int
    win_rate: float | None
    win_rate_low: float | None
    win_rate_high: float | None
    break_even_rate: float | None


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson 1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    spread = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def summarise(records: Sequence[RoundRecord]) -> Summary:
    """Summarise rounds; those whose outcome is not known count as entered, but neither as won nor as lost."""
    entered = [record for record in records if record.entries]
    settled = [record for record in entered if record.settled]
    wins = [record for record in settled if record.pnl_u6 > 0]
    losses = [record for record in settled if record.pnl_u6 <= 0]
    average_win_u6 = sum(record.pnl_u6 for record in wins) // len(wins) if wins else 0
    average_loss_u6 = -sum(record.pnl_u6 for record in losses) // len(losses) if losses else 0
    at_stake_u6 = average_win_u6 + average_loss_u6
    low, high = wilson_interval(len(wins), len(settled))
    return Summary(
        rounds=len(records),
        entered=len(entered),
        settled=len(settled),
        unsettled=tuple(record.slug for record in entered if not record.settled),
        entries=sum(record.entries for record in records),
        stops=sum(record.stops for record in records),
        fills=sum(record.fills for record in records),
        wins=len(wins),
        losses=len(losses),
        pnl_u6=sum(record.pnl_u6 for record in settled),
        fees_u6=sum(record.fees_u6 for record in settled),
        average_win_u6=average_win_u6,
        average_loss_u6=average_loss_u6,
        win_rate=len(wins) / len(settled) if settled else None,
        win_rate_low=low if settled else None,
        win_rate_high=high if settled else None,
        break_even_rate=average_loss_u6 / at_stake_u6 if wins and losses and at_stake_u6 else None,
    )
