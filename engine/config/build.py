"""From the config to the parameters of the strategy, and to other window lengths."""

from typing import Any, Final

from engine.config.load import Config
from engine.model.params import BucketParams, CapStep, LegSelection
from engine.model.units import NS_PER_MS

_SCALED: Final[tuple[tuple[str, str, int], ...]] = (
    ("time_windows", "LATE_WINDOW_SEC", 6_000),
    ("guards", "MIN_WINDOW_REMAINING", 3_000),
    ("guards", "LATE_MIN_REMAINING", 1_000),
    ("guards", "CANCEL_BUYS_BEFORE_END", 1_000),
    ("risk", "WATCH_SEC", 6_000),
    ("risk", "CLOSE_WINDOW_SEC", 1_000),
)
"""What scaled() shortens, with the floor in ms below which it does not go (decision 11)."""


def scaled(config: Config, length_s: int) -> Config:
    """Return the config for windows of `length_s` seconds: cap schedule, late and guard times in proportion; prices and
    waits stay.
    """
    length_ms = length_s * 1000
    base_ms = config["time_windows"]["CONTRACT_DURATION_SEC"]
    if length_ms == base_ms:
        return config
    changes: dict[str, dict[str, Any]] = {section: {} for section, _, _ in _SCALED}
    changes["time_windows"]["CONTRACT_DURATION_SEC"] = length_ms
    for section, key, floor_ms in _SCALED:
        value_ms = config[section][key] * length_ms // base_ms
        changes[section][key] = value_ms if config[section][key] < floor_ms else max(value_ms, floor_ms)
    steps = config["position_control"]["CAP_SCHEDULE"]
    changes["position_control"] = {
        "CAP_SCHEDULE": tuple(
            CapStep(
                _scale_ns(step.start_ns, length_ms, base_ms),
                _scale_ns(step.end_ns, length_ms, base_ms),
                step.cap_u6,
            )
            for step in steps
        )
    }
    return config.replaced(changes)


def _scale_ns(at_ns: int, length_ms: int, base_ms: int) -> int:
    return at_ns // NS_PER_MS * length_ms // base_ms * NS_PER_MS


def bucket_params(config: Config) -> BucketParams:
    """Return the bucket strategy's parameters."""
    entry, times, late = config["entry_exit"], config["time_windows"], config["late_mode"]
    position, tuning, guards = config["position_control"], config["micro_tuning"], config["guards"]
    return BucketParams(
        entry_bid_threshold_e4=entry["ENTRY_BID_THRESHOLD"],
        min_tp_increment_e4=entry["MIN_TP_INCREMENT"],
        max_tp_price_e4=entry["MAX_TP_PRICE"],
        sl_offset_e4=entry["SL_OFFSET"],
        sl_floor_e4=entry["SL_FLOOR"],
        sl_order_price_e4=entry["SL_ORDER_PRICE"],
        window_ns=times["CONTRACT_DURATION_SEC"] * NS_PER_MS,
        late_window_ns=times["LATE_WINDOW_SEC"] * NS_PER_MS,
        entry_requote_wait_ns=times["ENTRY_REQUOTE_WAIT_SEC"] * NS_PER_MS,
        late_sl_trigger_e4=late["LATE_SL_TRIGGER"],
        late_reentry_entry_threshold_e4=late["LATE_REENTRY_ENTRY_THRESHOLD"],
        enable_late_reentry=late["ENABLE_LATE_REENTRY"],
        max_late_reentries=late["MAX_LATE_REENTRIES"],
        cap_schedule=position["CAP_SCHEDULE"],
        min_trade_size_u6=position["MIN_TRADE_SIZE"],
        enable_dust_merge=position["ENABLE_DUST_MERGE"],
        entry_requote_min_improve_e4=tuning["ENTRY_REQUOTE_MIN_IMPROVE"],
        remote_position_threshold_u6=tuning["REMOTE_POS_SIZE_THRESHOLD"],
        leg_selection=LegSelection(tuning["LEG_SELECTION_MODE"]),
        min_window_remaining_ns=guards["MIN_WINDOW_REMAINING"] * NS_PER_MS,
        late_min_remaining_ns=guards["LATE_MIN_REMAINING"] * NS_PER_MS,
        max_late_entry_price_e4=guards["MAX_LATE_ENTRY_PRICE"],
        cancel_buys_before_end_ns=guards["CANCEL_BUYS_BEFORE_END"] * NS_PER_MS,
        stop_sells_dust=guards["STOP_SELLS_DUST"],
        near_close_ns=config["risk"]["WATCH_SEC"] * NS_PER_MS,
        near_close_rate_e6=config["risk"]["WATCH_CAP_RATE"],
        gtd_ahead_ns=(config["execution"]["GTD_MINIMUM_SEC"] + config["execution"]["GTD_BUFFER_SEC"]) * NS_PER_MS,
    )
