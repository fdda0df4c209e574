"""bucket.md, "The round" 3 and 4 without the stop: shares become sellable, the take-profit follows the bid."""

import pytest

from engine.model.codes import Code
from engine.model.commands import Place, ReadBook, ReadPosition
from engine.model.events import FeedChange
from engine.strategy.bucket.stages import Stage
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import UP, order_line, price, shares

# 3. SETTLING_IN


def test_bought_shares_are_asked_for_every_half_second_until_they_are_sellable() -> None:
    play = Scenario().bought()  # filled at 11
    assert (play.stage, play.intents) == (Stage.SETTLING_IN, [ReadPosition(UP)])
    assert play.wake_s == 11.5
    assert play.sellable(11.2, 0).intents == []
    assert play.tick(11.5).intents == [ReadPosition(UP)]
    assert play.sellable(11.6, 11).stage == Stage.EXIT


def test_each_settlement_event_asks_again_at_once() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 11, trade="t").fill(11.2, 11, order="", trade="t")
    assert play.intents == [ReadPosition(UP)]
    assert play.held == 11


def test_after_thirty_seconds_a_person_is_told_and_the_shares_are_held() -> None:
    play = Scenario().bought()
    for half in range(23, 82):
        assert play.tick(half / 2).alerts == []
    assert play.tick(41).alerts == ["not_sellable"]
    assert (play.stage, play.tick(42).alerts) == (Stage.SETTLING_IN, [])


def test_only_what_the_balance_covers_is_sold_and_the_rest_once_it_is_sellable() -> None:
    play = Scenario().bought().sellable(12, 6)
    assert play.place.size_u6 == shares(6)
    play.accept(12.1)
    assert play.tick(12.6).asks(ReadPosition)
    assert play.sellable(12.7, 11).intents == []  # not before the take-profit is two seconds old
    assert play.tick(14).cancelled == ["take_profit"]
    assert play.gone(14.1).place.size_u6 == shares(11)


def test_not_enough_balance_is_not_yet_sellable_and_tried_again_every_half_second() -> None:
    play = Scenario().bought().sellable(12, 11).reject(12.1, Code.BALANCE)
    assert (play.stage, play.intents) == (Stage.EXIT, [])
    assert play.wake_s == 12.6
    assert play.tick(12.6).intents == [ReadPosition(UP)]
    assert play.alerts == []
    assert play.sellable(12.7, 11).place.size_u6 == shares(11)


def test_a_balance_refusal_late_in_the_round_does_not_alert_for_the_time_before() -> None:
    play = Scenario().holding().book(100, 0.64).gone(100.1).reject(100.2, Code.BALANCE).tick(100.7)
    assert play.alerts == []
    assert play.tick(130.8).alerts == ["not_sellable"]


def test_a_position_below_the_minimum_after_a_reversal_ends_the_round_as_dust() -> None:
    play = Scenario().book(10, 0.60).accept(10.1)
    entry = play.last
    play.fill(10.5, 8, trade="a").fill(11, 3).reverse(11.5, "a", entry)
    assert (play.stage, play.held, play.alerts) == (Stage.DONE, 3, ["fill_reversed", "finished_holding"])


# 4. the take-profit


def test_the_take_profit_rests_one_cent_above_the_entry() -> None:
    play = Scenario().bought(10, 0.60).book(11.5, 0.59, 0.60).sellable(12, 11)
    assert order_line(play.place) == ("SELL", 0.61, 11, "GTC", True)


def test_the_take_profit_stands_above_the_external_bid() -> None:
    play = Scenario().bought(10, 0.60).book(11.5, 0.64).sellable(12, 11)
    assert play.place.price_e4 == price(0.65)


def test_the_take_profit_is_rounded_up_to_the_tick() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 4, 0.60).fill(11.1, 7, 0.595)
    assert play.sellable(12, 11).place.price_e4 == price(0.61)  # 0.5968 + 0.01 = 0.6068


def test_the_take_profit_uses_the_tick_in_force() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 4, 0.60).fill(11.1, 7, 0.595).tick_size(11.2, 0.001)
    play.book(11.3, 0.597, 0.605)
    assert play.sellable(12, 11).place.price_e4 == price(0.607)


def test_the_take_profit_never_stands_above_the_maximum() -> None:
    play = Scenario(late_reentry_entry_threshold_e4=9_950).bought(10, 0.98).book(11.5, 0.985, 0.99).sellable(12, 7)
    assert play.place.price_e4 == price(0.99)


def test_the_take_profit_follows_a_move_of_two_ticks_not_of_one() -> None:
    play = Scenario().holding(10, 0.60)  # take-profit 0.61, bid 0.60, sent at 12
    assert play.book(14, 0.61).intents == []
    assert play.book(15, 0.62).cancelled == ["take_profit"]
    assert order_line(play.gone(15.1).place) == ("SELL", 0.63, 11, "GTC", True)


def test_the_take_profit_is_derived_again_at_most_every_two_seconds() -> None:
    play = Scenario().holding(10, 0.60).book(13.9, 0.65)
    assert (play.intents, play.wake_s) == ([], 14)
    assert play.tick(14).cancelled == ["take_profit"]
    play.gone(14.1).accept(14.2).book(14.3, 0.70)
    assert play.tick(16.0).intents == []
    assert play.tick(16.1).cancelled == ["take_profit"]


def test_the_take_profit_never_falls_below_its_base() -> None:
    play = Scenario().holding(10, 0.60).book(14, 0.65).gone(14.1).accept(14.2)
    assert play.book(17, 0.58).cancelled == ["take_profit"]
    assert play.gone(17.1).place.price_e4 == price(0.61)
    assert play.accept(17.2).book(20, 0.55).intents == []  # already at its base


def test_a_remainder_below_the_minimum_is_never_cancelled_while_it_rests() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 7)
    assert play.book(15, 0.70).intents == []
    assert play.book(16, 0.40).intents == []  # nor is it stopped: it is dust
    assert (play.stage, play.held) == (Stage.EXIT, 4)
    assert play.fill(17, 4).stage == Stage.DONE


def test_a_remainder_below_the_minimum_rests_on_into_the_late_window() -> None:
    play = Scenario(late_window_ns=1).holding(700, 0.95).fill(710, 4)
    play.params = Scenario().params
    assert (play.held, play.tick(781).stage, play.cancelled) == (4, Stage.EXIT, [])


def test_flat_by_the_take_profit_ends_the_round() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 11)
    assert (play.stage, play.held) == (Stage.DONE, 0)
    assert play.book(20, 0.95).intents == []


def test_a_residue_below_a_hundredth_is_flat() -> None:
    play = Scenario().holding().fill(13, 10.990001)
    assert play.cancelled == ["take_profit"]
    assert play.gone(13.1).stage == Stage.DONE
    assert Scenario().holding().fill(13, 10.99).stage == Stage.EXIT


def test_a_take_profit_that_the_cap_makes_cross_goes_as_fak_if_bid_less_fee_covers_the_entry() -> None:
    play = Scenario(late_reentry_entry_threshold_e4=9_950).bought(10, 0.98).book(11.5, 0.99, 0.995)
    assert order_line(play.sellable(12, 7).place) == ("SELL", 0.99, 7, "FAK", False)


def test_a_take_profit_whose_fee_would_eat_the_gain_is_not_placed_and_only_the_stop_watched() -> None:
    play = Scenario(max_tp_price_e4=price(0.62)).bought(10, 0.60).book(11.5, 0.62).sellable(12, 11)
    # 0.62 less 0.07 x 0.62 x 0.38 = 0.6035 covers 0.60; 0.61 less 0.0167 does not
    assert order_line(play.place) == ("SELL", 0.62, 11, "FAK", False)
    play = Scenario(max_tp_price_e4=price(0.61)).bought(10, 0.60).book(11.5, 0.61).sellable(12, 11)
    assert (play.intents, play.stage) == ([], Stage.EXIT)
    assert play.book(13, 0.40).stage == Stage.SL_PLACED


def test_an_empty_bid_side_sends_nothing_until_the_first_record_with_a_bid() -> None:
    play = Scenario().bought(10, 0.60).book(11.5, 0, 0.61).sellable(12, 11)
    assert (play.stage, play.intents) == (Stage.EXIT, [])
    assert play.book(13, 0.60).place.price_e4 == price(0.61)


def test_an_empty_bid_side_does_not_move_the_take_profit() -> None:
    play = Scenario().holding(10, 0.60).book(14, 0.65).gone(14.1).accept(14.2)
    assert play.book(17, 0, 0.67).intents == []


def test_a_feed_that_is_not_fresh_while_holding_is_replaced_by_a_read_every_second() -> None:
    play = Scenario().holding().feed(20, FeedChange.STALE)
    assert play.intents == [ReadBook(UP)]
    assert play.tick(20.9).intents == []
    assert play.tick(21).intents == [ReadBook(UP)]
    assert play.feed(21.5, FeedChange.RESYNCED).tick(22).intents == []


def test_a_dead_rest_book_alerts_and_keeps_what_rests() -> None:
    play = Scenario().holding().feed(20, FeedChange.STALE).unknown(20.5, f"book:{UP}", "read")
    assert play.alerts == ["feed_dead"]
    assert play.stage == Stage.EXIT
    assert play.state.exit is not None
    assert play.cancelled == []


def test_the_round_ends_at_the_window_end_with_its_take_profit_cancelled() -> None:
    play = Scenario().holding(10, 0.60).tick(900)
    assert (play.cancelled, play.stage) == (["take_profit"], Stage.EXIT)
    assert play.gone(900.1).stage == Stage.SETTLING


# reversals


def test_a_reversed_buy_takes_away_the_take_profit_that_offers_more_than_is_held() -> None:
    play = Scenario().book(10, 0.60).accept(10.1)
    entry = play.last
    play.fill(11, 5, trade="a").fill(11.1, 6).sellable(12, 11).accept(12.1)
    assert play.reverse(13, "a", entry).cancelled == ["take_profit"]
    assert play.gone(13.1).place.size_u6 == shares(6)


def test_a_reversed_sale_is_held_again_and_offered_again() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 6, trade="s")
    play.reverse(14, "s", play.last)
    assert (play.held, play.stage, play.alerts) == (11, Stage.EXIT, ["fill_reversed"])
    assert play.sellable(15, 11).cancelled == ["take_profit"]
    assert play.gone(15.1).place.size_u6 == shares(11)


def test_a_sale_reversed_after_the_round_has_ended_is_held_safely() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 11, trade="s")
    play.reverse(14, "s", play.last)
    assert (play.stage, play.held) == (Stage.SAFE, 11)
    assert play.alerts == ["fill_reversed", "safe"]
    assert not any(isinstance(intent, Place) for intent in play.book(15, 0.40).intents)


def test_a_buy_filled_after_the_round_has_ended_is_held_safely() -> None:
    play = Scenario().book(830, 0.60).accept(830.1)
    play.tick(841).gone(841.1)
    assert play.stage == Stage.DONE
    play.fill(842, 11)
    assert (play.stage, play.held, play.alerts) == (Stage.SAFE, 11, ["safe"])


def test_a_fill_told_twice_counts_once() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 6, trade="s").fill(13.1, 6, trade="s")
    assert play.held == 5


def test_a_remote_position_that_contradicts_the_ledger_blocks_the_round_once_fills_are_a_minute_old() -> None:
    play = Scenario(max_tp_price_e4=price(0.61)).bought(10, 0.60).book(11.5, 0.61).sellable(12, 11)
    assert play.position(30, 0).stage == Stage.EXIT  # the venue's views lag
    assert play.position(71, 0).alerts == ["position_mismatch", "safe"]
    assert (play.stage, play.held) == (Stage.SAFE, 11)


def test_a_remote_position_is_not_compared_just_after_an_old_order_was_filled() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(200, 11)
    assert play.position(200.5, 0).stage == Stage.SETTLING_IN


def test_a_remote_position_up_to_the_threshold_counts_as_none() -> None:
    play = Scenario(remote_position_threshold_u6=shares(1)).holding(10, 0.60).fill(13, 10.995).gone(13.1)
    assert play.position(200, 0.9).alerts == []


@pytest.mark.parametrize("waited", [1, 2])
def test_a_take_profit_whose_answer_is_lost_is_not_repeated(waited: int) -> None:
    play = Scenario().bought().sellable(12, 11).unknown(12 + waited)
    assert play.cancelled == ["take_profit"]
    for second in range(15, 60):
        play.book(second, 0.62)
        assert not any(isinstance(intent, Place) for intent in play.intents)
