"""Somebody else's order rests at a real local exchange, and one that is not taken is an error."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.runtime.counterparty import Counterparty
from engine.runtime.latency_run import start_exchange


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("exchange")
    process, reach = start_exchange(folder)
    yield reach
    process.terminate()
    process.wait()


def test_its_buys_rest_in_the_book(reach: dict[str, Any]) -> None:
    market = {"slug": "somebody-else-1", "for_s": 900}
    token = httpx.post(f"{reach['control_url']}/markets", json=market).raise_for_status().json()["tokens"][0]
    with Counterparty(reach["clob_url"]) as somebody:
        somebody.buy(token, 4_100, 25)
        somebody.buy(token, 4_000, 10)
    bids = httpx.get(f"{reach['clob_url']}/book", params={"token_id": token}).raise_for_status().json()["bids"]
    assert {(level["price"], level["size"]) for level in bids} == {("0.41", "25"), ("0.4", "10")}


def test_a_token_that_there_is_not_is_an_error(reach: dict[str, Any]) -> None:
    with Counterparty(reach["clob_url"]) as somebody, pytest.raises(httpx.HTTPStatusError, match="404 Not Found"):
        somebody.buy("1" * 70, 4_100, 25)
