"""bucket.md, "Refusals": one scenario per row of the table."""

import pytest

from engine.model.codes import AlertCode, Code
from engine.model.commands import Cancel, Place, Purpose, ReadOrder
from engine.model.events import Origin, Rejected, VenueState
from engine.model.orders import OrderStatus
from engine.strategy.bucket.stages import Stage
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.in_kernel import kernel
from tests.scenario.bucket.words import UP, at, order_line, price, shares, tob


def entering() -> Scenario:
    """Have an entry sent at 10, not yet answered."""
    return Scenario().book(10, 0.60)


def offering() -> Scenario:
    """Have a take-profit sent at 12, not yet answered."""
    return Scenario().bought().sellable(12, 11)


def sends_nothing(play: Scenario) -> bool:
    return not any(isinstance(intent, Place) for intent in play.intents)


def test_post_only_crosses_derives_again_on_the_next_record_and_stops_after_twenty() -> None:
    play = entering()
    for refusal in range(20):
        assert sends_nothing(play.reject(11 + refusal, Code.POST_ONLY_CROSSES))
        assert sends_nothing(play.tick(11.2 + refusal))
        if refusal < 19:
            assert play.book(11.5 + refusal, 0.60).place.price_e4 == price(0.60)
    assert play.stage == Stage.DONE
    assert play.state.counter == 20


def test_post_only_crosses_of_the_take_profit_leaves_only_the_stop_after_twenty() -> None:
    play = offering()
    for refusal in range(20):
        play.reject(13 + refusal, Code.POST_ONLY_CROSSES)
        alerts = play.alerts
        play.book(13.5 + refusal, 0.60)
    assert alerts == ["post_only_crosses_limit"]
    assert sends_nothing(play)
    assert play.book(40, 0.50).stage == Stage.SL_PLACED


def test_a_tick_refusal_derives_once_more_on_the_new_tick() -> None:
    play = offering().reject(12.1, Code.TICK)
    assert sends_nothing(play)
    play.tick_size(12.2, 0.001).book(12.3, 0.612, 0.62)
    assert order_line(play.place) == ("SELL", 0.613, 11, "GTC", True)


def test_a_second_tick_refusal_in_a_row_is_safe() -> None:
    play = offering().reject(12.1, Code.TICK).book(12.3, 0.60).reject(12.4, Code.TICK)
    assert (play.stage, play.alerts) == (Stage.SAFE, ["safe"])


def test_an_accepted_order_forgets_the_tick_refusal_before_it() -> None:
    play = offering().reject(12.1, Code.TICK).book(12.3, 0.60).accept(12.4).book(15, 0.64).gone(15.1)
    assert play.reject(15.2, Code.TICK).stage == Stage.EXIT


def test_balance_on_a_buy_means_no_entry_this_round() -> None:
    play = entering().reject(10.1, Code.BALANCE)
    assert play.stage == Stage.DONE
    assert play.book(20, 0.70).intents == []


def test_balance_on_a_sell_is_not_a_refusal_of_the_round() -> None:
    play = offering().reject(12.1, Code.BALANCE)
    assert (play.stage, play.alerts) == (Stage.EXIT, [])


def test_fak_no_match_waits_for_a_bid() -> None:
    play = Scenario(max_tp_price_e4=price(0.62)).bought(10, 0.60).book(11.5, 0.62).sellable(12, 11)
    assert play.place.tif.name == "FAK"
    assert sends_nothing(play.reject(12.1, Code.FAK_NO_MATCH).tick(13))
    assert play.book(14, 0.62).place.tif.name == "FAK"


def test_duplicated_had_arrived_and_is_resolved_by_id() -> None:
    play = entering()
    entry = play.last
    play.reject(10.1, Code.DUPLICATED)
    assert play.cancelled == ["entry"]
    assert ReadOrder(entry) in play.intents
    assert sends_nothing(play.book(10.2, 0.65))
    assert play.read(10.3, entry, found=True, resting=False, filled=0).place.order != entry


@pytest.mark.parametrize("code", [Code.RESTARTING, Code.CANCEL_ONLY, Code.DISABLED])
def test_a_venue_that_takes_no_orders_holds_alerts_and_is_entered_ten_seconds_after_normal(code: Code) -> None:
    play = entering().reject(10.1, code)
    assert (play.stage, play.alerts) == (Stage.WAIT_ENTRY, ["venue_mode"])
    assert play.book(15, 0.60).intents == []
    assert play.mode(20, VenueState.NORMAL).intents == []
    assert play.wake_s == 30
    assert sends_nothing(play.tick(29.999))
    assert play.tick(30).place.price_e4 == price(0.60)


def test_after_a_mode_the_open_orders_are_read_again() -> None:
    play = Scenario().holding().mode(20, VenueState.RESTARTING).mode(25, VenueState.NORMAL)
    take_profit = play.last
    assert play.intents == [ReadOrder(take_profit)]
    # a restart may have lost it: two reads that do not find it, at least two seconds apart
    play.read(25.1, found=False)
    assert play.asks(ReadOrder)
    assert play.read(27.2, take_profit, found=False).place.size_u6 == shares(11)


def test_the_take_profit_waits_for_a_venue_that_takes_orders() -> None:
    play = Scenario().bought().mode(11.5, VenueState.CANCEL_ONLY).sellable(12, 11)
    assert sends_nothing(play)
    assert play.mode(20, VenueState.NORMAL).place.price_e4 == price(0.61)


def test_in_post_only_mode_the_take_profit_rests_and_nothing_is_entered() -> None:
    assert Scenario().mode(5, VenueState.POST_ONLY).book(10, 0.65).intents == []
    play = Scenario().bought().mode(11.5, VenueState.POST_ONLY).sellable(12, 11)
    assert order_line(play.place) == ("SELL", 0.61, 11, "GTC", True)


def test_a_rate_limit_waits_for_retry_after() -> None:
    play = entering().reject(10.1, Code.RATE_LIMITED, retry_at_ns=at(17))
    assert play.wake_s == 17
    assert sends_nothing(play.book(16.9, 0.60))
    assert play.tick(17).place.price_e4 == price(0.60)


def test_not_ready_is_tried_again_in_a_second() -> None:
    play = entering().reject(10.1, Code.NOT_READY)
    assert sends_nothing(play.book(11, 0.60))
    assert play.tick(11.1).place.price_e4 == price(0.60)


@pytest.mark.parametrize("origin", [Origin.FIREWALL, Origin.RISK])
def test_our_own_refusal_waits_for_its_retry_time(origin: Origin) -> None:
    play = entering().reject(10, Code.FW_MUTATION_BUDGET, origin=origin, retry_at_ns=at(31))
    assert (play.stage, play.wake_s) == (Stage.WAIT_ENTRY, 31)
    assert sends_nothing(play.book(30.9, 0.60))
    assert play.tick(31).place.price_e4 == price(0.60)


def test_our_own_refusal_without_a_time_waits_a_second() -> None:
    play = entering().reject(10, Code.FW_STALE_BOOK, origin=Origin.FIREWALL)
    assert sends_nothing(play.tick(10.999))
    assert play.tick(11).place.price_e4 == price(0.60)


def test_a_stop_that_was_signed_ahead_and_is_refused_goes_out_again_at_once_signed_afresh() -> None:
    play = Scenario().holding(770, 0.92).tick(780).gone(783).book(800, 0.70)
    assert play.place.prepared
    play.reject(800.1, Code.INVALID)
    assert (play.stage, play.place.purpose, play.place.prepared) == (Stage.LATE_SL_PLACED, Purpose.STOP, "")
    assert play.reject(800.2, Code.INVALID).stage == Stage.SAFE


def test_an_order_that_was_thought_to_be_over_and_rests_is_cancelled() -> None:
    play = Scenario().book(10, 0.60).unknown(10.1)
    entry = play.last
    play.read(15.2, found=False).read(17.3, found=False)
    assert play.order(entry).status == OrderStatus.CANCELED
    play.read(40, entry, found=True, resting=True)
    assert play.cancelled == ["entry"]
    assert play.read(41, entry, found=True, resting=False).cancelled == []


def test_an_order_that_was_given_up_and_comes_to_rest_later_is_cancelled_at_once() -> None:
    play = Scenario().book(10, 0.60).unknown(10.1)
    entry = play.last
    play.read(15.2, found=False).read(17.3, found=False).book(18, 0.60)
    assert play.last != entry, "another one has taken its place"
    assert play.accept(19, entry).cancelled == ["entry"]
    assert play.intents[-1] == Cancel(entry)


def test_a_refused_order_that_rests_after_all_is_cancelled() -> None:
    play = Scenario().book(10, 0.60).reject(10.1, Code.BALANCE)
    assert play.read(40, found=True, resting=True).cancelled == ["entry"]


@pytest.mark.parametrize("code", [Code.INVALID, Code.MARKET_CLOSED, "never heard of"])
def test_anything_else_is_safe(code: str) -> None:
    play = Scenario().bought().sellable(12, 11).reject(12.1, code, text="why")
    assert (play.stage, play.alerts, play.held) == (Stage.SAFE, [AlertCode.SAFE], 11)
    assert code in play.state.safe_reason
    assert sends_nothing(play.book(20, 0.30))


def test_a_cancel_that_is_refused_is_read_before_it_is_believed() -> None:
    play = Scenario().holding().book(20, 0.50).reject(20.1, Code.CANCEL_NOT_FOUND, cancel=True)
    assert play.asks(ReadOrder)
    assert sends_nothing(play)
    assert play.read(20.2, found=True, resting=False).place.size_u6 == shares(11)


def test_a_cancel_of_a_held_order_is_asked_for_again() -> None:
    play = Scenario().holding().book(20, 0.50).reject(20.1, Code.CANCEL_HELD, cancel=True)
    assert (
        play.cancelled == []
    )  # it is being matched: asked at once, as often as answers come, it would use up the budget
    play.tick(20.26)
    assert play.cancelled == ["take_profit"]


# through the kernel, where our own firewall and risk refuse


def test_a_spent_mutation_budget_delays_the_entry_until_it_is_free() -> None:
    played, notes = kernel(mutations_max=1)
    (first,) = played.receive(tob(10, UP, 0.60, 0.61))
    assert isinstance(first, Place)
    played.receive(Rejected(at(10.1), first.order, Code.NOT_READY))
    assert played.receive(tob(20, UP, 0.60, 0.61)) == []
    assert notes.verdicts[-1].code == "fw_mutation_budget"
    assert notes.verdicts[-1].retry_at_ns == at(70)
    assert played.receive(tob(69, UP, 0.60, 0.61)) == []
    (second,) = played.receive(tob(70, UP, 0.60, 0.61))
    assert isinstance(second, Place)


def test_an_entry_beyond_the_cash_is_refused_and_asked_for_again() -> None:
    played, notes = kernel(bankroll_usd=5)
    assert played.receive(tob(10, UP, 0.60, 0.61)) == []
    assert [verdict.code for verdict in notes.verdicts] == ["risk_cash"]
    assert played.receive(tob(10.5, UP, 0.60, 0.61)) == []
    assert len(notes.verdicts) == 1
    played.receive(tob(11, UP, 0.60, 0.61))
    assert len(notes.verdicts) == 2
