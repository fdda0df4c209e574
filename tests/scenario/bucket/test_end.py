"""bucket.md, "The round" 7 and 8, dust, SAFE and the operator: how a round ends and what it leaves."""

import msgspec
import pytest

from engine.model.codes import AlertCode
from engine.model.commands import CancelMarket, Place, Purpose, ReadOrder
from engine.model.events import Market, MarketChange, Operator, Outcome
from engine.strategy.bucket.round import open_round, record_of
from engine.strategy.bucket.stages import Stage
from engine.strategy.bucket.strategy import BucketStrategy
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.in_kernel import kernel
from tests.scenario.bucket.words import DOWN, PARAMS, SLUG, UP, at, market, price, shares, tob

STRATEGY = BucketStrategy(PARAMS)


def test_done_only_when_each_cancel_is_confirmed() -> None:
    play = Scenario().book(830, 0.65).accept(830.1).tick(841)
    assert play.stage == Stage.ENTRY_PLACED
    assert play.tick(842).intents[0] == CancelMarket(UP)
    assert play.read(842.1, found=True, resting=False).stage == Stage.DONE


def test_buys_are_cancelled_five_seconds_before_the_end_at_the_latest() -> None:
    play = Scenario(min_window_remaining_ns=0, late_min_remaining_ns=0).book(890, 0.65).accept(890.1)
    assert play.tick(895).cancelled == []
    assert play.tick(895.001).cancelled == ["entry"]


def test_at_the_end_every_order_is_cancelled_and_the_round_settles_when_that_is_confirmed() -> None:
    play = Scenario().holding(700, 0.80).tick(899.9)
    assert (play.intents, play.wake_s) == ([], 900)
    assert play.tick(900).cancelled == ["take_profit"]
    assert play.tick(901).asks(ReadOrder)
    assert play.read(901.1, found=True, resting=False).stage == Stage.SETTLING


def test_nothing_starts_after_done() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 11)
    for second in range(14, 900, 7):
        assert play.book(second, 0.70).intents == []


def test_a_round_without_an_entry_ends_flat() -> None:
    play = Scenario().tick(841)
    assert play.stage == Stage.DONE
    record = record_of(play.tick(900).state)
    assert (record.entries, record.fills, record.pnl_u6, record.settled) == (0, 0, 0, True)


@pytest.mark.parametrize(("asset", "up_won"), [(UP, True), (UP, False), (DOWN, True), (DOWN, False)])
def test_an_outcome_that_comes_before_the_fill_settles_the_leg_that_was_bought(asset: int, up_won: bool) -> None:
    """After a standstill the ring is read before the user channel: the market is resolved before the fill is told."""
    play = Scenario().book(700, 0.65, asset=asset)
    size_u6 = play.place.size_u6
    play.accept(700.1).outcome(920, won=up_won).fill(920.1, size_u6 / 1e6)
    record = record_of(play.state)
    payout_u6 = size_u6 if up_won == (asset == UP) else 0
    assert (record.settled, record.fills, record.pnl_u6) == (True, 1, payout_u6 - size_u6 * 65 // 100)


def test_the_record_is_provisional_until_the_outcome() -> None:
    play = Scenario().holding(700, 0.92).tick(780).gone(781).tick(900)
    before = record_of(play.state)
    assert (before.settled, before.won, before.held_u6, before.pnl_u6) == (False, None, shares(8), -shares(8 * 0.92))
    after = record_of(play.outcome(960, won=True).state)
    assert (after.settled, after.won, after.pnl_u6) == (True, True, shares(8 * 0.08))
    assert STRATEGY.is_over(play.state)


def test_an_outcome_of_the_other_token_is_the_opposite() -> None:
    play = Scenario().holding(700, 0.92).tick(780).gone(781).tick(900)
    play.send(Outcome(at(960), DOWN, True, True))
    assert record_of(play.state).won is False


def test_an_unknown_outcome_ends_the_round_unsettled() -> None:
    play = Scenario().holding(700, 0.92).tick(780).gone(781).tick(900)
    assert not STRATEGY.is_over(play.state)
    play.outcome(960, won=False, known=False)
    assert (STRATEGY.is_over(play.state), record_of(play.state).settled) == (True, False)


# dust


def test_dust_is_booked_with_its_averaged_cost() -> None:
    play = Scenario().holding(10, 0.60).fill(13, 7).gone(14)
    assert (play.stage, STRATEGY.dust(play.state)) == (Stage.DONE, (UP, shares(4), shares(4 * 0.60)))


def test_without_dust_merge_dust_is_not_booked() -> None:
    play = Scenario(enable_dust_merge=False).holding(10, 0.60).fill(13, 7).gone(14)
    assert BucketStrategy(play.params).dust(play.state) is None


def test_earlier_dust_of_the_same_token_is_sold_with_the_position() -> None:
    play = Scenario(dust=((UP, shares(2), shares(1)), (DOWN, shares(3), shares(1)))).bought(10, 0.60)
    assert (play.held, play.state.entry_price_e4) == (13, (shares(11 * 0.60) + shares(1)) * 10_000 // shares(13))
    assert play.sellable(12, 13).place.size_u6 == shares(13)


def test_dust_of_another_token_is_never_merged() -> None:
    assert Scenario(dust=((DOWN, shares(3), shares(1)),)).bought(10, 0.60).held == 11


@pytest.mark.parametrize(("sold", "stage"), [(5.99, Stage.EXIT), (6.01, Stage.DONE), (10.99, Stage.DONE)])
def test_dust_is_from_a_hundredth_to_below_the_minimum(sold: float, stage: Stage) -> None:
    play = Scenario().holding(10, 0.60).fill(13, sold).gone(14)
    assert play.stage == stage
    assert (STRATEGY.dust(play.state) is not None) == (stage == Stage.DONE)


# SAFE and the operator


def test_a_kill_makes_the_round_safe_and_it_stays_so_to_its_end() -> None:
    play = Scenario().holding(10, 0.60).operator(20, "kill")
    assert (play.stage, play.cancelled, play.alerts) == (Stage.SAFE, ["take_profit"], [AlertCode.SAFE])
    play.gone(20.1)
    for second in (30, 200, 700, 850):
        assert play.book(second, 0.30).intents == []
    assert play.operator(860, "resume").stage == Stage.SAFE
    assert play.tick(900).stage == Stage.SETTLING


def test_a_stop_cancels_what_works_and_starts_nothing() -> None:
    play = Scenario().book(10, 0.60).accept(10.1).operator(11, "stop")
    assert (play.stage, play.cancelled) == (Stage.ENTRY_PLACED, ["entry"])
    assert play.gone(11.1).book(12, 0.70).intents == []
    holding = Scenario().holding(10, 0.60).operator(20, "stop")
    assert (holding.stage, holding.cancelled) == (Stage.EXIT, ["take_profit"])
    holding.gone(20.1)
    assert holding.book(30, 0.30).intents == []


def test_the_next_session_goes_on_from_where_a_stop_was() -> None:
    play = Scenario().holding(10, 0.60).operator(20, "stop").gone(20.1)
    play.state = msgspec.structs.replace(play.state, stopping=False)  # as recovery does
    (command,) = [intent for intent in play.book(30, 0.30).intents if isinstance(intent, Place)]
    assert command.purpose == Purpose.STOP
    assert play.stage == Stage.SL_PLACED


def test_a_killed_kernel_enters_nothing_until_it_is_resumed() -> None:
    played, _ = kernel()
    played.receive(Operator(at(-1), "kill"))
    assert played.state.killed
    assert played.receive(tob(1, UP, 0.65, 0.66)) == []
    fresh, notes = kernel()
    fresh.state.killed = True
    assert fresh.receive(tob(1, UP, 0.65, 0.66)) == []
    assert [verdict.code for verdict in notes.verdicts] == ["risk_killed"]
    fresh.receive(Operator(at(1.5), "resume"))
    (place,) = fresh.receive(tob(2, UP, 0.65, 0.66))
    assert isinstance(place, Place)


def test_one_round_per_bucket_a_window_announced_again_does_not_start_over() -> None:
    played, _ = kernel()
    (place,) = played.receive(tob(1, UP, 0.65, 0.66))
    for asset in (UP, DOWN):
        assert played.receive(market(asset, second=2)) == []
    assert isinstance(place, Place)
    assert [order.order for order in played.working_orders()] == [place.order]


def test_a_window_that_is_over_is_not_opened() -> None:
    played, _ = kernel(announced=False)
    for asset in (UP, DOWN):
        assert played.receive(market(asset, second=901)) == []
    assert SLUG not in played.state.rounds


def test_a_round_opens_with_the_facts_of_its_two_tokens() -> None:
    up: Market = market(UP)
    state = open_round(up, market(DOWN, MarketChange.OPENED))
    assert (state.stage, state.end_ns - state.start_ns) == (Stage.WAIT_ENTRY, 900 * 10**9)
    assert state.up.tick_e4 == price(0.01)
