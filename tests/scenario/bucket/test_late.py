"""bucket.md, "The round" 5 and 6: the late hold, its stop, and the one re-entry."""

from typing import Any

import pytest

from engine.model.codes import Code
from engine.model.commands import Place, ReadPosition
from engine.model.events import GoneReason
from engine.strategy.bucket.stages import Stage
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import UP, order_line, price, shares


def late(**params: Any) -> Scenario:
    """Hold 8 shares bought at 0.92 in LATE_HOLD, nothing resting, at 783."""
    return Scenario(**params).holding(770, 0.92).tick(780).gone(783)


def stopped_out(**params: Any) -> Scenario:
    """Be flat by the late stop at 800.3."""
    return late(**params).book(800, 0.70).accept(800.1, resting=False).fill(800.3, 8, 0.69)


def test_the_late_hold_begins_by_time_and_cancels_the_take_profit() -> None:
    play = Scenario().holding(700, 0.92)
    assert play.tick(779.999).stage == Stage.EXIT
    assert (play.tick(780).stage, play.cancelled) == (Stage.LATE_HOLD, ["take_profit"])


def test_an_entry_below_the_late_threshold_stays_in_exit() -> None:
    play = Scenario().holding(700, 0.89).tick(781)
    assert (play.stage, play.cancelled) == (Stage.EXIT, [])
    assert play.book(790, 0.69).stage == Stage.SL_PLACED


def test_the_threshold_itself_is_held_late() -> None:
    assert Scenario().holding(700, 0.90).tick(780).stage == Stage.LATE_HOLD


def test_a_late_entry_goes_from_settling_in_into_the_hold_and_asks_for_its_balance() -> None:
    play = Scenario().bought(800, 0.92)
    assert (play.stage, play.intents) == (Stage.LATE_HOLD, [ReadPosition(UP)])
    assert play.sellable(802, 8).intents == []


def test_only_the_late_stop_is_watched() -> None:
    play = late()
    assert play.book(790, 0.72).stage == Stage.LATE_HOLD  # 0.92 - 0.20 would have fired
    play.book(800, 0.70)
    assert order_line(play.place) == ("SELL", 0.01, 8, "FAK", False)
    assert (play.stage, play.alerts) == (Stage.LATE_SL_PLACED, ["stop_fired"])


def test_a_take_profit_filled_in_the_hold_ends_the_round() -> None:
    play = Scenario().holding(770, 0.92).tick(780).fill(780.1, 8)
    assert play.stage == Stage.DONE


def test_a_hold_to_the_end_settles_at_one_or_zero() -> None:
    play = late().tick(900)
    assert (play.stage, play.held) == (Stage.SETTLING, 8)
    assert play.outcome(960, won=True).state.won is True


def test_after_a_late_stop_the_round_re_enters_at_the_late_threshold() -> None:
    play = stopped_out()
    assert (play.stage, play.held) == (Stage.WAIT_ENTRY, 0)
    assert play.book(801, 0.89).intents == []
    assert order_line(play.book(802, 0.90).place) == ("BUY", 0.90, 8, "GTC", True)  # floor(8 / 0.90)


def test_the_size_of_a_re_entry_is_taken_from_the_cap_afresh() -> None:
    assert stopped_out().book(802, 0.95).place.size_u6 == shares(8)
    play = stopped_out(max_late_entry_price_e4=price(0.99), max_tp_price_e4=price(0.99))
    assert play.book(802, 0.96).place.size_u6 == shares(8)


def test_no_re_entry_above_the_maximum_late_price() -> None:
    play = stopped_out()
    assert play.book(802, 0.98).intents == []
    assert play.book(803, 0.97).place.price_e4 == price(0.97)


def test_a_re_entry_needs_late_min_remaining_instead_of_min_window_remaining() -> None:
    assert stopped_out().book(890, 0.92).stage == Stage.ENTRY_PLACED
    assert stopped_out().book(890.001, 0.92).stage == Stage.DONE


def test_a_re_entry_stays_on_its_leg() -> None:
    assert stopped_out().book(802, 0.95, asset=1).intents == []


def test_re_entries_never_exceed_the_maximum() -> None:
    play = stopped_out().book(802, 0.92).accept(802.1).fill(803, 8).sellable(804, 8)
    assert play.stage == Stage.LATE_HOLD
    play.book(810, 0.60).fill(810.2, 8, 0.59)
    assert (play.stage, play.state.entries, play.state.stops) == (Stage.DONE, 2, 2)


def test_without_late_re_entry_the_late_stop_ends_the_round() -> None:
    assert stopped_out(enable_late_reentry=False).stage == Stage.DONE
    assert stopped_out(max_late_reentries=0).stage == Stage.DONE


def test_dust_left_by_a_late_stop_ends_the_round() -> None:
    play = late().book(800, 0.70).fill(800.2, 4, 0.69).gone(800.3, reason=GoneReason.KILLED)
    assert (play.stage, play.held) == (Stage.DONE, 4)


def test_at_least_the_minimum_left_by_a_late_stop_goes_back_to_the_hold_and_another_stop_may_follow() -> None:
    play = late().book(800, 0.70).fill(800.2, 3, 0.69).gone(800.3, reason=GoneReason.KILLED)
    assert (play.stage, play.held) == (Stage.LATE_HOLD, 5)
    assert play.book(801, 0.71).intents == []
    assert play.book(802, 0.69).place.size_u6 == shares(5)


@pytest.mark.parametrize("code", [Code.BALANCE, Code.NOT_READY, Code.FAK_NO_MATCH, Code.RATE_LIMITED])
def test_a_late_stop_that_was_refused_has_not_ended(code: Code) -> None:
    play = late().book(800, 0.70).reject(800.1, code)
    assert play.stage == Stage.LATE_SL_PLACED
    sent = play.sellable(800.8, 8).intents + play.book(801.2, 0.85).intents
    (place,) = [intent for intent in sent if isinstance(intent, Place)]
    assert order_line(place) == ("SELL", 0.01, 8, "FAK", False)


def test_flat_by_a_take_profit_that_won_the_race_does_not_re_enter() -> None:
    play = Scenario().holding(770, 0.92).tick(780).book(780.1, 0.70)
    assert play.stage == Stage.LATE_SL_PLACED
    assert play.fill(780.2, 8).stage == Stage.DONE


def test_a_re_entry_is_cancelled_when_late_min_remaining_is_gone() -> None:
    play = stopped_out().book(885, 0.92).accept(885.1)
    assert play.tick(890).cancelled == []
    assert play.tick(890.001).cancelled == ["entry"]


def test_a_late_stop_is_not_repeated_by_a_reversal_of_its_sale() -> None:
    play = stopped_out()
    stop = play.last
    play.reverse(801, play.state.fills[-1].trade_id, stop)
    assert (play.held, play.alerts) == (8, ["fill_reversed"])
    assert not any(isinstance(intent, Place) for intent in play.intents)
    assert play.state.entry_price_e4 == price(0.92)
