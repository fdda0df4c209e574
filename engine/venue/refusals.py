"""Every refusal of the venue's order book service: the HTTP status and the text, word for word, in one place.

Facts (protocol.md 4.4, 4.8; 2026-11-21): a refusal of one order comes as this status with `{"error": text}`, in a batch
as status 200 with `errorMsg` and `success: true`. The same words are parsed by whoever trades and sent by the local
exchange.
"""

from typing import Final

import msgspec

from engine.model.units import format_price, format_scaled


class Refusal(msgspec.Struct, frozen=True):
    """What the venue says no with; `code` and `retry_after_s` where its body has them."""

    status: int
    text: str
    code: str = ""
    retry_after_s: int = 0


INVALID_API_KEY: Final = Refusal(401, "Unauthorized/Invalid api key")
INVALID_L1_HEADERS: Final = Refusal(401, "Invalid L1 Request headers")
INVALID_PAYLOAD: Final = Refusal(400, "Invalid order payload")
INVALID_ORDER_ID: Final = Refusal(400, "Invalid orderID")
VERSION_MISMATCH: Final = Refusal(400, "order_version_mismatch")
OWNER_MISMATCH: Final = Refusal(400, "the order owner has to be the owner of the API KEY")
SIGNER_MISMATCH: Final = Refusal(400, "the order signer address has to be the address of the API KEY")
MAKER_NOT_ALLOWED: Final = Refusal(400, "maker address not allowed, please use the deposit wallet flow")
INVALID_SIGNATURE: Final = Refusal(400, "invalid signature")
POST_ONLY_CROSSES: Final = Refusal(400, "invalid post-only order: order crosses book")
POST_ONLY_TYPE: Final = Refusal(400, "invalid post-only order: only GTC and GTD orders can be post-only")
INVALID_EXPIRATION: Final = Refusal(400, "invalid expiration")
FOK_NOT_FILLED: Final = Refusal(400, "order couldn't be fully filled. FOK orders are fully filled or killed.")
FAK_NOT_MATCHED: Final = Refusal(
    400,
    "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.",
)
CANCELED_ON_CHAIN: Final = Refusal(400, "order canceled in the CTF exchange contract")
MATCH_DELAYED: Final = Refusal(400, "order match delayed due to market conditions")
MARKET_NOT_READY: Final = Refusal(400, "the market is not yet ready to process new orders")
INVALID_TOKEN: Final = Refusal(400, "Invalid token id")
NO_BOOK: Final = Refusal(404, "No orderbook exists for the requested token id")
RESTARTING: Final = Refusal(425, "matching engine restarting, please retry", retry_after_s=1)
TIMED_OUT: Final = Refusal(500, "order timed out")
NO_MATCHING_ORDERS: Final = Refusal(500, "there are no matching orders")
FOK_KILLED: Final = Refusal(500, "FOK orders are filled or killed")
ROUNDING: Final = Refusal(500, "the trade contains rounding issues")
PRICE_DISCREPANCY: Final = Refusal(
    500,
    "the price of the taker's order has a discrepancy greater than allowed with the worst maker order",
)
NOT_INSERTED: Final = Refusal(500, "could not insert order")
INTERNAL: Final = Refusal(500, "Internal server error")
DISABLED: Final = Refusal(503, "Trading is currently disabled. Check polymarket.com for updates")
CANCEL_ONLY: Final = Refusal(
    503, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
)
TOO_MANY_REQUESTS: Final = Refusal(429, "Too Many Requests", retry_after_s=1)
PAYLOAD_LIMIT: Final = Refusal(400, "Payload exceeds the limit")

CANCEL_NOT_FOUND: Final = "Order not found or already canceled"
CANCEL_MATCHED: Final = "Order already matched"
CANCEL_DONE: Final = "already canceled or matched"
CANCEL_HELD: Final = "cannot cancel because the order is in pending/delayed status"


def post_only_mode(retry_after_s: int) -> Refusal:
    """Return the refusal of the two minutes after a restart."""
    text = "post-only mode: only post-only orders and cancels are allowed"
    return Refusal(503, text, "post_only_mode", retry_after_s)


def breaks_tick(order_id: str, price_e4: int, tick_e4: int) -> Refusal:
    """Return the refusal of a price that is no multiple of the tick, or outside [tick, 1 - tick]."""
    text = f"order {order_id} is invalid. Price ({format_price(price_e4)}) breaks minimum tick size rule"
    return Refusal(400, f"{text}: {format_price(tick_e4)}")


def below_minimum(order_id: str, size_u6: int, min_size_u6: int) -> Refusal:
    """Return the refusal of a size under the market's minimum."""
    text = f"order {order_id} is invalid. Size ({format_scaled(size_u6, 6)}) lower than the minimum"
    return Refusal(400, f"{text}: {format_scaled(min_size_u6, 6)}")


def duplicated(order_id: str) -> Refusal:
    """Return the refusal of an order whose id has been seen: the earlier one counts."""
    return Refusal(400, f"order {order_id} is invalid. Duplicated.")


def crosses(order_id: str) -> Refusal:
    """Return the refusal of an order that would cross the book where it must not."""
    return Refusal(400, f"order {order_id} crosses the book")


def marketable_minimum(notional_u6: int) -> Refusal:
    """Return the refusal of a marketable buy of less than one dollar."""
    return Refusal(400, f"invalid amount for a marketable BUY order (${format_scaled(notional_u6, 6)}), min size: $1")


def balance_too_low(balance: int, active: int, matched: int, amount: int, *, with_fees: bool) -> Refusal:
    """Return the refusal of an order that the balance does not cover; all numbers in 1e-6.

    `active` and `matched` are what the account's open orders and not yet settled trades hold already.
    """
    parts = [f"balance: {balance}"]
    if active:
        parts.append(f"sum of active orders: {active}")
    if matched:
        parts.append(f"sum of matched orders: {matched}")
    parts.append(f"order amount (inc. fees): {amount}" if with_fees else f"order amount: {amount}")
    return Refusal(400, f"not enough balance / allowance: the balance is not enough -> {', '.join(parts)}")


def allowance_too_low(spender: str, allowance: int) -> Refusal:
    """Return the refusal of an order whose exchange contract may not take what it would need."""
    text = f"the allowance is not enough -> spender: {spender}, allowance: {allowance}"
    return Refusal(400, f"not enough balance / allowance: {text}")


def banned(address: str) -> Refusal:
    """Return the refusal of an address that may not trade."""
    return Refusal(400, f"'{address}' address banned")


def closed_only(address: str) -> Refusal:
    """Return the refusal of an address that may only close positions."""
    return Refusal(400, f"'{address}' address in closed only mode")


def too_many_orders(found: int, most: int) -> Refusal:
    """Return the refusal of a batch with more orders than one may send."""
    return Refusal(400, f"Too many orders in payload: {found}, max allowed: {most}")


def too_many_cancels(most: int) -> Refusal:
    """Return the refusal of a cancel with more ids than one may name."""
    return Refusal(400, f"Too many orders in payload, max allowed: {most}")
