"""Each order's prediction stands beside what became of it; what only one side sent is counted."""

from engine.analytics.parity import compare
from engine.analytics.parity_orders import Fate, OrderPair, predict
from tests.unit.engine.analytics.runs import CAUTIOUS, SLOW, run


def test_a_run_predicts_itself() -> None:
    found = compare(run(), run()).orders
    assert len(found.pairs) > 10
    assert found.alike_rate == 1.0
    assert (found.only_live, found.only_dry) == (0, 0)
    assert all(pair.live == pair.dry for pair in found.pairs)
    assert {pair.purpose for pair in found.pairs} >= {"entry", "stop"}


def test_a_slower_venue_answers_the_same_orders_later() -> None:
    pairs = compare(run(), run(SLOW)).orders.pairs
    assert pairs
    later = [
        pair.dry.acknowledged_ms > pair.live.acknowledged_ms
        for pair in pairs
        if pair.live.acknowledged_ms is not None and pair.dry.acknowledged_ms is not None
    ]
    assert len(later) > 5
    assert all(later)


def test_orders_that_one_side_did_not_send_cost_themselves_alone() -> None:
    whole, cautious = run(), run(CAUTIOUS)
    found = compare(whole, cautious).orders
    assert found.only_live + found.only_dry > 0
    slugs = {slug for slug, window in whole.windows.items() if window.record} & {
        slug for slug, window in cautious.windows.items() if window.record
    }
    for side, alone in ((whole, found.only_live), (cautious, found.only_dry)):
        assert sum(len(side.windows[slug].orders) for slug in slugs) == len(found.pairs) + alone


def test_alike_is_both_complete_both_in_part_or_both_not_at_all() -> None:
    def pair(live_u6: int, dry_u6: int) -> OrderPair:
        return OrderPair(
            "slug", "slug/1/entry", "entry", "buy", 6_000, 10, Fate(live_u6, None, None), Fate(dry_u6, 1.0, 2.0)
        )

    assert [pair(*sizes).is_alike for sizes in ((0, 0), (3, 7), (10, 10))] == [True] * 3
    assert [pair(*sizes).is_alike for sizes in ((0, 3), (3, 10), (10, 0))] == [False] * 3


def test_nothing_sent_has_no_rate() -> None:
    assert predict([]).alike_rate is None
