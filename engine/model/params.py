"""The numbers that the bucket strategy is played with, as integers with their units; built from the config."""

from enum import StrEnum
from typing import Final

import msgspec

RATE_ONE_E6: Final = 1_000_000


class LegSelection(StrEnum):
    """Which leg may be entered."""

    HIGHEST_BID = "HIGHEST_BID"
    YES_ONLY = "YES_ONLY"
    NO_ONLY = "NO_ONLY"


class CapStep(msgspec.Struct, frozen=True, array_like=True):
    """From `start_ns` to `end_ns` (half open) after the window's start at most `cap_u6` may be at risk."""

    start_ns: int
    end_ns: int
    cap_u6: int


class BucketParams(msgspec.Struct, frozen=True):
    """bucket.md, configuration. One object is one way to play; its hash is in every journal's header."""

    entry_bid_threshold_e4: int
    min_tp_increment_e4: int
    max_tp_price_e4: int
    sl_offset_e4: int
    sl_floor_e4: int
    sl_order_price_e4: int
    window_ns: int
    late_window_ns: int
    entry_requote_wait_ns: int
    late_sl_trigger_e4: int
    late_reentry_entry_threshold_e4: int
    enable_late_reentry: bool
    max_late_reentries: int
    cap_schedule: tuple[CapStep, ...]
    min_trade_size_u6: int
    enable_dust_merge: bool
    entry_requote_min_improve_e4: int
    remote_position_threshold_u6: int
    leg_selection: LegSelection
    min_window_remaining_ns: int
    late_min_remaining_ns: int
    max_late_entry_price_e4: int
    cancel_buys_before_end_ns: int
    stop_sells_dust: bool
    near_close_ns: int  # with no more than this left ...
    near_close_rate_e6: int  # ... the cap is only this part of itself
    gtd_ahead_ns: int  # an expiration has to be at least this far ahead, else the order is GTC

    def cap_u6(self, elapsed_ns: int) -> int:
        """Return the cap in force `elapsed_ns` after the window's start, smaller near its close; 0 outside the
        schedule.
        """
        for step in self.cap_schedule:
            if step.start_ns <= elapsed_ns < step.end_ns:
                is_near = self.window_ns - elapsed_ns <= self.near_close_ns
                return step.cap_u6 * self.near_close_rate_e6 // RATE_ONE_E6 if is_near else step.cap_u6
        return 0
