"""Both clients are measured with the inputs of our own benchmark; they are installed with the tests."""

import pytest

from engine.execution.polymarket.bench_clients import measure


@pytest.mark.parametrize("name", ["polymarket-client", "py-clob-client-v2"])
def test_a_median_in_microseconds_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    measure(name, 3)
    assert float(capsys.readouterr().out) > 0
