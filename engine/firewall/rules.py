"""The firewall: each rule looks at one order and at the facts, and refuses with a code or lets it pass.

`admit` rounds the price to the tick in force before clamping it (buys down, sells up): the one repair that execution.md
allows. Everything else refuses. Facts about the venue's own limits: protocol.md 2.4, 2.5 and 11 (2026-11-21).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from engine.firewall.budget import MutationBudget
from engine.model.codes import Code
from engine.model.commands import Place, Purpose, TimeInForce
from engine.model.events import Side, VenueBudget, VenueState
from engine.model.market import View
from engine.model.orders import Order
from engine.model.records import Verdict
from engine.model.units import NS_PER_S, PRICE_ONE_E4, SIZE_GRID_U6, U6

BATCH_MAX: Final = 15
CANCEL_IDS_MAX: Final = 1_000
MARKETABLE_BUY_MIN_U6: Final = 1 * U6
IMMEDIATE_BUY_GRID_U6: Final = 10_000
"""An immediate buy's money has at most 2 decimals (protocol.md 2.4)."""

T = TypeVar("T")


class FirewallParams(msgspec.Struct, frozen=True):
    """The configurable bounds."""

    mutations_max: int = 60
    mutations_window_ns: int = 60 * NS_PER_S
    open_orders_max: int = 4
    gtd_minimum_s: int = 180
    gtd_buffer_s: int = 60
    dust_sells: bool = False
    book_age_max_ns: int = 0  # 0 = age alone is not staleness
    venue_reserve: int = 10


class Facts(msgspec.Struct, frozen=True):
    """What the rules may look at: the moment, the token's view, our orders, the position that can be
    sold, the budget.
    """

    now_ns: int
    view: View | None
    orders: Sequence[Order]
    sellable_u6: int
    budget: MutationBudget
    venue: VenueState = VenueState.NORMAL
    known_orders: frozenset[str] = frozenset()
    venue_budget: VenueBudget | None = None  # None = the venue has not said


def is_reducing(order: Place, facts: Facts) -> bool:
    """Whether the order can only make risk smaller: a SELL within the sellable position."""
    open_u6 = sum(o.open_u6 for o in facts.orders if o.asset == order.asset and o.side == Side.SELL and o.is_working)
    return order.side == Side.SELL and order.size_u6 + open_u6 <= facts.sellable_u6


def admit(params: FirewallParams, facts: Facts, order: Place) -> tuple[Place, Verdict]:
    """Return the order as it may leave (price on the grid) and the verdict; the first rule that refuses decides."""
    repaired = _on_grid(order, facts.view)
    reducing = is_reducing(repaired, facts)
    for rule in RULES:
        code, retry_at_ns = rule(params, facts, repaired, reducing)
        if code is not None:
            return repaired, Verdict(order.order, False, code, retry_at_ns)
    return repaired, Verdict(order.order, True)


def sliced(orders: Sequence[T], size: int = BATCH_MAX) -> Iterable[Sequence[T]]:
    """Cut a list of intents into batches that the venue takes."""
    for start in range(0, len(orders), size):
        yield orders[start : start + size]


def check_batch(orders: Sequence[Place]) -> Verdict:
    """Refuse a batch call that is larger than the venue takes: the caller had to slice it."""
    allowed = 0 < len(orders) <= BATCH_MAX
    return Verdict(orders[0].order if orders else "", allowed, "" if allowed else Code.FW_BATCH)


def check_cancel_ids(count: int) -> Verdict:
    """Refuse a cancel call with more ids than the venue takes."""
    allowed = 0 < count <= CANCEL_IDS_MAX
    return Verdict("", allowed, "" if allowed else Code.FW_BATCH)


def _on_grid(order: Place, view: View | None) -> Place:
    if view is None or view.tick_e4 <= 0:
        return order
    tick_e4 = view.tick_e4
    down_e4 = order.price_e4 - order.price_e4 % tick_e4
    price_e4 = down_e4 if order.side == Side.BUY or down_e4 == order.price_e4 else down_e4 + tick_e4
    price_e4 = min(max(price_e4, tick_e4), PRICE_ONE_E4 - tick_e4)
    return order if price_e4 == order.price_e4 else msgspec.structs.replace(order, price_e4=price_e4)


Refusal = tuple[Code | None, int]
PASS: Final[Refusal] = (None, 0)


def _market_known(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    if facts.view is None or facts.view.closed:
        return Code.FW_MARKET_UNKNOWN, 0
    if facts.view.tick_e4 <= 0 or facts.view.min_size_u6 <= 0:
        return Code.FW_TICK_UNKNOWN, 0
    return (Code.FW_FEE_UNKNOWN, 0) if facts.view.fees.rate_e6 < 0 else PASS


def _price_range(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    return PASS if 0 < order.price_e4 < PRICE_ONE_E4 else (Code.FW_PRICE, 0)


def _size(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    assert facts.view is not None
    if order.size_u6 <= 0 or order.size_u6 % SIZE_GRID_U6:
        return Code.FW_SIZE_GRID, 0
    if order.size_u6 < facts.view.min_size_u6:
        dust_sale = params.dust_sells and order.side == Side.SELL and order.tif == TimeInForce.FAK
        return PASS if dust_sale else (Code.FW_SIZE_MINIMUM, 0)
    return PASS


def _notional(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    view = facts.view
    assert view is not None
    marketable = not order.post_only and 0 < view.ask1_price_e4 <= order.price_e4
    if order.side != Side.BUY or not marketable:
        return PASS
    money_u6 = order.price_e4 * order.size_u6 // PRICE_ONE_E4
    if money_u6 < MARKETABLE_BUY_MIN_U6:
        return Code.FW_NOTIONAL_MINIMUM, 0
    immediate = order.tif in (TimeInForce.FAK, TimeInForce.FOK)
    return (Code.FW_SIZE_GRID, 0) if immediate and money_u6 % IMMEDIATE_BUY_GRID_U6 else PASS


def _time_in_force(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    if order.post_only and order.tif not in (TimeInForce.GTC, TimeInForce.GTD):
        return Code.FW_POST_ONLY_TIF, 0
    if order.tif != TimeInForce.GTD:
        return (Code.FW_EXPIRATION_UNEXPECTED, 0) if order.expiration_s else PASS
    if order.expiration_s == 0:
        return Code.FW_EXPIRATION_MISSING, 0
    earliest_ns = facts.now_ns + (params.gtd_minimum_s + params.gtd_buffer_s) * NS_PER_S
    return (Code.FW_EXPIRATION_TOO_SOON, 0) if order.expiration_s * NS_PER_S < earliest_ns else PASS


def _position(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    return PASS if order.side == Side.BUY or reducing else (Code.FW_POSITION, 0)


def _own_cross(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    """Refuse an order that would match one of ours: directly, by MINT (two buys >= 1) or by MERGE (two sells <= 1)."""
    assert facts.view is not None
    for own in facts.orders:
        if own.is_working and _meets(order, own, facts.view.peer):
            return Code.FW_OWN_CROSS, 0
    return PASS


def _meets(order: Place, own: Order, peer: int) -> bool:
    if own.asset == order.asset:
        if own.side == order.side:
            return False
        buy_e4, sell_e4 = (order.price_e4, own.price_e4) if order.side == Side.BUY else (own.price_e4, order.price_e4)
        return buy_e4 >= sell_e4
    if own.asset != peer or own.side != order.side:
        return False
    total_e4 = own.price_e4 + order.price_e4
    return total_e4 >= PRICE_ONE_E4 if order.side == Side.BUY else total_e4 <= PRICE_ONE_E4


def _venue_mode(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    if facts.venue == VenueState.NORMAL or (facts.venue == VenueState.POST_ONLY and order.post_only):
        return PASS
    return Code.FW_VENUE_MODE, 0


def _duplicate(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    return (Code.FW_DUPLICATE_ORDER, 0) if order.order in facts.known_orders else PASS


def _stale_book(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    view = facts.view
    assert view is not None
    if reducing:
        return PASS
    too_old = params.book_age_max_ns and facts.now_ns - view.seen_ns > params.book_age_max_ns
    return (Code.FW_STALE_BOOK, 0) if not view.is_fresh or too_old else PASS


def _open_orders(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    if order.purpose == Purpose.STOP or reducing:
        return PASS
    live = sum(1 for own in facts.orders if own.is_working and own.purpose != Purpose.STOP)
    return (Code.FW_MAX_OPEN_ORDERS, 0) if live >= params.open_orders_max else PASS


def _mutations(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    if reducing:
        return PASS
    used = facts.budget.used(facts.now_ns, params.mutations_window_ns)
    if used < params.mutations_max:
        return PASS
    at_ns = facts.budget.free_at_ns(facts.now_ns, params.mutations_window_ns, params.mutations_max)
    return Code.FW_MUTATION_BUDGET, at_ns


def _venue_budget(params: FirewallParams, facts: Facts, order: Place, reducing: bool) -> Refusal:
    """Keep the last tokens of the venue's own bucket for what reduces risk; once it is full again it says nothing."""
    budget = facts.venue_budget
    if budget is None or facts.now_ns >= budget.reset_ns or reducing:
        return PASS
    return (Code.FW_VENUE_BUDGET, budget.reset_ns) if budget.remaining <= params.venue_reserve else PASS


RULES: Final[tuple[Callable[[FirewallParams, Facts, Place, bool], Refusal], ...]] = (
    _market_known,
    _duplicate,
    _venue_mode,
    _time_in_force,
    _price_range,
    _size,
    _notional,
    _position,
    _own_cross,
    _stale_book,
    _open_orders,
    _mutations,
    _venue_budget,
)
"""In this order: what is wrong with the order itself first, what will pass with time last."""
