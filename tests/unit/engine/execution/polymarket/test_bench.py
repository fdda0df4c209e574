"""The benchmark reports every number that it promises."""

from engine.execution.polymarket.bench import bench_orders


def test_the_report_has_medians_and_a_word_on_each_client() -> None:
    report = bench_orders(100)
    for name in ("sign_us_p50", "encode_us_p50", "sign_and_encode_us_p50", "presigned_us_p50"):
        value = report[name]
        assert isinstance(value, float)
        assert value > 0
    clients = report["clients"]
    assert isinstance(clients, dict)
    assert len(clients) == 4
    assert all(isinstance(value, float) or value.startswith("not measured: ") for value in clients.values())
