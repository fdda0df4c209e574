"""bucket.md, "The round" 4, the stop: when it fires, what it cancels, how it sells, and when it has ended."""

import pytest

from engine.model.codes import Code
from engine.model.commands import Cancel, CancelMarket, Place, ReadBook, ReadOrder, ReadPosition
from engine.model.events import FeedChange, GoneReason, VenueState
from engine.strategy.bucket.external import external_bid
from engine.strategy.bucket.stages import Stage
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.words import UP, order_line, price, shares


def stopped(bid: float = 0.50, second: float = 20) -> Scenario:
    """Hold 11 shares bought at 0.60 and let the stop fire: its take-profit's cancel is on the way."""
    return Scenario().holding(10, 0.60).book(second, bid)


def selling() -> Scenario:
    """Let the stop fire at 20 and have its first order sent at 20.1."""
    return stopped().gone(20.1)


def sends_nothing(play: Scenario) -> bool:
    return not any(isinstance(intent, Place) for intent in play.intents)


def test_a_stop_fires_at_the_trigger_and_latches() -> None:
    play = Scenario().holding(10, 0.60)
    assert play.book(19, 0.501).stage == Stage.EXIT
    play.book(20, 0.50)
    assert (play.stage, play.cancelled, play.alerts) == (Stage.SL_PLACED, ["take_profit"], ["stop_fired"])
    play.book(20.1, 0.60)  # the bid comes back: the stop goes on
    assert order_line(play.gone(20.2).place) == ("SELL", 0.01, 11, "FAK", False)


@pytest.mark.parametrize(("entry", "trigger"), [(0.60, 0.50), (0.75, 0.55), (0.69, 0.50)])
def test_the_trigger_is_the_entry_less_the_offset_but_not_below_the_floor(entry: float, trigger: float) -> None:
    play = Scenario().holding(10, entry)
    assert play.book(20, trigger + 0.01).stage == Stage.EXIT
    assert play.book(21, trigger).stage == Stage.SL_PLACED


def test_a_stop_is_watched_while_the_shares_settle_in() -> None:
    play = Scenario().bought().book(11.5, 0.50)
    assert play.stage == Stage.SL_PLACED
    assert sends_nothing(play)
    assert play.alerts == ["stop_fired"]
    assert play.sellable(12, 11).place.size_u6 == shares(11)


def test_the_stop_of_a_working_buy_asks_for_the_balance_without_an_alert() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 6).book(12, 0.50).gone(12.1)
    assert play.intents == [ReadPosition(UP)]
    assert play.tick(42.1).alerts == ["not_sellable"]


def test_a_stop_that_the_venue_neither_matches_nor_ends_is_cancelled_so_that_another_one_may_follow() -> None:
    play = selling().accept(20.2, resting=False)
    for second in range(22, 30):
        play.read(second, found=True, resting=True)
        assert (play.cancelled, sends_nothing(play)) == ([], True)
    assert play.tick(30.2).cancelled == ["stop"]
    assert play.tick(31).cancelled == []
    assert play.tick(41).cancelled == ["stop"]  # that cancel was lost
    play.gone(41.2)
    assert play.book(42, 0.48).place.size_u6 == shares(11)


def test_the_cancel_comes_first_and_nothing_is_sold_before_it_is_confirmed() -> None:
    play = stopped()
    assert play.intents[-1] == Cancel(play.last)
    assert sends_nothing(play.book(20.5, 0.45))
    assert order_line(play.gone(20.6).place) == ("SELL", 0.01, 11, "FAK", False)


def test_a_cancel_unconfirmed_after_a_second_is_a_cancel_by_market_and_resolved_by_id() -> None:
    play = stopped()
    take_profit = play.last
    assert play.tick(20.999).intents == []
    play.tick(21)
    assert [intent for intent in play.intents if isinstance(intent, CancelMarket)] == [CancelMarket(UP)]
    assert ReadOrder(take_profit) in play.intents
    assert play.alerts == ["cancel_unconfirmed"]
    assert play.read(21.1, found=True, resting=False).place.size_u6 == shares(11)


def test_a_take_profit_filled_while_it_is_cancelled_ends_the_round() -> None:
    assert stopped().fill(20.1, 11).stage == Stage.DONE


def test_a_stop_sells_what_is_sellable_floored_to_a_hundredth() -> None:
    play = Scenario().bought().sellable(12, 8.999999).accept(12.1).book(20, 0.50).gone(20.1)
    assert play.place.size_u6 == shares(8.99)


def test_no_second_stop_while_one_is_sent_held_or_unknown() -> None:
    play = selling()
    stop = play.last
    assert sends_nothing(play.book(21, 0.48))
    play.accept(21.1, resting=False)
    assert sends_nothing(play.book(22, 0.47))
    play.unknown(22.5)
    assert sends_nothing(play.book(23, 0.46))
    assert sends_nothing(play.read(25.2, stop, found=False).book(25.3, 0.45))
    assert play.read(27.2, stop, found=False).place.order != stop


def test_a_held_stop_whose_end_is_not_told_is_read_until_it_ends() -> None:
    play = selling().accept(20.2, resting=False)
    assert play.wake_s == 21.1
    assert play.tick(21.1).intents == [ReadOrder(play.last)]
    assert sends_nothing(play.read(21.2, found=True, resting=True))
    assert play.tick(22.1).intents == [ReadOrder(play.last)]
    play.read(22.2, found=True, resting=False, filled=11)
    assert play.stage == Stage.SL_PLACED  # its trades are still to come
    assert play.fill(22.3, 11, 0.48).stage == Stage.DONE


def test_what_a_stop_leaves_goes_out_again_at_the_next_record_with_a_bid() -> None:
    play = selling().accept(20.2, resting=False).fill(20.3, 4, 0.49).gone(20.4, reason=GoneReason.KILLED)
    assert sends_nothing(play.tick(21))
    assert sends_nothing(play.book(22, 0, 0.50))
    assert order_line(play.book(23, 0.30).place) == ("SELL", 0.01, 7, "FAK", False)


def test_stops_go_out_no_more_often_than_every_quarter_second() -> None:
    play = selling().fill(20.15, 4, 0.49).gone(20.2, reason=GoneReason.KILLED).book(20.25, 0.48)
    assert sends_nothing(play)
    assert play.wake_s == 20.35
    assert play.tick(20.35).place.size_u6 == shares(7)


def test_a_stop_that_leaves_less_than_the_minimum_ends_the_round_as_dust() -> None:
    play = selling().fill(20.2, 7, 0.49).gone(20.3, reason=GoneReason.KILLED)
    assert (play.stage, play.held) == (Stage.DONE, 4)


def test_stop_sells_dust_goes_on_down_to_a_hundredth() -> None:
    play = Scenario(stop_sells_dust=True).holding(10, 0.60).book(20, 0.50).gone(20.1)
    play.fill(20.2, 10.98, 0.49).gone(20.3, reason=GoneReason.KILLED).book(21, 0.48)
    assert order_line(play.place) == ("SELL", 0.01, 0.02, "FAK", False)


def test_stop_sells_dust_watches_a_resting_remainder_too() -> None:
    play = Scenario(stop_sells_dust=True).holding(10, 0.60).fill(13, 7).book(20, 0.50)
    assert (play.stage, play.cancelled) == (Stage.SL_PLACED, ["take_profit"])
    assert play.gone(20.1).place.size_u6 == shares(4)


def test_flat_by_the_stop_ends_the_round_without_another_entry() -> None:
    play = selling().fill(20.2, 11, 0.49)
    assert (play.stage, play.state.stops) == (Stage.DONE, 1)
    assert play.book(30, 0.70).intents == []


def test_a_stop_that_has_begun_is_finished_under_its_rule_across_the_late_boundary() -> None:
    play = Scenario(late_reentry_entry_threshold_e4=price(0.60)).holding(770, 0.60).book(779, 0.50).gone(779.1)
    play.fill(779.2, 4, 0.49).gone(779.3, reason=GoneReason.KILLED).book(781, 0.48)
    assert (play.stage, play.place.size_u6) == (Stage.SL_PLACED, shares(9))


def test_an_empty_bid_side_never_fires_a_stop_and_sends_none() -> None:
    play = Scenario().holding(10, 0.60).book(19, 0, 0.40)
    assert (play.stage, play.intents) == (Stage.EXIT, [])
    play.book(20, 0.50).book(20.05, 0, 0.40).gone(20.1)
    assert sends_nothing(play)
    assert play.book(25, 0.20).place.size_u6 == shares(11)


def test_no_stop_is_decided_on_a_stale_price() -> None:
    play = Scenario().holding().feed(20, FeedChange.STALE).book(20.5, 0.40)
    assert (play.stage, play.cancelled) == (Stage.EXIT, [])
    play = Scenario().holding().feed(20, FeedChange.GAP).book(20.5, 0.40)
    assert play.stage == Stage.EXIT


def test_a_rest_book_decides_the_stop_while_the_feed_is_not_fresh() -> None:
    play = Scenario().holding().feed(20, FeedChange.STALE)
    assert play.rest_book(20.2, 0.51, 0.52).stage == Stage.EXIT
    assert play.rest_book(21.2, 0.50, 0.51).stage == Stage.SL_PLACED
    play.gone(21.3)
    assert sends_nothing(play)
    assert play.tick(22.2).asks(ReadBook)
    assert order_line(play.rest_book(22.3, 0.45, 0.46).place) == ("SELL", 0.01, 11, "FAK", False)


def test_the_stop_is_judged_on_external_prices_not_on_our_own_order() -> None:
    # 2 of our own 6 shares are all that is left at 0.60: others bid 0.50
    play = Scenario().book(10, 0.60).accept(10.1).fill(11, 5)
    play.book(11.5, 0.60, size=6, bid2_price_e4=price(0.50), bid2_size_u6=shares(50))
    assert play.stage == Stage.SL_PLACED


def test_our_mirrored_order_on_the_other_token_is_not_a_bid_there() -> None:
    # our sell of Up at 0.61 shows as a bid for Down at 0.39; nobody else bids for Down
    play = Scenario().holding(10, 0.60)
    play.book(14, 0.39, 0.40, asset=1, size=11)
    assert external_bid(play.state, play.state.down) == 0
    play.book(14.1, 0.39, 0.40, asset=1, size=12)
    assert external_bid(play.state, play.state.down) == price(0.39)


# post-only mode


def test_in_post_only_mode_a_latched_stop_rests_a_tick_above_the_bid() -> None:
    play = stopped().mode(20.05, VenueState.POST_ONLY).gone(20.1)
    assert order_line(play.place) == ("SELL", 0.51, 11, "GTC", True)


def test_a_stop_refused_by_post_only_mode_becomes_post_only_at_once() -> None:
    play = selling().reject(20.2, Code.POST_ONLY_MODE)
    assert play.alerts == ["venue_mode"]
    assert order_line(play.tick(20.35).place) == ("SELL", 0.51, 11, "GTC", True)


def test_a_post_only_stop_is_repriced_every_two_seconds() -> None:
    play = stopped().mode(20.05, VenueState.POST_ONLY).gone(20.1).accept(20.2)
    assert sends_nothing(play.book(21, 0.45))
    assert play.cancelled == []
    assert play.tick(22.1).cancelled == ["stop"]
    assert order_line(play.gone(22.2).place) == ("SELL", 0.46, 11, "GTC", True)
    assert play.accept(22.3).tick(24.2).cancelled == []  # still a tick above the bid


def test_the_moment_post_only_mode_ends_the_stop_is_a_fak() -> None:
    play = stopped().mode(20.05, VenueState.POST_ONLY).gone(20.1).accept(20.2)
    assert play.mode(25, VenueState.NORMAL).cancelled == ["stop"]
    assert order_line(play.gone(25.1).place) == ("SELL", 0.01, 11, "FAK", False)


@pytest.mark.parametrize("mode", [VenueState.CANCEL_ONLY, VenueState.DISABLED, VenueState.RESTARTING])
def test_a_stop_waits_for_a_venue_that_takes_no_orders(mode: VenueState) -> None:
    play = stopped().mode(20.05, mode).gone(20.1)
    assert sends_nothing(play)
    assert order_line(play.mode(30, VenueState.NORMAL).place) == ("SELL", 0.01, 11, "FAK", False)


# refusals of the stop


def test_a_stop_refused_for_balance_is_sent_again_when_it_is_sellable() -> None:
    play = selling().reject(20.2, Code.BALANCE)
    assert sends_nothing(play.tick(20.35))
    assert play.tick(20.7).intents == [ReadPosition(UP)]
    assert play.sellable(20.8, 11).place.size_u6 == shares(11)


@pytest.mark.parametrize("code", [Code.FAK_NO_MATCH, Code.FOK_NOT_FILLED])
def test_a_stop_that_finds_no_match_waits_for_a_bid(code: Code) -> None:
    play = selling().reject(20.2, code)
    assert sends_nothing(play.tick(22))
    assert play.book(23, 0.40).place.size_u6 == shares(11)


def test_a_stop_does_not_wait_for_what_an_earlier_order_had_to_wait_for() -> None:
    play = Scenario().bought().sellable(12, 11).reject(12.1, Code.NOT_READY).book(12.2, 0.50)
    assert order_line(play.place) == ("SELL", 0.01, 11, "FAK", False)
