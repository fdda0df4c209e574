"""The benchmark over HTTP really trades; how fast that is is no matter of tests."""

import asyncio
from typing import Any

from engine.runtime.exchange_bench import measure


def test_orders_are_taken_and_frames_reach_their_subscribers() -> None:
    found: dict[str, Any] = asyncio.run(measure(orders=80, passes=1))
    for clients in (1, 8):
        timing = found[f"http_{clients}_clients"]
        assert timing["refused"] == 0
        assert 0 < timing["p50_us"] <= timing["p99_us"]
        assert found[f"http_{clients}_clients_all_orders_per_s"] == [timing["orders_per_s"]]
    assert found["http_orders_per_s"] == max(found[f"http_{n}_clients"]["orders_per_s"] for n in (1, 8))
    assert found["fan_out"]["subscribers"] == 10
    assert found["fan_out"]["frames"] >= 200
