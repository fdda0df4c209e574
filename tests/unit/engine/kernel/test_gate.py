import msgspec

from engine.firewall.rules import FirewallParams
from engine.kernel.gate import OrderContext, is_mutation, judge, slug_of, stamp, without
from engine.kernel.state import KernelState
from engine.model.codes import Code
from engine.model.commands import (
    Alert,
    Cancel,
    CancelAll,
    CancelMarket,
    Place,
    Prepare,
    Purpose,
    ReadBook,
    ReadOrder,
    ReadPosition,
    TimeInForce,
)
from engine.model.events import Side
from engine.model.market import open_view, show
from engine.model.orders import Order
from tests.unit.engine.rounds import UP, at, book, opened

BUY = Place("r/1/entry", UP, Side.BUY, 6_100, 11_000_000, TimeInForce.GTC, Purpose.ENTRY, True)
SELL = Place("r/2/stop", UP, Side.SELL, 100, 11_000_000, TimeInForce.FAK, Purpose.STOP)
CONTEXT = OrderContext(
    view=show(open_view(opened(UP)), book(UP, 1, 6_100, 6_200)),
    sellable_u6=0,
    round_orders=(),
    round_cost_u6=0,
    cap_u6=7_000_000,
    known_orders=frozenset(),
    all_orders=(),
    cash_u6=100_000_000,
)


def judged(order: Place, state: KernelState | None = None, **changes: object) -> str:
    """Return the code of the refusal, empty when the order may leave."""
    context = msgspec.structs.replace(CONTEXT, **changes)
    return judge(FirewallParams(), state or KernelState(bankroll_u6=100_000_000), order, context, at(1))[1].code


def test_an_order_that_breaks_nothing_may_leave() -> None:
    assert judged(BUY) == ""


def test_an_order_for_a_token_that_is_not_known_is_refused_by_the_firewall() -> None:
    assert judged(BUY, view=None) == Code.FW_MARKET_UNKNOWN


def test_risk_speaks_before_the_firewall() -> None:
    off_grid = msgspec.structs.replace(BUY, size_u6=11_000_001)
    assert judged(off_grid) == Code.FW_SIZE_GRID
    assert judged(off_grid, cap_u6=1) == Code.RISK_CAP


def test_a_kill_lets_out_what_only_reduces_risk_and_nothing_else() -> None:
    killed = KernelState(bankroll_u6=100_000_000, killed=True)
    assert judged(BUY, killed) == Code.RISK_KILLED
    assert judged(SELL, killed, sellable_u6=11_000_000) == ""
    assert judged(SELL, killed, sellable_u6=10_990_000) == Code.RISK_KILLED


def test_money_that_another_rounds_order_reserves_is_not_there() -> None:
    other = Order("q/1/entry", 5, Side.BUY, 5_000, 10_000_000, TimeInForce.GTC, Purpose.ENTRY, True, at(0))
    assert judged(BUY, all_orders=(other,), cash_u6=11_720_000) == ""
    assert judged(BUY, all_orders=(other,), cash_u6=11_700_000) == Code.RISK_CASH


def test_reads_and_alerts_are_no_mutations() -> None:
    changing = (BUY, Cancel("r/1/entry"), CancelMarket(UP), CancelAll())
    reading = (ReadOrder("r/1/entry"), ReadPosition(UP), ReadBook(UP), Alert("safe"))
    assert [is_mutation(command) for command in (*changing, *reading)] == [True] * 4 + [False] * 4


def test_a_stamp_is_the_same_for_the_same_order_and_leaves_other_commands_alone() -> None:
    first, again = stamp(KernelState(bankroll_u6=0), BUY, at(1)), stamp(KernelState(bankroll_u6=0), BUY, at(1))
    assert first == again
    assert isinstance(first, Place)
    assert 0 < first.salt < 1 << 53
    cancel = Cancel("r/1/entry")
    assert stamp(KernelState(bankroll_u6=0), cancel, at(1)) is cancel


def test_prepared_and_placed_orders_share_one_row_of_timestamps() -> None:
    state = KernelState(bankroll_u6=0)
    prepare = Prepare("r/1/entry", UP, Side.BUY, 6_100, 11_000_000, TimeInForce.GTC, Purpose.ENTRY)
    stamped = [stamp(state, command, at(1)) for command in (prepare, BUY, SELL)]
    assert [command.timestamp_ms - at(1) // 1_000_000 for command in stamped] == [0, 1, 2]  # type: ignore[attr-defined]


def test_an_order_that_is_judged_is_not_one_of_those_it_is_judged_against() -> None:
    orders = [Order(f"r/{n}/entry", UP, Side.BUY, 1, 1, TimeInForce.GTC, Purpose.ENTRY, True, 0) for n in (1, 2)]
    assert without(orders, "r/1/entry") == (orders[1],)


PREPARE = Prepare("r/1/prepare", UP, Side.SELL, 100, 11_000_000, TimeInForce.FAK, Purpose.STOP)
NAMED = msgspec.structs.replace(SELL, prepared="r/1/prepare")


def test_an_order_that_was_prepared_has_the_stamps_of_its_prepare_once() -> None:
    state = KernelState(bankroll_u6=0)
    prepare = stamp(state, PREPARE, at(1))
    place = stamp(state, NAMED, at(9))
    assert isinstance(prepare, Prepare)
    assert isinstance(place, Place)
    assert (place.prepared, place.salt, place.timestamp_ms) == ("r/1/prepare", prepare.salt, prepare.timestamp_ms)
    assert state.placed == {SELL.order: place}
    again = stamp(state, msgspec.structs.replace(NAMED, order="r/3/stop"), at(9))
    assert isinstance(again, Place)
    assert again.prepared == ""
    assert again.timestamp_ms > place.timestamp_ms


def test_an_order_that_differs_from_what_was_prepared_is_stamped_afresh_and_names_nothing() -> None:
    for change in ({"size_u6": 10_000_000}, {"price_e4": 200}, {"asset": 1}, {"tif": TimeInForce.GTC}):
        state = KernelState(bankroll_u6=0)
        stamp(state, PREPARE, at(1))
        place = stamp(state, msgspec.structs.replace(NAMED, **change), at(9))
        assert isinstance(place, Place)
        assert (place.prepared, place.timestamp_ms) == ("", at(9) // 1_000_000)


def test_what_was_prepared_later_takes_the_place_of_what_was_prepared_before() -> None:
    state = KernelState(bankroll_u6=0)
    stamp(state, PREPARE, at(1))
    stamp(state, msgspec.structs.replace(PREPARE, order="r/2/prepare"), at(1))
    place = stamp(state, NAMED, at(9))
    assert isinstance(place, Place)
    assert place.prepared == ""


def test_an_order_id_begins_with_its_window() -> None:
    assert slug_of("btc-updown-15m-1800000000/2/stop") == "btc-updown-15m-1800000000"
