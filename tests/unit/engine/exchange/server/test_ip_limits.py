from multidict import CIMultiDict

from engine.exchange.server.ip_limits import CLOB_RULE, RULES, IpLimits, Rule
from engine.exchange.server.messages import Request
from engine.exchange.server.routes import covers

REQUEST = Request("GET", "/", {}, CIMultiDict(), b"", "localhost")


def waits(limits: IpLimits, name: str, times: int, now_ms: int) -> list[int]:
    plans = [limits.plan(name, REQUEST, now_ms) for _ in range(times)]
    return [plan.hold_ms if plan is not None else 0 for plan in plans]


def test_within_the_limit_nobody_waits() -> None:
    assert set(waits(IpLimits(), "POST /order", 5_000, 0)) == {0}


def test_above_the_limit_each_waits_for_its_turn() -> None:
    limits = IpLimits((Rule(("GET /book",), 10),))
    assert waits(limits, "GET /book", 12, 0)[9:] == [0, 1_000, 2_000]
    assert waits(limits, "GET /book", 1, 2_500) == [500]
    assert waits(limits, "GET /book", 1, 100_000) == [0]


def test_a_sustained_rate_is_limited_as_well() -> None:
    limits = IpLimits((Rule(("GET /a",), 10, 1_000), Rule(("GET /a",), 12, 60_000)))
    found = [waits(limits, "GET /a", 2, second * 1_000) for second in range(7)]
    assert found == [[0, 0]] * 6 + [[0, 4_000]]


def test_routes_share_a_limit_that_names_them_together() -> None:
    limits = IpLimits((Rule(("GET /gamma/events*", "GET /gamma/markets*"), 2),))
    assert waits(limits, "GET /gamma/events/slug/{slug}", 1, 0) == [0]
    assert waits(limits, "GET /gamma/markets", 2, 0) == [0, 5_000]
    assert waits(limits, "GET /gamma/tags", 5, 0) == [0] * 5


def test_all_calls_of_the_clob_count_together_and_no_others_with_them() -> None:
    limits = IpLimits((Rule(("*",), 1_000),), Rule((), 2))
    assert waits(limits, "GET /gamma/markets", 5, 0) == [0] * 5
    assert waits(limits, "GET /data/orders", 1, 0) == [0]
    assert waits(limits, "GET /time", 2, 0) == [0, 5_000]
    assert waits(limits, "GET /data/v2/positions", 2, 0) == [0, 0]


def test_streams_are_not_limited() -> None:
    limits = IpLimits((Rule(("*",), 1),))
    assert waits(limits, "WS /ws/market", 5, 0) == [0] * 5
    assert limits.gate("WS /ws/market", REQUEST, 1) is None  # type: ignore[func-returns-value]


def test_the_rules_cover_what_they_are_meant_to() -> None:
    def counts(name: str) -> list[tuple[int, int]]:
        return sorted((rule.count, rule.period_ms) for rule in RULES if covers(rule.routes, name))

    assert counts("POST /order") == [(5_000, 10_000), (15_000, 10_000), (120_000, 600_000)]
    assert counts("DELETE /cancel-all") == [(250, 10_000), (6_000, 600_000), (15_000, 10_000)]
    assert counts("GET /data/order/{id}") == [(900, 10_000), (15_000, 10_000)]
    assert counts("GET /data/orders") == [(500, 10_000), (900, 10_000), (15_000, 10_000)]
    assert counts("GET /data/v2/trades") == [(300, 10_000), (800, 10_000), (15_000, 10_000)]
    assert counts("GET /tick-size/{token}") == [(200, 10_000), (15_000, 10_000)]
    assert counts("GET /gamma/markets/slug/{slug}") == [(300, 10_000), (900, 10_000), (4_000, 10_000), (15_000, 10_000)]
    assert counts("POST /relayer/submit") == [(25, 60_000), (15_000, 10_000)]
    assert CLOB_RULE.count == 9_000
