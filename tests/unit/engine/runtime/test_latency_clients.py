"""An official client is timed to its last write over TLS, at a real exchange; one that cannot be is said to be not."""

import os
import ssl
from typing import Any

import pytest

from engine.runtime import latency_clients
from engine.runtime.latency_clients import WARM_UP, measure, time_clients
from engine.runtime.latency_run import list_market

CORE = max(os.sched_getaffinity(0))
CLIENTS = ("polymarket-client", "py-clob-client-v2")


def test_each_client_places_its_orders_over_tls(latency_reach: dict[str, Any]) -> None:
    pytest.importorskip("polymarket", reason="the official clients are not installed: pip install -e '.[clients]'")
    token = list_market(latency_reach, "clients-updown-15m-2").tokens[0]
    found = time_clients(latency_reach, token, 2, CORE)
    assert list(found) == [f"{name}{how}" for name in CLIENTS for how in ("", " without coincurve")]
    for name, figures in found.items():
        assert isinstance(figures, dict), (name, figures)
        assert figures["p50"] > 0


def test_a_client_that_cannot_be_is_said_with_its_reason(latency_reach: dict[str, Any]) -> None:
    found = time_clients(latency_reach, "no token", 1, CORE)
    assert all(str(each).startswith("not measured: ") for each in found.values())


def test_the_last_write_of_an_order_ends_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_clients, "BETWEEN_S", 0)
    monkeypatch.setattr(ssl.SSLSocket, "send", lambda connection, data: len(data))
    send, bought = ssl.SSLSocket.send, []

    def buy() -> None:
        bought.append(ssl.SSLSocket.send(ssl.SSLSocket.__new__(ssl.SSLSocket), b"head"))
        bought.append(ssl.SSLSocket.send(ssl.SSLSocket.__new__(ssl.SSLSocket), b"body "))

    assert measure(buy, 3)["p50"] >= 0
    assert bought == [4, 5] * (WARM_UP + 3)
    assert ssl.SSLSocket.send is send
