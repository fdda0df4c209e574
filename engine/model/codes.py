"""Every code that the system can say, in one registry: refusals (venue, firewall, risk), halts and alerts.

A refusal is a value: `Verdict.code` and `Rejected.code` hold one of these names. The docs' table of codes is generated
from here and a test asserts that each one is produced by some test.
"""

from enum import StrEnum


class Code(StrEnum):
    """Why an order was refused. The first block is the venue's word (protocol.md 4.8), the others are our own."""

    POST_ONLY_CROSSES = "post_only_crosses"
    TICK = "tick"
    BALANCE = "balance"
    FAK_NO_MATCH = "fak_no_match"
    FOK_NOT_FILLED = "fok_not_filled"
    DUPLICATED = "duplicated"
    RESTARTING = "restarting"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"
    POST_ONLY_MODE = "post_only_mode"
    RATE_LIMITED = "rate_limited"
    NOT_READY = "not_ready"
    MARKET_CLOSED = "market_closed"
    INVALID = "invalid"
    CANCEL_NOT_FOUND = "cancel_not_found"
    CANCEL_HELD = "cancel_held"

    FW_MARKET_UNKNOWN = "fw_market_unknown"
    FW_TICK_UNKNOWN = "fw_tick_unknown"
    FW_FEE_UNKNOWN = "fw_fee_unknown"
    FW_PRICE = "fw_price"
    FW_SIZE_GRID = "fw_size_grid"
    FW_SIZE_MINIMUM = "fw_size_minimum"
    FW_NOTIONAL_MINIMUM = "fw_notional_minimum"
    FW_POST_ONLY_TIF = "fw_post_only_tif"
    FW_EXPIRATION_MISSING = "fw_expiration_missing"
    FW_EXPIRATION_UNEXPECTED = "fw_expiration_unexpected"
    FW_EXPIRATION_TOO_SOON = "fw_expiration_too_soon"
    FW_OWN_CROSS = "fw_own_cross"
    FW_MUTATION_BUDGET = "fw_mutation_budget"
    FW_MAX_OPEN_ORDERS = "fw_max_open_orders"
    FW_STALE_BOOK = "fw_stale_book"
    FW_POSITION = "fw_position"
    FW_VENUE_MODE = "fw_venue_mode"
    FW_DUPLICATE_ORDER = "fw_duplicate_order"
    FW_BATCH = "fw_batch"

    RISK_KILLED = "risk_killed"
    RISK_CASH = "risk_cash"
    RISK_CAP = "risk_cap"
    RISK_MARKET_STATE = "risk_market_state"


class AlertCode(StrEnum):
    """What a person is told."""

    SAFE = "safe"
    NOT_SELLABLE = "not_sellable"
    FEED_DEAD = "feed_dead"
    POST_ONLY_CROSSES = "post_only_crosses_limit"
    STOP_FIRED = "stop_fired"
    VENUE_MODE = "venue_mode"
    POSITION_MISMATCH = "position_mismatch"
    FILL_REVERSED = "fill_reversed"
    CANCEL_UNCONFIRMED = "cancel_unconfirmed"
    ORDER_UNKNOWN = "order_unknown"
    KILLED = "killed"
    FINISHED_HOLDING = "finished_holding"
