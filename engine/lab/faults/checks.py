"""What must hold when a run is over: each check returns what it found wrong, as lines for a person."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from engine.config.build import bucket_params
from engine.config.load import Config
from engine.exchange.core.audit import audit
from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.market import Phase
from engine.exchange.core.orders import Order
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.journal.format import DecisionEntry, EventEntry
from engine.journal.reader import JournalReader
from engine.journal.replay import replay
from engine.journal.writer import NullRecorder
from engine.kernel.kernel import Kernel
from engine.kernel.state import KernelState, decode_state
from engine.lab.faults.evidence import BALANCE_U6, Evidence
from engine.lab.faults.record import DUST_U6, WalletRecord
from engine.model.commands import Place
from engine.model.events import Market, Side
from engine.model.market import View
from engine.model.units import NS_PER_MS, notional_u6
from engine.runtime.compose import build_kernel, kernel_of_header
from engine.runtime.recovery import recover, sessions
from engine.venue.contracts import EXCHANGE_V2, EXCHANGE_V3, is_v2_position_id

BUDGET_MS: Final = 60_000
LINES_MAX: Final = 20


def check_books(config: Config, root: Path, evidence: Evidence) -> list[str]:
    """Return everything that is wrong between the engine's journals under `root` and the exchange."""
    state = recover(config, root).state
    kernel = build_kernel(config, state, NullRecorder())
    wrong = [
        *nothing_rests(evidence, kernel),
        *_journals(root),
        *commanded(evidence, root),
        *inventory(evidence, state),
        *money(config, evidence, kernel),
        *(f"audit: {line}" for line in audit(evidence.exchange)),
    ]
    return wrong[:LINES_MAX]


def nothing_rests(evidence: Evidence, kernel: Kernel) -> Iterator[str]:
    """No resting order at the exchange, no order in the engine whose fate is open, no round that a bug has stopped."""
    resting = evidence.exchange.open_orders(evidence.account.credentials.key)
    yield from (f"resting: {order.order_id} of {order.market.spec.slug}" for order in resting)
    yield from (f"open: {order.order} is {order.status.name}" for order in kernel.working_orders())
    yield from (f"broken: {slug}: {why}" for slug, why in kernel.state.broken.items())


def _journals(root: Path) -> Iterator[str]:
    """Every session's journal replays equal."""
    for folder in sessions(root):
        result = replay(JournalReader(folder), kernel_of_header)
        if result.difference is not None:
            yield f"replay: {folder.name} parts at event {result.difference.seq}: {result.difference}"


def decisions(root: Path) -> int:
    """Return how many decisions all sessions have made."""
    return sum(isinstance(frame.entry, DecisionEntry) for folder in sessions(root) for frame in JournalReader(folder))


def commanded(evidence: Evidence, root: Path) -> Iterator[str]:
    """Every order at the exchange was commanded, in a journal, and no command has become two orders."""
    account = evidence.account
    signer = WalletSigner(account.key, account.wallet, account.signature_type)
    names: dict[str, str] = {}
    for name, remote_id in _commanded_ids(root, signer):
        names[remote_id] = name
    found: dict[str, list[str]] = {}
    for order_id, order in evidence.orders.items():
        if order_id not in names:
            yield f"uncommanded: {order_id} {order.side.name} {order.size_u6} at {order.price_e4} of {_slug(order)}"
        else:
            found.setdefault(names[order_id], []).append(order_id)
    yield from (f"twice: {name} has become {len(ids)} orders" for name, ids in found.items() if len(ids) > 1)


def _slug(order: Order) -> str:
    return order.market.spec.slug


def _commanded_ids(root: Path, signer: WalletSigner) -> Iterator[tuple[str, str]]:
    """Yield (our name, the venue's id) of every order that a journal commands, for each tick that its token had."""
    facts: dict[int, tuple[str, set[int]]] = {}
    for folder in sessions(root):
        reader = JournalReader(folder)
        for view in _views(decode_state(reader.header.kernel_state)):
            facts.setdefault(view.asset, (view.token_id, set()))[1].add(view.tick_e4)
        for frame in reader:
            entry = frame.entry
            if isinstance(entry, EventEntry) and isinstance(entry.event, Market):
                facts.setdefault(entry.event.asset, (entry.event.token_id, set()))[1].add(entry.event.tick_e4)
            elif isinstance(entry, DecisionEntry):
                for command in entry.commands:
                    if isinstance(command, Place):
                        yield from _ids(command, *facts[command.asset], signer)


def _views(state: KernelState) -> list[View]:
    return [view for one in state.rounds.values() for view in (one.up, one.down)]


def _ids(place: Place, token_id: str, ticks: set[int], signer: WalletSigner) -> Iterator[tuple[str, str]]:
    exchange = EXCHANGE_V3 if is_v2_position_id(int(token_id)) else EXCHANGE_V2
    for tick_e4 in ticks:
        terms = Terms(int(token_id), place.side, place.price_e4, place.size_u6, tick_e4, place.tif)
        yield place.order, signer.order_id(terms, place.salt, place.timestamp_ms, exchange)


def order_sizes(config: Config, orders: Mapping[str, Order]) -> Iterator[str]:
    """No buy alone is worth more than the largest cap: all that can be said without knowing what was held when."""
    largest_u6 = max(step.cap_u6 for step in bucket_params(config).cap_schedule)
    for order_id, order in orders.items():
        worth_u6 = notional_u6(order.price_e4, order.size_u6)
        if order.side == Side.BUY and worth_u6 > largest_u6:
            yield f"cap: {order_id} is worth {worth_u6}, more than {largest_u6}"


def at_risk(config: Config, record: WalletRecord) -> Iterator[str]:
    """At no time is more at risk in a window than its cap, nor are shares of both outcomes held."""
    params = bucket_params(config)
    largest_u6 = max(step.cap_u6 for step in params.cap_schedule)
    for exposure in record.exposures:
        cap_u6 = params.cap_u6((exposure.at_ms - exposure.start_ms) * NS_PER_MS) or largest_u6
        if exposure.at_risk_u6 > cap_u6:
            yield (
                f"cap: {exposure.slug} at {exposure.at_ms}: {exposure.held_cost_u6} held, {exposure.open_buys_u6} open,"
                f" more than {cap_u6}"
            )
        if exposure.has_both:
            yield f"double position: {exposure.slug} at {exposure.at_ms}: {exposure.held_u6} of both outcomes"


def budget(config: Config, record: WalletRecord) -> Iterator[str]:
    """No buy came when the budget of a minute was used up: what only reduces risk may exceed it."""
    most = config["execution"]["MUTATIONS_PER_MINUTE"]
    times = record.mutations_ms()
    for order_id, order in record.orders.items():
        if order.side == Side.BUY:
            at_ms = record.placed_ms[order_id]
            used = bisect_right(times, at_ms) - bisect_right(times, at_ms - BUDGET_MS)
            if used > most:
                yield f"budget: {order_id} was the {used}th mutation of a minute, {most} are allowed"


def inventory(evidence: Evidence, state: KernelState) -> Iterator[str]:
    """The engine holds in each window what the exchange says that the wallet holds; of what is over, nothing."""
    held = evidence.shares_u6
    believed: dict[str, int] = {}
    for one in state.rounds.values():
        for view in (one.up, one.down):
            believed[view.token_id] = one.held_u6 if view.asset == one.leg else 0
    chain = evidence.exchange.ledger.account(evidence.wallet).chain
    for token in sorted(held.keys() | believed.keys()):
        market = evidence.exchange.by_token[token]
        ours_u6 = believed.get(token)
        if ours_u6 is not None and ours_u6 != held.get(token, 0):
            yield f"inventory: {market.spec.slug}: {held.get(token, 0)} at the exchange, {ours_u6} in the engine"
        if ours_u6 is None and held[token] >= DUST_U6 and market.phase != Phase.RESOLVED:
            yield f"inventory: {market.spec.slug}: {held[token]} at the exchange, the engine has let go of it"
        if chain.get(token, 0) != held.get(token, 0):
            yield f"ledger: {market.spec.slug}: {chain.get(token, 0)} on chain, its trades come to {held.get(token, 0)}"


def money(config: Config, evidence: Evidence, kernel: Kernel) -> Iterator[str]:
    """Cash is conserved: on chain, in the trades, and in the engine's own books, to the unit."""
    state, traded_u6 = kernel.state, evidence.cash_u6
    chain_u6 = evidence.exchange.ledger.account(evidence.wallet).chain.get(COLLATERAL, 0)
    if chain_u6 != BALANCE_U6 + traded_u6:
        yield f"ledger: {chain_u6} of collateral on chain, its trades come to {BALANCE_U6 + traded_u6}"
    open_tokens = {view.token_id for view in _views(state)}
    payout_u6 = 0
    for token, size_u6 in evidence.shares_u6.items():
        market = evidence.exchange.by_token[token]
        if token not in open_tokens and market.winner is not None and market.spec.tokens[market.winner] == token:
            payout_u6 += size_u6
    booked_u6 = kernel.cash_u6() - config["risk"]["INITIAL_BANKROLL"]
    if booked_u6 != traded_u6 + payout_u6:
        yield f"money: the engine has booked {booked_u6}, the exchange {traded_u6} and {payout_u6} to be redeemed"
