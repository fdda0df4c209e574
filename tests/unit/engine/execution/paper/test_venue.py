from pathlib import Path

import pytest

from engine.execution.paper.ledger import FileLedger, Filled, Taken
from engine.execution.paper.venue import PaperParams, PaperVenue
from engine.model.codes import Code
from engine.model.commands import (
    Cancel,
    CancelAll,
    CancelMarket,
    Prepare,
    Purpose,
    ReadBook,
    ReadOrder,
    ReadPosition,
    ReadWallet,
    TimeInForce,
)
from engine.model.events import (
    Accepted,
    Fill,
    Gone,
    GoneReason,
    MarketChange,
    OrderState,
    Outcome,
    Position,
    Rejected,
    Sellable,
    Side,
    Trade,
    Unknown,
)
from engine.model.fees import CRYPTO_FEES, taker_fee_u6
from tests.unit.engine.execution.paper.harness import CASH_U6, Desk, place, seconds_of
from tests.unit.engine.rounds import DOWN, UP, at, book, changed, opened


def test_an_answer_takes_the_latency_there_and_back() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    (accepted,) = desk.answers(2)
    assert isinstance(accepted, Accepted)
    assert accepted.resting
    assert seconds_of(accepted) == pytest.approx(1.05)


def test_a_resting_buy_fills_at_its_limit_when_the_ask_crosses_it_capped_by_what_is_shown() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.show(2, 5_800, 5_900, shares=4)
    fills = [event for event in desk.answers(3) if isinstance(event, Fill)]
    assert [(fill.price_e4, fill.size_u6, fill.maker, fill.fee_u6) for fill in fills] == [(6_000, 4_000_000, True, 0)]


def test_the_same_crossing_size_shown_again_fills_nothing_more_and_a_larger_one_fills_the_difference() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    for seconds, shares in ((2, 4), (3, 4), (4, 7)):
        desk.show(seconds, 5_800, 5_900, shares=shares)
    fills = [event.size_u6 for event in desk.answers(5) if isinstance(event, Fill)]
    assert fills == [4_000_000, 3_000_000]


def test_a_resting_order_that_is_completely_filled_is_gone_as_filled() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.show(2, 5_800, 5_900)
    gone = [event for event in desk.answers(3) if isinstance(event, Gone)]
    assert [(event.reason, event.filled_u6) for event in gone] == [(GoneReason.FILLED, 10_000_000)]


def test_a_trade_through_the_limit_fills_a_resting_order_and_one_at_the_limit_does_not() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.run(2)
    desk.venue.observe(Trade(at(2), UP, Side.SELL, 6_000, 50_000_000), at(2))
    desk.venue.observe(Trade(at(2), UP, Side.SELL, 5_900, 3_000_000), at(2))
    assert [event.size_u6 for event in desk.answers(3) if isinstance(event, Fill)] == [3_000_000]


def test_a_post_only_order_that_would_cross_is_refused() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_200, 10, post_only=True))
    assert [(type(event), getattr(event, "code", "")) for event in desk.answers(2)] == [
        (Rejected, Code.POST_ONLY_CROSSES)
    ]


def test_an_immediate_order_is_held_then_takes_what_is_shown_after_the_hold_with_the_taker_fee() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_300, 10, TimeInForce.FAK))
    desk.show(1.1, 6_000, 6_300, shares=6)
    held, fill, gone = desk.answers(2)
    assert isinstance(held, Accepted)
    assert not held.resting
    assert isinstance(fill, Fill)
    assert (fill.price_e4, fill.size_u6, fill.maker) == (6_300, 6_000_000, False)
    assert fill.fee_u6 == taker_fee_u6(CRYPTO_FEES, 6_300, 6_000_000)
    assert seconds_of(fill) == pytest.approx(1.2)
    assert isinstance(gone, Gone)
    assert gone.reason == GoneReason.KILLED


def test_an_immediate_order_that_finds_nothing_is_refused() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_100, 10, TimeInForce.FAK))
    assert [event.code for event in desk.answers(2) if isinstance(event, Rejected)] == [Code.FAK_NO_MATCH]


def test_a_fill_or_kill_order_takes_all_or_nothing() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_200, 10, TimeInForce.FOK))
    desk.show(1.1, 6_000, 6_200, shares=9)
    assert [event.code for event in desk.answers(2) if isinstance(event, Rejected)] == [Code.FOK_NOT_FILLED]


def test_bought_shares_can_be_sold_only_after_the_settlement_lag() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_200, 10, TimeInForce.FAK))
    desk.send(2, place("r/2/stop", Side.SELL, 100, 10, TimeInForce.FAK))
    assert Code.BALANCE in [event.code for event in desk.answers(3) if isinstance(event, Rejected)]
    sellable = [event for event in desk.answers(5) if isinstance(event, Sellable)]
    assert [event.size_u6 for event in sellable] == [10_000_000]
    desk.send(5, place("r/3/stop", Side.SELL, 100, 10, TimeInForce.FAK))
    assert [event.price_e4 for event in desk.answers(6) if isinstance(event, Fill)] == [6_000]


def test_a_buy_beyond_the_cash_is_refused() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 1_000, post_only=True))
    assert [event.code for event in desk.answers(2) if isinstance(event, Rejected)] == [Code.BALANCE]


def test_open_buys_reserve_cash() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 100, post_only=True))
    desk.send(2, place("r/2/entry", Side.BUY, 6_000, 100, post_only=True))
    assert [event.code for event in desk.answers(3) if isinstance(event, Rejected)] == [Code.BALANCE]


def test_a_price_off_the_tick_in_force_is_refused() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_010, 10, post_only=True))
    assert [event.code for event in desk.answers(2) if isinstance(event, Rejected)] == [Code.TICK]


def test_the_same_order_twice_is_a_duplicate() -> None:
    desk = Desk()
    for seconds in (1, 2):
        desk.send(seconds, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    assert [event.code for event in desk.answers(3) if isinstance(event, Rejected)] == [Code.DUPLICATED]


def test_an_order_for_an_unknown_market_is_not_ready_and_for_a_closed_one_closed() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, asset=7))
    desk.run(2)
    desk.venue.observe(changed(MarketChange.CLOSED, UP, 2), at(2))
    desk.send(3, place("r/2/entry", Side.BUY, 6_000, 10))
    codes = [event.code for event in desk.answers(4) if isinstance(event, Rejected)]
    assert codes == [Code.NOT_READY, Code.MARKET_CLOSED]


def test_a_cancel_ends_a_resting_order_and_says_how_much_was_filled() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.show(2, 5_800, 5_900, shares=4)
    desk.send(3, Cancel("r/1/entry"))
    gone = [event for event in desk.answers(4) if isinstance(event, Gone)]
    assert [(event.reason, event.filled_u6) for event in gone] == [(GoneReason.CANCELED, 4_000_000)]


def test_a_cancel_of_a_held_order_and_of_an_unknown_one_are_refused() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_200, 10, TimeInForce.FAK))
    desk.send(1.05, Cancel("r/1/entry"))
    desk.send(1.05, Cancel("r/9/entry"))
    refused = [event for event in desk.answers(2) if isinstance(event, Rejected)]
    assert [(event.code, event.cancel) for event in refused] == [
        (Code.CANCEL_HELD, True),
        (Code.CANCEL_NOT_FOUND, True),
    ]


def test_a_cancel_that_lost_the_race_is_answered_with_the_fill() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.run(2)
    desk.venue.submit(Cancel("r/1/entry"), at(2))
    desk.venue.observe(book(UP, 2.01, 5_800, 5_900), at(2.01))
    gone = [event for event in desk.answers(3) if isinstance(event, Gone)]
    assert {event.reason for event in gone} == {GoneReason.FILLED}


def test_cancel_market_takes_both_tokens_and_cancel_all_everything() -> None:
    desk = Desk()
    desk.venue.observe(book(DOWN, 0, 3_800, 4_000), at(0))
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 5, post_only=True))
    desk.send(1, place("r/2/entry", Side.BUY, 3_800, 5, asset=DOWN, post_only=True))
    desk.send(2, CancelMarket(UP))
    assert len([event for event in desk.answers(3) if isinstance(event, Gone)]) == 2
    desk.send(3, place("r/3/entry", Side.BUY, 6_000, 5, post_only=True))
    desk.send(4, CancelAll())
    assert len([event for event in desk.answers(5) if isinstance(event, Gone)]) == 1


def test_a_gtd_order_is_removed_a_minute_before_its_expiration() -> None:
    desk = Desk()
    expiration_s = at(400) // 1_000_000_000
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, TimeInForce.GTD, post_only=True, expiration_s=expiration_s))
    assert not [event for event in desk.answers(339) if isinstance(event, Gone)]
    gone = [event for event in desk.answers(341) if isinstance(event, Gone)]
    assert [event.reason for event in gone] == [GoneReason.EXPIRED]


def test_a_closing_market_takes_resting_orders_away() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.run(2)
    desk.venue.observe(changed(MarketChange.CLOSED, UP, 2), at(2))
    assert [event.reason for event in desk.answers(3) if isinstance(event, Gone)] == [GoneReason.MARKET_CLOSED]


def test_reading_an_order_repeats_its_fills_and_says_whether_it_rests() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.show(2, 5_800, 5_900, shares=4)
    first = [event for event in desk.answers(3) if isinstance(event, Fill)]
    desk.send(3, ReadOrder("r/1/entry"))
    fill, state = desk.answers(4)
    assert isinstance(fill, Fill)
    assert fill.trade_id == first[0].trade_id
    assert isinstance(state, OrderState)
    assert (state.found, state.resting, state.filled_u6) == (True, True, 4_000_000)


def test_reading_an_unknown_order_does_not_find_it() -> None:
    desk = Desk()
    desk.send(1, ReadOrder("r/9/entry"))
    (state,) = desk.answers(2)
    assert isinstance(state, OrderState)
    assert not state.found


def test_reading_a_position_answers_what_is_held_and_what_can_be_sold_and_a_book_is_unknown() -> None:
    desk = Desk()
    desk.bought(10)
    desk.send(12, ReadPosition(UP))
    desk.send(12, ReadBook(UP))
    position, sellable, unknown = desk.answers(13)
    assert isinstance(position, Position)
    assert isinstance(sellable, Sellable)
    assert (position.size_u6, sellable.size_u6) == (10_000_000, 10_000_000)
    assert isinstance(unknown, Unknown)
    assert unknown.what == "read"


@pytest.mark.parametrize(("won", "payout_u6"), [(True, 10_000_000), (False, 0)])
def test_a_resolved_token_pays_one_or_nothing(won: bool, payout_u6: int) -> None:
    desk = Desk()
    desk.bought(10)
    before_u6 = desk.venue.account.cash_u6
    desk.venue.observe(Outcome(at(950), UP, True, won), at(950))
    assert desk.venue.account.cash_u6 == before_u6 + payout_u6
    assert not desk.venue.account.shares


def test_an_unknown_outcome_pays_nothing_and_keeps_the_shares() -> None:
    desk = Desk()
    desk.bought(10)
    desk.venue.observe(Outcome(at(950), UP, False), at(950))
    assert desk.venue.account.shares == {UP: 10_000_000}


def test_our_resting_orders_are_shown_in_the_book_on_their_own_token_and_mirrored_on_the_other() -> None:
    desk = Desk()
    desk.venue.observe(book(DOWN, 0, 3_800, 4_000), at(0))
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.run(2)
    up = desk.venue.shown(book(UP, 2, 6_000, 6_200))
    down = desk.venue.shown(book(DOWN, 2, 3_800, 4_100))
    assert (up.bid1_price_e4, up.bid1_size_u6) == (6_000, 110_000_000)
    assert (down.ask1_price_e4, down.ask1_size_u6) == (4_000, 10_000_000)
    assert (down.ask2_price_e4, down.ask2_size_u6) == (4_100, 100_000_000)


def test_cash_and_shares_are_conserved_over_a_round_trip() -> None:
    desk = Desk()
    desk.bought(10)
    desk.send(12, place("r/2/stop", Side.SELL, 100, 10, TimeInForce.FAK))
    desk.answers(14)
    fees_u6 = taker_fee_u6(CRYPTO_FEES, 6_200, 10_000_000) + taker_fee_u6(CRYPTO_FEES, 6_000, 10_000_000)
    assert desk.venue.account.cash_u6 == CASH_U6 - 200_000 - fees_u6
    assert desk.venue.account.shares[UP] == 0


def test_a_restarted_venue_knows_its_orders_fills_and_shares_and_goes_on_with_what_rested(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "paper.jsonl")
    desk = Desk(ledger=ledger)
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.show(2, 5_800, 5_900, shares=4)
    desk.run(3)
    ledger.close()

    again = FileLedger(tmp_path / "paper.jsonl")
    venue = PaperVenue(PaperParams(), CASH_U6, again)
    venue.restore(again.rows(), at(10))
    assert venue.account.cash_u6 == desk.venue.account.cash_u6
    assert venue.account.shares == {UP: 4_000_000}
    for asset in (UP, DOWN):
        venue.observe(opened(asset, 10), at(10))
    venue.observe(book(UP, 11, 5_800, 5_900), at(11))
    fills = [event for event in venue.take(at(12)) if isinstance(event, Fill)]
    assert [fill.size_u6 for fill in fills] == [6_000_000]


def test_what_was_in_flight_at_a_crash_is_judged_after_the_restart(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "paper.jsonl")
    desk = Desk(ledger=ledger)
    desk.send(1, place("r/1/entry", Side.BUY, 6_200, 10, TimeInForce.FAK))
    desk.run(1.06)  # it has arrived and is held
    venue = PaperVenue(PaperParams(), CASH_U6, ledger)
    venue.restore(ledger.rows(), at(10))
    for asset in (UP, DOWN):
        venue.observe(opened(asset, 10), at(10))
    venue.observe(book(UP, 10, 6_000, 6_200), at(10))
    assert [type(event) for event in venue.take(at(11))][:1] == [Fill]


def test_a_gtd_order_still_expires_after_a_restart(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "paper.jsonl")
    desk = Desk(ledger=ledger)
    expiration_s = at(400) // 1_000_000_000
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, TimeInForce.GTD, post_only=True, expiration_s=expiration_s))
    desk.run(2)
    venue = PaperVenue(PaperParams(), CASH_U6, ledger)
    venue.restore(ledger.rows(), at(10))
    venue.take(at(340))
    assert [event.reason for event in venue.take(at(341)) if isinstance(event, Gone)] == [GoneReason.EXPIRED]


@pytest.mark.parametrize("tif", [TimeInForce.FAK, TimeInForce.FOK, TimeInForce.GTC])
@pytest.mark.parametrize("closed", [False, True])
def test_an_order_that_was_partly_filled_before_a_crash_is_ended_and_never_refused(
    tif: TimeInForce, closed: bool, tmp_path: Path
) -> None:
    ledger = FileLedger(tmp_path / "paper.jsonl")
    ledger.write(Taken(at(1), place("r/1/entry", Side.BUY, 6_200, 10, tif), "0x1"))
    ledger.write(Filled(at(1), "r/1/entry", "t1", UP, Side.BUY, 6_100, 4_000_000, 0, False))  # then the process died
    venue = PaperVenue(PaperParams(), CASH_U6, ledger)
    venue.restore(ledger.rows(), at(10))
    for asset in (UP, DOWN):
        venue.observe(opened(asset, 10), at(10))
        if closed:
            venue.observe(changed(MarketChange.CLOSED, asset, 10), at(10))
    venue.observe(book(UP, 10, 6_000, 6_300), at(10))
    answers = venue.take(at(11))
    assert not [event for event in answers if isinstance(event, Rejected)]
    venue.submit(ReadOrder("r/1/entry"), at(12))
    venue.take(at(12.03))
    fill, state = venue.take(at(13))
    assert isinstance(fill, Fill)
    assert (fill.trade_id, fill.size_u6) == ("t1", 4_000_000)
    assert state == OrderState(at(13), "r/1/entry", True, tif == TimeInForce.GTC and not closed, 4_000_000)


def test_an_outcome_of_one_token_settles_the_other_one_too() -> None:
    desk = Desk()
    desk.bought(10)
    before_u6 = desk.venue.account.cash_u6
    desk.venue.observe(Outcome(at(950), DOWN, True, False), at(950))
    assert desk.venue.account.cash_u6 == before_u6 + 10_000_000
    desk.venue.observe(Outcome(at(950), UP, True, True), at(950))
    assert desk.venue.account.cash_u6 == before_u6 + 10_000_000


def test_an_outcome_ends_what_still_rests_in_its_market() -> None:
    desk = Desk()
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.send(1, place("r/2/entry", Side.BUY, 3_000, 10, asset=DOWN, post_only=True))
    desk.answers(2)
    desk.venue.observe(Outcome(at(950), UP, True, True), at(950))
    gone = [event for event in desk.answers(951) if isinstance(event, Gone)]
    assert [(event.order, event.reason) for event in gone] == [
        ("r/1/entry", GoneReason.MARKET_CLOSED),
        ("r/2/entry", GoneReason.MARKET_CLOSED),
    ]


def test_a_restarted_venue_keeps_the_money_that_its_file_began_with(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "paper.jsonl")
    PaperVenue(PaperParams(), CASH_U6, ledger).restore(ledger.rows(), at(0))
    another = PaperVenue(PaperParams(), 7 * CASH_U6, ledger)
    another.restore(ledger.rows(), at(10))
    assert another.account.cash_u6 == CASH_U6


def test_the_file_drops_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "paper.jsonl"
    desk = Desk(ledger=FileLedger(path))
    desk.send(1, place("r/1/entry", Side.BUY, 6_000, 10, post_only=True))
    desk.run(2)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"type":"fil')
    assert len(list(FileLedger(path).rows())) == whole.count(b"\n")
    assert path.read_bytes() == whole


def test_what_asks_for_a_signature_or_for_a_wallet_is_not_answered() -> None:
    desk = Desk()
    desk.send(1, Prepare("r/1/prepare", UP, Side.SELL, 100, 1_000_000, TimeInForce.FAK, Purpose.STOP))
    desk.send(1, ReadWallet())
    assert desk.answers(10) == []
