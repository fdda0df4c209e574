"""Somebody else's order rests at a real local exchange, and one that is not taken is an error."""

from typing import Any

import httpx
import pytest

from engine.runtime.counterparty import Counterparty
from engine.runtime.latency_run import list_market


def test_its_buys_rest_in_the_book(latency_reach: dict[str, Any]) -> None:
    token = list_market(latency_reach, "somebody-else-1").tokens[0]
    with Counterparty(latency_reach["clob_url"]) as somebody:
        somebody.buy(token, 4_100, 25)
        somebody.buy(token, 4_000, 10)
    bids = httpx.get(f"{latency_reach['clob_url']}/book", params={"token_id": token}).raise_for_status().json()["bids"]
    assert {(level["price"], level["size"]) for level in bids} == {("0.41", "25"), ("0.4", "10")}


def test_a_token_that_there_is_not_is_an_error(latency_reach: dict[str, Any]) -> None:
    with (
        Counterparty(latency_reach["clob_url"]) as somebody,
        pytest.raises(httpx.HTTPStatusError, match="404 Not Found"),
    ):
        somebody.buy("1" * 70, 4_100, 25)
