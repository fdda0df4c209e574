"""Compares what we believe to own with what the wallet holds (risk.md, Bankroll and wallet reconciliation).

Two comparisons of one answer. The rough one takes the bare wallet: shares that nobody has redeemed yet make honest
drift, so its thresholds stand far above that. The exact one takes wallet and redeemable shares, once every trade has
been confirmed for a while and nothing awaits its settlement: then nothing but a leak can make a difference.
"""

from typing import Final

import msgspec

from engine.model.events import Fill, FillReversed, Settlement, Wallet
from engine.model.units import NS_PER_S, format_cash

CHECKS_KEPT: Final = 5


class ReconcileParams(msgspec.Struct, frozen=True):
    """The thresholds; money in 1e-6 USD, shares of it in permille."""

    every_rounds: int = 20
    warn_permille: int = 100
    breach_permille: int = 300
    breach_u6: int = 15_000_000
    breaches_max: int = 3
    exact_u6: int = 50_000
    exact_quiet_ns: int = 600 * NS_PER_S
    growing_max: int = 3


class Check(msgspec.Struct, frozen=True, array_like=True):
    """One comparison, in 1e-6 USD: what the wallet holds, what it should hold, how far apart they are.

    `difference_u6` counts redeemable shares, positive = the wallet has more; it is only exact with `exact`.
    """

    ts_ns: int
    collateral_u6: int
    redeemable_u6: int
    expected_u6: int
    drift_permille: int
    breach: bool
    exact: bool
    difference_u6: int


class Reconciler(msgspec.Struct, frozen=True, array_like=True):
    """What was compared so far. `outside_*`: what the wallet held besides the bankroll when it was first seen."""

    begun: bool = False  # the wallet was seen once
    starting: bool = False  # the next answer is the first of a session
    wanted: bool = False  # ask now
    exact_wanted: bool = False  # ask again when every trade has been confirmed for long enough
    outside_u6: int = 0
    outside_redeemable_u6: int = 0
    breaches: int = 0
    growing: tuple[int, ...] = ()  # the differences of the last exact checks that were too large, each above the last
    checks: tuple[Check, ...] = ()
    trades: dict[str, Settlement] = {}  # "order trade_id" -> how far it is on its way to the chain
    traded_ns: int = 0  # when one of them last came further


class Finding(msgspec.Struct, frozen=True):
    """What a comparison says: words for a person, and whether trading stops."""

    warning: str = ""
    halt: str = ""


def settle(reconciler: Reconciler, event: Fill | FillReversed, *, known: bool) -> Reconciler:
    """Follow one trade to the chain; it only moves forward. `known`: its window is open, so a new one is followed."""
    key = f"{event.order} {event.trade_id}"
    before = reconciler.trades.get(key)
    after = Settlement.FAILED if isinstance(event, FillReversed) else Settlement(event.settlement)
    if before in (Settlement.CONFIRMED, Settlement.FAILED) or after == before or (before is None and not known):
        return reconciler
    if before is not None and after == Settlement.MATCHED:
        return reconciler
    return msgspec.structs.replace(reconciler, trades={**reconciler.trades, key: after}, traded_ns=event.ts_ns)


def quiet_at_ns(params: ReconcileParams, reconciler: Reconciler) -> int | None:
    """Return from when on every trade has been confirmed for long enough, None while one is not confirmed."""
    if any(one not in (Settlement.CONFIRMED, Settlement.FAILED) for one in reconciler.trades.values()):
        return None
    return reconciler.traded_ns + params.exact_quiet_ns if reconciler.traded_ns else 0


def first_sight(reconciler: Reconciler, wallet: Wallet, bankroll_u6: int) -> tuple[Reconciler, int]:
    """Take in the wallet at a fresh start; return the bankroll: min(what is there, what was given)."""
    allowed_u6 = min(wallet.collateral_u6, bankroll_u6)
    after = msgspec.structs.replace(
        reconciler,
        begun=True,
        starting=False,
        outside_u6=wallet.collateral_u6 - allowed_u6,
        outside_redeemable_u6=wallet.redeemable_u6,
    )
    return after, allowed_u6


def compare(
    params: ReconcileParams, reconciler: Reconciler, wallet: Wallet, cash_u6: int, *, settled: bool
) -> tuple[Reconciler, Finding]:
    """Compare the wallet with the cash of our books, 1e-6 USD; `settled`: nothing of ours awaits its settlement."""
    quiet_ns = quiet_at_ns(params, reconciler)
    exact = settled and quiet_ns is not None and wallet.ts_ns >= quiet_ns
    check = _check(params, reconciler, wallet, cash_u6, exact=exact)
    breaches = reconciler.breaches + 1 if check.breach else 0
    growing = _growing(params, reconciler.growing, check)
    after = msgspec.structs.replace(
        reconciler,
        begun=True,
        starting=False,
        breaches=breaches,
        growing=growing,
        checks=(*reconciler.checks, check)[-CHECKS_KEPT:],
    )
    return after, _finding(params, check, breaches, len(growing), starting=reconciler.starting)


def accept(reconciler: Reconciler) -> tuple[Reconciler, int]:
    """Take what the wallet last said as true, because a person resumed after looking; return the bankroll's change.

    What is missing is gone from the bankroll; what is too much is not ours to trade with.
    """
    last = reconciler.checks[-1] if reconciler.checks else None
    stopped = reconciler.breaches or reconciler.growing
    after = msgspec.structs.replace(reconciler, breaches=0, growing=())
    if last is None or not stopped:
        return after, 0
    if last.difference_u6 >= 0:
        return msgspec.structs.replace(after, outside_u6=after.outside_u6 + last.difference_u6), 0
    return after, last.difference_u6


def forget(reconciler: Reconciler, slug: str) -> Reconciler:
    """Forget the trades of a window that is over, but for those that are known to be still on their way."""
    prefix = f"{slug}/"
    left = {
        key: settlement
        for key, settlement in reconciler.trades.items()
        if not key.startswith(prefix) or settlement in (Settlement.MINED, Settlement.RETRYING)
    }
    return msgspec.structs.replace(reconciler, trades=left) if len(left) < len(reconciler.trades) else reconciler


def _check(params: ReconcileParams, reconciler: Reconciler, wallet: Wallet, cash_u6: int, *, exact: bool) -> Check:
    expected_u6 = cash_u6 + reconciler.outside_u6
    drift_u6 = abs(wallet.collateral_u6 - expected_u6)
    permille = drift_u6 * 1000 // max(expected_u6, 1)
    whole_u6 = wallet.collateral_u6 + wallet.redeemable_u6 - reconciler.outside_redeemable_u6
    breach = drift_u6 * 1000 > params.breach_permille * max(expected_u6, 1) and drift_u6 > params.breach_u6
    return Check(
        wallet.ts_ns,
        wallet.collateral_u6,
        wallet.redeemable_u6,
        expected_u6,
        permille,
        breach,
        exact,
        whole_u6 - expected_u6,
    )


def _growing(params: ReconcileParams, before: tuple[int, ...], check: Check) -> tuple[int, ...]:
    """Return the row of growing differences: an inexact check says nothing, a smaller difference begins a new row."""
    if not check.exact:
        return before
    size_u6 = abs(check.difference_u6)
    if size_u6 <= params.exact_u6:
        return ()
    return (*before, size_u6)[-params.growing_max :] if not before or size_u6 > before[-1] else (size_u6,)


def _finding(params: ReconcileParams, check: Check, breaches: int, growing: int, *, starting: bool) -> Finding:
    drift = (
        f"the wallet holds {format_cash(check.collateral_u6)} USD, expected {format_cash(check.expected_u6)} USD "
        f"({check.drift_permille // 10}.{check.drift_permille % 10} %)"
    )
    unexplained = f"{format_cash(check.difference_u6)} USD that the books do not explain"
    if check.breach and starting:
        return Finding(halt=f"{drift} at the start of a session")
    if breaches >= params.breaches_max:
        return Finding(halt=f"{drift}, {breaches} times in a row")
    if growing >= params.growing_max:
        return Finding(halt=f"{unexplained}, growing {growing} times in a row")
    if check.exact and abs(check.difference_u6) > params.exact_u6:
        return Finding(warning=unexplained)
    return Finding(warning=drift) if check.drift_permille > params.warn_permille else Finding()
