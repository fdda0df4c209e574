"""Twenty thousand random steps, audited after each and compared with the reference: money, shares, books, fills."""

import pytest

from engine.exchange.core.matching import Matching
from engine.exchange.core.plan import Plan
from tests.property.exchange_steps import Steps

STEPS = 5_000
SEEDS = (1, 2, 3, 4)
TIMES_MIN = 10
MET = (
    "LIVE", "MATCHED", "DELAYED", "MATCHED SWAP", "MATCHED MINT", "MATCHED MERGE", "MINED MINT", "MINED MERGE",
    "RETRYING MINT", "FAILED SWAP", "FAILED MINT", "FAILED MERGE", "CONFIRMED MERGE", "CANCELED",
    "CANCELED_MARKET_RESOLVED", "CANCELED_NOT_ENOUGH_BALANCE", "CANCELED_EXPIRED_ORDER", "tick 10", "tick 100",
    "invalid post-only order crosses book", "not enough balance the balance is", "order is Price breaks minimum tick",
    "order is Size lower than the", "order be fully FOK orders are", "no orders found to match with",
    "the market is not yet ready", "matching engine please retry", "post-only only post-only orders and cancels",
    "invalid amount for a marketable BUY", "restart",
)  # fmt: skip
"""What all seeds together have to have met at least so often: a driver that avoids a case proves nothing of it."""


def test_no_step_breaks_an_invariant_or_differs_from_the_reference() -> None:
    met: dict[str, int] = {}
    retired = fills = 0
    for seed in SEEDS:
        steps = Steps(seed)
        steps.run(STEPS, audit_every=1)
        for what, times in steps.world.counts.items():
            met[what] = met.get(what, 0) + times
        retired += steps.world.retired
        fills += steps.world.reference.fills_compared
    assert {what: met.get(what, 0) for what in MET if met.get(what, 0) < TIMES_MIN} == {}
    assert retired > 30
    assert fills > 3_000


def test_a_seed_gives_the_same_steps_twice() -> None:
    runs = [Steps(9), Steps(9)]
    for steps in runs:
        steps.run(1_000, audit_every=1_000)
    assert runs[0].world.digest() == runs[1].world.digest()
    assert runs[0].world.counts == runs[1].world.counts


def test_what_is_over_is_forgotten() -> None:
    steps = Steps(5)
    sizes = []
    for _ in range(6):
        steps.run(1_500, audit_every=1_500)
        exchange = steps.world.exchange
        sizes.append(
            len(exchange.orders)
            + len(exchange.markets)
            + len(exchange.schedule)
            + sum(len(trades) for trades in exchange.trades_by_owner.values())
            + sum(len(a.chain) + len(a.visible) + len(a.pending) + len(a.reserved) for a in _accounts(steps))
        )
    assert steps.world.retired > 15
    assert max(sizes[3:]) < 2 * max(sizes[:3]), sizes


def _accounts(steps: Steps) -> list[object]:
    return list(steps.world.exchange.ledger.accounts.values())


def test_the_reference_notices_a_wrong_order_of_makers(monkeypatch: pytest.MonkeyPatch) -> None:
    trade = Matching.trade

    def newest_first(self: Matching, taker: object, plan: Plan, now_ms: int) -> None:
        trade(self, taker, plan._replace(fills=plan.fills[::-1]), now_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(Matching, "trade", newest_first)
    with pytest.raises(AssertionError, match=r"seed 1, step \d+, .*expected"):
        Steps(1).run(3_000, audit_every=1)


def test_the_reference_notices_a_fill_of_another_size(monkeypatch: pytest.MonkeyPatch) -> None:
    trade = Matching.trade

    def one_less(self: Matching, taker: object, plan: Plan, now_ms: int) -> None:
        first = plan.fills[0]._replace(size_u6=plan.fills[0].size_u6 - 1)
        trade(self, taker, plan._replace(fills=[first, *plan.fills[1:]]), now_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(Matching, "trade", one_less)
    with pytest.raises(AssertionError, match=r"seed 1, step \d+"):
        Steps(1).run(3_000, audit_every=1)
