"""From an intent to a command: risk, then firewall, then the stamps that fix the venue's order id."""

import hashlib
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from engine.firewall.rules import Facts, FirewallParams, admit, is_reducing
from engine.model.commands import Cancel, CancelAll, CancelMarket, Command, Place, Prepare
from engine.model.market import View
from engine.model.orders import Order
from engine.model.records import Verdict
from engine.model.units import NS_PER_MS
from engine.risk.breakers import Trip
from engine.risk.market_state import MarketState
from engine.risk.rules import RiskFacts, review

from .state import KernelState

Stamped = TypeVar("Stamped", Place, Prepare)

WALLET_NOT_READ: Final = Trip("wallet", 0, "the wallet has not been read in this session")
_SALT_BITS = 53
"""Salts are JSON numbers on the wire and must stay below 2^53 (protocol.md 2.2)."""


class OrderContext(msgspec.Struct, frozen=True):
    """What the gate has to know about the window that an order belongs to."""

    view: View | None
    sellable_u6: int
    round_orders: tuple[Order, ...]
    round_cost_u6: int
    cap_u6: int
    known_orders: frozenset[str]
    all_orders: tuple[Order, ...]
    cash_u6: int
    position_u6: int = 0
    position_max_u6: int = 0
    market: MarketState = MarketState.NORMAL


def judge(
    params: FirewallParams, state: KernelState, order: Place, context: OrderContext, now_ns: int
) -> tuple[Place, Verdict]:
    """Return the order as it may leave and the verdict of risk and firewall, in that order."""
    facts = Facts(
        now_ns,
        context.view,
        context.all_orders,
        context.sellable_u6,
        state.budget,
        state.venue,
        context.known_orders,
        state.venue_budget,
    )
    if context.view is not None:
        risk = RiskFacts(
            now_ns=now_ns,
            killed=state.killed,
            cash_u6=context.cash_u6,
            orders=context.all_orders,
            round_orders=context.round_orders,
            round_cost_u6=context.round_cost_u6,
            cap_u6=context.cap_u6,
            fees=context.view.fees,
            reducing=is_reducing(order, facts),
            market=context.market,
            breaker=_blocking(state, slug_of(order.order)),
            position_u6=context.position_u6,
            position_max_u6=context.position_max_u6,
        )
        verdict = review(risk, order)
        if not verdict.allowed:
            return order, verdict
    return admit(params, facts, order)


def _blocking(state: KernelState, slug: str) -> Trip | None:
    """Return what forbids quotes: a breaker, or a session that has not compared its books with the wallet yet."""
    if state.breakers.trips and (trip := state.breakers.blocking(slug)) is not None:
        return trip
    return WALLET_NOT_READ if state.reconciler.starting else None


def is_mutation(command: Command) -> bool:
    """Whether the command changes something at the venue and is counted in the mutation budget."""
    return isinstance(command, Place | Cancel | CancelMarket | CancelAll)


def stamp(state: KernelState, command: Command, now_ns: int) -> Command:
    """Give an order its salt (derived from its id) and its timestamp (strictly increasing): a replay repeats both.

    An order that was prepared gets the stamps of its Prepare, so that it is the one that was signed; what is stamped
    is remembered in the state.
    """
    if isinstance(command, Prepare):
        prepare = _stamped(state, command, now_ns)
        state.prepared[slug_of(command.order)] = prepare
        return prepare
    if isinstance(command, Place):
        place = _as_prepared(state, command) if command.prepared else None
        if place is None:
            unnamed = msgspec.structs.replace(command, prepared="") if command.prepared else command
            place = _stamped(state, unnamed, now_ns)
        state.placed[command.order] = place
        return place
    return command


def spend_venue(state: KernelState) -> None:
    """Take one order off the venue's budget as it was last told; its next word replaces the count."""
    budget = state.venue_budget
    if budget is not None and budget.remaining > 0:
        state.venue_budget = msgspec.structs.replace(budget, remaining=budget.remaining - 1)


def slug_of(order: str) -> str:
    """Return the window that an order id belongs to."""
    return order.partition("/")[0]


def _as_prepared(state: KernelState, place: Place) -> Place | None:
    """Return the order with the stamps of the Prepare that it names, None unless that is exactly this order."""
    prepare = state.prepared.pop(slug_of(place.order), None)
    if prepare is None or prepare.order != place.prepared or _terms(prepare) != _terms(place):
        return None
    return msgspec.structs.replace(place, salt=prepare.salt, timestamp_ms=prepare.timestamp_ms)


def _terms(order: Place | Prepare) -> tuple[object, ...]:
    return (order.asset, order.side, order.price_e4, order.size_u6, order.tif)


def _stamped(state: KernelState, command: Stamped, now_ns: int) -> Stamped:
    state.last_timestamp_ms = max(now_ns // NS_PER_MS, state.last_timestamp_ms + 1)
    digest = hashlib.sha256(command.order.encode()).digest()
    salt = int.from_bytes(digest[:8], "big") >> (64 - _SALT_BITS)
    return msgspec.structs.replace(command, salt=salt, timestamp_ms=state.last_timestamp_ms)


def without(orders: Iterable[Order], order_id: str) -> tuple[Order, ...]:
    """Return the orders but the one being judged, which its strategy already counts among its own."""
    return tuple(order for order in orders if order.order != order_id)
