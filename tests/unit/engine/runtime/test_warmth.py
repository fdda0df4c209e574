"""A rehearsal goes the whole way of an order, and touches nothing of the real engine."""

from engine.config.build import scaled
from engine.config.load import load_config
from engine.runtime.warmth import TOKENS, Warmth
from tests.unit.engine.execution.polymarket.scripted import Bench


def test_a_rehearsal_ends_with_the_request_of_an_order_that_is_not_sent() -> None:
    bench = Bench()
    warmth = Warmth(load_config(None), bench.gateway)
    requests = {warmth.rehearse() for _ in range(3)}
    assert len(requests) == 1
    (request,) = requests
    assert request.startswith(b"POST /order HTTP/1.1\r\n")
    assert TOKENS[0].encode() in request
    assert (bench.wire.calls, bench.told(), bench.gateway.orders.unended()) == ([], [], [])


def test_every_length_of_window_has_a_rehearsal() -> None:
    for length_s in (20, 300):
        assert Warmth(scaled(load_config(None), length_s), Bench().gateway).rehearse()
