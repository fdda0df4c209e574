"""How many shares an entry may have: whole shares from the cap in force, the shares already held taken off it."""

from engine.model.params import BucketParams
from engine.model.units import PRICE_ONE_E4, SHARE_U6
from engine.strategy.bucket.round import Round


def entry_size_u6(params: BucketParams, state: Round, price_e4: int, now_ns: int) -> int:
    """Return floor((cap - cost of what is held) / price) in whole shares, 0 when the cap leaves nothing."""
    cap_u6 = params.cap_u6(now_ns - state.start_ns) - state.bought_cost_u6
    if cap_u6 <= 0:
        return 0
    return cap_u6 * PRICE_ONE_E4 // price_e4 // SHARE_U6 * SHARE_U6


def round_up_to_tick(price_e4: int, tick_e4: int) -> int:
    """Return the lowest multiple of the tick that is not below the price."""
    return -(-price_e4 // tick_e4) * tick_e4


def take_profit_base_e4(params: BucketParams, state: Round, tick_e4: int) -> int:
    """Return round_up_to_tick(entry + MIN_TP_INCREMENT), the price below which no take-profit is placed."""
    entry_e4 = -(-state.bought_cost_u6 * PRICE_ONE_E4 // state.bought_u6)
    return round_up_to_tick(entry_e4 + params.min_tp_increment_e4, tick_e4)


def stop_trigger_e4(params: BucketParams, state: Round, *, late: bool) -> int:
    """Return the external bid at which the stop fires: LATE_SL_TRIGGER, or max(entry - SL_OFFSET, SL_FLOOR)."""
    if late:
        return params.late_sl_trigger_e4
    return max(state.entry_price_e4 - params.sl_offset_e4, params.sl_floor_e4)
