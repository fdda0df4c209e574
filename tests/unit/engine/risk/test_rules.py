"""Risk: the kill switch, the cash that open orders reserve, the cap of a round; reservations end with their order."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.codes import Code
from engine.model.commands import Place, Purpose, TimeInForce
from engine.model.events import Accepted, Event, Gone, GoneReason, OrderState, Rejected, Side, Unknown
from engine.model.fees import CRYPTO_FEES, taker_fee_u6
from engine.model.orders import TERMINAL, Order, OrderStatus, advance, count_fill
from engine.model.units import NS_PER_S, notional_u6
from engine.risk.breakers import Trip
from engine.risk.market_state import MarketState
from engine.risk.rules import RiskFacts, reserved_cash_u6, reserved_tokens_u6, review
from tests.scenario.bucket.words import UP, price, shares


def own(side: Side = Side.BUY, usd: float = 0.50, size: float = 10, **more: Any) -> Order:
    return Order(
        "own", UP, side, price(usd), shares(size), TimeInForce.GTC, Purpose.ENTRY, True, 0, OrderStatus.LIVE, **more
    )


def buy(usd: float = 0.60, size: float = 10, *, post_only: bool = True) -> Place:
    return Place("r/1/x", UP, Side.BUY, price(usd), shares(size), TimeInForce.GTC, Purpose.ENTRY, post_only)


def facts(**changes: Any) -> RiskFacts:
    """Return plenty of cash and a cap of 7 USD, nothing held and nothing resting."""
    plain = RiskFacts(NS_PER_S, False, shares(100), (), (), 0, shares(7), CRYPTO_FEES, False)
    return msgspec.structs.replace(plain, **changes)


def test_an_order_within_cash_and_cap_passes() -> None:
    assert review(facts(), buy()).allowed


def test_a_kill_refuses_by_name_and_says_when_to_ask_again() -> None:
    verdict = review(facts(killed=True), buy())
    assert (verdict.code, verdict.retry_at_ns) == (Code.RISK_KILLED, 2 * NS_PER_S)


def test_a_closed_market_is_refused() -> None:
    assert review(facts(market=MarketState.CLOSED), buy()).code == Code.RISK_MARKET_STATE


def test_the_cap_counts_what_is_held_and_what_is_ordered_already() -> None:
    assert review(facts(round_cost_u6=shares(1)), buy()).allowed
    assert review(facts(round_cost_u6=shares(1) + 1), buy()).code == Code.RISK_CAP
    assert review(facts(round_orders=(own(usd=0.10),)), buy()).allowed
    assert review(facts(round_orders=(own(usd=0.11),)), buy()).code == Code.RISK_CAP


def test_cash_counts_what_every_order_reserves() -> None:
    assert review(facts(cash_u6=shares(6)), buy()).allowed
    assert review(facts(cash_u6=shares(6) - 1), buy()).code == Code.RISK_CASH
    assert review(facts(cash_u6=shares(11), orders=(own(),)), buy()).allowed
    assert review(facts(cash_u6=shares(11) - 1, orders=(own(),)), buy()).code == Code.RISK_CASH


def test_an_order_that_may_take_needs_room_for_its_fee() -> None:
    fee_u6 = taker_fee_u6(CRYPTO_FEES, price(0.60), shares(10))
    assert fee_u6 > 0
    assert review(facts(cash_u6=shares(6) + fee_u6), buy(post_only=False)).allowed
    assert review(facts(cash_u6=shares(6) + fee_u6 - 1), buy(post_only=False)).code == Code.RISK_CASH
    assert review(facts(cap_u6=shares(6)), buy(post_only=False)).code == Code.RISK_CAP


def test_an_order_that_only_reduces_risk_passes_whatever_happens_in_a_market_that_is_open() -> None:
    sell = msgspec.structs.replace(buy(), side=Side.SELL)
    trip = Trip("user_stream", 1, "down")
    refused = facts(killed=True, cash_u6=0, cap_u6=0, breaker=trip, market=MarketState.CLOSE_WINDOW, reducing=True)
    assert review(refused, sell).allowed
    closed = msgspec.structs.replace(refused, market=MarketState.CLOSED)
    assert review(closed, sell).code == Code.RISK_MARKET_STATE


CAUSES: dict[str, dict[str, Any]] = {
    "risk_killed": {"killed": True},
    "risk_cash": {"cash_u6": 0},
    "risk_cap": {"cap_u6": 0},
    "risk_market_state": {"market": MarketState.CLOSE_WINDOW},
    "risk_breaker": {"breaker": Trip("user_stream", 1, "down")},
    "risk_position": {"position_u6": shares(35), "position_max_u6": shares(40)},
}


@pytest.mark.parametrize("code", [code for code in Code if code.startswith("risk_")])
def test_every_code_of_risk_can_be_caused(code: Code) -> None:
    assert review(facts(**CAUSES[code]), buy()).code == code


def test_a_breaker_is_asked_again_in_five_seconds_or_when_it_closes() -> None:
    told = review(facts(breaker=Trip("user_stream", 1, "down")), buy())
    assert (told.code, told.retry_at_ns) == (Code.RISK_BREAKER, 6 * NS_PER_S)
    timed = review(facts(breaker=Trip("refusals", 1, "5 in a row", until_ns=31 * NS_PER_S)), buy())
    assert timed.retry_at_ns == 31 * NS_PER_S


def test_all_positions_and_working_buys_together_stay_within_the_maximum() -> None:
    within = facts(position_u6=shares(29), position_max_u6=shares(40), orders=(own(),))
    assert review(within, buy()).allowed
    assert review(msgspec.structs.replace(within, position_u6=shares(29) + 1), buy()).code == Code.RISK_POSITION
    assert review(facts(position_u6=shares(1_000)), buy()).allowed  # without a maximum


def test_buys_reserve_cash_and_sells_reserve_shares() -> None:
    orders = [own(filled_u6=shares(4)), own(Side.SELL, size=3)]
    assert reserved_cash_u6(orders) == shares(6 * 0.50)
    assert reserved_tokens_u6(orders, UP) == shares(3)
    assert reserved_tokens_u6(orders, UP + 1) == 0


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_reserves_until_it_has_ended(status: OrderStatus) -> None:
    one = msgspec.structs.replace(own(), status=status)
    assert reserved_cash_u6([one]) == (0 if status in TERMINAL else shares(5))


def test_an_ended_order_reserves_what_is_filled_but_not_yet_told() -> None:
    one = msgspec.structs.replace(own(told_filled_u6=shares(4)), status=OrderStatus.CANCELED)
    assert reserved_cash_u6([one]) == shares(2)
    assert reserved_cash_u6([count_fill(one, shares(4))]) == 0


@given(st.integers(0, 2**32))
def test_over_any_events_a_reservation_never_exceeds_the_rest_and_is_released_exactly_once(seed: int) -> None:
    random = Random(seed)
    parts = random.randint(0, 5)
    filled_u6 = shares(2) * parts
    reason = GoneReason.FILLED if parts == 5 else GoneReason.CANCELED
    facts_told: list[Event | None] = [
        Accepted(1, "own"),
        Unknown(1, "own"),
        Unknown(1, "own", "cancel"),
        Rejected(1, "own", Code.CANCEL_NOT_FOUND, cancel=True),
        OrderState(1, "own", True, True, filled_u6),
        *[None] * parts,  # a fill of 2 shares
    ]
    ends: list[Event] = [Gone(2, "own", reason, filled_u6), OrderState(3, "own", True, False, filled_u6)]
    random.shuffle(facts_told)
    one = msgspec.structs.replace(own(), status=OrderStatus.SENT)
    spent_u6 = 0
    for event in [*facts_told, *ends]:
        one = count_fill(one, shares(2)) if event is None else advance(one, event)
        spent_u6 += notional_u6(price(0.50), shares(2)) if event is None else 0
        assert 0 <= reserved_cash_u6([one]) <= notional_u6(price(0.50), one.size_u6) - spent_u6
    assert (one.is_working, reserved_cash_u6([one])) == (False, 0)
    for event in random.choices(ends, k=3):
        one = advance(one, event)
        assert reserved_cash_u6([one]) == 0
