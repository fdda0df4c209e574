"""Breakers, guardian and reconciliation in the kernel: what pulls quotes, what stops trading, what a person is told."""

import msgspec
import pytest

from engine.config.load import Config, parse_config
from engine.kernel.kernel import Kernel
from engine.kernel.state import decode_state, encode_state
from engine.model.codes import AlertCode, BreakerName, Code
from engine.model.commands import Alert, Cancel, CancelAll, Command, Place, Purpose, ReadWallet
from engine.model.events import (
    Accepted,
    Breaker,
    Event,
    Fill,
    FillReversed,
    Foreign,
    Gone,
    GoneReason,
    Operator,
    Outcome,
    Rejected,
    Sellable,
    Settlement,
    Tick,
    VenueBudget,
    Wallet,
)
from engine.runtime.compose import build_kernel
from tests.unit.engine.kernel.test_kernel import Notes, enter, fill, kernel_with
from tests.unit.engine.rounds import DOWN, SLUG, UP, at, book

USD = 1_000_000


def config(**risk: float) -> Config:
    """Return a config with other limits; every limit that a test does not name is off."""
    off = {"DAILY_LOSS_LIMIT": 0, "DRAWDOWN_LIMIT": 0, "TRADE_LOSS_LIMIT": 0, "TRADE_LOSS_ALERT": 0}
    rows = ", ".join(f'"{key}": {value}' for key, value in {**off, **risk}.items())
    return parse_config(f'{{"risk": {{{rows}}}}}'.encode(), "test")


def quoting() -> tuple[Kernel, Notes, Place]:
    """Return a kernel with a resting buy of Up at 0.61."""
    kernel, notes = kernel_with(config())
    place = enter(kernel)
    kernel.receive(Accepted(at(1.1), place.order))
    return kernel, notes, place


def holding(**risk: float) -> tuple[Kernel, Place]:
    """Return a kernel that holds 11 shares of Up bought at 0.61, its take-profit resting."""
    kernel, _ = kernel_with(config(**risk))
    place = enter(kernel)
    kernel.receive(fill(place, 2))
    (target, *_) = kernel.receive(Sellable(at(4), UP, place.size_u6))
    assert isinstance(target, Place)
    kernel.receive(Accepted(at(4.1), target.order))
    return kernel, target


def ended(kernel: Kernel, target: Place) -> None:
    """Let the window end with the take-profit cancelled."""
    kernel.receive(Tick(at(900)))
    kernel.receive(Gone(at(900.1), target.order, GoneReason.CANCELED, 0))


def alerts(commands: list[Command]) -> list[str]:
    return [f"{one.code} {one.text}" for one in commands if isinstance(one, Alert)]


def codes(commands: list[Command]) -> list[str]:
    return [one.code for one in commands if isinstance(one, Alert)]


# breakers


@pytest.mark.parametrize("name", [BreakerName.USER_STREAM, BreakerName.CLOCK_SKEW, BreakerName.HEARTBEAT])
def test_a_breaker_pulls_the_buy_and_says_so_and_it_is_on_record(name: BreakerName) -> None:
    kernel, notes, place = quoting()
    commands = kernel.receive(Breaker(at(2), name, True, "down"))
    assert commands == [Cancel(place.order), Alert(AlertCode.BREAKER_TRIPPED, f"{name.value}: down")]
    kind, said = notes.said[-1]
    assert (kind, said[0], said[2]) == ("decision", commands, commands)  # type: ignore[index]
    assert kernel.state.fired[name].detail == "down"


def test_a_breaker_refuses_a_new_buy_until_it_is_told_that_all_is_well() -> None:
    kernel, notes, place = quoting()
    kernel.receive(Breaker(at(2), BreakerName.USER_STREAM, True, "down"))
    kernel.receive(Gone(at(2.1), place.order, GoneReason.CANCELED, 0))
    kernel.receive(book(UP, 9, 6_100, 6_200))
    assert notes.said[-1][1][1][0].code == Code.RISK_BREAKER  # type: ignore[index]
    assert kernel.receive(Breaker(at(10), BreakerName.USER_STREAM, False)) == [
        Alert(AlertCode.BREAKER_CLOSED, "user_stream")
    ]
    (again,) = kernel.receive(book(UP, 20, 6_100, 6_200))
    assert isinstance(again, Place)


def test_a_pulled_buy_whose_cancel_is_not_confirmed_is_followed_up() -> None:
    kernel, _, _ = quoting()
    kernel.receive(Breaker(at(2), BreakerName.USER_STREAM, True))
    assert kernel.wake_at_ns() <= at(3)
    assert AlertCode.CANCEL_UNCONFIRMED in codes(kernel.receive(Tick(at(3))))


def test_a_buy_that_the_venue_would_not_cancel_is_pulled_again_after_a_second() -> None:
    kernel, _, place = quoting()
    kernel.receive(Breaker(at(2), BreakerName.USER_STREAM, True))
    kernel.receive(Rejected(at(2.1), place.order, Code.CANCEL_HELD, cancel=True))
    assert kernel.receive(book(UP, 2.9, 6_100, 6_200)) == []
    assert kernel.receive(book(UP, 3, 6_100, 6_200)) == [Cancel(place.order)]


def test_a_breaker_leaves_the_take_profit_and_lets_the_stop_out() -> None:
    kernel, target = holding()
    commands = kernel.receive(Breaker(at(5), BreakerName.USER_STREAM, True, "down"))
    assert codes(commands) == ["breaker_tripped"]
    assert not [one for one in commands if isinstance(one, Cancel)]
    kernel.receive(book(UP, 6, 4_700, 4_800))
    (stop,) = kernel.receive(Gone(at(6.1), target.order, GoneReason.CANCELED, 0))
    assert isinstance(stop, Place)
    assert stop.purpose == Purpose.STOP


def test_refusals_in_a_row_trip_and_close_by_themselves() -> None:
    kernel, _ = kernel_with(config(REFUSALS_IN_A_ROW=2))
    enter(kernel)
    place = kernel.state.placed[f"{SLUG}/1/entry"]
    kernel.receive(Rejected(at(1.1), place.order, Code.TICK))
    (again,) = kernel.receive(book(UP, 3, 6_100, 6_200))
    assert isinstance(again, Place)
    commands = kernel.receive(Rejected(at(3.1), again.order, Code.TICK))
    assert "breaker_tripped refusals: 2 orders refused in a row, the last one: tick" in alerts(commands)
    assert kernel.wake_at_ns() <= at(33.1)
    assert alerts(kernel.receive(Tick(at(33.1)))) == ["breaker_closed refusals"]


def test_a_book_that_stays_crossed_pulls_the_buy_of_its_market_without_another_record() -> None:
    kernel, _, place = quoting()
    kernel.receive(book(UP, 1.5, 6_300, 6_200))
    assert kernel.wake_at_ns() <= at(3.5) + 1
    commands = kernel.receive(Tick(at(3.5) + 1))
    assert Cancel(place.order) in commands
    assert "breaker_tripped crossed_book: the book of asset 0 is crossed for 2000 ms" in alerts(commands)
    assert alerts(kernel.receive(book(UP, 4, 6_100, 6_200))) == ["breaker_closed crossed_book"]


def test_a_book_that_only_our_own_order_crosses_is_not_crossed() -> None:
    kernel, _, place = quoting()
    own = place.size_u6 // USD
    kernel.receive(book(UP, 1.5, place.price_e4, place.price_e4 - 100, own))
    assert kernel.state.breakers.crossed == {}


def test_what_is_not_ours_on_the_wallet_pulls_quotes_until_a_person_resumes() -> None:
    kernel, _, place = quoting()
    commands = kernel.receive(Foreign(at(2), "order", "0xabc"))
    assert commands == [
        Cancel(place.order),
        Alert(AlertCode.BREAKER_TRIPPED, "foreign: order 0xabc on our wallet is not ours"),
    ]
    assert alerts(kernel.receive(Operator(at(2.5), "resume", "ann", "it is mine"))) == ["breaker_closed foreign"]
    assert kernel.receive(Foreign(at(2.6), "order", "0xabc")) == []


def test_a_tripped_breaker_survives_a_crash_and_a_new_session_is_told_anew() -> None:
    kernel, _, _ = quoting()
    kernel.receive(Breaker(at(2), BreakerName.USER_STREAM, True, "down"))
    kernel = build_kernel(config(), decode_state(encode_state(kernel.state)), Notes())
    assert kernel.state.breakers.blocking(SLUG) is not None
    assert kernel.receive(Operator(at(3), "start", "shell"))[:2] == [
        Alert(AlertCode.BREAKER_CLOSED, "user_stream"),
        ReadWallet(),
    ]


# guardian


def lose(kernel: Kernel, target: Place, usd: float, second: float = 6) -> list[Command]:
    """Show a bid that makes the 11 shares worth `usd` less than they cost, 6.71 USD."""
    worth_e4 = round((6.71 - usd) / 11 * 10_000)
    return kernel.receive(book(UP, second, worth_e4, worth_e4 + 100))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("DAILY_LOSS_LIMIT", "daily loss of 1.01 USD, the limit is 1.00 USD"),
        ("DRAWDOWN_LIMIT", "drawdown of 1.01 USD, the limit is 1.00 USD"),
    ],
)
def test_the_guardian_stops_trading_by_name_and_cancels_everything(key: str, words: str) -> None:
    kernel, target = holding(**{key: 1})
    assert not kernel.state.killed
    lose(kernel, target, 0.9, 5)
    assert not kernel.state.killed
    commands = lose(kernel, target, 1.01)
    assert Cancel(target.order) in commands
    assert CancelAll() in commands
    assert alerts(commands)[-1] == f"killed guardian: {words}"
    assert (kernel.state.killed, kernel.state.kill_reason) == (True, f"guardian: {words}")
    assert kernel.state.fired["kill_switch"].detail == f"guard: guardian: {words}"


def test_one_trade_that_lost_too_much_stops_trading() -> None:
    caps = b'"position_control": {"CAP_SCHEDULE": {"0-900": 4}, "MIN_TRADE_SIZE": 1}'
    settings = b'{"risk": {"TRADE_LOSS_LIMIT": 4}, %b}' % caps
    kernel, _ = kernel_with(parse_config(settings, "test"))
    place = enter(kernel)
    kernel.receive(fill(place, 2))
    assert not kernel.state.killed
    kernel.receive(fill(place, 3, "t2"))  # the venue fills twice what was ordered
    commands = kernel.receive(book(UP, 4, 500, 600))
    assert kernel.state.kill_reason.startswith("guardian: trade loss of")
    assert CancelAll() in commands


def test_a_losing_trade_is_told_of_once() -> None:
    kernel, target = holding(TRADE_LOSS_ALERT=3)
    assert "trade_loss" in codes(lose(kernel, target, 3.5))
    assert "trade_loss" not in codes(lose(kernel, target, 4, 7))
    assert not kernel.state.killed


def test_a_loss_counts_at_the_bid_and_a_gain_not_before_it_is_made() -> None:
    kernel, _ = holding()
    kernel.receive(book(UP, 6, 9_000, 9_100))
    assert kernel.state.guardian.equity_u6 == 100 * USD
    kernel.receive(book(UP, 7, 5_900, 6_000))
    assert kernel.state.guardian.equity_u6 == 100 * USD - 220_000


def test_a_bid_side_that_is_empty_for_a_moment_is_no_loss() -> None:
    kernel, _ = holding(DAILY_LOSS_LIMIT=5)
    kernel.receive(book(UP, 6, 6_000, 6_100))
    kernel.receive(book(UP, 7, 0, 6_100))
    assert kernel.state.guardian.equity_u6 == 100 * USD - 110_000


def test_a_book_that_empties_when_its_window_has_ended_is_no_loss() -> None:
    kernel, target = holding(DAILY_LOSS_LIMIT=5)
    kernel.receive(book(UP, 880, 9_700, 9_800))
    ended(kernel, target)
    kernel.receive(book(UP, 901, 0, 0))
    assert not kernel.state.killed
    kernel.receive(Outcome(at(930), UP, True, True))
    assert not kernel.state.killed
    assert kernel.state.guardian.equity_u6 == kernel.state.bankroll_u6 == 100 * USD - 6_710_000 + 11 * USD


def test_a_lost_bet_counts_when_its_outcome_is_said() -> None:
    kernel, target = holding(DAILY_LOSS_LIMIT=5)
    kernel.receive(book(UP, 880, 6_000, 6_100))
    ended(kernel, target)
    commands = kernel.receive(Outcome(at(930), UP, True, False))
    assert kernel.state.kill_reason == "guardian: daily loss of 6.71 USD, the limit is 5.00 USD"
    assert CancelAll() in commands
    assert not kernel.state.rounds


def test_a_stop_lasts_until_a_resume_and_then_the_same_loss_stops_nothing() -> None:
    kernel, target = holding(DAILY_LOSS_LIMIT=1)
    lose(kernel, target, 1.05)
    again = build_kernel(config(DAILY_LOSS_LIMIT=1), decode_state(encode_state(kernel.state)), Notes())
    assert again.state.killed
    again.receive(Operator(at(8), "resume", "ann", "looked"))
    lose(again, target, 2, 9)
    assert not again.state.killed
    lose(again, target, 2.1, 10)
    assert again.state.killed


def test_an_operators_kill_cancels_everything_too_and_is_told() -> None:
    kernel, _, place = quoting()
    commands = kernel.receive(Operator(at(2), "kill", "ann", "enough"))
    assert Cancel(place.order) in commands
    assert commands[-2:] == [CancelAll(), Alert(AlertCode.KILLED, "enough")]
    assert kernel.state.fired["kill_switch"].detail == "ann: enough"


# the wallet


def wallet(second: float, collateral: float, redeemable: float = 0) -> Wallet:
    return Wallet(at(second), round(collateral * USD), round(redeemable * USD), "test")


def test_the_wallet_is_asked_for_at_a_sessions_start_and_sets_a_fresh_bankroll() -> None:
    kernel, _ = kernel_with(config())
    assert kernel.receive(Operator(at(0.1), "start", "shell")) == [ReadWallet()]
    (said,) = kernel.receive(wallet(0.2, 60))
    assert said == Alert(AlertCode.BANKROLL, "60.00 USD, the wallet holds no more")
    assert kernel.state.bankroll_u6 == 60 * USD


def test_a_session_that_goes_on_stops_at_once_on_a_breach() -> None:
    kernel, _ = kernel_with(config())
    kernel.receive(wallet(0.1, 100))
    kernel.receive(Operator(at(0.2), "start", "shell"))
    commands = kernel.receive(wallet(0.3, 60))
    assert kernel.state.killed
    assert alerts(commands)[-1].startswith("killed reconciliation: the wallet holds 60.00 USD, expected 100.00 USD")
    assert CancelAll() in commands


def test_what_open_windows_have_taken_is_not_missed() -> None:
    kernel, _ = holding()
    kernel.state.reconciler = msgspec.structs.replace(kernel.state.reconciler, begun=True)
    assert kernel.receive(wallet(6, 93.29)) == []
    assert kernel.state.reconciler.checks[-1].drift_permille == 0


def test_drift_warns_and_trading_goes_on() -> None:
    kernel, _ = holding()
    kernel.state.reconciler = msgspec.structs.replace(kernel.state.reconciler, begun=True)
    assert codes(kernel.receive(wallet(6, 80))) == ["wallet_drift"]
    assert not kernel.state.killed


def test_the_wallet_is_asked_for_after_the_configured_number_of_windows() -> None:
    kernel, target = holding(RECONCILE_EVERY_ROUNDS=1)
    ended(kernel, target)
    kernel.receive(Outcome(at(930), UP, True, True))
    assert kernel.wake_at_ns() <= at(930)
    assert kernel.receive(Tick(at(930))) == [ReadWallet()]
    assert kernel.wake_at_ns() > at(930)


def test_it_is_asked_again_when_every_trade_has_been_confirmed_for_ten_minutes() -> None:
    kernel, notes = kernel_with(config(RECONCILE_EVERY_ROUNDS=1))
    place = enter(kernel)
    kernel.receive(settled(place, 2, Settlement.MATCHED))
    kernel.receive(settled(place, 6, Settlement.MINED))
    kernel.receive(Tick(at(900)))
    kernel.receive(Outcome(at(930), UP, True, True))
    assert kernel.receive(Tick(at(931))) == [ReadWallet()]
    assert kernel.wake_at_ns() > at(10_000)
    kernel.receive(settled(place, 940, Settlement.CONFIRMED))
    assert kernel.wake_at_ns() == at(1_540)
    assert kernel.receive(Tick(at(1_540))) == [ReadWallet()]
    assert kernel.wake_at_ns() > at(10_000)
    notes.said.clear()


def settled(place: Place, second: float, settlement: Settlement) -> Fill:
    return Fill(
        at(second), place.order, "t", place.asset, place.side, place.price_e4, place.size_u6, 0, True, settlement
    )


def test_a_reversed_trade_is_followed_no_further() -> None:
    kernel, _ = kernel_with(config())
    place = enter(kernel)
    kernel.receive(settled(place, 2, Settlement.MATCHED))
    kernel.receive(FillReversed(at(3), place.order, "t"))
    assert list(kernel.state.reconciler.trades.values()) == [Settlement.FAILED]


# the venue's budget


def test_orders_are_taken_off_the_venues_budget_until_it_says_how_much_is_left() -> None:
    kernel, notes = kernel_with(config())
    kernel.receive(VenueBudget(at(0.5), 11, at(60)))
    place = enter(kernel)
    assert kernel.state.venue_budget == VenueBudget(at(0.5), 10, at(60))
    kernel.receive(Rejected(at(1.1), place.order, Code.NOT_READY))
    assert kernel.receive(book(UP, 3, 6_100, 6_200)) == []
    assert notes.said[-1][1][1][0].code == Code.FW_VENUE_BUDGET  # type: ignore[index]
    kernel.receive(VenueBudget(at(4), 500, at(60)))
    assert kernel.state.fired["fw_venue_budget"].ts_ns == at(3)


def test_the_same_events_lead_to_the_same_state_with_every_guard_in_use() -> None:
    events: list[Event] = [
        Breaker(at(2), BreakerName.CLOCK_SKEW, True, "3 s"),
        Foreign(at(2.5), "trade", "0x1"),
        wallet(3, 50),
        book(DOWN, 4, 6_000, 5_000),
        Tick(at(8)),
        Operator(at(9), "resume", "ann", ""),
        wallet(10, 50),
    ]
    states = []
    for _ in range(2):
        kernel, _, _ = quoting()
        said = [kernel.receive(event) for event in events]
        states.append((said, encode_state(kernel.state)))
    assert states[0] == states[1]


def test_a_session_risks_nothing_before_it_has_seen_the_wallet_but_reduces_risk() -> None:
    kernel, _ = kernel_with(config())
    kernel.receive(Operator(at(0), "start", "shell"))
    kernel.receive(book(DOWN, 1, 3_800, 3_900))
    assert kernel.receive(book(UP, 1, 6_100, 6_200)) == []
    kernel.receive(Wallet(at(2), 10_000 * USD, 0, "venue"))
    (place,) = kernel.receive(book(UP, 7, 6_100, 6_200))
    assert isinstance(place, Place)
    holder, target = holding()
    holder.receive(Operator(at(5), "start", "shell"))
    holder.receive(book(UP, 6, 4_000, 4_100))
    (stop, *_) = holder.receive(Gone(at(6.1), target.order, GoneReason.CANCELED, 0))
    assert isinstance(stop, Place)
    assert stop.purpose == Purpose.STOP
