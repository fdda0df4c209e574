"""How many shares an order may have: an entry from the cap in force, a take-profit so that no dust is left."""

from engine.model.params import BucketParams
from engine.model.units import PRICE_ONE_E4, SHARE_U6, SIZE_GRID_U6
from engine.strategy.bucket.round import FLAT_BELOW_U6, Round


def entry_size_u6(params: BucketParams, state: Round, price_e4: int, now_ns: int) -> int:
    """Return floor((cap - cost of what is held) / price) in whole shares, 0 when the cap leaves nothing."""
    cap_u6 = params.cap_u6(now_ns - state.start_ns) - state.bought_cost_u6
    if cap_u6 <= 0:
        return 0
    return cap_u6 * PRICE_ONE_E4 // price_e4 // SHARE_U6 * SHARE_U6


def sale_size_u6(held_u6: int, sellable_u6: int, minimum_u6: int) -> int:
    """Return how much of a position to offer, 0 when too little can be sold (the dust planner, decision 2).

    As much as can be sold, but for shares that are not sellable yet and too few for an order of their own: then less,
    so that with them a whole order is left, where what is offered stays one too.
    """
    available_u6 = _on_grid(min(held_u6, sellable_u6))
    if available_u6 < minimum_u6:
        return 0
    if not FLAT_BELOW_U6 <= held_u6 - available_u6 < minimum_u6:
        return available_u6
    less_u6 = _on_grid(held_u6 - minimum_u6)
    return less_u6 if less_u6 >= minimum_u6 else available_u6


def _on_grid(size_u6: int) -> int:
    return size_u6 - size_u6 % SIZE_GRID_U6


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
