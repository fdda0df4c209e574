"""Every refusal in the venue's own words, against the list that was written down from it (2026-11-21)."""

import pytest

from engine.venue import refusals
from engine.venue.refusals import Refusal

WRITTEN_DOWN = {
    401: ["Unauthorized/Invalid api key", "Invalid L1 Request headers"],
    400: [
        "Invalid order payload",
        "Invalid orderID",
        "Invalid token id",
        "Payload exceeds the limit",
        "order_version_mismatch",
        "the order owner has to be the owner of the API KEY",
        "the order signer address has to be the address of the API KEY",
        "maker address not allowed, please use the deposit wallet flow",
        "invalid signature",
        "invalid post-only order: order crosses book",
        "invalid post-only order: only GTC and GTD orders can be post-only",
        "invalid expiration",
        "order canceled in the CTF exchange contract",
        "order match delayed due to market conditions",
        "order couldn't be fully filled. FOK orders are fully filled or killed.",
        "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.",
        "the market is not yet ready to process new orders",
    ],
    404: ["No orderbook exists for the requested token id"],
    425: ["matching engine restarting, please retry"],
    429: ["Too Many Requests"],
    500: [
        "order timed out",
        "there are no matching orders",
        "FOK orders are filled or killed",
        "the trade contains rounding issues",
        "the price of the taker's order has a discrepancy greater than allowed with the worst maker order",
        "could not insert order",
        "Internal server error",
    ],
    503: [
        "Trading is currently disabled. Check polymarket.com for updates",
        "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.",
    ],
}


def test_the_fixed_refusals_are_those_written_down() -> None:
    found: dict[int, set[str]] = {}
    for value in vars(refusals).values():
        if isinstance(value, Refusal):
            found.setdefault(value.status, set()).add(value.text)
    assert found == {status: set(texts) for status, texts in WRITTEN_DOWN.items()}


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (
            refusals.breaks_tick("0x1", 5250, 100),
            "order 0x1 is invalid. Price (0.525) breaks minimum tick size rule: 0.01",
        ),
        (
            refusals.below_minimum("0x1", 4_990_000, 5_000_000),
            "order 0x1 is invalid. Size (4.99) lower than the minimum: 5",
        ),
        (refusals.duplicated("0x1"), "order 0x1 is invalid. Duplicated."),
        (refusals.crosses("0x1"), "order 0x1 crosses the book"),
        (refusals.marketable_minimum(500_000), "invalid amount for a marketable BUY order ($0.5), min size: $1"),
        (refusals.banned("0xA"), "'0xA' address banned"),
        (refusals.closed_only("0xA"), "'0xA' address in closed only mode"),
        (refusals.too_many_orders(20, 15), "Too many orders in payload: 20, max allowed: 15"),
        (refusals.too_many_cancels(1000), "Too many orders in payload, max allowed: 1000"),
        (
            refusals.allowance_too_low("0xE", 0),
            "not enough balance / allowance: the allowance is not enough -> spender: 0xE, allowance: 0",
        ),
    ],
)
def test_refusals_with_numbers_read_as_the_venues(refusal: Refusal, text: str) -> None:
    assert (refusal.status, refusal.text, refusal.code, refusal.retry_after_s) == (400, text, "", 0)


@pytest.mark.parametrize(
    ("active", "matched", "with_fees", "text"),
    [
        (0, 0, False, "balance: 8100, order amount: 5140070"),
        (7, 0, False, "balance: 8100, sum of active orders: 7, order amount: 5140070"),
        (0, 9, True, "balance: 8100, sum of matched orders: 9, order amount (inc. fees): 5140070"),
        (
            7,
            9,
            True,
            "balance: 8100, sum of active orders: 7, sum of matched orders: 9, order amount (inc. fees): 5140070",
        ),
    ],
)
def test_a_balance_that_is_too_low_says_what_holds_it(active: int, matched: int, with_fees: bool, text: str) -> None:
    refusal = refusals.balance_too_low(8100, active, matched, 5140070, with_fees=with_fees)
    assert refusal == Refusal(400, f"not enough balance / allowance: the balance is not enough -> {text}")


def test_post_only_mode_says_when_it_ends() -> None:
    refusal = refusals.post_only_mode(79)
    assert refusal.text == "post-only mode: only post-only orders and cancels are allowed"
    assert (refusal.status, refusal.code, refusal.retry_after_s) == (503, "post_only_mode", 79)


def test_a_cancel_that_is_not_done_says_why() -> None:
    assert {refusals.CANCEL_NOT_FOUND, refusals.CANCEL_MATCHED, refusals.CANCEL_DONE, refusals.CANCEL_HELD} == {
        "Order not found or already canceled",
        "Order already matched",
        "already canceled or matched",
        "cannot cancel because the order is in pending/delayed status",
    }
