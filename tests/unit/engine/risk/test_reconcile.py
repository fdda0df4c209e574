"""The wallet against the books: the rough thresholds, the exact check, the trades on their way to the chain."""

from itertools import permutations

import pytest

from engine.model.events import Fill, FillReversed, Settlement, Side, Wallet
from engine.model.units import NS_PER_S
from engine.risk.reconcile import (
    CHECKS_KEPT,
    Finding,
    ReconcileParams,
    Reconciler,
    accept,
    compare,
    first_sight,
    forget,
    quiet_at_ns,
    settle,
)

PARAMS = ReconcileParams()
USD = 1_000_000
BEGUN = Reconciler(begun=True)


def wallet(collateral: float, redeemable: float = 0, at_s: int = 1_000) -> Wallet:
    return Wallet(at_s * NS_PER_S, round(collateral * USD), round(redeemable * USD), "test")


def run(*answers: Wallet, cash: float = 100, start: Reconciler = BEGUN, settled: bool = True) -> list[Finding]:
    """Return what each answer of the wallet led to."""
    found = []
    for answer in answers:
        start, finding = compare(PARAMS, start, answer, round(cash * USD), settled=settled)
        found.append(finding)
    return found


def trade(settlement: Settlement, at_s: int = 1, trade_id: str = "t") -> Fill:
    return Fill(at_s * NS_PER_S, "r/1/entry", trade_id, 0, Side.BUY, 6_000, USD, 0, True, settlement)


def test_at_a_fresh_start_the_bankroll_is_what_is_there_or_what_was_given_whichever_is_less() -> None:
    poor, bankroll_u6 = first_sight(Reconciler(), wallet(60), 100 * USD)
    assert (bankroll_u6, poor.outside_u6) == (60 * USD, 0)
    rich, bankroll_u6 = first_sight(Reconciler(), wallet(1_000, 5), 100 * USD)
    assert (bankroll_u6, rich.outside_u6, rich.outside_redeemable_u6) == (100 * USD, 900 * USD, 5 * USD)
    assert run(wallet(1_000, 5), start=rich) == [Finding()]


def test_above_ten_percent_of_drift_warns() -> None:
    assert run(wallet(90), settled=False) == [Finding()]
    (found,) = run(wallet(89.9), settled=False)
    assert found.warning == "the wallet holds 89.90 USD, expected 100.00 USD (10.1 %)"


def test_a_breach_needs_thirty_percent_and_fifteen_dollars() -> None:
    def breach(answer: Wallet, cash: float) -> bool:
        after, _ = compare(PARAMS, BEGUN, answer, round(cash * USD), settled=False)
        return after.checks[-1].breach

    assert not breach(wallet(70), 100)
    assert breach(wallet(69.99), 100)
    assert not breach(wallet(5), 20)  # 75 %, but 15 USD exactly
    assert breach(wallet(4.99), 20)
    assert breach(wallet(135), 100)  # too much is as wrong as too little


def test_three_breaches_in_a_row_stop_trading_and_a_sound_check_begins_anew() -> None:
    bad, good = wallet(50), wallet(100)
    halts = [bool(found.halt) for found in run(bad, bad, good, bad, bad, bad, settled=False)]
    assert halts == [False, False, False, False, False, True]


def test_unredeemed_shares_are_drift_to_the_rough_check_and_none_to_the_exact_one() -> None:
    (found,) = run(wallet(88, 12))
    assert (found.halt, found.warning) == ("", "the wallet holds 88.00 USD, expected 100.00 USD (12.0 %)")


def test_the_first_answer_of_a_session_stops_at_once_on_a_breach() -> None:
    (found,) = run(wallet(60), start=Reconciler(begun=True, starting=True), settled=False)
    assert found.halt == "the wallet holds 60.00 USD, expected 100.00 USD (40.0 %) at the start of a session"
    assert run(wallet(75), start=Reconciler(begun=True, starting=True), settled=False)[0].halt == ""


def test_above_five_cents_the_exact_check_warns() -> None:
    assert run(wallet(99.95)) == [Finding()]
    assert run(wallet(99.94)) == [Finding("-0.06 USD that the books do not explain")]
    assert run(wallet(99, 1.06)) == [Finding("0.06 USD that the books do not explain")]


def test_a_difference_that_grows_three_times_stops_trading() -> None:
    halts = [bool(found.halt) for found in run(wallet(99.9), wallet(99.8), wallet(99.8), wallet(99.7), wallet(99.6))]
    assert halts == [False, False, False, False, True]
    found = run(wallet(99.9), wallet(99.8), wallet(99.7))[-1]
    assert found.halt == "-0.30 USD that the books do not explain, growing 3 times in a row"


def test_an_inexact_check_neither_warns_of_cents_nor_ends_a_row() -> None:
    state = BEGUN
    for answer, settled in ((99.9, True), (99.8, True), (99.99, False), (99.7, True)):
        state, found = compare(PARAMS, state, wallet(answer), 100 * USD, settled=settled)
    assert found.halt != ""


def test_the_exact_check_waits_until_every_trade_is_confirmed_for_ten_minutes() -> None:
    state = settle(BEGUN, trade(Settlement.MATCHED, 10), known=True)
    assert quiet_at_ns(PARAMS, state) is None
    state = settle(state, trade(Settlement.CONFIRMED, 20), known=True)
    assert quiet_at_ns(PARAMS, state) == 620 * NS_PER_S
    assert run(wallet(99, at_s=619), start=state) == [Finding()]
    assert run(wallet(99, at_s=620), start=state) == [Finding("-1.00 USD that the books do not explain")]


@pytest.mark.parametrize("order", list(permutations([Settlement.MATCHED, Settlement.MINED, Settlement.CONFIRMED])))
def test_a_trade_moves_forward_only_in_whatever_order_its_messages_come(order: tuple[Settlement, ...]) -> None:
    state = BEGUN
    for settlement in (*order, *order):
        state = settle(state, trade(settlement), known=True)
    assert state.trades == {"r/1/entry t": Settlement.CONFIRMED}


def test_a_reversed_trade_is_not_waited_for() -> None:
    state = settle(BEGUN, trade(Settlement.MATCHED), known=True)
    state = settle(state, FillReversed(5 * NS_PER_S, "r/1/entry", "t"), known=True)
    assert quiet_at_ns(PARAMS, state) == 605 * NS_PER_S


def test_a_trade_of_a_window_that_is_over_is_followed_only_when_it_is_on_its_way() -> None:
    state = settle(BEGUN, trade(Settlement.MATCHED, trade_id="a"), known=True)
    state = settle(state, trade(Settlement.MINED, trade_id="b"), known=True)
    state = forget(settle(state, trade(Settlement.CONFIRMED, trade_id="c"), known=True), "r")
    assert state.trades == {"r/1/entry b": Settlement.MINED}
    assert settle(state, trade(Settlement.MATCHED, trade_id="a"), known=False) is state
    assert settle(state, trade(Settlement.CONFIRMED, trade_id="b"), known=False).trades == {
        "r/1/entry b": Settlement.CONFIRMED
    }


def test_the_last_five_checks_are_kept() -> None:
    state = BEGUN
    for count in range(9):
        state, _ = compare(PARAMS, state, wallet(100 + count / 100), 100 * USD, settled=True)
    assert [check.difference_u6 for check in state.checks] == [count * 10_000 for count in range(4, 9)]
    assert len(state.checks) == CHECKS_KEPT


def test_a_resume_accepts_what_the_wallet_said() -> None:
    state = BEGUN
    for _ in range(3):
        state, _ = compare(PARAMS, state, wallet(60), 100 * USD, settled=True)
    after, change_u6 = accept(state)
    assert (after.breaches, after.growing, change_u6) == (0, (), -40 * USD)
    assert run(wallet(60), cash=60, start=after) == [Finding()]
    more, _ = compare(PARAMS, BEGUN, wallet(150), 100 * USD, settled=True)
    after, change_u6 = accept(more)
    assert (change_u6, after.outside_u6) == (0, 50 * USD)
    assert run(wallet(150), start=after) == [Finding()]


def test_a_resume_after_another_stop_changes_no_money() -> None:
    state, _ = compare(PARAMS, BEGUN, wallet(99), 100 * USD, settled=False)
    after, change_u6 = accept(state)
    assert (after, change_u6) == (state, 0)
