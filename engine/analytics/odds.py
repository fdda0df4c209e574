"""What a config stakes: per entry price the gain at the take-profit, the loss at the stop, and the win rate that breaks
even.
"""

from typing import NamedTuple

from engine.model.fees import FeeSchedule, taker_fee_u6
from engine.model.params import BucketParams
from engine.model.units import PRICE_ONE_E4, SHARE_U6


class Odds(NamedTuple):
    """One entry price. The loss is that of a stop sold exactly at its trigger, with the taker fee; a gap loses more."""

    entry_e4: int
    size_u6: int
    take_profit_e4: int
    gain_u6: int
    stop_trigger_e4: int
    loss_u6: int
    break_even_rate: float


def odds(params: BucketParams, fees: FeeSchedule, step_e4: int = 500) -> list[Odds]:
    """Return the odds of every entry price from the threshold to the highest one, in steps, with the first cap."""
    cap_u6 = params.cap_schedule[0].cap_u6
    highest_e4 = params.max_tp_price_e4 - params.min_tp_increment_e4
    rows = []
    for entry_e4 in range(params.entry_bid_threshold_e4, highest_e4 + 1, step_e4):
        size_u6 = cap_u6 * PRICE_ONE_E4 // entry_e4 // SHARE_U6 * SHARE_U6
        target_e4 = min(entry_e4 + params.min_tp_increment_e4, params.max_tp_price_e4)
        trigger_e4 = max(entry_e4 - params.sl_offset_e4, params.sl_floor_e4)
        gain_u6 = (target_e4 - entry_e4) * size_u6 // PRICE_ONE_E4
        loss_u6 = (entry_e4 - trigger_e4) * size_u6 // PRICE_ONE_E4 + taker_fee_u6(fees, trigger_e4, size_u6)
        rows.append(Odds(entry_e4, size_u6, target_e4, gain_u6, trigger_e4, loss_u6, loss_u6 / (gain_u6 + loss_u6)))
    return rows
