"""What the benchmark sends is the mix that it states; how fast that goes is no matter of tests."""

from engine.exchange.bench import bench_matching


def test_the_benchmark_counts_orders_and_states_its_mix_and_conditions() -> None:
    found = bench_matching(orders=2_000, passes=2)
    mix = found["matching_mix"]
    assert isinstance(mix, dict)
    assert mix["orders"] == 2_000
    assert 800 < mix["cancels"] < 1_000
    assert 500 < mix["orders_that_traded_at_once"] < 900, "about a third"
    assert mix["trades"] >= mix["orders_that_traded_at_once"]
    assert mix["still_resting"] > 200
    rates = found["matching_orders_per_s_all"]
    assert isinstance(rates, list)
    assert len(rates) == 2
    assert min(rates) <= found["matching_orders_per_s"] <= max(rates)  # type: ignore[operator]
    assert set(found["conditions"]) == {"cores", "load_1m", "passes"}  # type: ignore[call-overload]
