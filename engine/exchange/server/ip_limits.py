"""The venue's limits on requests of one address: whoever asks too often waits, and is not refused.

Facts (protocol.md 4.10, 2026-11-21): the numbers are per 10 seconds, for orders and cancels per 10 minutes, too. All
clients of the local exchange come from one address. That of the Data API is its second version's.
"""

from typing import Final

import msgspec

from engine.exchange.server.context import Plan
from engine.exchange.server.limits import TokenBucket
from engine.exchange.server.messages import Request
from engine.exchange.server.routes import covers

BURST_MS: Final = 10_000
SUSTAINED_MS: Final = 600_000
MINUTE_MS: Final = 60_000


class Rule(msgspec.Struct, frozen=True):
    """How many requests of some routes (see `covers`), together, are let through in a period."""

    routes: tuple[str, ...]
    count: int
    period_ms: int = BURST_MS


def _each(count: int, *routes: str) -> tuple[Rule, ...]:
    return tuple(Rule((route,), count) for route in routes)


_ELSEWHERE: Final = ("/gamma", "/data/v2/", "/relayer", "/rpc", "/rtds", "/polybolt", "/ws/")
RULES: Final = (
    *_each(5_000, "POST /order", "DELETE /order"),
    Rule(("POST /order",), 120_000, SUSTAINED_MS),
    Rule(("DELETE /order",), 120_000, SUSTAINED_MS),
    *_each(2_000, "POST /orders", "DELETE /orders"),
    Rule(("POST /orders",), 21_000, SUSTAINED_MS),
    Rule(("DELETE /orders",), 15_000, SUSTAINED_MS),
    Rule(("DELETE /cancel-all",), 250),
    Rule(("DELETE /cancel-all",), 6_000, SUSTAINED_MS),
    Rule(("DELETE /cancel-market-orders",), 1_500),
    Rule(("DELETE /cancel-market-orders",), 21_000, SUSTAINED_MS),
    *_each(1_500, "GET /book", "GET /price", "GET /midpoint"),
    *_each(500, "POST /books", "POST /prices", "POST /midpoints"),
    Rule(("GET /prices-history",), 1_000),
    Rule(("GET /tick-size*",), 200),
    Rule(("GET /data/order*", "GET /data/trades", "GET /notifications"), 900),
    *_each(500, "GET /data/orders", "GET /data/trades"),
    Rule(("GET /notifications",), 125),
    Rule(("GET /auth/*", "POST /auth/*", "DELETE /auth/*"), 100),
    Rule(("GET /balance-allowance",), 200),
    Rule(("GET /balance-allowance/update",), 50),
    Rule(("GET /gamma/*",), 4_000),
    Rule(("GET /gamma/events*",), 500),
    Rule(("GET /gamma/markets*",), 300),
    Rule(("GET /gamma/events*", "GET /gamma/markets*"), 900),
    Rule(("GET /gamma/public-search",), 350),
    Rule(("GET /data/v2/*",), 800),
    Rule(("GET /data/v2/trades",), 300),
    *_each(200, "GET /data/v2/activity", "GET /data/v2/positions"),
    Rule(("POST /relayer/submit",), 25, MINUTE_MS),
    Rule(("*",), 15_000),
)
CLOB_RULE: Final = Rule((), 9_000)
"""Of all calls of the CLOB together; which those are is seen by what they do not begin with."""


class IpLimits:
    """An interceptor that lets requests wait for their turn; streams are not limited."""

    def __init__(self, rules: tuple[Rule, ...] = RULES, clob: Rule = CLOB_RULE) -> None:
        self._rules = rules
        self._clob = clob
        self._buckets: dict[Rule, TokenBucket] = {}
        self._rules_of: dict[str, tuple[Rule, ...]] = {}

    def plan(self, name: str, request: Request, now_ms: int) -> Plan | None:
        """Return how long a request waits: until every limit that it falls under has a place for it."""
        wait_ms = 0
        for rule in self._of(name):
            bucket = self._buckets.get(rule)
            if bucket is None:
                bucket = self._buckets[rule] = TokenBucket(rule.count, rule.period_ms, rule.count, now_ms)
            bucket.owe(1, now_ms)
            wait_ms = max(wait_ms, bucket.ready_at_ms(0, now_ms) - now_ms)
        return Plan(hold_ms=wait_ms) if wait_ms else None

    def gate(self, name: str, request: Request, number: int) -> None:
        """Leave frames alone."""

    def _of(self, name: str) -> tuple[Rule, ...]:
        found = self._rules_of.get(name)
        if found is None:
            method, _, path = name.partition(" ")
            rules = [rule for rule in self._rules if covers(rule.routes, name)] if method != "WS" else []
            if rules and not path.startswith(_ELSEWHERE):
                rules.append(self._clob)
            found = self._rules_of[name] = tuple(rules)
        return found
