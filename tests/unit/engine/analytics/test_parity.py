import msgspec
import pytest

from engine.analytics.fill_types import FillType
from engine.analytics.parity import Agreement, compare, quality
from tests.unit.engine.analytics.runs import CAUTIOUS, SLOW, run


def test_a_run_agrees_with_itself_in_everything() -> None:
    found = compare(run(), run())
    assert len(found.rows) > 3
    assert found.config == []
    assert found.fill_type_rate == 1.0
    assert found.decisions.rate == found.trading.rate == 1.0
    assert found.decisions.compared > 50
    assert found.trading.compared < found.decisions.compared
    assert found.pnl_delta_u6 == 0
    assert found.first_parting is None
    assert found.quality[0] == found.quality[1]


def test_another_config_shows_first_in_the_configs_then_in_decisions_ends_and_money() -> None:
    found = compare(run(), run(CAUTIOUS))
    assert [(one.kind, one.key) for one in found.config] == [
        ("logic", "entry_exit.ENTRY_BID_THRESHOLD"),
        ("safety", "guards.STOP_SELLS_DUST"),
    ]
    assert found.decisions.rate is not None
    assert found.decisions.rate < 1
    assert found.first_parting is not None
    assert found.first_parting.reason == "the configurations differ in logic"
    assert found.fill_type_rate is not None
    assert found.fill_type_rate < 1
    both = [row for row in found.rows if row.live_pnl_u6 is not None and row.dry_pnl_u6 is not None]
    assert found.pnl_delta_u6 == sum((row.live_pnl_u6 or 0) - (row.dry_pnl_u6 or 0) for row in both) != 0


def test_a_slower_venue_shows_in_latency_and_as_other_inputs_or_answers() -> None:
    found = compare(run(), run(SLOW))
    fast, slow = found.quality
    assert fast.acknowledged_ms_p50 is not None
    assert slow.acknowledged_ms_p50 is not None
    assert slow.acknowledged_ms_p50 > 10 * fast.acknowledged_ms_p50
    assert [one.kind for one in found.config] == ["surroundings"]
    assert found.first_parting is not None
    assert "configurations" not in found.first_parting.reason


def test_windows_of_one_side_alone_are_named_and_not_compared() -> None:
    whole = run()
    slug = min(slug for slug, window in whole.windows.items() if window.record)
    part = whole._replace(windows={key: window for key, window in whole.windows.items() if key != slug})
    found = compare(whole, part)
    assert (found.only_live, found.only_dry) == ([slug], [])
    assert slug not in {row.slug for row in found.rows}


def test_a_round_that_is_not_settled_has_no_difference_in_money() -> None:
    whole = run()
    slug, window = next((slug, one) for slug, one in whole.windows.items() if one.record and one.record.pnl_u6)
    assert window.record is not None
    changed = msgspec.structs.replace(window.record, settled=False)
    window.record, kept = changed, window.record
    try:
        row = next(row for row in compare(whole, whole).rows if row.slug == slug)
    finally:
        window.record = kept
    assert (row.live_pnl_u6, row.pnl_delta_u6) == (None, None)


def test_immediate_sales_lose_against_the_best_bid_when_they_were_decided() -> None:
    found = quality([window for window in run().windows.values() if window.record])
    assert found.orders > 10
    assert found.immediate_fills > 0
    assert found.slippage_e4_mean is not None
    assert found.filled_ms_p50 is not None
    assert found.filled_ms_p50 >= 150  # the paper venue's hold


def test_nothing_to_compare_has_no_rate() -> None:
    assert Agreement(0, 0).rate is None
    empty = run()._replace(windows={})
    assert compare(empty, empty).fill_type_rate is None
    assert quality([]).slippage_e4_mean is None


def test_rounds_end_in_several_ways() -> None:
    types = {row.live_type for row in compare(run(), run()).rows}
    assert len(types) > 1
    assert types <= set(FillType)


@pytest.mark.parametrize("config", ["{}", CAUTIOUS])
def test_no_more_matches_than_either_side_decided(config: str) -> None:
    live, dry = run(), run(config)
    for row in compare(live, dry).rows:
        counts = [len(one.windows[row.slug].decisions) for one in (live, dry)]
        assert row.decisions.matched <= min(counts)
        assert row.decisions.compared == max(counts)
