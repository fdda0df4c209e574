"""Every code that the system can say, in one registry: refusals (venue, firewall, risk), halts and alerts.

A refusal is a value: `Verdict.code` and `Rejected.code` hold one of these names. The docs' table of codes is generated
from here and a test asserts that each one is produced by some test.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


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

    FW_VENUE_BUDGET = "fw_venue_budget"

    RISK_KILLED = "risk_killed"
    RISK_CASH = "risk_cash"
    RISK_CAP = "risk_cap"
    RISK_MARKET_STATE = "risk_market_state"
    RISK_BREAKER = "risk_breaker"
    RISK_POSITION = "risk_position"


class BreakerName(StrEnum):
    """What has to be well for quotes to stand (risk.md, Circuit breakers)."""

    USER_STREAM = "user_stream"
    CLOCK_SKEW = "clock_skew"
    HEARTBEAT = "heartbeat"
    REFUSALS = "refusals"
    CROSSED_BOOK = "crossed_book"
    FOREIGN = "foreign"


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
    FINISHED_HOLDING = "finished_holding"
    QUOTE_PULLED = "quote_pulled"
    KILLED = "killed"
    BREAKER_TRIPPED = "breaker_tripped"
    BREAKER_CLOSED = "breaker_closed"
    TRADE_LOSS = "trade_loss"
    BANKROLL = "bankroll"
    WALLET_DRIFT = "wallet_drift"


MEANING: Final = MappingProxyType(
    {
        Code.POST_ONLY_CROSSES: "a post-only order would have traded at once",
        Code.TICK: "the price is not on the market's tick in force",
        Code.BALANCE: "not enough collateral or shares, or they are not yet settled",
        Code.FAK_NO_MATCH: "a fill-and-kill order found nothing to match",
        Code.FOK_NOT_FILLED: "a fill-or-kill order could not be filled completely",
        Code.DUPLICATED: "an order with this id had arrived before: it exists and is resolved by its id",
        Code.RESTARTING: "the venue's matching engine restarts",
        Code.CANCEL_ONLY: "the venue takes cancels only",
        Code.DISABLED: "trading is disabled",
        Code.POST_ONLY_MODE: "the venue takes post-only orders only",
        Code.RATE_LIMITED: "too many calls; the answer says when to try again",
        Code.NOT_READY: "the venue does not know the market yet",
        Code.MARKET_CLOSED: "the market takes no orders any more",
        Code.INVALID: "anything else that the venue did not like about an order",
        Code.CANCEL_NOT_FOUND: "an order that was to be cancelled is not in the book",
        Code.CANCEL_HELD: "an order that was to be cancelled is being matched and goes on",
        Code.FW_MARKET_UNKNOWN: "the market is unknown or closed",
        Code.FW_TICK_UNKNOWN: "the market's tick or minimum size is unknown",
        Code.FW_FEE_UNKNOWN: "the market's fee is unknown",
        Code.FW_PRICE: "the price is not between 0 and 1",
        Code.FW_SIZE_GRID: "the size, or an immediate buy's money, is not on the venue's grid of 0.01",
        Code.FW_SIZE_MINIMUM: "the size is below the market's minimum",
        Code.FW_NOTIONAL_MINIMUM: "a buy that would trade at once is worth less than 1 USD",
        Code.FW_POST_ONLY_TIF: "post-only goes with orders that may rest, and with no others",
        Code.FW_EXPIRATION_MISSING: "a good-till-date order needs an expiration",
        Code.FW_EXPIRATION_UNEXPECTED: "only a good-till-date order has an expiration",
        Code.FW_EXPIRATION_TOO_SOON: "the expiration is nearer than the venue allows, buffer included",
        Code.FW_OWN_CROSS: "it would meet an order of ours: directly, by minting or by merging",
        Code.FW_MUTATION_BUDGET: "the rolling budget of placements and cancels is used up",
        Code.FW_MAX_OPEN_ORDERS: "too many live orders already",
        Code.FW_STALE_BOOK: "the book it was built from is not fresh",
        Code.FW_POSITION: "a sale of more than can be sold",
        Code.FW_VENUE_MODE: "the venue's mode does not allow it",
        Code.FW_DUPLICATE_ORDER: "an order with this id was sent already",
        Code.FW_BATCH: "more orders or ids in one call than the venue takes",
        Code.FW_VENUE_BUDGET: "the last orders that the venue's own budget allows are kept for what reduces risk",
        Code.RISK_KILLED: "the kill switch is on",
        Code.RISK_CASH: "it costs more than the cash that open orders leave free",
        Code.RISK_CAP: "it would take the round above its cap",
        Code.RISK_MARKET_STATE: "the market's state does not allow it: closed, halted, or too near its close",
        Code.RISK_BREAKER: "a breaker is tripped or the wallet was not read yet: only what reduces risk may leave",
        Code.RISK_POSITION: "it would take all positions together above the maximum",
        AlertCode.SAFE: "a round was made safe: everything cancelled, nothing more is done until its end",
        AlertCode.NOT_SELLABLE: "bought shares cannot be sold although they should have settled",
        AlertCode.FEED_DEAD: "neither the feed nor the venue's book answers while a position is held",
        AlertCode.POST_ONLY_CROSSES: "too many post-only refusals, no more quotes in this round",
        AlertCode.STOP_FIRED: "a stop-loss was triggered",
        AlertCode.VENUE_MODE: "the venue changed its mode",
        AlertCode.POSITION_MISMATCH: "the venue's position contradicts ours",
        AlertCode.FILL_REVERSED: "a fill was taken back",
        AlertCode.CANCEL_UNCONFIRMED: "a cancel was not confirmed in time",
        AlertCode.ORDER_UNKNOWN: "an order's fate is unknown and is being read",
        AlertCode.FINISHED_HOLDING: "a round ended with shares that wait for settlement",
        AlertCode.QUOTE_PULLED: "a resting buy was pulled because its book cannot be believed any more",
        AlertCode.KILLED: "trading was stopped, by whom and why; it stays so until a person resumes",
        AlertCode.BREAKER_TRIPPED: "a circuit breaker tripped: resting buys are pulled, nothing new is risked",
        AlertCode.BREAKER_CLOSED: "a circuit breaker has closed again",
        AlertCode.TRADE_LOSS: "one trade has lost more than the limit to tell of",
        AlertCode.BANKROLL: "the bankroll was set to what the wallet says",
        AlertCode.WALLET_DRIFT: "the wallet holds something else than our books say",
    }
)
"""What each code says, for the docs; a test asserts that none is missing."""
