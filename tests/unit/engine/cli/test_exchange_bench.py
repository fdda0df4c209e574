"""The benchmark's arguments and report; what it measures is tested beside the measuring modules."""

from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from engine.cli import exchange_bench
from engine.cli.exchange import exchange


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Let the measuring itself take no time; return what it was asked for."""
    asked: list[tuple[int, int]] = []

    async def measure(orders: int, passes: int) -> dict[str, Any]:
        asked.append((orders, passes))
        return {"http_orders_per_s": 7}

    monkeypatch.setattr(exchange_bench, "measure", measure)
    monkeypatch.setattr(exchange_bench, "bench_matching", lambda: {"matching_orders_per_s": 9})
    return asked


def test_the_report_states_its_conditions(measured: list[tuple[int, int]]) -> None:
    result = CliRunner().invoke(exchange, ["bench", "--json", "--orders", "80"])
    report = orjson.loads(result.output)
    assert (report["http_orders_per_s"], report["matching_orders_per_s"]) == (7, 9)
    assert report["conditions"].keys() == {"python", "cores", "load_1m_before", "load_1m_after"}
    assert measured == [(80, 3)]


def test_without_json_it_is_a_line_for_each_result() -> None:
    result = CliRunner().invoke(exchange, ["bench"])
    assert result.exit_code == 0
    assert "http_orders_per_s: 7" in result.output.splitlines()


def test_too_few_orders_are_refused() -> None:
    assert CliRunner().invoke(exchange, ["bench", "--orders", "79"]).exit_code == 2
