"""The firewall: each rule, each refusal code, the one repair, and what a risk-reducing order is exempt from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.firewall.budget import MutationBudget
from engine.firewall.rules import (
    BATCH_MAX,
    CANCEL_IDS_MAX,
    Facts,
    FirewallParams,
    admit,
    check_batch,
    check_cancel_ids,
    is_reducing,
    sliced,
)
from engine.kernel.gate import is_mutation
from engine.model.codes import Code
from engine.model.commands import Cancel, CancelAll, CancelMarket, Place, Prepare, Purpose, ReadBook, TimeInForce
from engine.model.events import Feed, FeedChange, MarketChange, Side, VenueBudget, VenueState
from engine.model.fees import FeeSchedule
from engine.model.market import View, fold, open_view, show
from engine.model.orders import Order, OrderStatus
from engine.model.units import NS_PER_S
from tests.scenario.bucket.words import DOWN, START_S, UP, at, market, price, shares, tob

BUY, SELL = Side.BUY, Side.SELL
GTC, GTD, FOK, FAK = TimeInForce.GTC, TimeInForce.GTD, TimeInForce.FOK, TimeInForce.FAK
NOW_NS = at(10)


def up_view(**changes: Any) -> View:
    """Return Up's fresh view at 0.60 / 0.62 with some facts changed."""
    view = show(open_view(market(UP)), tob(9, UP, 0.60, 0.62))
    return msgspec.structs.replace(view, **changes)


def own(asset: int, side: Side, usd: float, size: float = 10, purpose: Purpose = Purpose.ENTRY) -> Order:
    """Return a resting order of ours."""
    return Order(f"own/{asset}{side}", asset, side, price(usd), shares(size), GTC, purpose, True, 0, OrderStatus.LIVE)


@dataclass
class Gate:
    """What the firewall sees; `refusal` is what it says to an order."""

    params: FirewallParams = field(default_factory=FirewallParams)
    view: View | None = field(default_factory=up_view)
    orders: list[Order] = field(default_factory=list)
    sellable: float = 10
    venue: VenueState = VenueState.NORMAL
    sent_ns: tuple[int, ...] = ()
    known: frozenset[str] = frozenset()
    left: VenueBudget | None = None

    def facts(self) -> Facts:
        """Return the facts as the rules take them."""
        budget = MutationBudget(self.sent_ns)
        return Facts(NOW_NS, self.view, self.orders, shares(self.sellable), budget, self.venue, self.known, self.left)

    def admit(self, order: Place) -> tuple[Place, str, int]:
        """Return the order as it would leave, the refusal's code ("" = allowed) and when to try again."""
        repaired, verdict = admit(self.params, self.facts(), order)
        assert verdict.order == order.order
        assert verdict.allowed == (verdict.code == "")
        return repaired, verdict.code, verdict.retry_at_ns

    def refusal(self, side: Side = BUY, usd: float = 0.60, size: float = 10, **more: Any) -> str:
        """Return the code with which an order is refused."""
        return self.admit(place(side, usd, size, **more))[1]

    def with_params(self, **changes: Any) -> Self:
        """Change the firewall's bounds."""
        self.params = msgspec.structs.replace(self.params, **changes)
        return self


def place(side: Side = BUY, usd: float = 0.60, size: float = 10, **more: Any) -> Place:
    """Return a post-only GTC order on Up, unless told otherwise."""
    purpose = Purpose.ENTRY if side == BUY else Purpose.TAKE_PROFIT
    fields: dict[str, Any] = {"asset": UP, "tif": GTC, "purpose": purpose, "post_only": True, **more}
    return Place("r/1/x", side=side, price_e4=price(usd), size_u6=shares(size), **fields)


def immediate(side: Side, usd: float, size: float, tif: TimeInForce = FAK, **more: Any) -> Place:
    """Return an immediate order on Up."""
    return place(side, usd, size, tif=tif, post_only=False, **more)


def test_a_plain_buy_and_a_plain_sell_pass() -> None:
    assert Gate().refusal() == ""
    assert Gate().refusal(SELL, 0.63) == ""


# what has to be known


def test_an_unknown_or_closed_market_is_refused() -> None:
    assert Gate(view=None).refusal() == Code.FW_MARKET_UNKNOWN
    assert Gate(view=fold(up_view(), market(UP, MarketChange.CLOSED))).refusal() == Code.FW_MARKET_UNKNOWN


def test_an_unknown_tick_or_minimum_is_refused() -> None:
    assert Gate(view=up_view(tick_e4=0)).refusal() == Code.FW_TICK_UNKNOWN
    assert Gate(view=up_view(min_size_u6=0)).refusal() == Code.FW_TICK_UNKNOWN


def test_an_unknown_fee_is_refused_and_a_fee_of_nothing_is_not() -> None:
    assert Gate(view=up_view(fees=FeeSchedule(-1))).refusal() == Code.FW_FEE_UNKNOWN
    assert Gate(view=up_view(fees=FeeSchedule(0))).refusal() == ""


# price


@pytest.mark.parametrize(
    ("side", "tick_e4", "given_e4", "sent_e4"),
    [
        (BUY, 100, 6_099, 6_000),
        (SELL, 100, 6_101, 6_200),
        (BUY, 10, 6_099, 6_090),
        (SELL, 10, 6_101, 6_110),
        (BUY, 100, 50, 100),
        (SELL, 100, 9_950, 9_900),
        (BUY, 100, 9_999, 9_900),
        (SELL, 100, 0, 100),
        (SELL, 100, 10, 100),
        (SELL, 10, 9_991, 9_990),
        (SELL, 100, 9_901, 9_900),
    ],
)
def test_a_price_is_rounded_to_the_tick_in_force_and_then_clamped(
    side: Side, tick_e4: int, given_e4: int, sent_e4: int
) -> None:
    order = msgspec.structs.replace(place(side), price_e4=given_e4)
    assert Gate(view=up_view(tick_e4=tick_e4)).admit(order)[0].price_e4 == sent_e4


@given(st.sampled_from([BUY, SELL]), st.sampled_from([10, 100]), st.integers(-5_000, 15_000))
def test_a_repaired_price_is_on_the_grid_in_range_and_no_worse_for_us(side: Side, tick_e4: int, given_e4: int) -> None:
    order = msgspec.structs.replace(place(side), price_e4=given_e4)
    repaired, code, _ = Gate(view=up_view(tick_e4=tick_e4)).admit(order)
    assert repaired.price_e4 % tick_e4 == 0
    assert tick_e4 <= repaired.price_e4 <= 10_000 - tick_e4
    if tick_e4 <= given_e4 <= 10_000 - tick_e4:
        assert repaired.price_e4 <= given_e4 if side == BUY else repaired.price_e4 >= given_e4
        assert abs(repaired.price_e4 - given_e4) < tick_e4
    assert msgspec.structs.replace(repaired, price_e4=given_e4) == order
    assert code != Code.FW_PRICE


def test_a_tick_that_leaves_no_price_is_refused() -> None:
    assert Gate(view=up_view(tick_e4=10_000)).refusal() == Code.FW_PRICE


# size


@pytest.mark.parametrize("size_u6", [0, -10_000, 5_000_001, 5_005_000])
def test_a_size_off_the_grid_is_refused(size_u6: int) -> None:
    order = msgspec.structs.replace(place(), size_u6=size_u6)
    assert Gate().admit(order)[1] == Code.FW_SIZE_GRID


def test_a_size_below_the_markets_minimum_is_refused() -> None:
    assert Gate().refusal(size=4.99) == Code.FW_SIZE_MINIMUM
    assert Gate().refusal(size=5) == ""
    assert Gate(view=up_view(min_size_u6=shares(15))).refusal(size=10) == Code.FW_SIZE_MINIMUM


def test_dust_is_sold_only_immediately_and_only_where_it_is_allowed() -> None:
    dust = immediate(SELL, 0.01, 0.02, purpose=Purpose.STOP)
    assert Gate().admit(dust)[1] == Code.FW_SIZE_MINIMUM
    allowed = Gate().with_params(dust_sells=True)
    assert allowed.admit(dust)[1] == ""
    assert allowed.refusal(SELL, 0.63, 0.02) == Code.FW_SIZE_MINIMUM
    assert allowed.admit(immediate(BUY, 0.62, 4))[1] == Code.FW_SIZE_MINIMUM


def test_a_marketable_buy_is_worth_at_least_a_dollar() -> None:
    cheap = up_view(bid1_price_e4=price(0.10), ask1_price_e4=price(0.12))
    assert Gate(view=cheap).admit(immediate(BUY, 0.12, 8))[1] == Code.FW_NOTIONAL_MINIMUM
    assert Gate(view=cheap).admit(immediate(BUY, 0.12, 9))[1] == ""
    assert Gate(view=cheap).refusal(BUY, 0.12, 8) == ""  # post-only: it cannot take


def test_an_immediate_buys_money_has_two_decimals() -> None:
    assert Gate().admit(immediate(BUY, 0.62, 10.01))[1] == Code.FW_SIZE_GRID
    assert Gate().admit(immediate(BUY, 0.62, 10.5))[1] == ""
    assert Gate().admit(place(BUY, 0.62, 10.01, post_only=False))[1] == ""  # GTC: no such cap


# time in force


@pytest.mark.parametrize("tif", [FAK, FOK])
def test_post_only_goes_with_gtc_and_gtd_only(tif: TimeInForce) -> None:
    assert Gate().refusal(tif=tif) == Code.FW_POST_ONLY_TIF


def test_gtd_needs_an_expiration_and_no_other_may_have_one() -> None:
    assert Gate().refusal(tif=GTD) == Code.FW_EXPIRATION_MISSING
    assert Gate().refusal(tif=GTC, expiration_s=START_S + 900) == Code.FW_EXPIRATION_UNEXPECTED


def test_an_expiration_is_at_least_the_venues_minimum_and_the_buffer_away() -> None:
    assert Gate().refusal(tif=GTD, expiration_s=START_S + 249) == Code.FW_EXPIRATION_TOO_SOON
    assert Gate().refusal(tif=GTD, expiration_s=START_S + 250) == ""
    assert Gate().with_params(gtd_buffer_s=0).refusal(tif=GTD, expiration_s=START_S + 190) == ""


# our own orders


def test_a_sell_beyond_the_sellable_position_is_refused_open_sells_included() -> None:
    assert Gate().refusal(SELL, 0.63, 10.01) == Code.FW_POSITION
    assert Gate(orders=[own(UP, SELL, 0.65, 5)]).refusal(SELL, 0.63, 5) == ""
    assert Gate(orders=[own(UP, SELL, 0.65, 5)]).refusal(SELL, 0.63, 5.01) == Code.FW_POSITION
    assert Gate(orders=[own(DOWN, SELL, 0.65, 5)]).refusal(SELL, 0.63, 10) == ""


@pytest.mark.parametrize(
    ("resting", "side", "usd", "meets"),
    [
        (own(UP, SELL, 0.62), BUY, 0.62, True),
        (own(UP, SELL, 0.62), BUY, 0.61, False),
        (own(UP, BUY, 0.60), SELL, 0.60, True),
        (own(UP, BUY, 0.60), SELL, 0.61, False),
        (own(DOWN, BUY, 0.40), BUY, 0.60, True),  # MINT: together they pay a dollar for the pair
        (own(DOWN, BUY, 0.40), BUY, 0.59, False),
        (own(DOWN, SELL, 0.37), SELL, 0.63, True),  # MERGE: together they ask a dollar for the pair
        (own(DOWN, SELL, 0.38), SELL, 0.63, False),
        (own(DOWN, SELL, 0.40), BUY, 0.60, False),
        (own(5, BUY, 0.99), BUY, 0.60, False),
        (own(UP, BUY, 0.61), BUY, 0.60, False),
    ],
)
def test_our_own_orders_never_meet(resting: Order, side: Side, usd: float, meets: bool) -> None:
    assert Gate(orders=[resting], sellable=20).refusal(side, usd) == (Code.FW_OWN_CROSS if meets else "")


def test_an_order_of_ours_that_has_ended_meets_nothing() -> None:
    ended = msgspec.structs.replace(own(UP, SELL, 0.60), status=OrderStatus.CANCELED)
    assert Gate(orders=[ended]).refusal(BUY, 0.60) == ""


def test_an_order_id_that_is_known_is_refused() -> None:
    assert Gate(known=frozenset({"r/1/x"})).refusal() == Code.FW_DUPLICATE_ORDER


@pytest.mark.parametrize("mode", [VenueState.RESTARTING, VenueState.CANCEL_ONLY, VenueState.DISABLED])
def test_a_venue_that_takes_no_orders_is_sent_none(mode: VenueState) -> None:
    assert Gate(venue=mode).refusal() == Code.FW_VENUE_MODE
    assert Gate(venue=mode).refusal(SELL, 0.63) == Code.FW_VENUE_MODE


def test_in_post_only_mode_only_post_only_orders_leave() -> None:
    assert Gate(venue=VenueState.POST_ONLY).refusal() == ""
    assert Gate(venue=VenueState.POST_ONLY).admit(immediate(SELL, 0.01, 10))[1] == Code.FW_VENUE_MODE


def test_a_stale_book_is_refused() -> None:
    stale = fold(up_view(), Feed(NOW_NS, -1, FeedChange.STALE))
    assert Gate(view=stale).refusal() == Code.FW_STALE_BOOK
    assert Gate().with_params(book_age_max_ns=NS_PER_S - 1).refusal() == Code.FW_STALE_BOOK
    assert Gate().with_params(book_age_max_ns=NS_PER_S).refusal() == ""


def test_no_more_open_orders_than_allowed_stops_not_counted() -> None:
    resting = [own(UP, BUY, 0.10 + cent / 100, 5) for cent in range(4)]
    assert Gate(orders=resting).refusal() == Code.FW_MAX_OPEN_ORDERS
    assert Gate(orders=resting[:3]).refusal() == ""
    stop = own(UP, SELL, 0.99, 5, Purpose.STOP)
    assert Gate(orders=[*resting[:3], stop]).refusal() == ""


def test_a_spent_budget_is_refused_with_the_time_at_which_it_passes() -> None:
    sent_ns = tuple(at(second) for second in range(-49, 10))
    assert Gate(sent_ns=sent_ns).refusal() == ""
    _, code, retry_at_ns = Gate(sent_ns=(at(-49.5), *sent_ns)).admit(place())
    assert (code, retry_at_ns) == (Code.FW_MUTATION_BUDGET, at(10.5))


# what only reduces risk


def refused_by_everything() -> Gate:
    """Return facts under which no order that adds risk may leave."""
    resting = [own(DOWN, BUY, 0.01 + cent / 100, 5) for cent in range(4)]
    stale = fold(up_view(), Feed(NOW_NS, -1, FeedChange.GAP))
    return Gate(view=stale, orders=resting, sent_ns=(NOW_NS,) * 60)


def test_a_sell_within_the_position_is_exempt_from_budget_open_orders_and_stale_book() -> None:
    gate = refused_by_everything()
    assert gate.refusal(BUY, 0.60) == Code.FW_STALE_BOOK
    assert is_reducing(place(SELL, 0.63), gate.facts())
    assert gate.refusal(SELL, 0.63) == ""
    assert gate.admit(immediate(SELL, 0.01, 10, purpose=Purpose.STOP))[1] == ""


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (place(SELL, 0.63, 10.01), Code.FW_POSITION),
        (place(SELL, 0.63, 4), Code.FW_SIZE_MINIMUM),
        (msgspec.structs.replace(place(SELL, 0.63), size_u6=shares(9) + 1), Code.FW_SIZE_GRID),
    ],
)
def test_it_is_never_exempt_from_size_and_position(order: Place, code: Code) -> None:
    assert refused_by_everything().admit(order)[1] == code


def test_it_is_never_exempt_from_grid_and_venue_mode() -> None:
    gate = refused_by_everything()
    assert gate.admit(msgspec.structs.replace(place(SELL), price_e4=6_301))[0].price_e4 == 6_400
    gate.venue = VenueState.CANCEL_ONLY
    assert gate.refusal(SELL, 0.63) == Code.FW_VENUE_MODE


def test_a_buy_is_never_risk_reducing() -> None:
    assert not is_reducing(place(BUY), Gate().facts())


def test_placements_and_cancels_are_counted_reads_and_signatures_are_not() -> None:
    prepared = Prepare("r/1/x", UP, SELL, 100, shares(5), FAK, Purpose.STOP)
    counted = [place(), Cancel("r/1/x"), CancelMarket(UP), CancelAll()]
    assert all(is_mutation(command) for command in counted)
    assert not any(is_mutation(command) for command in (prepared, ReadBook(UP)))


# batches


@given(st.integers(0, 100))
def test_a_larger_list_is_sliced_into_batches_that_pass(count: int) -> None:
    orders = [place(size=5 + number) for number in range(count)]
    batches = list(sliced(orders))
    assert [order for batch in batches for order in batch] == orders
    assert all(check_batch(batch).allowed for batch in batches)


def test_a_larger_batch_call_is_an_error() -> None:
    assert check_batch([place()] * BATCH_MAX).allowed
    for count in (0, BATCH_MAX + 1):
        assert check_batch([place()] * count).code == Code.FW_BATCH


def test_at_most_a_thousand_ids_are_cancelled_in_one_call() -> None:
    assert check_cancel_ids(CANCEL_IDS_MAX).allowed
    for count in (0, CANCEL_IDS_MAX + 1):
        assert check_cancel_ids(count).code == Code.FW_BATCH


def test_the_venues_last_ten_orders_are_kept_for_what_reduces_risk_until_its_bucket_is_full() -> None:
    left = VenueBudget(NOW_NS - 1, 10, NOW_NS + 5)
    assert Gate(left=left).admit(place(BUY, 0.60, 10))[1:] == (Code.FW_VENUE_BUDGET, NOW_NS + 5)
    assert Gate(left=left).refusal(SELL, 0.63) == ""
    assert Gate(left=left).with_params(venue_reserve=9).refusal() == ""
    assert Gate(left=VenueBudget(NOW_NS - 1, 11, NOW_NS + 5)).refusal() == ""
    assert Gate(left=VenueBudget(NOW_NS - 1, 0, NOW_NS)).refusal() == ""


CAUSES: dict[str, Callable[[], str]] = {
    "fw_market_unknown": lambda: Gate(view=None).refusal(),
    "fw_tick_unknown": lambda: Gate(view=up_view(tick_e4=0)).refusal(),
    "fw_fee_unknown": lambda: Gate(view=up_view(fees=FeeSchedule(-1))).refusal(),
    "fw_price": lambda: Gate(view=up_view(tick_e4=10_000)).refusal(),
    "fw_size_grid": lambda: Gate().refusal(size=5.005),
    "fw_size_minimum": lambda: Gate().refusal(size=4),
    "fw_notional_minimum": lambda: Gate(view=up_view(ask1_price_e4=100)).admit(immediate(BUY, 0.01, 99))[1],
    "fw_post_only_tif": lambda: Gate().refusal(tif=FAK),
    "fw_expiration_missing": lambda: Gate().refusal(tif=GTD),
    "fw_expiration_unexpected": lambda: Gate().refusal(expiration_s=1),
    "fw_expiration_too_soon": lambda: Gate().refusal(tif=GTD, expiration_s=1),
    "fw_own_cross": lambda: Gate(orders=[own(DOWN, BUY, 0.50)]).refusal(BUY, 0.60),
    "fw_mutation_budget": lambda: Gate(sent_ns=(NOW_NS,) * 60).refusal(),
    "fw_max_open_orders": lambda: Gate(orders=[own(UP, BUY, 0.10)] * 4).refusal(),
    "fw_stale_book": lambda: Gate(view=up_view(stale=True)).refusal(),
    "fw_position": lambda: Gate(sellable=0).refusal(SELL, 0.63),
    "fw_venue_mode": lambda: Gate(venue=VenueState.DISABLED).refusal(),
    "fw_duplicate_order": lambda: Gate(known=frozenset({"r/1/x"})).refusal(),
    "fw_venue_budget": lambda: Gate(left=VenueBudget(NOW_NS, 10, NOW_NS + 1)).refusal(),
    "fw_batch": lambda: check_batch([]).code,
}


@pytest.mark.parametrize("code", [code for code in Code if code.startswith("fw_")])
def test_every_code_of_the_firewall_can_be_caused(code: Code) -> None:
    assert CAUSES[code]() == code
