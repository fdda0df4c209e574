"""bucket.md, "The round" 1 and 2: which leg is entered, how, and when a buy is let go."""

import pytest

from engine.model.codes import AlertCode
from engine.model.commands import CancelMarket, Place, ReadOrder
from engine.model.events import Feed, FeedChange, Gone, GoneReason, MarketChange
from engine.model.params import LegSelection
from engine.strategy.bucket.stages import Stage
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import DOWN, START_S, UP, at, market, order_line, price, shares


def test_an_entry_is_a_post_only_buy_at_the_best_bid_for_whole_shares_under_the_cap() -> None:
    play = Scenario().book(10, 0.62)
    assert order_line(play.place) == ("BUY", 0.62, 11, "GTD", True)  # floor(7 / 0.62)
    assert play.place.asset == UP
    assert play.stage == Stage.ENTRY_PLACED


def test_a_bid_below_the_threshold_is_not_entered() -> None:
    play = Scenario().book(10, 0.59)
    assert play.intents == []
    assert order_line(play.book(11, 0.60).place) == ("BUY", 0.60, 11, "GTD", True)


def test_the_higher_bid_is_entered_and_a_tie_goes_to_yes() -> None:
    assert Scenario().book(-1, 0.61).book(-1, 0.62, asset=DOWN).tick(0).place.asset == DOWN
    assert Scenario().book(-1, 0.61).book(-1, 0.61, asset=DOWN).tick(0).place.asset == UP


@pytest.mark.parametrize(("mode", "leg"), [(LegSelection.YES_ONLY, UP), (LegSelection.NO_ONLY, DOWN)])
def test_leg_selection_mode_allows_one_leg_only(mode: LegSelection, leg: int) -> None:
    play = Scenario(leg_selection=mode).book(10, 0.65, asset=1 - leg)
    assert play.intents == []
    assert play.book(11, 0.60, asset=leg).place.asset == leg


def test_nothing_is_entered_before_the_window_begins() -> None:
    play = Scenario().book(-1, 0.65)
    assert play.intents == []
    assert play.wake_s == 0
    assert play.tick(0).place.price_e4 == price(0.65)


def test_a_one_sided_or_crossed_book_is_not_entered() -> None:
    assert Scenario().book(10, 0.65, -1).intents == []
    assert Scenario().book(10, 0.65, 0.65).intents == []
    assert Scenario().book(10, 0.65, 0.64).intents == []


@pytest.mark.parametrize("change", [FeedChange.STALE, FeedChange.GAP])
def test_a_book_that_is_not_fresh_is_not_entered_until_it_is_again(change: FeedChange) -> None:
    play = Scenario().feed(5, change).book(10, 0.65)
    assert play.intents == []
    assert play.feed(11, FeedChange.RESYNCED).place.price_e4 == price(0.65)


def test_a_quiet_market_is_not_stale() -> None:
    assert Scenario().book(-1, 0.65).tick(400).place.price_e4 == price(0.65)


def test_after_a_lap_the_next_record_of_the_asset_is_needed() -> None:
    play = Scenario().book(-1, 0.65).lap(5)
    assert play.tick(6).intents == []
    assert play.book(7, 0.65).place.asset == UP


def test_a_closed_market_is_not_entered() -> None:
    assert Scenario().send(market(UP, MarketChange.CLOSED, second=5)).book(10, 0.65).intents == []


def test_an_entry_must_leave_room_for_the_take_profit() -> None:
    assert order_line(Scenario().book(10, 0.98).place) == ("BUY", 0.98, 7, "GTD", True)
    assert Scenario(max_tp_price_e4=price(0.98)).book(10, 0.98).intents == []


def test_an_entry_needs_min_window_remaining_and_the_round_ends_without() -> None:
    assert Scenario().book(840, 0.65).stage == Stage.ENTRY_PLACED
    assert Scenario().book(840.001, 0.65).stage == Stage.DONE


@pytest.mark.parametrize(("second", "tif", "expiration_s"), [(660, "GTD", START_S + 900), (660.001, "GTC", 0)])
def test_gtd_is_used_while_240_seconds_remain_and_expires_at_the_window_end(
    second: float, tif: str, expiration_s: int
) -> None:
    place = Scenario().book(second, 0.65).place
    assert (place.tif.name, place.expiration_s) == (tif, expiration_s)


@pytest.mark.parametrize(("second", "size"), [(299.9, 7), (300, 7), (600, 8)])
def test_the_cap_follows_its_schedule_half_open(second: float, size: float) -> None:
    assert Scenario().book(second, 0.98).place.size_u6 == shares(size)


def test_no_entry_below_the_minimum_size() -> None:
    play = Scenario(min_trade_size_u6=shares(12)).book(10, 0.60)
    assert play.intents == []
    assert play.book(300, 0.60).place.size_u6 == shares(12)  # floor(7.5 / 0.60)


def test_the_larger_minimum_of_config_and_venue_counts() -> None:
    assert Scenario(min_trade_size_u6=shares(1)).book(10, 0.98).place.size_u6 == shares(7)
    assert Scenario(min_trade_size_u6=shares(1)).holding().fill(13, 7).stage == Stage.EXIT
    play = Scenario(min_trade_size_u6=shares(1)).holding().fill(13, 7).gone(14)
    assert (play.held, play.stage) == (4, Stage.DONE)  # 4 shares are dust for the venue


# 2. ENTRY_PLACED


def test_a_buy_younger_than_two_seconds_is_left_alone() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(11.999, 0.70)
    assert play.intents == []
    assert play.wake_s == 12
    assert play.tick(12).cancelled == ["entry"]


def test_a_buy_is_requoted_once_the_bid_is_three_cents_above_and_its_cancel_is_confirmed() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(12, 0.63)
    assert play.cancelled == ["entry"]
    assert play.stage == Stage.ENTRY_PLACED
    play.gone(12.1)
    assert order_line(play.place) == ("BUY", 0.63, 11, "GTD", True)


def test_a_smaller_move_keeps_the_place_in_the_queue() -> None:
    assert Scenario().book(10, 0.60).accept(10.1).book(13, 0.6299, 0.64).intents == []


@pytest.mark.parametrize(("bid", "ask"), [(0.59, 0.63), (0.61, -1), (0.0, 0.62)])
def test_a_buy_whose_leg_is_no_longer_eligible_is_cancelled(bid: float, ask: float) -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(13, bid, ask)
    assert play.cancelled == ["entry"]
    assert play.gone(13.1).stage == Stage.WAIT_ENTRY
    assert play.state.entry is None


def test_a_buy_on_a_book_that_is_not_fresh_is_cancelled() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).feed(13, FeedChange.STALE)
    assert play.cancelled == ["entry"]
    assert play.alerts == ["quote_pulled"]


def test_a_token_whose_line_is_silent_or_has_a_gap_loses_its_own_buy_only() -> None:
    for change in (FeedChange.STALE, FeedChange.GAP):
        play = Scenario().book(10, 0.60).accept(10.1).send(Feed(at(13), DOWN, change))
        assert (play.cancelled, play.alerts) == ([], [])
        assert (play.send(Feed(at(14), UP, change)).cancelled, play.alerts) == (["entry"], ["quote_pulled"])


def test_a_ring_that_was_overrun_pulls_the_buy_and_says_so() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).lap(13)
    assert (play.cancelled, play.alerts) == (["entry"], ["quote_pulled"])


def test_a_young_buy_on_a_book_that_is_not_fresh_is_pulled_when_it_is_old_enough() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).lap(10.5)
    assert (play.cancelled, play.wake_s) == ([], 12)
    assert play.tick(12).alerts == ["quote_pulled"]


def test_a_requote_may_change_the_leg_until_the_first_fill() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(12, 0.40).book(12.1, 0.60, asset=DOWN).gone(12.2)
    assert play.place.asset == DOWN


def test_after_the_first_fill_the_round_stays_on_its_leg() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 2).book(13, 0.40)
    play.book(13.1, 0.60, asset=DOWN).gone(13.2)
    assert (play.stage, play.intents) == (Stage.WAIT_ENTRY, [])


def test_a_buy_is_cancelled_when_less_than_min_window_remaining_is_left() -> None:
    play = Scenario().book(830, 0.65).accept(830.1)
    assert play.tick(840).intents == []
    assert play.tick(840.001).cancelled == ["entry"]
    assert play.gone(840.1).stage == Stage.DONE


def test_the_rest_keeps_resting_after_a_partial_fill() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 6)
    assert (play.intents, play.stage, play.held) == ([], Stage.ENTRY_PLACED, 6)
    assert play.fill(12, 5).stage == Stage.SETTLING_IN


def test_a_partial_fill_below_the_minimum_is_topped_up_within_the_cap() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 4).book(13, 0.65).gone(13.1)
    # 4 x 0.60 are at risk: floor((7 - 2.40) / 0.65)
    assert order_line(play.place) == ("BUY", 0.65, 7, "GTD", True)
    play.accept(13.2).fill(14, 7)
    assert (play.stage, play.state.entries) == (Stage.SETTLING_IN, 1)
    assert play.state.entry_price_e4 == (4 * 6_000 + 7 * 6_500) // 11


def test_a_partial_fill_below_the_minimum_that_times_out_is_dust() -> None:
    play = Scenario().book(830, 0.60).accept(830.1).fill(831, 4).tick(841).gone(841.1)
    assert (play.stage, play.held) == (Stage.DONE, 4)


def test_a_partial_fill_of_at_least_the_minimum_settles_in_after_its_cancel() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 6).book(13, 0.65).gone(13.1)
    assert play.stage == Stage.SETTLING_IN


@pytest.mark.parametrize(("filled", "stage"), [(4, Stage.ENTRY_PLACED), (5, Stage.SL_PLACED)])
def test_the_stop_is_watched_beside_a_buy_from_the_minimum_size_on(filled: float, stage: Stage) -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(10.5, filled).book(11, 0.50)
    assert play.stage == stage
    assert play.cancelled == (["entry"] if stage == Stage.SL_PLACED else [])


def test_a_cancel_that_loses_the_race_to_a_fill_is_a_fill() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(12, 0.63).fill(12.1, 11)
    assert (play.stage, play.held) == (Stage.SETTLING_IN, 11)
    assert not any(isinstance(intent, Place) for intent in play.intents)


def test_an_unconfirmed_cancel_is_repeated_by_market_and_the_order_read() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(12, 0.63)
    assert play.tick(12.999).intents == []
    entry = play.last
    assert play.tick(13).intents[0] == CancelMarket(UP)
    assert ReadOrder(entry) in play.intents
    assert play.alerts == ["cancel_unconfirmed"]
    assert play.read(13.1, found=True, resting=False, filled=0).place.price_e4 == price(0.63)


def test_a_buy_gone_with_an_unknown_fill_is_read_before_the_next_one() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).book(12, 0.63)
    entry = play.last
    play.send(Gone(at(12.1), entry, GoneReason.CANCELED))
    assert play.intents == [ReadOrder(entry)]
    play.read(12.2, entry, found=True, filled=4)
    assert play.intents == []  # its fills are still to come
    play.fill(12.3, 4, order=entry)
    assert play.place.size_u6 == shares(7)  # floor((7 - 2.40) / 0.63)


def test_a_fill_after_its_cancel_was_confirmed_still_counts() -> None:
    play = Scenario().book(10, 0.60).accept(10.1)
    first = play.last
    play.book(12, 0.63).gone(12.1).accept(12.2).fill(12.3, 3, order=first)
    assert (play.held, play.state.entry_price_e4) == (3, price(0.60))


def test_a_late_fill_on_one_leg_takes_a_buy_on_the_other_leg_away() -> None:
    play = Scenario().book(10, 0.60).accept(10.1)
    first = play.last
    play.book(12, 0.40).book(12.1, 0.60, asset=DOWN).gone(12.2).accept(12.3)
    assert play.order(play.last).asset == DOWN
    assert play.fill(12.4, 3, order=first).cancelled == ["entry"]
    play.fill(12.5, 2)
    assert (play.stage, play.held, play.state.leg) == (Stage.SAFE, 3, UP)
    assert play.state.spent_u6 == shares(3 * 0.60 + 2 * 0.60)


def test_an_unknown_buy_is_deleted_and_gone_only_after_two_reads_that_do_not_find_it() -> None:
    play = Scenario().book(10, 0.60).unknown(12)
    entry = play.last
    assert play.cancelled == ["entry"]
    assert play.alerts == [AlertCode.ORDER_UNKNOWN]
    assert play.asks(ReadOrder)
    assert play.read(14.9, found=False).state.entry is not None  # too soon after it was sent
    assert play.read(15, found=False).state.entry is not None
    assert play.read(16.9, found=False).state.entry is not None  # too soon after the first one
    assert play.read(17, found=False).place.order != entry


def test_an_unknown_buy_that_turns_out_to_rest_goes_on() -> None:
    play = Scenario().book(10, 0.60).unknown(10.5).read(10.6, found=True, resting=True)
    assert play.state.entry is not None
    assert play.stage == Stage.ENTRY_PLACED


def test_an_unknown_buy_blocks_every_other_one() -> None:
    play = Scenario().book(10, 0.60).unknown(10.5)
    for second in range(11, 60):
        play.book(second, 0.70).tick(second + 0.5)
        assert not any(isinstance(intent, Place) for intent in play.intents)
